"""A transparent score: declared points that add up, each with label and source; nothing learned, nothing hidden.

It orders calls and excludes nobody (RGPD 22). Not clinically validated; it does not measure a state of health.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Factor:
    """`points` 0 to 10, voted; of a `group` only the highest counts; `category` is what the grant must feed."""

    code: str
    label: str
    points: int
    source: str
    group: str
    category: str


AGE = "Int Arch Occup Environ Health 2006, 80:16–24 : la surmortalité d’août 2003 croît avec l’âge"
BOUCHAMA = "Bouchama et al. 2007, six études cas-témoins, 1 065 décès"
CASF = "CASF L121-6-1 : éligibilité"
SAFETY = "sécurité du plan d’appel"
FACTORS = (
    Factor("age_65", "65 à 74 ans", 1, AGE, "age", "birth"),
    Factor("age_75", "75 à 79 ans", 2, AGE, "age", "birth"),
    Factor("age_80", "80 à 89 ans", 3, AGE, "age", "birth"),
    Factor("age_90", "90 ans et plus", 4, AGE, "age", "birth"),
    Factor("apa", "APA", 3, BOUCHAMA, "autonomy", "benefits"),
    Factor("gir_1_2", "GIR 1 ou 2", 5, BOUCHAMA, "autonomy", "health"),
    Factor("pch_aah", "PCH ou AAH", 3, CASF, "disability", "benefits"),
    Factor("minima", "minima sociaux", 1, "approximation de la pauvreté", "poverty", "benefits"),
    Factor("alone", "vit seul·e", 2, BOUCHAMA, "alone", "social"),
    Factor("no_contact", "aucun contact régulier déclaré", 3, BOUCHAMA, "contact", "social"),
    Factor("top_floor", "dernier étage", 2, "Vandentorren et al. 2006, canicule seulement", "floor", "housing"),
    Factor("ground_floor", "rez-de-chaussée ou sous-sol", 0, "approximation : l’eau monte", "ground", "housing"),
    Factor("no_lift", "étage sans ascenseur", 1, "approximation de l’isolement", "lift", "housing"),
    Factor("precarious", "sans logement ou logement précaire", 4, "approximation", "home", "housing"),
    Factor(
        "hot_commune", "commune très exposée à la chaleur", 1, "liste déclarée par le territoire", "heat", "address"
    ),
    Factor("no_phone", "pas de téléphone utilisable", 2, SAFETY, "phone", "phone"),
    Factor("unanswered", "deux appels sans réponse", 3, SAFETY, "calls", "phone"),
)
DISCLAIMER = "Ordre d’appel proposé, non validé médicalement ; il ne mesure pas un état de santé"


@dataclass(frozen=True, slots=True)
class Score:
    """`points` are sure, `upper` would be if every unknown were true; `because`: (points, label, source)."""

    points: int
    upper: int
    because: tuple[tuple[int, str, str], ...]
    unknown: tuple[str, ...]

    @property
    def order(self) -> tuple[int, int]:
        """Sort key, most fragile first: points, then what may be: many unknowns are a reason to call."""
        return -self.points, -self.upper


def ages(year: int | None, today: date, month_day: str = "") -> dict[str, bool | None]:
    """The facts of age on that day; unknown without a year.

    With the year alone the age is known to one year. When the two ages straddle an edge, the lower band is sure (at
    least that old) and the upper one unknown.
    """
    codes = {"age_65": (65, 74), "age_75": (75, 79), "age_80": (80, 89), "age_90": (90, 200)}
    if year is None:
        return dict.fromkeys(codes)
    reached = today.year - year
    possible = {reached - 1, reached}
    if month_day:
        possible = {reached - (1 if month_day > today.strftime("%m%d") else 0)}
    found: dict[str, bool | None] = {}
    for code, (low, high) in codes.items():
        within = [low <= age <= high for age in sorted(possible)]
        found[code] = None if within == [False, True] else within[0]
    return found


def score(
    factors: Iterable[Factor], facts: Mapping[str, bool | None], profile: Mapping[str, int] | None = None
) -> Score:
    """Facts {code: True, False or None}, absent = unknown: neither zero nor one, it widens and is named."""
    groups: dict[str, list[tuple[int, str, str, bool | None]]] = {}
    for factor in factors:
        points = (profile or {}).get(factor.code, factor.points)
        groups.setdefault(factor.group, []).append((points, factor.label, factor.source, facts.get(factor.code)))
    low = high = 0
    because: list[tuple[int, str, str]] = []
    unknown: list[str] = []
    for members in groups.values():
        sure = max((one for one in members if one[3] is True and one[0] > 0), default=(0, "", "", True))
        maybe = [one for one in members if one[3] is None and one[0] > sure[0]]
        if sure[0]:
            because.append(sure[:3])
        unknown += [one[1] for one in maybe]
        low += sure[0]
        high += max((one[0] for one in maybe), default=sure[0])
    because.sort(key=lambda reason: (-reason[0], reason[1]))
    return Score(low, high, tuple(because), tuple(unknown))


def sentence(found: Score) -> str:
    """`80 à 89 ans : 3 · APA : 3 — inconnu : dernier étage`: the whole reason of a place in the list."""
    said = " · ".join(f"{label}\u00a0: {points}" for points, label, _ in found.because) or "aucun point connu"
    return said + (f" — inconnu\u00a0: {', '.join(found.unknown)}" if found.unknown else "")


def weighted(factors: Iterable[Factor], points: Mapping[str, int]) -> tuple[Factor, ...]:
    """The same factors with the points of a targeting; one without points counts for nothing and is left out."""
    made = (replace(factor, points=points.get(factor.code, factor.points)) for factor in factors)
    return tuple(factor for factor in made if factor.points > 0)


# What leaves the vault for one record: a number in base three, one digit a factor, and nothing that was written.

DIGITS: dict[bool | None, int] = {None: 0, False: 1, True: 2}
TRUTHS: tuple[bool | None, ...] = (None, False, True)


def pack(facts: Mapping[str, bool | None]) -> int:
    """The facts as one number: 0 unknown, 1 false, 2 true, in the order of FACTORS (at most 3^17, below 10^9)."""
    number = 0
    for factor in reversed(FACTORS):
        number = number * 3 + DIGITS[facts.get(factor.code)]
    return number


@lru_cache(1 << 16)  # persons who share facts share the reading of them
def unpack(number: int) -> Mapping[str, bool | None]:
    """The facts that `pack` said. Read only."""
    found: dict[str, bool | None] = {}
    for factor in FACTORS:
        number, digit = divmod(number, 3)
        found[factor.code] = TRUTHS[digit]
    return MappingProxyType(found)


def together(sides: Iterable[Mapping[str, bool | None]]) -> dict[str, bool | None]:
    """The facts of one person over several records: what one says and none denies; two that disagree say nothing.

    A telephone is usable as soon as one record has one, and an unanswered call stays so whoever recorded it.
    """
    every = list(sides)
    found: dict[str, bool | None] = {}
    for factor in FACTORS:
        said = {side.get(factor.code) for side in every} - {None}
        if factor.code == "no_phone" and False in said:
            said = {False}
        found[factor.code] = said.pop() if len(said) == 1 else None
    return found
