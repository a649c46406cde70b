"""Lines of the access journal for tests, and what somebody who owns the database would do to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connections, transaction

from entremise.audit.engine import ORIGIN, link
from entremise.kernel.actors import Actor
from entremise.vault.models import Line
from entremise.vault.usecases import journal, keyring

TRIGGERS = {
    "sqlite": (
        "vault_line_no_update", "vault_line_no_delete", "vault_segment_no_update", "vault_segment_no_delete",
        "vault_checkpoint_no_update", "vault_checkpoint_no_delete",
    ),
    "postgresql": (
        "vault_line_no_change ON vault_line", "vault_segment_no_change ON vault_segment",
        "vault_segment_no_delete ON vault_segment", "vault_checkpoint_no_change ON vault_checkpoint",
        "vault_checkpoint_no_delete ON vault_checkpoint",
    ),
}  # fmt: skip


def write(count: int, actor: Actor | None = None, *, at: datetime | None = None, monkeypatch=None, **more) -> int:
    """`count` granted readings, in one transaction; the number of the first."""
    if at is not None:
        monkeypatch.setattr("entremise.kernel.clock.now", lambda: at)
    ring = keyring.load(())
    drafts = [
        journal.Draft(
            **{
                "action": "read",
                "purpose": "mutualaid.contact",
                "register": "entraide",
                "verdict": "granted",
                "rules": ("right-rescue",),
                "tag": ring.tag(f"record {n}"),
                "record": "",
                "box": ring.box,
                "secret": {"motive": "Appel de la demande"},
                **more,
            }
        )
        for n in range(count)
    ]
    who = actor or Actor(7, "Camille", "web", frozenset({"matchmaker"}))
    first = journal.add(ring, who, *drafts)
    if monkeypatch is not None:
        monkeypatch.undo()
    return first


def own(*statements: str | tuple[str, Sequence[object]]) -> None:
    """What an owner of the base does: take the triggers away, then change what they like."""
    with transaction.atomic(using="journal"), connections["journal"].cursor() as cursor:
        for name in TRIGGERS[connections["journal"].vendor]:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            cursor.execute(*((statement,) if isinstance(statement, str) else statement))


def relink(after: int = 0) -> None:
    """Give every line after that one a fresh link: the chain alone sees nothing."""
    before = Line.objects.filter(number=after).values_list("link", flat=True).first()
    previous = before or ORIGIN
    for line in Line.objects.filter(number__gt=after).order_by("number"):
        previous = link(previous, line.body())
        Line.objects.filter(pk=line.pk).update(link=previous)
