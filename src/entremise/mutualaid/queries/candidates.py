"""Who could help with this need: exact search by H3 columns on the ordinary database (reference § 7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils.crypto import salted_hmac

from entremise.kernel import clock
from entremise.mutualaid import rules
from entremise.mutualaid.engine import ranking
from entremise.mutualaid.engine.ranking import NEVER, Candidate, Ranked, Wanted, Weights
from entremise.mutualaid.models import HelperIndex, HelperProfile, Need, Proposal
from entremise.mutualaid.models.matching import PROPOSAL_LIVE
from entremise.people.models import Person
from entremise.rules.queries import values_of
from entremise.territories.engine import cells

TOLERANCE_M = 500  # cell centres stand for points: 95 % of distances are right within 640 m
NEAR = ((8, 2), (8, 5))  # 19 then 91 cells, each cut at what is wanted
FAR = ((7, 4), (7, 6), (7, 12), (7, 18))  # 61 to 1,027 cells: 18 covers 30 km
RECENT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A helper for a need, with the reasons shown; `refusal` is the code of why not, empty when eligible."""

    helper: HelperProfile
    score: int
    reasons: tuple[ranking.Reason, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Shortlist:
    suggestions: Sequence[Suggestion]
    left_out: dict[str, int]  # code of refusal → number of helpers, counted when the list is short


def shortlist(need: Need, *, want: int | None = None) -> Shortlist:
    """The helpers to propose for a need, best first. Six queries at most, whatever the number of helpers."""
    now = clock.now()
    settings = {key: int(value) for key, value in values_of(*_POINTS).items()}
    want = want or settings[rules.SHORTLIST.key]
    pool = _pool(need, max(settings[rules.POOL.key], want), now)
    ranked = ranking.rank(_wanted(need), _candidates(need, pool, now), _weights(settings), now, _secret())[:want]
    helpers = HelperProfile.objects.select_related("territory").in_bulk([r.candidate.helper_id for r in ranked])
    found = [_suggestion(helpers[r.candidate.helper_id], r) for r in ranked]
    return Shortlist(found, _left_out(need, now) if len(found) < want else {})


def suggestion_for(need: Need, helper: HelperProfile, now: datetime) -> Suggestion:
    """The same judgement on one helper: the score and reasons to store, or why not."""
    settings = {key: int(value) for key, value in values_of(*_POINTS).items()}
    distance = _distance(need, helper.h8)
    rows = [(helper.pk, distance)]
    candidate = _candidates(need, rows, now)[0]
    ranked = ranking.score(_wanted(need), candidate, _weights(settings), now)
    return Suggestion(helper, ranked.score, ranked.reasons, _refusal(need, helper, distance))


def _refusal(need: Need, helper: HelperProfile, distance: float | None) -> str:
    checks = (
        ("state", helper.state == "available" and helper.h8 is not None and helper.monthly_max > 0),
        ("category", bool(helper.categories & need.category.mask)),
        ("slots", bool(helper.slots & need.slots)),
        ("language", not need.languages or bool(helper.languages & need.languages)),
        ("distance", distance is None or distance <= min(need.reach_m, helper.radius_m + TOLERANCE_M)),
        ("screening", not need.sensitive or helper.screened_at is not None),
        ("self", helper.person_id != need.person_id),
        ("already", not Proposal.objects.filter(need=need, helper=helper, state__in=PROPOSAL_LIVE).exists()),
    )
    return next((code for code, fine in checks if not fine), "")


def _suggestion(helper: HelperProfile, ranked: Ranked) -> Suggestion:
    return Suggestion(helper, ranked.score, ranked.reasons)


def _pool(need: Need, want: int, now: datetime) -> list[tuple[int, float | None]]:
    """(helper, distance) of the `want` nearest eligible; at equal distance, the longest unsolicited first.

    Nearest first by cells: a ring is enough once it surely holds everything nearer than what was found.
    """
    excluded = {pk for (pk,) in _rows(_EXCLUDED_SQL, [need.pk, _stored(need.person_id)])}
    unplaced: list[tuple[int, float | None]]
    if need.remote or need.h8 is None:
        rows = _index(need, now).order_by("rested_since", "helper_id").values_list("helper_id", flat=True)
        unplaced = [(pk, None) for pk in rows[: want + len(excluded)] if pk not in excluded]
        return unplaced[:want]
    home, best = need.h8, list[tuple[int, float]]()
    for resolution, k in (*NEAR, *FAR):
        centre = home if resolution == 8 else cells.parent(home, 7)
        sure = (1.5 * k - 0.5) * 0.98 * cells.shortest_edge_m(centre)
        if resolution == 8:
            found = _near(need, cells.disk(centre, k), want + len(excluded), now)
        else:
            found = _far(need, cells.disk(centre, k), now)
        best = [row for row in found if row[0] not in excluded][:want]
        # Centres of res-7 cells stand up to one edge away from those of their children.
        sure -= 0 if resolution == 8 else 2 * cells.shortest_edge_m(home)
        if sure >= need.reach_m or (len(best) >= want and best[-1][1] <= sure):
            break
    return [(pk, distance) for pk, distance in best]


_NEAR_SQL = """SELECT helper_id, h8, rested_since FROM mutualaid_helperindex
 WHERE h8 = {cell} AND free_from <= %s AND (cats & %s) <> 0 AND (slots & %s) <> 0
 AND (%s = 0 OR (langs & %s) <> 0) AND radius_m >= {radius} AND (NOT %s OR screened)
 ORDER BY rested_since, helper_id LIMIT %s"""
_CELL_SQL = "SELECT * FROM ({select}) AS cell"
_LATERAL_SQL = """SELECT one.* FROM unnest(%s::bigint[], %s::integer[]) AS c(cell, radius)
 CROSS JOIN LATERAL ({select}) AS one"""


def _near(need: Need, ring: Iterable[int], most: int, now: datetime) -> list[tuple[int, float]]:
    """Each cell in its own sub-select, cut at `most`: a dense town costs no more than a village.

    PostgreSQL plans one sub-select for all the cells (LATERAL), which SQLite does not know; the answer is the same.
    """
    moment = connection.ops.adapt_datetimefield_value(now)
    asked = [moment, need.category.mask, need.slots, need.languages, need.languages]
    around = []
    for cell in ring:
        distance = _distance(need, cell)
        if distance is not None and distance <= need.reach_m:
            around.append((cell, max(0, int(distance - TOLERANCE_M + 0.999999))))
    if not around:
        return []
    if connection.vendor == "postgresql":
        sql = _LATERAL_SQL.format(select=_NEAR_SQL.format(cell="c.cell", radius="c.radius"))
        found = _rows(sql, [[cell for cell, _ in around], [radius for _, radius in around], *asked,
                            need.sensitive, most])  # fmt: skip
    else:
        one = _CELL_SQL.format(select=_NEAR_SQL.format(cell="%s", radius="%s"))
        values = [value for cell, radius in around for value in (cell, *asked, radius, need.sensitive, most)]
        found = _rows(" UNION ALL ".join([one] * len(around)), values)
    return _sorted(need, found)


_FAR_SQL = """SELECT helper_id, h8, rested_since, radius_m FROM mutualaid_helperindex
 WHERE h7 IN ({ring}) AND free_from <= %s AND (cats & %s) <> 0 AND (slots & %s) <> 0
 AND (%s = 0 OR (langs & %s) <> 0) AND (NOT %s OR screened)"""


def _far(need: Need, ring: Sequence[int], now: datetime) -> list[tuple[int, float]]:
    """Read as the database gives it, from the covering index alone: dates are only compared, never built."""
    sql = _FAR_SQL.format(ring=", ".join(["%s"] * len(ring)))
    values: list[Any] = [*ring, connection.ops.adapt_datetimefield_value(now), need.category.mask, need.slots]
    values += [need.languages, need.languages, need.sensitive]
    rows = _rows(sql, values)
    away: dict[int, float] = {}
    kept = []
    for pk, cell, rested, radius in rows:
        distance = away.get(cell)
        if distance is None:
            distance = away[cell] = _distance(need, cell) or 0.0
        if distance <= min(need.reach_m, radius + TOLERANCE_M):
            kept.append((pk, cell, rested))
    return _sorted(need, kept)


def _index(need: Need, now: datetime) -> QuerySet[HelperIndex, HelperIndex]:
    rows = HelperIndex.objects.annotate(
        cat_hit=F("cats").bitand(need.category.mask), slot_hit=F("slots").bitand(need.slots)
    ).filter(~Q(cat_hit=0), ~Q(slot_hit=0), free_from__lte=now)
    if need.languages:
        rows = rows.annotate(lang_hit=F("langs").bitand(need.languages)).exclude(lang_hit=0)
    return rows.filter(screened=True) if need.sensitive else rows


def _sorted(need: Need, rows: Iterable[tuple[int, int, object]]) -> list[tuple[int, float]]:
    keyed = [(_distance(need, cell) or 0.0, str(rested), pk) for pk, cell, rested in rows]
    return [(pk, distance) for distance, _, pk in sorted(keyed)]


def _distance(need: Need, cell: int | None) -> float | None:
    if need.remote or need.h8 is None or cell is None:
        return None
    return cells.distance_m(need.h8, cell)


def _candidates(need: Need, pool: Sequence[tuple[int, float | None]], now: datetime) -> list[Candidate]:
    """What ranking looks at, in one query: only those who are shown become whole profiles afterwards."""
    ids = [pk for pk, _ in pool]
    since = connection.ops.adapt_datetimefield_value(now - RECENT)
    marks = ", ".join(["%s"] * len(ids)) or "NULL"
    rows = {row[0]: row for row in _rows(_PAST_SQL.format(ids=marks), [since, _stored(need.person_id), *ids])}
    found = []
    for pk, distance in pool:
        _, person, slots, languages, solicited, recent, known = rows[pk]
        person = person if isinstance(person, UUID) else UUID(person)
        found.append(Candidate(pk, person, distance, slots, languages, _moment(solicited), int(recent), bool(known)))
    return found


def _left_out(need: Need, now: datetime) -> dict[str, int]:
    """Why the others are not in the list, each counted once, at its first reason; one query."""
    moment = connection.ops.adapt_datetimefield_value(now)
    said = [need.category.mask, moment, moment, need.slots, need.languages, need.languages, need.territory_id]
    row = _rows(_LEFT_OUT_SQL, said)[0]
    every = dict(zip(_LEFT_OUT, (int(count or 0) for count in row), strict=True))
    counts = {
        "category": every["all"] - every["does"],
        "cap": every["cap"],
        "slots": every["free"] - every["fits"],
        "language": every["fits"] - every["speaks"],
        "screening": every["unseen"] if need.sensitive else 0,
    }
    return {code: number for code, number in counts.items() if number}


# The page of a need is opened all day long: what is counted here is written for the database, because building these
# sentences from model fields took five times longer than answering them.
_EXCLUDED_SQL = """SELECT helper_id FROM mutualaid_proposal WHERE need_id = %s
 UNION SELECT id FROM mutualaid_helperprofile WHERE person_id = %s"""
_PAST_SQL = """SELECT h.id, h.person_id, h.slots, h.languages, h.last_solicited_at,
 (SELECT COUNT(*) FROM mutualaid_proposal AS p WHERE p.helper_id = h.id AND p.sent_at > %s
  AND NOT (p.state = 'superseded' AND p.answered_at IS NULL)),
 EXISTS (SELECT 1 FROM mutualaid_match AS m JOIN mutualaid_need AS n ON n.id = m.need_id
  WHERE m.helper_id = h.id AND m.state = 'done' AND n.person_id = %s
  AND NOT EXISTS (SELECT 1 FROM mutualaid_feedback AS f WHERE f.match_id = m.id AND NOT f.again))
 FROM mutualaid_helperprofile AS h WHERE h.id IN ({ids})"""
_LEFT_OUT = ("all", "does", "cap", "free", "fits", "speaks", "unseen")
_LEFT_OUT_SQL = """SELECT COUNT(*), SUM(does), SUM(does * capped), SUM(does * free), SUM(does * free * fits),
 SUM(does * free * fits * speaks), SUM(does * free * fits * speaks * unseen) FROM (SELECT
 CASE WHEN (h.categories & %s) <> 0 THEN 1 ELSE 0 END AS does,
 CASE WHEN i.free_from <= %s THEN 1 ELSE 0 END AS free,
 CASE WHEN i.free_from > %s THEN 1 ELSE 0 END AS capped,
 CASE WHEN (h.slots & %s) <> 0 THEN 1 ELSE 0 END AS fits,
 CASE WHEN %s = 0 OR (h.languages & %s) <> 0 THEN 1 ELSE 0 END AS speaks,
 CASE WHEN h.screened_at IS NULL THEN 1 ELSE 0 END AS unseen
 FROM mutualaid_helperprofile AS h LEFT JOIN mutualaid_helperindex AS i ON i.helper_id = h.id
 WHERE h.state = 'available' AND h.territory_id = %s) AS one"""


def _rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _moment(stored: datetime | None) -> datetime | None:
    """With its time zone: SQLite keeps UTC without saying so."""
    return stored.replace(tzinfo=UTC) if stored is not None and stored.tzinfo is None else stored


def _stored(person: UUID) -> Any:
    """An identifier as this database keeps it."""
    return Person._meta.pk.get_db_prep_value(person, connection)


def _wanted(need: Need) -> Wanted:
    h8 = None if need.remote else need.h8
    person_language = need.languages or 1
    return Wanted(
        need.pk, need.person_id, need.category.mask, need.slots, need.languages, need.reach_m, h8, person_language
    )


_WEIGHTS = (rules.PROXIMITY, rules.REST, rules.AVAILABILITY, rules.CONTINUITY, rules.LANGUAGE, rules.DAMPING)
_POINTS = (*_WEIGHTS, rules.POOL, rules.SHORTLIST)


def _weights(settings: dict[str, int]) -> Weights:
    return Weights(*(settings[point.key] for point in _WEIGHTS))


def _secret() -> bytes:
    return salted_hmac("entremise.mutualaid.rank", "tie", algorithm="sha256").digest()


__all__ = ["NEVER", "Shortlist", "Suggestion", "shortlist", "suggestion_for"]
