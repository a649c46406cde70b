"""Reads of cohorts: who may be called now, what may be said of them, which requests allow a targeting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.formats import date_format

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people.queries import current, together, together_many
from entremise.registers import registry
from entremise.registers.engine.facts import ANSWERS
from entremise.registers.engine.fragility import Factor
from entremise.registers.models import Cohort, CohortMember, HeatExposure, LifeReport, Targeting
from entremise.registers.rules import targeting as points
from entremise.rules import queries as rules
from entremise.rules.registry import RulePoint
from entremise.territories.models import Kind, Territory
from entremise.vault import queries as vault, registry as shapes
from entremise.vault.usecases.agreements import in_force, seen_by

TARGET = "registers.target"
MANY = 900


@dataclass(frozen=True, slots=True)
class Usable:
    """A person of a cohort who may be reached now: as they are read today, at the rank where they were frozen."""

    person: UUID
    rank: int
    channel: str


def members(cohort: Cohort, now: datetime) -> list[Usable]:
    """Who of a frozen cohort may be reached now, in order. Nobody once it has expired, was withdrawn, or its request
    no longer holds.

    Objections, deaths (closed records), frozen and protected records are looked at anew, on the person and on all
    those who are one with them; two members united since are one. A flat number of queries.
    """
    row = Cohort.objects.filter(pk=cohort.pk, state="frozen", expires_at__gt=now).first()
    if row is None or row.request not in in_force(TARGET, now):
        return []
    listed = list(CohortMember.objects.filter(cohort=row).order_by("rank").values_list("person", "rank", "channel"))
    persons = [person for person, _, _ in listed]
    every = frozenset().union(*together_many(persons).values())
    usable, today_of = usable_persons(row.registers, row.purpose, now, persons, among=every)
    found: dict[UUID, Usable] = {}
    for person, rank, channel in listed:
        today = today_of[person]
        if today in usable and today not in found:
            found[today] = Usable(today, rank, channel)
    return list(found.values())


def usable_persons(
    registers: Collection[str],
    purpose: str,
    now: datetime,
    also: Iterable[UUID] = (),
    *,
    among: Collection[UUID] | None = None,
) -> tuple[frozenset[UUID], Mapping[UUID, UUID]]:
    """Who may be reached for this purpose, as they are read today; and, for them and `also`, as whom they are read.

    Who objected to being targeted (RGPD 21) or is said dead is left out too. `among`: the only identities to look at
    (all those of the persons asked), else the whole registers. A flat number of queries.
    """
    serving = vault.serving(registers, purpose, now, among)
    blocked = serving.blocked | vault.serving((), TARGET, now, among).blocked | _said_dead()
    here = {one.person for one in serving.records.values()}
    today = current({*here, *blocked, *also})
    return frozenset({today[person] for person in here} - {today[person] for person in blocked}), today


def _said_dead() -> frozenset[UUID]:
    """Who is said dead, or was confirmed so. A report freezes the records it knows; a united identity has others."""
    rows = LifeReport.objects.filter(kind="deceased", state__in=("reported", "confirmed"))
    return frozenset(rows.values_list("person", flat=True))


def cohort(public_id: str) -> Cohort:
    """NotFound when it does not exist."""
    row = Cohort.objects.select_related("targeting").defer("sealed", "targeting__sealed").filter(public_id=public_id)
    found = row.first()
    if found is None:
        raise NotFound("Cette cohorte n’existe pas.")
    return found


def targeting(public_id: str) -> Targeting:
    """NotFound when it does not exist."""
    found = Targeting.objects.defer("sealed").filter(public_id=public_id).first()
    if found is None:
        raise NotFound("Ce repérage n’existe pas.")
    return found


def cohorts() -> list[Cohort]:
    """Every cohort, the newest first; no person."""
    return list(Cohort.objects.defer("sealed"))


def cohorts_of(person: UUID) -> Sequence[Mapping[str, str]]:
    """For a person's copy (RGPD 15): the cohorts where they are, or where who is one with them is."""
    rows = CohortMember.objects.filter(person__in=together(person), cohort__state="frozen").select_related("cohort")
    return [
        {
            "Cohorte": row.cohort.label,
            "Sert à": row.cohort.get_purpose_display(),
            "Calculée le": date_format(row.cohort.computed_on, "j F Y"),
            "Rang proposé": str(row.rank),
            "Jusqu’au": date_format(row.cohort.last_day, "j F Y"),
            "Pourquoi": "le gestionnaire du registre vous lit la phrase qui explique ce rang",
        }
        for row in rows.defer("cohort__sealed").order_by("pk")
    ]


# points


@dataclass(frozen=True, slots=True)
class Weight:
    """One factor as a targeting may use it: the voted points, and how far an agent may go from them."""

    factor: Factor
    point: RulePoint
    voted: int
    least: int
    most: int


def answerable(registers: Collection[str]) -> frozenset[str]:
    """The factors that these registers, the territory's list and the calls can answer for somebody."""
    held = {name for code in registers for name in shapes.profile(code).fields}
    found = {code for name, codes in ANSWERS.items() if name in held for code in codes} - {"hot_commune"}
    if "address" in held and HeatExposure.objects.exists():
        found.add("hot_commune")
    if registry.knows_calls():
        found.add("unanswered")
    return frozenset(found) & {factor.code for factor in points.FED}


def weights(profile: str) -> list[Weight]:
    """Every factor with its voted points for this kind of crisis. One query. KeyError for an unknown profile."""
    asked = points.points_of(profile)
    values = rules.values_of(*asked.values(), points.LEEWAY)
    leeway = int(values[points.LEEWAY.key])
    found = []
    for factor in points.FED:
        point = asked[factor.code]
        voted = int(values[point.key])
        found.append(Weight(factor, point, voted, max(0, voted - leeway), min(points.MOST, voted + leeway)))
    return found


def exposures() -> dict[str, bool]:
    """INSEE code → very exposed or not, for the communes that the territory declared. One query."""
    return dict(HeatExposure.objects.values_list("commune", "exposed"))


# places


@dataclass(frozen=True, slots=True)
class Place:
    """A commune as a table names it, with its intercommunality and its département ("" when unknown)."""

    name: str
    epci: str
    department: str


def places(codes: Iterable[str]) -> tuple[dict[str, Place], dict[str, str]]:
    """Communes by code, and the names of their EPCI and départements by code. Two queries per 900 communes."""
    wanted = sorted({code for code in codes if code})
    found: dict[str, Place] = {}
    for start in range(0, len(wanted), MANY):
        rows = Territory.objects.filter(kind=Kind.COMMUNE, code__in=wanted[start : start + MANY])
        for code, name, epci, department in rows.values_list("code", "name", "epci_code", "department_code"):
            found[code] = Place(name, epci, department)
    above = {place.epci for place in found.values()} | {place.department for place in found.values()}
    names: dict[str, str] = {}
    asked = sorted(above - {""})
    for start in range(0, len(asked), MANY):
        rows = Territory.objects.filter(kind__in=(Kind.EPCI, Kind.DEPARTMENT), code__in=asked[start : start + MANY])
        names |= dict(rows.values_list("code", "name"))
    return found, names


def least_count(registers: Sequence[str]) -> int:
    """The smallest count that may be shown of these registers: 11, or more if one of them says so. One query."""
    return max([11, *(row.k_threshold for row in vault.registers() if row.code in registers)])


def granted_requests(actor: Actor) -> list[Any]:
    """The requests of targeting granted to this very actor, the newest first."""
    now = clock.now()
    rows = seen_by(actor, now).filter(requester=actor.user_id or 0, purpose=TARGET, state="granted", until__gt=now)
    return list(rows)


def kept_targetings(actor: Actor) -> list[Targeting]:
    """The computations this actor asked for whose result is still there, and those under way, newest first."""
    rows = Targeting.objects.defer("sealed").filter(asked_by=actor.user_id or 0)
    return [
        row
        for row in rows[:50]
        if row.state in ("ready", "running", "failed")
        or (row.state == "done" and row.keep_until is not None and row.keep_until > clock.now())
    ]
