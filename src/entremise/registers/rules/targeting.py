"""What a vote may move in targeting: the points of each factor, in each kind of crisis, and how far an agent may go.

The floor is not here: nothing from a name, a birthplace, a nationality, a religion, an opinion, a diagnosis or a
neighbourhood can be given points, because no such factor exists (`engine.fragility.FACTORS`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final

from entremise.registers.engine.fragility import FACTORS
from entremise.rules.registry import RulePoint, declare

MOST: Final = 10
_SHIPPED: Final[Mapping[str, Mapping[str, object]]] = tomllib.loads(
    resources.files("entremise.registers").joinpath("data/profiles.toml").read_text("utf-8")
)
PROFILES: Final[Mapping[str, str]] = {code: str(said["label"]) for code, said in _SHIPPED.items()}
"""Profile code → the kind of crisis, in French."""
CLOSED: Final = frozenset({"gir_1_2"})
"""Factors of health: off. They would need a professional bound to secrecy to run the computation (`floor-health`)."""
FED: Final = tuple(factor for factor in FACTORS if factor.code not in CLOSED)


def _overrides(profile: str) -> Mapping[str, int]:
    found = _SHIPPED[profile].get("points", {})
    return found if isinstance(found, Mapping) else {}


POINTS: Final[Mapping[str, RulePoint]] = {
    factor.code: declare(
        RulePoint(
            f"registers.points.{factor.code}",
            f"Repérage : « {factor.label} » ({factor.source})",
            factor.points,
            0,
            MOST,
            unit="points",
        )
    )
    for factor in FED
}
SPECIAL: Final[Mapping[tuple[str, str], RulePoint]] = {
    (profile, factor.code): declare(
        RulePoint(
            f"registers.points.{profile}.{factor.code}",
            f"Repérage, {label} : « {factor.label} »",
            _overrides(profile)[factor.code],
            0,
            MOST,
            unit="points",
        )
    )
    for profile, label in PROFILES.items()
    for factor in FED
    if factor.code in _overrides(profile)
}
"""What one profile says otherwise."""
LEEWAY = declare(
    RulePoint(
        "registers.points_leeway",
        "Repérage : écart permis avec les points votés",
        1,
        0,
        3,
        loosens="up",
        unit="points",
    )
)
"""How many points an agent may add to, or take from, a voted one. 0: the voted points and nothing else."""
LARGEST = declare(
    RulePoint(
        "registers.cohort_largest",
        "Effectif le plus grand d’une cohorte",
        5000,
        50,
        60_000,
        loosens="up",
        unit="personnes",
    )
)
LIFE = declare(
    RulePoint("registers.cohort_days", "Durée la plus longue d’une cohorte", 60, 7, 180, loosens="up", unit="jours")
)
"""Product decisions (PD): a crisis, and what remains of it."""


def points_of(profile: str) -> dict[str, RulePoint]:
    """Factor → the rule point that gives its points in this kind of crisis. KeyError for an unknown profile."""
    _SHIPPED[profile]
    return {code: SPECIAL.get((profile, code), point) for code, point in POINTS.items()}
