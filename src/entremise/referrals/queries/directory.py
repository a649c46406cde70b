"""The directory searched: who answers this need, here, today; and why in this order. Constant numbers of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from entremise.kernel import clock
from entremise.kernel.errors import NotFound
from entremise.referrals.engine import hours
from entremise.referrals.engine.checking import department_of
from entremise.referrals.engine.themes import THEMES
from entremise.referrals.models import (
    CAPACITIES,
    NEEDS,
    DirectoryImport,
    NeedTheme,
    Service,
    ServiceReport,
    ServiceZone,
)
from entremise.territories.models import Territory

STALE = timedelta(days=183)
MOST = 400
"""Candidates looked at: the best by theme and zone; of more, nobody reads the end."""


@dataclass(frozen=True, slots=True)
class Found:
    """A service of the answer. `opening`: French words and the kind of a tag; `reasons`: why here, best first."""

    service: Service
    opening: tuple[str, str]
    reasons: tuple[str, ...]
    stale: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """`mode`: a code of modes_accueil; `public`: a code of publics. Empty texts ask nothing."""

    need: str = ""
    theme: str = ""
    commune: Territory | None = None
    public: str = ""
    mode: str = ""
    words: str = ""


def need_themes() -> Mapping[str, tuple[str, ...]]:
    """Need → thématiques: what was set here, else what is shipped. One query."""
    said: dict[str, list[str]] = {}
    for need, theme in NeedTheme.objects.order_by("theme").values_list("need", "theme"):
        said.setdefault(need, []).append(theme)
    return {need: tuple(said.get(need, THEMES[need])) for need in NEEDS}


def live_services() -> QuerySet[Service]:
    return Service.objects.filter(withdrawn_at=None)


def find_services(asked: Asked, *, now: datetime | None = None) -> list[Found]:
    """At most 400 services, the best first. Two queries, three when a need is asked.

    In order: thématiques answered, zone (commune, intercommunalité, département, France, not said), open now, places
    known, quality of the record, freshness (reference outreach-and-referrals § 16).
    """
    rows = live_services().filter(for_agents=True)
    wanted = (asked.theme,) if asked.theme else need_themes().get(asked.need, ())
    if wanted:
        rows = rows.filter(themes__theme__in=wanted).annotate(answers=Count("themes__theme", distinct=True))
    elif asked.need:
        return []
    if asked.public:
        rows = rows.filter(Q(audience="") | Q(audience__contains=f"|{asked.public}|"))
    if asked.mode:
        rows = rows.filter(Q(modes="") | Q(modes__contains=f"|{asked.mode}|"))
    if asked.words:
        rows = rows.filter(Q(label__icontains=asked.words) | Q(structure__label__icontains=asked.words))
    if asked.commune is not None:
        rows = rows.filter(zones__code__in=_codes(asked.commune))
    rows = rows.annotate(reach=Min("zones__rank"))
    first = ["-answers"] if wanted else []
    best = rows.order_by(*first, "reach", "-quality", "-updated_on", "pk").select_related("structure")[:MOST]
    local = timezone.localtime(now or clock.now()).replace(tzinfo=None)
    # Read once, then ordered again by what no database can tell: who is open.
    looked = [(row, opening_of(row, local)) for row in best]
    looked.sort(key=lambda pair: _place(pair[0], pair[1], asked))
    return [_found(row, opening, asked, len(wanted), local) for row, opening in looked]


def _codes(commune: Territory) -> list[str]:
    codes = [commune.code, commune.parent_code, commune.epci_code, commune.department_code, "france"]
    return [code for code in codes if code]


_OPEN = {"open": 0, "unknown": 1, "closed": 2}
_ROOM = {"available": 0, "unknown": 1, "full": 2}


def _place(row: Service, opening: hours.Opening, asked: Asked) -> tuple[object, ...]:
    here = 0 if not asked.mode or row.modes else 1  # who says so comes before who says nothing
    return (
        -getattr(row, "answers", 0), getattr(row, "reach", 4), here, _OPEN[opening.state], _ROOM[row.capacity],
        -row.quality, -row.updated_on.toordinal(), row.pk,
    )  # fmt: skip


def opening_of(row: Service, local: datetime) -> hours.Opening:
    """Whether it is open; unknown when its text is outside what we read: never closed by mistake."""
    week = hours.parse(row.hours)
    if week is None:
        return hours.UNKNOWN
    return hours.at(week, local, hours.calendar(department_of(row.commune_code)))


def hours_of(row: Service) -> list[str]:
    """Its hours in French, a line a group of days; the text itself when we do not read it."""
    week = hours.parse(row.hours)
    return hours.in_french(week) if week else [row.hours] if row.hours else []


def _clock(moment: datetime) -> str:
    return "minuit" if not moment.hour and not moment.minute else date_format(moment, r"G \h i").removesuffix(" 00")


def opening_words(opening: hours.Opening, local: datetime) -> tuple[str, str]:
    """« ouvert maintenant, jusqu’à 17 h », « ouvre lundi à 9 h », « horaires à vérifier », and the tag's kind."""
    if opening.state == "open":
        until = f", jusqu’à {_clock(opening.until)}" if opening.until else ""
        return (f"ouvert maintenant{until}", "good")
    if opening.state == "unknown":
        return ("horaires à vérifier", "")
    if opening.opens is None:
        return ("fermé ces jours-ci", "warn")
    days = (opening.opens.date() - local.date()).days
    day = {0: "aujourd’hui", 1: "demain"}.get(days) or date_format(opening.opens, "l" if days < 7 else "l j F")
    return (f"ouvre {day} à {_clock(opening.opens)}", "warn")


def is_stale(row: Service) -> bool:
    """Nobody verified it, nor did its source touch it, for over six months."""
    last = max(row.updated_on, clock.day_of(row.verified_at)) if row.verified_at else row.updated_on
    return last < clock.today() - STALE


def _found(row: Service, opening: hours.Opening, asked: Asked, wanted: int, local: datetime) -> Found:
    reasons = []
    answers = getattr(row, "answers", 0)
    if wanted > 1:
        reasons.append(f"répond à {answers} thématique{'s' if answers > 1 else ''} du besoin sur {wanted}")
    elif wanted:
        reasons.append("répond au besoin" if asked.need else "répond à la thématique")
    if asked.commune is not None:
        reasons.append(
            {0: "intervient dans la commune", 1: "intervient dans l’intercommunalité",
             2: "intervient dans le département", 3: "intervient partout en France"}.get(
                getattr(row, "reach", 4), "zone non précisée : à vérifier"
            )
        )  # fmt: skip
    if asked.public:
        reasons.append("accueille ce public" if row.audience else "accueille tous les publics")
    if row.capacity != "unknown":
        reasons.append(CAPACITIES[row.capacity])
    return Found(row, opening_words(opening, local), tuple(reasons), is_stale(row))


def service_of(public_id: str) -> Service:
    """A service, withdrawn ones included: old referrals name them. NotFound otherwise."""
    row = Service.objects.select_related("structure", "verified_by").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce service n’est pas dans l’annuaire.")
    return row


def zone_names(row: Service) -> list[str]:
    """Where a service comes, in words. Two queries."""
    codes = list(row.zones.order_by("rank", "code").values_list("rank", "code"))
    known = dict(Territory.objects.filter(code__in=[code for _, code in codes]).values_list("code", "name"))
    return [
        "France entière" if code == "france" else f"{known.get(code, code)} ({ServiceZone.RANKS[rank]})"
        for rank, code in codes
    ]


def open_reports() -> QuerySet[ServiceReport]:
    return ServiceReport.objects.filter(settled_at=None).select_related("service", "author")


def imports() -> QuerySet[DirectoryImport]:
    return DirectoryImport.objects.defer("file", "report").select_related("author")


def import_of(public_id: str) -> DirectoryImport:
    row = DirectoryImport.objects.defer("file").select_related("author").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce fichier n’est pas connu ici.")
    return row
