"""The score of a helper for a need: whole numbers, explained, reproducible (reference mutual-aid § 7.3).

Never an input: gender, age beyond the minimum, origin, photo, answers given before, popularity.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

Reason = tuple[str, int]
NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Weights:
    """Rule points `mutualaid.ranking.*`; `damping` in thousandths."""

    proximity: int = 400
    rest: int = 300
    availability: int = 150
    continuity: int = 100
    language: int = 50
    damping: int = 800


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a need asks. `reach_m` in metres; masks as in `engine.masks`; `h8` None for a need at a distance."""

    number: int
    person_id: UUID
    category: int
    slots: int
    languages: int
    reach_m: int
    h8: int | None
    preferred_language: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A helper who may be asked. `distance_m` between the centres of two res-8 cells; None at a distance."""

    helper_id: int
    person_id: UUID
    distance_m: float | None
    slots: int
    languages: int
    last_solicited_at: datetime | None
    recent: int = 0
    known: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    candidate: Candidate
    score: int
    parts: dict[str, int] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()


def score(wanted: Wanted, candidate: Candidate, weights: Weights, now: datetime) -> Ranked:
    """Sum of five bounded parts, damped by the solicitations of the last 14 days (floor at five)."""
    parts = {"proximity": weights.proximity}
    if candidate.distance_m is not None:
        near = max(0, wanted.reach_m - round(candidate.distance_m))
        parts["proximity"] = weights.proximity * near // max(1, wanted.reach_m)
    idle = 30 if candidate.last_solicited_at is None else min(30, max(0, (now - candidate.last_solicited_at).days))
    parts["rest"] = weights.rest * idle // 30
    asked = wanted.slots.bit_count()
    covered = (wanted.slots & candidate.slots).bit_count()
    parts["availability"] = weights.availability * covered // asked if asked else weights.availability
    parts["continuity"] = weights.continuity if candidate.known else 0
    spoken = wanted.preferred_language & candidate.languages
    parts["language"] = weights.language if spoken and wanted.preferred_language != 1 else 0
    damping = 1000
    for _ in range(min(candidate.recent, 5)):
        damping = (damping * weights.damping + 500) // 1000
    total = sum(parts.values()) * damping // 1000
    return Ranked(candidate, total, parts, _reasons(wanted, candidate, idle, asked, covered, parts))


def _reasons(
    wanted: Wanted, candidate: Candidate, idle: int, asked: int, covered: int, parts: dict[str, int]
) -> tuple[Reason, ...]:
    """Codes and figures only, stored with the proposal; the words are put at display."""
    reasons: list[Reason] = []
    if candidate.distance_m is None:
        reasons.append(("remote", 0))
    else:
        reasons.append(("distance", band(candidate.distance_m)))
    if asked:
        reasons.append(("slots_all", asked) if covered == asked else ("slots_some", covered))
    if parts["language"]:
        reasons.append(("language", (wanted.preferred_language & candidate.languages).bit_length() - 1))
    if candidate.known:
        reasons.append(("continuity", 1))
    if candidate.last_solicited_at is None:
        reasons.append(("never_solicited", 0))
    else:
        reasons.append(("idle_days", idle))
    if candidate.recent:
        reasons.append(("recent", candidate.recent))
    return tuple(reasons)


def band(distance_m: float) -> int:
    """Upper bound of the band in kilometres: 1, 3, 10, or 0 beyond (reference § 12.6)."""
    return next((km for km in (1, 3, 10) if distance_m < km * 1000), 0)


def rank(
    wanted: Wanted, pool: Iterable[Candidate], weights: Weights, now: datetime, secret: bytes
) -> Sequence[Ranked]:
    """Best first; ties: longest unsolicited (never first), then a keyed hash, so that no one is always last."""

    def tie(helper_id: int) -> bytes:
        return hmac.digest(secret, f"{wanted.number}:{helper_id}".encode(), hashlib.sha256)

    scored = [score(wanted, candidate, weights, now) for candidate in pool]
    return sorted(
        scored,
        key=lambda r: (-r.score, r.candidate.last_solicited_at or NEVER, tie(r.candidate.helper_id)),
    )
