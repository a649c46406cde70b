"""Run alone: `python -m tests.registers.killed_targeting`. A targeting and its cohort, by processes really killed.

A child forked before each step gets SIGKILL there; the parent says what it left, does the work again, and says what
came of it: one JSON line a step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

CANARY = "ZYXCANARI"
PEOPLE = 12


def die(*arguments: object, **more: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_in(child: Callable[[], object]) -> bool:
    """Whether a process that does this was killed, rather than it ended."""
    from django.db import connections

    connections.close_all()
    if (pid := os.fork()) == 0:
        try:
            child()
        finally:
            os._exit(3)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main() -> None:
    import django

    django.setup()
    from django.db import connections, transaction

    from tests import migrated

    for alias in connections:
        migrated.migrate(alias)
    from entremise.audit.models import Entry
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.registers import queries, usecases
    from entremise.registers.models import Cohort, CohortMember, Targeting
    from entremise.registers.usecases.targeting import freezing, running
    from entremise.rules.usecases import install_rules
    from tests.registers.targets import Board, old
    from tests.vault.registers import CODE

    install_rules(Actor.machine("essai"))
    board = Board()
    board.people([old(1930 + n) for n in range(PEOPLE)], names=CANARY)
    queries.communes(), queries.commune_names()
    row = usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])
    create = CohortMember.objects.bulk_create

    def half(rows: list[Any], **more: Any) -> None:
        create(rows[: len(rows) // 2], **more)
        die()

    def after(real: Callable[..., Any]) -> Callable[..., Any]:
        def then(*arguments: Any, **more: Any) -> Any:
            done = real(*arguments, **more)
            transaction.on_commit(die)
            return done

        return then

    def say(step: str, killed: bool, **more: Any) -> None:
        sys.stdout.write(json.dumps({"step": step, "killed": killed, **more}) + "\n")

    def run(arm: Callable[[], None] | None = None) -> None:
        if arm is not None:
            arm()
        running.run(row.pk)

    computing = {
        "compute": lambda: setattr(running.vault, "compute", die),
        "gather": lambda: setattr(running.rolls, "gather", die),
        "seal": lambda: setattr(running.vault, "seal_document", die),
        "finish": lambda: setattr(running, "record", die),
    }
    for step, arm in computing.items():
        killed = killed_in(lambda arm=arm: run(arm))  # type: ignore[misc]
        row.refresh_from_db()
        held = (row.state, row.document is None, not bytes(row.sealed))
        Targeting.objects.filter(pk=row.pk).update(lease_until=clock.now() - timedelta(seconds=1))
        say(step, killed, left=held, token=row.token)
    run()
    row.refresh_from_db()
    draft = board.draft(row, capacity=PEOPLE)

    def freeze(arm: Callable[[], None] | None = None) -> None:
        if arm is not None:
            arm()
        usecases.freeze_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk))

    freezings: dict[str, Callable[[], None]] = {
        "open reasons": lambda: setattr(freezing, "open_reasons", die),
        "half the members": lambda: setattr(CohortMember.objects, "bulk_create", half),
        "all the members": lambda: setattr(freezing, "record", die),
        "once committed": lambda: setattr(freezing, "record", after(freezing.record)),
    }
    for step, arm in freezings.items():
        killed = killed_in(lambda arm=arm: freeze(arm))  # type: ignore[misc]
        draft.refresh_from_db()
        said = Entry.objects.filter(action="registers.cohort.frozen").count()
        usable = len(queries.members(draft, clock.now()))
        say(step, killed, left=(draft.state, CohortMember.objects.count(), said, usable), targeting=row.state)
    ranks = sorted(CohortMember.objects.values_list("rank", flat=True))
    # The one that was committed is whole; the others, frozen by whoever comes next, as if nothing had happened.
    again = board.draft(row, capacity=PEOPLE)
    draft = again
    killed = killed_in(lambda: freeze(freezings["half the members"]))
    freeze()
    whole = CohortMember.objects.filter(cohort=again).count()
    say("frozen again", killed, ranks=ranks, left=(Cohort.objects.get(pk=again.pk).state, whole))


if __name__ == "__main__":
    main()
