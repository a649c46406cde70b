"""Two grants and what is done under them: the three files linked, some pairs read, a cohort ready to be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.registers import usecases
from entremise.registers.usecases.linkage import applying, working
from entremise.registers.usecases.targeting import computation, running
from entremise.vault import queries, registry, usecases as vault

FED: Final = frozenset({"name", "birth", "phone", "address", "linkage_key"})
"""What the rules let a linkage be fed with."""
READ: Final = 14
"""Pairs read by one person: enough for the pages, few enough that a visitor finds some to read."""


def _granted(keeper: Actor, seats: Sequence[Actor], *, purpose: str, motive: str, registers: Sequence[str],
             fields: Sequence[str]) -> str:  # fmt: skip
    row = vault.ask(
        keeper, kind="programme", purpose=purpose, motive=motive, registers=registers, fields=fields, days=180,
        cap=60_000,
    )  # fmt: skip
    for seat in seats:
        vault.approve(seat, request=row.public_id, fingerprint=row.fingerprint)
    return row.public_id


def link(keeper: Actor, seats: Sequence[Actor], *, registers: Sequence[str]) -> None:
    """A full run, done here rather than by a worker."""
    fields = [
        f"{code}.{name}"
        for code in registers
        for name, category in registry.profile(code).fields.items()
        if category in FED and name != "email"
    ]
    request = _granted(
        keeper, seats, purpose="registers.link", motive="Éviter deux lettres et deux appels à la même personne",
        registers=registers, fields=fields,
    )  # fmt: skip
    row = usecases.start_run(keeper, request=request, motive="Premier rapprochement des trois fichiers")
    taken = applying.take(row.pk, clock.now() + timedelta(minutes=10))
    if taken is not None:
        working.work(taken.pk, taken.token)


def read(reader: Actor, truth: Mapping[UUID, int]) -> None:
    """Answer the first pairs as somebody who knows the truth of the invention; « unsure » where there is none."""
    for _ in range(READ):
        pair = usecases.claim_pair(reader)
        if pair is None:
            return
        found = queries.records_named([pair.left, pair.right])
        left, right = (truth.get(found[one].person) for one in (pair.left, pair.right))
        answer = "unsure" if left is None or right is None else "same" if left == right else "different"
        reason = "same_person_known" if answer == "same" and pair.guards else ""
        usecases.decide_pair(reader, pair=pair, answer=answer, reason=reason, token=pair.token)


def target(keeper: Actor, seats: Sequence[Actor], *, registers: Sequence[str]) -> None:
    """The persons to call first in a heatwave, frozen for three weeks."""
    request = _granted(
        keeper, seats, purpose="registers.target", motive="Appeler d’abord les personnes les plus exposées",
        registers=registers, fields=computation.fields_of(registers),
    )  # fmt: skip
    row = usecases.ask_targeting(keeper, request=request, registers=registers)
    running.run(row.pk)
    row.refresh_from_db()
    cohort = usecases.draft_cohort(
        keeper,
        targeting=row,
        label="Vigilance orange, première vague d’appels",
        purpose="outreach.call",
        profile="canicule",
        points={},
        capacity=200,
        expires_on=clock.today() + timedelta(days=21),
    )
    usecases.freeze_cohort(keeper, cohort=cohort)
