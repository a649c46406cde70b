"""Two targetings side by side: how many enter, how many leave, by commune and age band; never who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people.queries import current
from entremise.registers import policies
from entremise.registers.engine import preview, rolls
from entremise.registers.models import Cohort, Targeting
from entremise.registers.queries import cohorts
from entremise.registers.usecases.targeting.drafting import named_for, open_reasons, open_roll
from entremise.registers.usecases.targeting.refusals import ResultDestroyed

COMPARED = declare("registers.cohorts.compared", "a comparé deux cohortes")


class NotComparable(DomainError):
    """Not of the same registers: who enters and who leaves would say nothing of the points."""

    code = "not_comparable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`tables`: `territory` and `bands`, rows `{label, enter, leave, stay}`; empty where nothing may be shown."""

    before: Cohort
    after: Cohort
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    least: int


@sensitive_variables()
@transaction.atomic
def compare_cohorts(actor: Actor, *, before: Cohort, after: Cohort) -> Comparison:
    """Counts of what changes from one cohort to another. Small counts are counted with their neighbours, and with the
    same neighbours as on the pages of the two cohorts.

    Raises NotAllowed, FreshFactorNeeded, NotComparable, ResultDestroyed (one ended, or no base is left).
    """
    policies.require_keeper(actor)
    if before.pk == after.pk:
        raise NotComparable("Choisissez deux cohortes différentes.")
    if set(before.registers) != set(after.registers):
        raise NotComparable("Ces cohortes ne viennent pas des mêmes registres : elles ne se comparent pas.")
    one, other = (_today(open_reasons(actor, row)) for row in (before, after))
    base = _today(_base(actor, before, after))
    least = max(cohorts.least_count(before.registers), *(int(row.counts.get("least", 11)) for row in (before, after)))
    named = named_for(after.registers, {entry.commune for entry in (*base, *one, *other)})
    start = {
        name: [group for row in (before, after) for group in row.counts.get("groups", {}).get(name, [])]
        for name in ("territory", "bands")
    }
    tables = preview.compare(base, one, other, named, least, start)
    record(actor, COMPARED, after, before=before.public_id)
    return Comparison(before, after, tables, least)


def _base(actor: Actor, before: Cohort, after: Cohort) -> list[rolls.Entry]:
    for row in (after, before):
        targeting = Targeting.objects.defer("sealed").get(pk=row.targeting_id)
        if targeting.document is not None and targeting.keep_until and targeting.keep_until > clock.now():
            return open_roll(actor, targeting)
    raise ResultDestroyed(
        "Les résultats de ces deux repérages ont été détruits au bout d’une semaine : refaites un repérage, préparez "
        "une cohorte, puis comparez."
    )


def _today(entries: Sequence[rolls.Entry]) -> list[rolls.Entry]:
    """Two persons united since are one: the first of them in the order."""
    today_of = current(entry.person for entry in entries)
    found: dict[object, rolls.Entry] = {}
    for entry in entries:
        person = today_of[entry.person]
        found.setdefault(person, rolls.Entry(person, entry.commune, entry.facts, entry.registers))
    return list(found.values())
