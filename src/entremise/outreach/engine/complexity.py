"""How hard a call may be, from declared facts only: the highest rule that applies, with its reasons as codes.

Source: reference outreach-and-referrals § 6. Never from a health datum: none of the codes below says one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

SCALE: Final[Mapping[str, int]] = {
    "known_to_services": 1,
    "lives_alone_no_contact": 2,
    "never_reached": 2,
    "several_difficulties": 3,
    "interpreter": 3,
    "referral_refused_before": 3,
    "protective_measure": 3,
    "emergency_before": 4,
    "distress_expressed": 4,
    "repeated_soft_refusal": 4,
}
"""What is proposed for each code; the community may move them by a vote (`outreach.complexity.*`)."""
REASONS: Final[Mapping[str, str]] = {
    "known_to_services": "connue des services",
    "lives_alone_no_contact": "vit seule, sans proche à prévenir",
    "never_reached": "jamais jointe malgré plusieurs essais",
    "several_difficulties": "plusieurs difficultés déjà notées",
    "interpreter": "un interprète est nécessaire",
    "referral_refused_before": "a déjà refusé une aide proposée",
    "protective_measure": "mesure de protection (tutelle, curatelle)",
    "emergency_before": "une urgence a déjà eu lieu",
    "distress_expressed": "a exprimé une détresse",
    "repeated_soft_refusal": "ne souhaitait pas parler, plusieurs fois",
}
LABELS: Final[Mapping[int, str]] = {
    1: "premiers appels",
    2: "isolement",
    3: "situations multiples",
    4: "détresse ou réticence",
}
LOWEST, HIGHEST = 1, 4


def rate(codes: Collection[str], scale: Mapping[str, int] = SCALE) -> int:
    """The complexity of a call, 1 to 4: the highest of the rules that apply; 1 when none does.

    Raises KeyError on a code that no rule knows: a fact nobody weighed must not pass for an easy call.
    """
    return min(max([LOWEST, *(scale[code] for code in codes)]), HIGHEST)


def ordered(codes: Collection[str], scale: Mapping[str, int] = SCALE) -> list[str]:
    """The codes, each once, what weighs most first, then in the order of the scale: as they are stored and told."""
    places = list(SCALE)
    return sorted(set(codes), key=lambda code: (-scale[code], places.index(code)))


def explain(codes: Collection[str], scale: Mapping[str, int] = SCALE) -> str:
    """« Niveau 3, situations multiples : un interprète est nécessaire. » Only the reasons that make the level."""
    level = rate(codes, scale)
    told = [REASONS[code] for code in ordered(codes, scale) if scale[code] == level]
    return f"Niveau {level}, {LABELS[level]}{' : ' + ', '.join(told) if told else ''}."
