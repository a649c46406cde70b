"""What opening a campaign still needs, each thing with where to do it. Reference §§ 4, 17.8."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from entremise.accounts.models import User
from entremise.outreach import rules
from entremise.outreach.engine import defaults, hours as engine
from entremise.outreach.models import (
    STEP_KINDS,
    CallCampaign,
    CallerProfile,
    CallTask,
    ScriptVersion,
    Shift,
    ShiftSeat,
)
from entremise.outreach.queries.campaigns import Missing, zone
from entremise.rules.queries import values_of
from entremise.vault import queries as vault

WHO, WHEN, TELL, SAFE = "qui", "quand", "annonce", "securite"
"""The pages of the settings, by the word of their address."""
FAR = 62


def missing(row: CallCampaign, now: datetime) -> list[Missing]:
    """What opening this campaign still needs, in the order of its pages; empty when it may open. A flat number of
    queries."""
    return [
        *_persons(row),
        *_rhythm(row),
        *_told(row),
        *_safety(row),
        *gate(row, now),
        *_team(row, now),
        *_on_duty(row, now),
    ]


def gate(row: CallCampaign, now: datetime) -> list[Missing]:
    """Why the law keeps this campaign shut now: the registers it calls, the plan, the decision (reference § 17.8)."""
    registers = {one.code: one for one in vault.registers() if one.code in row.registers}
    found: list[Missing] = []
    for code in row.registers:
        one = registers.get(code)
        if one is None or one.status != "open" or one.expires_at <= now:
            found.append(Missing("register", f"le registre « {one.label if one else code} » n’est pas ouvert", WHO))
        elif row.purpose not in one.bases:
            found.append(Missing("register", f"le registre « {one.label} » ne sert pas à ces appels", WHO))
        elif row.purpose in one.crisis_purposes and one.crisis_declared_at is None:
            found.append(
                Missing(
                    "activation",
                    f"le plan n’est pas déclenché pour « {one.label} » : le responsable le déclare au coffre",
                    SAFE,
                )
            )
    if any(one.kind == "legal" for one in registers.values()):
        found += _legal(row)
    return found


def _legal(row: CallCampaign) -> list[Missing]:
    if row.basis == "activation" and row.purpose == "outreach.call":
        if not row.activation_act or row.activation_on is None:
            return [Missing("activation", "l’acte du préfet qui déclenche le plan, et sa date", SAFE)]
        if row.alert_level < 2:
            return [Missing("activation", "le niveau d’alerte de l’acte : au vert, aucun plan n’est déclenché", SAFE)]
        return []
    if row.basis == "isolation" and row.purpose == "outreach.keep_in_touch":
        return (
            [] if row.decision else [Missing("decision", "la décision du délégué à la protection des données", SAFE)]
        )
    if row.basis == "isolation":
        return [
            Missing("basis", "hors du plan, le registre légal ne sert qu’aux appels de lien : choisissez ce but", WHO)
        ]
    return [Missing("basis", "le cadre légal : plan déclenché, ou lutte contre l’isolement", SAFE)]


def _persons(row: CallCampaign) -> list[Missing]:
    if row.filling.get("state") not in ("done", None):
        return [Missing("filling", "la liste des personnes, en cours de calcul", WHO)]
    if not CallTask.objects.filter(campaign=row).exclude(state="closed").exists():
        return [Missing("persons", "au moins une personne à appeler", WHO)]
    return []


def _rhythm(row: CallCampaign) -> list[Missing]:
    found = []
    if not any(row.hours.values()):
        found.append(Missing("hours", "des horaires d’appel", WHEN))
    early, late, days = forbidden_hours(row)
    if days:
        found.append(Missing("hours", f"des horaires entre {early} h et {late} h, comme le règlement le veut", WHEN))
    if row.script_id is None or not ScriptVersion.objects.filter(script=row.script_id, state="active").exists():
        found.append(Missing("script", "un script avec une version en service", WHEN))
    if row.keep_until is None:
        found.append(Missing("keep_until", "la date jusqu’à laquelle les comptes rendus sont gardés", WHEN))
    return found


def forbidden_hours(row: CallCampaign) -> tuple[int, int, list[int]]:
    """What the rules in force allow (first and last hour), and the weekdays (0 = Monday) that go beyond. One query."""
    bounds = values_of(rules.EARLIEST, rules.LATEST)
    early, late = int(bounds[rules.EARLIEST.key]), int(bounds[rules.LATEST.key])
    days = [
        day
        for day, ranges in engine.week(row.hours)
        if any(engine.minutes(start) < early * 60 or engine.minutes(end) > late * 60 for start, end in ranges)
    ]
    return early, late, days


def _told(row: CallCampaign) -> list[Missing]:
    if not row.announcement:
        return [Missing("announcement", "l’annonce des appels, ou le motif de s’en passer", TELL)]
    if row.announcement == "waived":
        return [] if row.waived_reason else [Missing("announcement", "le motif de ne pas annoncer les appels", TELL)]
    found = []
    if not row.shown_number:
        found.append(Missing("shown_number", "le numéro que les personnes verront s’afficher", TELL))
    if not row.announcement_text:
        found.append(Missing("announcement", "le texte de l’annonce", TELL))
    return found


def _safety(row: CallCampaign) -> list[Missing]:
    found = []
    group = defaults.group(row.alert_level)
    unnamed = [
        STEP_KINDS[step["kind"]].partition(",")[0]
        for step in row.ladder
        if group in step.get("hours", {}) and not step.get("responsible")
    ]
    if not row.ladder or unnamed:
        which = f" : {', '.join(unnamed)}" if unnamed else ""
        found.append(Missing("ladder", f"une personne chargée de chaque étape de recherche{which}", SAFE))
    if row.numbers_confirmed_at is None:
        found.append(Missing("numbers", "les numéros d’urgence relus et confirmés", SAFE))
    return found


def _team(row: CallCampaign, now: datetime) -> list[Missing]:
    callers = list(CallerProfile.objects.filter(state="active", level__gte=1).values_list("user", flat=True))
    if not callers:
        return [Missing("callers", "au moins une personne qui appelle, au niveau 1", "outreach:callers")]
    if not set(callers) & reading(row, now):
        named = any(one.nominative for one in vault.registers() if one.code in row.registers)
        what = "désignée par écrit dans ce registre" if named else "habilitée pour ces appels"
        return [Missing("habilitation", f"une personne qui appelle et qui soit {what}", "outreach:callers")]
    return []


def reading(row: CallCampaign, now: datetime) -> set[int]:
    """The accounts whose habilitation lets them call for this campaign, named where the register is nominative."""
    found: set[int] | None = None
    for one in vault.registers():
        if one.code in row.registers:
            able = {person.user for person in vault.habilitated(one, now) if row.purpose in person.purposes}
            found = able if found is None else found & able
    return found or set()


@dataclass(frozen=True, slots=True)
class Named:
    """An agent who may read for this campaign: signed when, until when."""

    label: str
    since: datetime
    until: datetime


def named(row: CallCampaign, now: datetime) -> list[Named]:
    """The agents named by writing in the nominative registers of this campaign, by name; empty when none is
    nominative. Three queries."""
    codes = {one.code for one in vault.registers() if one.nominative and one.code in row.registers}
    if not codes:
        return []
    signed: dict[int, tuple[datetime, datetime]] = {}
    for one in vault.registers():
        if one.code in codes:
            for person in vault.habilitated(one, now):
                if row.purpose in person.purposes:
                    signed[person.user] = (person.signed_at, person.active_until)
    people = User.objects.filter(pk__in=signed, is_active=True).order_by("label", "pk")
    return [Named(user.label, *signed[user.pk]) for user in people]


def _on_duty(row: CallCampaign, now: datetime) -> list[Missing]:
    """A supervisor for each open range of the next open day."""
    day, ranges = next_open_day(row, now)
    if day is None:
        return []  # said by the hours
    alone = [(start, end) for start, end in ranges if not _held(row, start, end)]
    if not alone:
        return []
    said = ", ".join(f"de {_hour(start)} à {_hour(end)}" for start, end in alone)
    return [Missing("duty", f"un superviseur de permanence {date_format(day, 'l j F')} {said}", "outreach:shifts")]


def next_open_day(row: CallCampaign, now: datetime) -> tuple[datetime | None, Sequence[tuple[datetime, datetime]]]:
    """The first day that is open from now on, and what is left of its ranges."""
    first = max(timezone.localtime(now).date(), row.starts_on)
    for day in (first + timedelta(days=n) for n in range(FAR)):
        if row.ends_on and day > row.ends_on:
            break
        ranges = [
            (max(start, now), end)
            for start, end in engine.openings(row.hours, day, zone(), holidays_open=row.holidays_open)
            if end > now
        ]
        if ranges:
            return ranges[0][0], ranges
    return None, ()


def _held(row: CallCampaign, start: datetime, end: datetime) -> bool:
    """Whether supervisors signed up cover this range without a hole."""
    shifts = Shift.objects.filter(campaign=row, role="supervisor", starts_at__lt=end, ends_at__gt=start)
    taken: Collection[int] = set(
        ShiftSeat.objects.filter(shift__in=shifts, cancelled_at=None).values_list("shift", flat=True)
    )
    at = start
    for shift in shifts.order_by("starts_at"):
        if shift.pk in taken and shift.starts_at <= at < shift.ends_at:
            at = shift.ends_at
    return at >= end


def _hour(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.hour} h {local.minute:02}" if local.minute else f"{local.hour} h"
