"""The two records of a pair, opened for whoever holds it: through the vault, journalled, forgotten with the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.registers import policies
from entremise.registers.engine.reading import Row, compare, in_short
from entremise.registers.models import Pair
from entremise.registers.queries import review
from entremise.registers.queries.review import PURPOSE, Ends
from entremise.registers.usecases.review.grants import Grant
from entremise.vault import queries as vault_queries, registry, usecases as vault
from entremise.vault.queries import RecordAt
from entremise.vault.registry import RECEIVED

CATEGORIES = frozenset({"name", "birth", "phone", "address"})
"""What a reader of pairs may see, at most: the rules in force decide (rule-link-review)."""
MOST_JOINED = 6
"""Other records shown on one page: each one counts among the 240 of an hour."""


@dataclass(frozen=True, slots=True, repr=False)
class OpenPair:
    """What the page shows, and nothing to keep. `reasons`: why a side stays closed."""

    rows: list[Row]
    reasons: tuple[str, ...]
    names: tuple[str, str]
    joined: list[tuple[str, str]] = field(default_factory=list)
    household: list[tuple[str, str]] = field(default_factory=list)
    unseen: int = 0

    @property
    def readable(self) -> bool:
        return bool(self.rows) and not self.reasons


@sensitive_variables()
def open_pair(actor: Actor, *, pair: Pair, grant: Grant, household: bool = False) -> OpenPair:
    """Open both records, those that a reunion would join, and with `household` those that other pairs tie to them.

    `grant`: as `require_grant` has just read it.

    Fields of one register are opened in that register only. Raises NotAllowed, SecondFactorNeeded, and what the vault
    raises; a side that no rule opens is told in `reasons`.
    """
    policies.require_keeper(actor)
    ends = review.ends_of(pair, grant.registers)
    if ends is None:
        return OpenPair([], ("Une de ces fiches n’existe plus.",), ("fichier A", "fichier B"))
    around = _around(pair, ends) if household else []
    joined = ends.joined[:MOST_JOINED]
    near = around[: MOST_JOINED - len(joined)]
    values, reasons = _open(actor, grant, [ends.left, ends.right, *joined, *near])
    today = clock.today()
    left, right = values.get(ends.left.record, {}), values.get(ends.right.record, {})
    names = names_for(actor, (ends.left.register, ends.right.register))
    shown = dict.fromkeys([ends.left.register, ends.right.register])
    known = dict(zip(shown, names, strict=False)) if len(shown) == 2 else {}

    def short(records: Iterable[RecordAt]) -> list[tuple[str, str]]:
        return [
            (in_short(values.get(one.record, {}), today=today) or "fiche fermée", known.get(one.register, ""))
            for one in records
        ]

    return OpenPair(
        compare(left, right, today=today),
        tuple(dict.fromkeys([*reasons.get(ends.left.record, []), *reasons.get(ends.right.record, [])])),
        names,
        short(joined),
        short(near),
        len(ends.joined) + len(around) - len(joined) - len(near),
    )


def _around(pair: Pair, ends: Ends) -> list[RecordAt]:
    """The records that other pairs tie to these two: most often, their household."""
    near = {one for other in review.neighbours(pair) for one in (other.left, other.right)}
    near -= {ends.left.record, ends.right.record, *(one.record for one in ends.joined)}
    found = vault_queries.records_named(near)
    return [found[one] for one in sorted(found)]


def fields_of(register: str) -> list[str]:
    """The fields of a register that a reader of pairs may ask for, as cleaned and as received."""
    profile = registry.profile(register)
    wanted = [
        code
        for code in profile.fields
        if profile.category(code) in CATEGORIES and code not in profile.repeated and code != "position"
    ]
    return [f"{register}.{code}{mark}" for code in wanted for mark in ("", RECEIVED)]


@sensitive_variables()
def _open(
    actor: Actor, grant: Grant, records: Collection[RecordAt]
) -> tuple[dict[UUID, dict[str, str]], dict[UUID, list[str]]]:
    """Values and refusals by record: one opening for each register."""
    values: dict[UUID, dict[str, str]] = {}
    reasons: dict[UUID, list[str]] = {}
    if any(one.register not in grant.registers for one in records):
        raise NotAllowed("Cette fiche n’est pas dans un registre de ce rapprochement.")
    for register in sorted({one.register for one in records}):
        here = {one.person: one.record for one in records if one.register == register}
        opened = vault.open_many(
            actor,
            persons=list(here),
            fields=fields_of(register),
            purpose=PURPOSE,
            motive=f"Relecture d’une paire de fiches, demande {grant.request}",
        )
        for person, record in here.items():
            opening = opened[person]
            values[record] = {name.partition(".")[2]: value for name, value in opening.values.items()}
            if not opening.values:
                reasons[record] = [one.reason for one in opening.reasons] or ["Cette fiche est vide."]
    return values, reasons


def names_for(actor: Actor, registers: tuple[str, str]) -> tuple[str, str]:
    """How the two registers are called before this reader: by name if they may know it, else « fichier A », « B »."""
    known = may_know(actor, registers)
    one, other = (known.get(code, "") for code in registers)
    return one or "fichier A", other or "fichier B"


def may_know(actor: Actor, registers: Collection[str]) -> dict[str, str]:
    """Code → name of the registers whose name and sources may be told to this agent: whoever keeps a register knows
    its name; one that is kept by named agents is told to those alone. Two queries."""
    signed = vault_queries.habilitation(actor.user_id or 0)
    if signed is None or "registers.keep" not in signed.purposes:
        return {}
    return {
        row.code: row.label
        for row in vault_queries.registers()
        if row.code in registers
        and ("*" in row.recipients or str(actor.organisation_id) in map(str, row.recipients))
        and (not row.nominative or row.code in signed.named_in)
    }
