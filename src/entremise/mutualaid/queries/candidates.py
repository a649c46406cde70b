"""Who could help with this need: exact search by H3 columns on the ordinary database (reference § 7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac

from entremise.kernel import clock
from entremise.kernel.db import as_uuid, marks, read_rows
from entremise.mutualaid import rules
from entremise.mutualaid.engine import ranking
from entremise.mutualaid.engine.ranking import NEVER, Candidate, Ranked, Wanted, Weights
from entremise.mutualaid.models import HelperProfile, Need, Proposal
from entremise.mutualaid.models.matching import PROPOSAL_LIVE
from entremise.rules.queries import values_of
from entremise.territories.engine import cells
from entremise.territories.models import Territory

TOLERANCE_M = 500  # cell centres stand for points: 95 % of distances are right within 640 m
NEAR = (8, (2, 5))  # resolution, radii: 19 then 91 cells, each cut at what is wanted
FAR = (7, (4, 6, 12, 18))  # 61 to 1,027 cells: 18 covers 30 km
RECENT = timedelta(days=14)
Found = tuple[float, str, int]  # metres, rested since (as the database writes it), helper: sorted as it is


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A helper for a need, with the reasons shown; `refusal` is the code of why not, empty when eligible."""

    helper: HelperProfile
    score: int
    reasons: tuple[ranking.Reason, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the list: a helper by their public reference, in words only where they live."""

    helper_id: int
    public_id: str
    place: str  # « à Grenoble »
    score: int
    reasons: tuple[ranking.Reason, ...]


@dataclass(frozen=True, slots=True)
class Shortlist:
    suggestions: Sequence[Shown]
    left_out: dict[str, int]  # code of refusal → number of helpers, counted when the list is short


def shortlist(need: Need, *, want: int | None = None) -> Shortlist:
    """The helpers to propose for a need, best first. A few queries, whatever the number of helpers."""
    now = clock.now()
    settings = {key: int(value) for key, value in values_of(*_POINTS).items()}
    want = want or settings[rules.SHORTLIST.key]
    pool = _pool(need, max(settings[rules.POOL.key], want), now)
    rows = _past(need, pool, now)
    candidates = [_candidate(rows[pk], distance) for pk, distance in pool]
    ranked = ranking.rank(_wanted(need), candidates, _weights(settings), now, _secret())[:want]
    found = [_shown(rows[one.candidate.helper_id], one) for one in ranked]
    return Shortlist(found, _left_out(need, now) if len(found) < want else {})


def suggestion_for(need: Need, helper: HelperProfile, now: datetime) -> Suggestion:
    """The same judgement on one helper: the score and reasons to store, or why not."""
    settings = {key: int(value) for key, value in values_of(*_POINTS).items()}
    distance = _distance(need, helper.h8)
    candidate = _candidate(_past(need, [(helper.pk, distance)], now)[helper.pk], distance)
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


def _shown(row: tuple[Any, ...], ranked: Ranked) -> Shown:
    public_id, *town = row[7:]
    return Shown(
        row[0], public_id, Territory(**dict(zip(_TOWN, town, strict=True))).at(), ranked.score, ranked.reasons
    )


def _pool(need: Need, want: int, now: datetime) -> list[tuple[int, float | None]]:
    """(helper, distance) of the `want` nearest eligible; at equal distance, the longest unsolicited first.

    Nearest first by cells: a disk is enough once it surely holds everything nearer than what was found; a wider one
    only reads its new cells.
    """
    excluded = {pk for (pk,) in read_rows(_EXCLUDED_SQL, [need.pk, need.person_id])}
    if need.remote or need.h8 is None:
        rested = _anywhere(need, want + len(excluded), now)
        unplaced: list[tuple[int, float | None]] = [(pk, None) for pk in rested if pk not in excluded]
        return unplaced[:want]
    home, most, here = need.h8, want + len(excluded), cells.centre(need.h8)
    best: list[Found] = []
    for resolution, steps in (NEAR, FAR):
        centre = home if resolution == 8 else cells.parent(home, 7)
        # Centres of res-7 cells stand up to one edge away from those of their children: twice that is safe.
        slack = 0.0 if resolution == 8 else 2 * cells.shortest_edge_m(centre)
        read, found, seen = _near if resolution == 8 else _far, list[Found](), set[int]()
        for k in steps:
            disk = cells.disk(centre, k)
            ring = [(cell, cells.between_m(here, cells.centre(cell))) for cell in disk if cell not in seen]
            seen.update(disk)
            # Beyond the reach of the need nobody is looked for: a wide disk would hold four times what can answer.
            around = [(cell, away) for cell, away in ring if away <= need.reach_m + slack]
            found += read(need, around, most, now) if around else []
            best = sorted(row for row in found if row[2] not in excluded)[:want]
            sure = cells.sure_m(centre, k) - (0 if resolution == 8 else 2 * cells.shortest_edge_m(home))
            if sure >= need.reach_m or (len(best) >= want and best[-1][0] <= sure):
                return [(pk, away) for away, _, pk in best]
    return [(pk, away) for away, _, pk in best]


_NEAR_SQL = """SELECT helper_id, h8, rested_since FROM mutualaid_helperindex
 WHERE h8 = {cell} AND free_from <= %s AND (cats & %s) <> 0 AND (slots & %s) <> 0
 AND (%s = 0 OR (langs & %s) <> 0) AND radius_m >= {radius} AND (NOT %s OR screened)
 ORDER BY rested_since, helper_id LIMIT %s"""
_CELL_SQL = "SELECT * FROM ({select}) AS cell"
_LATERAL_SQL = """SELECT one.* FROM unnest(%s::bigint[], %s::integer[]) AS c(cell, radius)
 CROSS JOIN LATERAL ({select}) AS one"""


def _near(need: Need, around: Sequence[tuple[int, float]], most: int, now: datetime) -> list[Found]:
    """Each cell in its own sub-select, cut at `most`: a dense town costs no more than a village.

    PostgreSQL plans one sub-select for all the cells (LATERAL), which SQLite does not know; the answer is the same.
    """
    asked = _asked(need, now)
    nearest = [(cell, max(0, int(away - TOLERANCE_M + 0.999999))) for cell, away in around]  # (cell, smallest radius)
    if connection.vendor == "postgresql":
        sql = _LATERAL_SQL.format(select=_NEAR_SQL.format(cell="c.cell", radius="c.radius"))
        found = read_rows(sql, [[cell for cell, _ in nearest], [radius for _, radius in nearest], *asked,
                            need.sensitive, most])  # fmt: skip
    else:
        one = _CELL_SQL.format(select=_NEAR_SQL.format(cell="%s", radius="%s"))
        values = [value for cell, radius in nearest for value in (cell, *asked, radius, need.sensitive, most)]
        found = read_rows(" UNION ALL ".join([one] * len(nearest)), values)
    away = dict(around)
    return [(away[cell], str(rested), pk) for pk, cell, rested in found]


_FAR_SQL = """SELECT helper_id, h8, rested_since, radius_m FROM mutualaid_helperindex
 WHERE h7 IN ({ring}) AND free_from <= %s AND (cats & %s) <> 0 AND (slots & %s) <> 0
 AND (%s = 0 OR (langs & %s) <> 0) AND (NOT %s OR screened)"""


def _far(need: Need, around: Sequence[tuple[int, float]], most: int, now: datetime) -> list[Found]:
    """Read as the database gives it, from the covering index alone: dates are only compared, never built."""
    sql = _FAR_SQL.format(ring=marks(around))
    rows = read_rows(sql, [*(cell for cell, _ in around), *_asked(need, now), need.sensitive])
    here, known, found = cells.centre(need.h8 or 0), dict[int, float](), list[Found]()
    for pk, cell, rested, radius in rows:
        away = known.get(cell)
        if away is None:
            away = known[cell] = cells.between_m(here, cells.centre(cell))
        if away <= min(need.reach_m, radius + TOLERANCE_M):
            found.append((away, str(rested), pk))
    return found


_ANYWHERE_SQL = """SELECT helper_id FROM mutualaid_helperindex
 WHERE free_from <= %s AND (cats & %s) <> 0 AND (slots & %s) <> 0
 AND (%s = 0 OR (langs & %s) <> 0) AND (NOT %s OR screened)
 ORDER BY rested_since, helper_id LIMIT %s"""


def _anywhere(need: Need, most: int, now: datetime) -> list[int]:
    """For a need at a distance: the longest unsolicited."""
    return [pk for (pk,) in read_rows(_ANYWHERE_SQL, [*_asked(need, now), need.sensitive, most])]


def _asked(need: Need, now: datetime) -> list[Any]:
    """What every search compares, in the order of its sentence: the moment, the masks."""
    return [now, need.category.mask, need.slots, need.languages, need.languages]


def _distance(need: Need, cell: int | None) -> float | None:
    if need.remote or need.h8 is None or cell is None:
        return None
    return cells.distance_m(need.h8, cell)


def _past(need: Need, pool: Sequence[tuple[int, float | None]], now: datetime) -> dict[int, tuple[Any, ...]]:
    """What ranking looks at and what is shown of each, in one query."""
    ids = [pk for pk, _ in pool]
    rows = read_rows(_PAST_SQL.format(ids=marks(ids)), [now - RECENT, need.person_id, *ids])
    return {row[0]: row for row in rows}


def _candidate(row: tuple[Any, ...], distance: float | None) -> Candidate:
    pk, person, slots, languages, solicited, recent, known = row[:7]
    return Candidate(pk, as_uuid(person), distance, slots, languages, _moment(solicited), int(recent), bool(known))


def _left_out(need: Need, now: datetime) -> dict[str, int]:
    """Why the others are not in the list, each counted once, at its first reason; one query."""
    said = [need.category.mask, now, now, need.slots, need.languages, need.languages, need.territory_id]
    row = read_rows(_LEFT_OUT_SQL, said)[0]
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
  AND NOT EXISTS (SELECT 1 FROM mutualaid_feedback AS f WHERE f.match_id = m.id AND NOT f.again)),
 h.public_id, t.kind, t.name, t.article
 FROM mutualaid_helperprofile AS h JOIN territories_territory AS t ON t.id = h.territory_id WHERE h.id IN ({ids})"""
_TOWN = ("kind", "name", "article")
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


def _moment(stored: datetime | None) -> datetime | None:
    """With its time zone: SQLite keeps UTC without saying so."""
    return stored.replace(tzinfo=UTC) if stored is not None and stored.tzinfo is None else stored


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


__all__ = ["NEVER", "Shortlist", "Shown", "Suggestion", "shortlist", "suggestion_for"]
