"""What a campaign starts from when no kit says otherwise (PD): reference outreach-and-referrals §§ 4, 11, 14.

Levels are groups: "1" for the levels of alert 1 and 2, "3", "4".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from entremise.outreach.engine import ladder

WEEK: Final = "9:00-12:00, 14:00-18:00"
LONG: Final = "8:00-20:30"
LEVELS: Final[Mapping[str, Mapping[str, Any]]] = {
    "1": {"attempts": 3, "slots": 3, "cooldown": 24 * 60, "weekdays": WEEK, "saturday": "", "sunday": "",
          "holidays": False, "recurrence": "none"},
    "3": {"attempts": 2, "slots": 2, "cooldown": 4 * 60, "weekdays": WEEK, "saturday": "", "sunday": "",
          "holidays": False, "recurrence": "none"},
    "4": {"attempts": 2, "slots": 1, "cooldown": 60, "weekdays": WEEK, "saturday": "", "sunday": "",
          "holidays": False, "recurrence": "none"},
}  # fmt: skip
LADDER: Final = ladder.DEFAULTS
SMS: Final = (
    "{house} : on vous appellera du {number} pour prendre de vos nouvelles. "
    "Rien ne sera demandé, ni argent ni code. Pas d'accord ? Répondez STOP."
)
LETTER: Final = (
    "Dans les prochains jours, une personne de notre équipe vous appellera pour prendre de vos nouvelles. Le numéro "
    "affiché sera le {number}.\n"
    "Rien ne vous sera demandé : ni argent, ni code, ni papier. En cas de doute, raccrochez et rappelez ce numéro.\n"
    "Vous ne souhaitez pas être appelé ? Dites-le-nous au même numéro, par courrier ou sur place : nous ne vous "
    "appellerons pas."
)
PLACES: Final = ("house", "number")


def group(level: int) -> str:
    """The group of a level of alert."""
    return "1" if level <= 2 else str(level)


def filled(text: str, *, house: str, number: str) -> str:
    """The text with its places; braces that name no place stay as they are."""
    return text.replace("{house}", house).replace("{number}", number)
