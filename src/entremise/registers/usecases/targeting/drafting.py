"""From the sealed result of a computation to a draft of cohort: points, order, size, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.registers import policies, registry
from entremise.registers.engine import fragility, preview, rolls
from entremise.registers.models import Cohort, Targeting
from entremise.registers.queries import cohorts
from entremise.registers.rules import targeting as voted
from entremise.registers.usecases.targeting import running
from entremise.registers.usecases.targeting.refusals import (
    CohortEmpty,
    CohortTooWide,
    PointsNotVoted,
    PreviewsSpent,
    ResultDestroyed,
)
from entremise.rules.queries import values_of
from entremise.vault import queries as vault_queries, usecases as vault

DRAFTED = declare("registers.cohort.drafted", "a préparé une cohorte")
MOST, PERIOD = 20, timedelta(days=30)
"""Drafts of the same registers in a month, whoever prepares them (PD: ours): as the tables of the vault."""
READ: Final = "Préparer ou relire une cohorte de repérage"


@transaction.atomic
@sensitive_variables()
def draft_cohort(
    actor: Actor,
    *,
    targeting: Targeting,
    label: str,
    purpose: str,
    profile: str,
    points: Mapping[str, int],
    capacity: int,
    expires_on: date,
) -> Cohort:
    """Order the persons of a computation and keep the first `capacity`, with the tables that may be published.

    `points`: factor → points, for those to change; each within what the vote lets an agent go, the others as voted.
    Raises NotAllowed, FreshFactorNeeded, ResultDestroyed, PointsNotVoted, CohortTooWide, CohortEmpty, PreviewsSpent,
    ValidationError by field.
    """
    me = policies.require_keeper(actor)
    require_fresh_factor(actor)
    now = clock.now()
    words = " ".join(label.split())
    chosen, said = _points(profile, points)
    limits = values_of(voted.LARGEST, voted.LIFE)
    _bounds(words, purpose, capacity, expires_on, int(limits[voted.LIFE.key]))
    if capacity > int(limits[voted.LARGEST.key]):
        raise CohortTooWide(
            f"Une cohorte compte au plus {limits[voted.LARGEST.key]} personnes : c’est ce que dit le règlement. "
            "Diminuez le nombre de personnes à joindre."
        )
    recent = Cohort.objects.filter(request=targeting.request, created_at__gt=now - PERIOD).count()
    if recent >= MOST:
        raise PreviewsSpent(
            f"{MOST} cohortes ont été préparées en un mois avec cette demande : la comparaison de leurs tableaux en "
            "dirait trop sur peu de personnes. Reprenez une ébauche existante, ou attendez."
        )
    roll = open_roll(actor, targeting)
    usable, today_of = cohorts.usable_persons(targeting.registers, purpose, now, [one.person for one in roll])
    base = _decided([one for one in roll if today_of[one.person] in usable])
    if not base:
        raise CohortEmpty(
            "Personne ne peut être joint pour cette finalité : les registres choisis ne la déclarent pas, ou chacun "
            "s’y est opposé."
        )
    factors = factors_of(targeting.registers, chosen)
    order = rolls.ranked(base, factors, _contacts([one.person for one in base]))
    first = [entry for entry, _ in order[:capacity]]
    cohort = Cohort(
        label=words, targeting=targeting, purpose=purpose, registers=targeting.registers, profile=profile,
        points={factor.code: factor.points for factor in factors}, voted=said, request=targeting.request,
        rule_set=targeting.rule_set or 0, computed_on=targeting.computed_on or clock.today(), capacity=capacity,
        expires_at=_end_of(expires_on), created_by=me, created_at=now, document=uuid4(),
    )  # fmt: skip
    cohort.counts = _counts(base, order, first, targeting)
    cohort.full_clean(exclude=["sealed"])
    cohort.sealed = vault.seal_document(
        actor, document=_document(cohort), content=rolls.dump(first), register=cohort.registers[0],
        purpose=running.KEEPING, motive=running.MOTIVE,
    )  # fmt: skip
    cohort.save(force_insert=True)
    record(actor, DRAFTED, cohort, persons=len(first), base=len(base), profile=profile)
    return cohort


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _document(cohort: Cohort) -> UUID:
    if cohort.document is None:
        raise ResultDestroyed("Les raisons de cette cohorte ont été détruites à son échéance.")
    return cohort.document


@sensitive_variables()
def open_roll(actor: Actor, targeting: Targeting) -> list[rolls.Entry]:
    """What a computation answered. Raises ResultDestroyed, and what `vault.open_document` raises."""
    row = Targeting.objects.filter(pk=targeting.pk, state="done").first()
    if row is None or row.document is None or row.keep_until is None or row.keep_until <= clock.now():
        raise ResultDestroyed("Le résultat de ce repérage n’est plus là : il vit une semaine. Refaites le repérage.")
    content = vault.open_document(
        actor, document=row.document, sealed=bytes(row.sealed), purpose=running.KEEPING, motive=READ
    )
    return rolls.load(content)


@sensitive_variables()
def open_reasons(actor: Actor, cohort: Cohort) -> list[rolls.Entry]:
    """The persons of a cohort in order, with the facts that placed them. Raises as `open_roll`."""
    sealed = Cohort.objects.filter(pk=cohort.pk).values_list("sealed", flat=True).first() or b""
    content = vault.open_document(
        actor, document=_document(cohort), sealed=bytes(sealed), purpose=running.KEEPING, motive=READ
    )
    return rolls.load(content)


def factors_of(registers: Sequence[str], points: Mapping[str, int]) -> tuple[fragility.Factor, ...]:
    """The factors that count: with points, and that these registers can answer."""
    answerable = cohorts.answerable(registers)
    return fragility.weighted((factor for factor in voted.FED if factor.code in answerable), points)


def _points(profile: str, asked: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """(points to use, points voted) by factor. PointsNotVoted, ValidationError."""
    if profile not in voted.PROFILES:
        raise ValidationError({"profile": "Choisissez un profil de la liste."})
    known = {weight.factor.code: weight for weight in cohorts.weights(profile)}
    for code, number in asked.items():
        weight = known.get(code)
        if weight is None or not weight.least <= number <= weight.most:
            label = weight.factor.label if weight else code
            bounds = f" : de {weight.least} à {weight.most}" if weight else ""
            raise PointsNotVoted(
                f"« {label} » ne peut pas recevoir ces points{bounds}. Ils sont votés : proposez un autre nombre "
                "aux collèges."
            )
    said = {code: weight.voted for code, weight in known.items()}
    return said | dict(asked), said


def _bounds(label: str, purpose: str, capacity: int, expires_on: date, days: int) -> None:
    wrong: dict[str, str] = {}
    if not 3 <= len(label) <= 80:
        wrong["label"] = "Donnez un nom de 3 à 80 caractères."
    if purpose not in Cohort.PURPOSES:
        wrong["purpose"] = "Choisissez à quoi servira la cohorte."
    if capacity < 1:
        wrong["capacity"] = "Dites combien de personnes vous pouvez joindre : 1 au moins."
    today = clock.today()
    if not today < expires_on <= today + timedelta(days=days):
        wrong["expires_on"] = f"Choisissez une échéance après aujourd’hui, dans {days} jours au plus."
    if wrong:
        raise ValidationError(wrong)


def _decided(entries: Sequence[rolls.Entry]) -> list[rolls.Entry]:
    calls = registry.calls_of([one.person for one in entries])
    return rolls.added(
        entries, hot=cohorts.exposures(), unanswered={person: said.unanswered for person, said in calls.items()}
    )


def _contacts(persons: Sequence[UUID]) -> dict[UUID, date]:
    return {person: said.last for person, said in registry.calls_of(persons).items() if said.last}


def named_for(registers: Sequence[str], communes: set[str]) -> preview.Named:
    """How tables name what they count. A few queries, whatever the number of persons."""
    places, above = cohorts.places(communes)
    labels = {row.code: row.label for row in vault_queries.registers()}
    return preview.Named(
        {code: (place.name, place.epci, place.department) for code, place in places.items()},
        above,
        [labels.get(code, code) for code in registers],
    )


def _counts(
    base: Sequence[rolls.Entry],
    order: Sequence[tuple[rolls.Entry, fragility.Score]],
    first: Sequence[rolls.Entry],
    targeting: Targeting,
) -> dict[str, object]:
    named = named_for(targeting.registers, {one.commune for one in base})
    points = {str(entry.person): found.points for entry, found in order}
    least = cohorts.least_count(targeting.registers)
    tables = preview.preview(base, first, points, named, least)
    cut = order[len(first) - 1][1]
    waiting = sum(found.order == cut.order for _, found in order[len(first) :])
    return {
        **tables,
        "base": len(base),
        "size": len(first),
        "least": least,
        "cut": cut.points,
        "tied": waiting if waiting >= least else 0,
        "left_out": targeting.counts.get("left_out", 0),
    }
