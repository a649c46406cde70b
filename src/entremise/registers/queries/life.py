"""How registers live: counts and dates, never a value, never a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.people.engine import phone as phones
from entremise.people.models import Information, Person
from entremise.registers import policies
from entremise.registers.models import (
    CheckLine,
    CheckRound,
    Enrolment,
    ImportBatch,
    LastCheck,
    LifeReport,
    Pair,
    RegisterReview,
    Source,
    Transmission,
)
from entremise.registers.models.life import ALERT, ENDED
from entremise.vault import queries as vault, registry, usecases as use

OWN = ("entraide", "personne")
"""Profiles that other rooms keep: mutual aid, and what `people` knows of everybody."""
NEAR = timedelta(days=60)
"""How long before its term a register says so."""
FRESH = ((90, "moins de 3 mois"), (180, "de 3 à 6 mois"), (365, "de 6 à 12 mois"))
LOOKED_AT = 500
TOLD = timedelta(days=30)
"""From the entry of a re-used record to the information of the person (RGPD 14.3)."""


def visible(actor: Actor) -> list[vault.RegisterRow]:
    """The registers this agent may look at: all for those who watch, the keeper's own ones for a keeper."""
    policies.require_reader(actor)
    rows = [one for one in vault.registers() if one.profile not in OWN]
    if actor.has("controller", "dpo"):
        return rows
    signed = vault.habilitation(actor.user_id or 0)
    named = set(signed.named_in) if signed is not None else set()
    return [one for one in rows if not one.nominative or one.code in named]


def register_seen(actor: Actor, code: str) -> vault.RegisterRow:
    """One of them. NotFound for the others, as for those that do not exist."""
    found = next((one for one in visible(actor) if one.code == code), None)
    if found is None:
        raise NotFound("Ce registre n’existe pas, ou ne vous est pas ouvert.")
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody in one register."""

    letters: int = 0
    late: int = 0
    reports: int = 0
    to_inform: int = 0
    reviews: int = 0
    answers: int = 0
    files: int = 0
    to_complete: int = 0

    @property
    def total(self) -> int:
        told = self.letters + self.reports + self.to_inform + self.reviews + self.answers
        return told + self.files + self.to_complete


def waiting(codes: list[str], today: date | None = None) -> dict[str, Waiting]:
    """Register → what waits in it. Eight queries, whatever the number of registers."""
    today = today or clock.today()
    letters = _count(Enrolment.objects.filter(state="effective", received_on__lte=today - ALERT))
    late = _count(Enrolment.objects.filter(state="effective", due_on__lt=today))
    reports = _count(LifeReport.objects.filter(state="reported"))
    reviews = _count(RegisterReview.objects.filter(done_on=None, due_on__lte=today + TOLD))
    lines = CheckLine.objects.filter(round__closed_at=None, answer="")
    answers = dict(lines.values_list("round__register").annotate(n=Count("pk")).order_by())
    held = ImportBatch.objects.filter(state__in=("mapped", "checked", "failed"))
    files = dict(held.values_list("source__register").annotate(n=Count("pk")).order_by())
    to_complete = _count(Enrolment.objects.filter(state="to_complete"))
    states = vault.states()
    return {
        code: Waiting(
            letters.get(code, 0),
            late.get(code, 0),
            reports.get(code, 0),
            states.get(code, {}).get("to_inform", 0),
            reviews.get(code, 0),
            answers.get(code, 0),
            files.get(code, 0),
            to_complete.get(code, 0),
        )
        for code in codes
    }


def _count(rows: object) -> dict[str, int]:
    return dict(rows.values_list("register").annotate(n=Count("pk")).order_by())  # type: ignore[attr-defined]


def pairs_to_review() -> int:
    """Doubtful pairs that wait for a reader, all registers together. One query."""
    return Pair.objects.filter(state="to_review").count()


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart: a share of `most`."""

    label: str
    value: int
    most: int

    @property
    def percent(self) -> int:
        return round(100 * self.value / self.most) if self.most else 0


@dataclass(frozen=True, slots=True)
class Agent:
    label: str
    since: datetime
    until: datetime
    named: bool


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """Where files come from, on which legal basis, when the last one came."""

    label: str
    giver: str
    basis: str
    files: int
    last: date | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What one page tells of a register."""

    states: list[tuple[str, int]]
    live: int
    completeness: list[Bar]
    freshness: list[Bar]
    checked: int
    enrolled: int
    agents: list[Agent] = field(default_factory=list)
    last_entry: datetime | None = None
    informed: int = 0
    rounds: list[CheckRound] = field(default_factory=list)
    transmissions: list[Transmission] = field(default_factory=list)
    sources: list[SourceSeen] = field(default_factory=list)


def dashboard(row: vault.RegisterRow, now: datetime) -> Dashboard:
    """Completeness by field, freshness, states, habilitated agents. A flat number of queries, no value opened."""
    counts = vault.states().get(row.code, {})
    live = sum(count for status, count in counts.items() if status != "closed")
    shape, cells = registry.profile(row.code), vault.filled(row.code)
    completeness = [
        Bar(shape.labels.get(name, name).capitalize() if name != "gir" else "GIR", cells.get(name, 0), live)
        for name in shape.fields
    ]
    today = clock.today()
    checks = LastCheck.objects.filter(register=row.code)
    limits = [today - timedelta(days=days) for days, _ in FRESH]
    ages = checks.aggregate(
        a=Count("pk", filter=Q(checked_on__gt=limits[0])),
        b=Count("pk", filter=Q(checked_on__gt=limits[1], checked_on__lte=limits[0])),
        c=Count("pk", filter=Q(checked_on__gt=limits[2], checked_on__lte=limits[1])),
        old=Count("pk", filter=Q(checked_on__lte=limits[2])),
    )
    bars = [Bar(f"Confirmées depuis {label}" if n == 0 else f"Confirmées il y a {label[3:]}", ages[key], live)
            for n, ((_, label), key) in enumerate(zip(FRESH, "abc", strict=True))]  # fmt: skip
    known = sum(ages.values())
    bars += [
        Bar("Confirmées il y a plus d’un an", ages["old"], live),
        Bar("Jamais confirmées", max(0, live - known), live),
    ]
    signed = vault.habilitated(row, now)
    users = User.objects.in_bulk([one.user for one in signed])
    agents = [
        Agent(users[one.user].label, one.signed_at, one.active_until, row.code in one.named_in)
        for one in signed
        if one.user in users
    ]
    last = vault.last_entry(row.code)
    return Dashboard(
        states=[(label, counts[code]) for code, label in vault.RECORD_STATES.items() if counts.get(code)],
        live=live,
        completeness=completeness,
        freshness=bars,
        checked=ages["a"] + ages["b"],
        enrolled=Enrolment.objects.filter(register=row.code).exclude(state__in=ENDED).count(),
        agents=sorted(agents, key=lambda one: one.label),
        last_entry=Person.objects.filter(pk=last).values_list("created_at", flat=True).first() if last else None,
        informed=Information.objects.filter(register=row.code).values("person").distinct().count(),
        rounds=list(CheckRound.objects.filter(register=row.code, closed_at=None)[:5]),
        transmissions=list(Transmission.objects.filter(register=row.code)[:5]),
        sources=sources(row.code),
    )


def sources(code: str) -> list[SourceSeen]:
    """The sources of a register, with their loaded files. One query."""
    loaded = Q(batches__state="loaded")
    rows = Source.objects.filter(register=code).annotate(
        files=Count("batches", filter=loaded), last=Max("batches__received_on", filter=loaded)
    )
    return [SourceSeen(one.label, one.giver, one.legal_basis, one.files, one.last) for one in rows]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody of a register: since when, in which state, and their enrolment when it was recorded here."""

    person: UUID
    since: datetime
    state: str
    enrolment: Enrolment | None


class NotAnEnrolmentRegister(DomainError):
    code = "not_an_enrolment_register"


def enrolment_register(actor: Actor, code: str) -> vault.RegisterRow:
    """The register, if persons enrol themselves in it. Raises NotFound, NotAnEnrolmentRegister."""
    row = register_seen(actor, code)
    if row.profile != "canicule":
        raise NotAnEnrolmentRegister("On ne s’inscrit pas dans ce registre : il se remplit par fichier.")
    return row


@sensitive_variables()
def find_known(
    actor: Actor, *, register: str, phone: str, motive: str = "Recherche avant un signalement"
) -> list[Known]:
    """Who is known under this number in this register, at most 5, those who left excepted.

    A line may be shared: it says that somebody answers there, not who. Raises ValidationError (no number), and as
    `vault.usecases.find`.
    """
    policies.require_keeper(actor)
    register_seen(actor, register)
    try:
        number = phones.normalise(phone)
    except ValueError as error:
        raise ValidationError({"phone": str(error)}) from None
    found = use.find(actor, register=register, by="phone", value=number, purpose="registers.keep", motive=motive)
    status = vault.statuses_in(register, found)
    live = Enrolment.objects.filter(register=register, person__in=found).exclude(state__in=ENDED)
    known = {row.person_id: row for row in live}
    since = dict(Person.objects.filter(pk__in=found).values_list("pk", "created_at"))
    return [
        Known(pk, since[pk], vault.RECORD_STATES[status[pk]], known.get(pk))
        for pk in found
        if status.get(pk, "closed") != "closed"
    ]


@sensitive_variables()
def find_enrolled(actor: Actor, *, register: str, phone: str) -> list[Known]:
    """The same, in a register where persons enrol themselves. Raises NotAnEnrolmentRegister, and as `find_known`."""
    enrolment_register(actor, register)
    return find_known(actor, register=register, phone=phone, motive="Recherche avant une inscription")


def enrolment(actor: Actor, public_id: str) -> Enrolment:
    """NotFound outside the registers this agent may see."""
    row = Enrolment.objects.select_related("person", "batch__source").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette inscription n’existe pas.")
    register_seen(actor, row.register)
    return row


def report(actor: Actor, public_id: str) -> LifeReport:
    """NotFound outside the registers this agent may see."""
    row = LifeReport.objects.select_related("person").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce signalement n’existe pas.")
    register_seen(actor, row.register)
    return row


def check_round(actor: Actor, public_id: str) -> CheckRound:
    """NotFound outside the registers this agent may see."""
    row = CheckRound.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette campagne n’existe pas.")
    register_seen(actor, row.register)
    return row


def never_told(code: str) -> list[UUID]:
    """The persons of a re-used file who wait to be told of it, those who entered first before. Two queries."""
    told = set(Information.objects.filter(register=code).values_list("person", flat=True))
    return [pk for pk in vault.members(code, ("to_inform",)) if pk not in told]


def not_checked_since(code: str, since: date) -> list[UUID]:
    """The active persons of a register whose record was not confirmed since this day. Two queries."""
    fresh = set(LastCheck.objects.filter(register=code, checked_on__gte=since).values_list("person", flat=True))
    return [pk for pk in vault.members(code) if pk not in fresh]


def has_phone(row: LifeReport) -> bool:
    """Whether the record said dead or gone has a number, so that whoever confirms can be asked for it. One query."""
    return vault.is_searched(row.person_id, row.register, "phone")


def requests_of(batch: ImportBatch) -> dict[str, int]:
    """What the enrolments that a file brought have become: `enrolled` in all, each state, `late`. One query."""
    late = Q(state="effective", due_on__lt=clock.today())
    rows = Enrolment.objects.filter(batch=batch).exclude(state__in=ENDED).order_by()
    found = list(rows.values_list("state").annotate(n=Count("pk"), late=Count("pk", filter=late)))
    if not found:
        return {}
    told = {state: number for state, number, _ in found}
    return told | {"enrolled": sum(told.values()), "late": sum(late for _, _, late in found)}


def letters_due(code: str, most: int) -> list[Enrolment]:
    """The enrolments whose letter waits, the most pressing first, at most `most`: those that may be written to.

    A file brings persons without address, and records freeze: kept at the head of the queue they would stop every
    letter behind them. They stay late, in the list. Two queries, and two for 500 looked at.
    """
    found: list[int] = []
    rows = Enrolment.objects.filter(register=code, state="effective").order_by("due_on", "pk")
    waiting = list(rows.values_list("pk", "person"))
    for start in range(0, len(waiting), LOOKED_AT):
        some = waiting[start : start + LOOKED_AT]
        persons = [person for _, person in some]
        states, housed = vault.statuses_in(code, persons), vault.holding(code, "address", persons)
        found += [pk for pk, person in some if states.get(person) == "active" and person in housed]
        if len(found) >= most:
            break
    return list(rows.filter(pk__in=found[:most]))


def enrolment_counts(code: str) -> dict[str, int]:
    """State → enrolments of a register. One query."""
    rows = Enrolment.objects.filter(register=code)
    return dict(rows.values_list("state").annotate(n=Count("pk")).order_by())


def with_requests(rows: list[Transmission]) -> list[tuple[Transmission, vault.RequestRow]]:
    """Each communication with the special request it stands on. One query."""
    asked = {one.public_id: one for one in vault.requests([row.request for row in rows])}
    return [(row, asked[row.request]) for row in rows if row.request in asked]


def half_a_year_ago() -> date:
    """Since when a record that was not confirmed is stale."""
    return clock.today() - timedelta(days=182)
