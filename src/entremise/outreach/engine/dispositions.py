"""What each outcome of a call means: the closed list of the reference (outreach-and-referrals § 9), as plain data.

Nothing is ever guessed: an outcome that is not in the table is no outcome (the most destructive one was once what an
incomplete form fell through to, in another product).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Next = Literal[
    "complete", "callback", "cooldown", "language", "other_slot", "busy", "line", "supervisor", "closed", "emergency",
    "released",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effect:
    """`family`: in AAPOR's words. `contact`: the person was spoken to (KPI « contact », § 18). `sign`: a sign of life,
    always; `sign_with_news`: only when the report says that somebody gave news of them (or that they spoke).
    `miss`: counts towards the search of who does not answer. `counted`: an attempt at all. `cause`: what a supervisor
    is told. `after`: the rule of the next state.
    """

    code: str
    family: str
    after: Next
    contact: bool = False
    sign: bool = False
    sign_with_news: bool = False
    miss: bool = False
    counted: bool = True
    cause: str = ""

    def is_sign(self, news: bool) -> bool:
        return self.sign or (self.sign_with_news and news)

    def is_contact(self, news: bool) -> bool:
        """An emergency is a contact when the person spoke."""
        return self.contact or (self.after == "emergency" and news)


_TABLE: Final = (
    Effect("reached_complete", "interview", "complete", contact=True, sign=True),
    Effect("reached_partial", "partial", "callback", contact=True, sign=True),
    Effect("reached_callback", "eligible, no interview", "callback", contact=True, sign=True),
    Effect("reached_other", "non-contact", "callback", sign_with_news=True),
    Effect("reached_language", "other", "language", sign=True),
    Effect("reached_hearing", "other", "supervisor", sign=True, cause="hearing"),
    Effect("refused_today", "soft refusal", "cooldown", contact=True, sign=True),
    Effect("objection", "hard refusal", "closed", contact=True, sign=True),
    Effect("no_answer", "non-contact", "other_slot", miss=True),
    Effect("switched_off", "non-contact", "other_slot", miss=True),
    Effect("busy", "non-contact", "busy"),
    Effect("voicemail_left", "non-contact", "other_slot", miss=True),
    Effect("voicemail_none", "non-contact", "other_slot", miss=True),
    Effect("wrong_number", "number not eligible", "line", cause="no_valid_number"),
    Effect("out_of_service", "number not eligible", "line", cause="no_valid_number"),
    Effect("moved", "not eligible", "supervisor", cause="moved"),
    Effect("hospitalised", "not eligible", "supervisor", cause="hospitalised"),
    Effect("institution", "not eligible", "supervisor", cause="institution"),
    Effect("deceased", "not eligible", "supervisor", cause="deceased"),
    Effect("emergency", "any", "emergency", sign_with_news=True, cause="emergency"),
    Effect("aborted", "", "released", counted=False),
)
EFFECTS: Final[Mapping[str, Effect]] = {effect.code: effect for effect in _TABLE}
REPORTABLE: Final = frozenset(EFFECTS) - {"aborted"}
"""What a report may say: a call that was not made is given back, not reported."""
CONTACTS: Final = frozenset(code for code, effect in EFFECTS.items() if effect.contact)
USEFUL: Final = frozenset({"reached_complete", "reached_partial"})
"""« Entretiens utiles » (§ 18)."""
CHECKED_BY_TWO: Final = frozenset({"deceased", "moved", "institution", "hospitalised"})
"""What one caller heard and a second person confirms before anything closes."""
BUSY_BEFORE_MISS: Final = 3
"""The third « occupé » of a day is a miss (§ 9)."""
BUSY_RETRY: Final = 30
"""Minutes before a busy line is tried again, at the earliest."""
LINES_MARKED: Final[Mapping[str, str]] = {"wrong_number": "wrong", "out_of_service": "out_of_service"}


def is_miss(code: str, busy_today: int) -> bool:
    """Whether this outcome is an essai sans réponse; `busy_today` counts this one."""
    return EFFECTS[code].miss or (code == "busy" and busy_today >= BUSY_BEFORE_MISS)


def searching(misses: int, tried_slots: int, *, attempts_max: int, slots_required: int, slots_open: int) -> bool:
    """Whether enough was tried to look for the person otherwise (§ 4): misses, over enough kinds of time slots.

    `tried_slots`, `slots_open`: masks. The kinds required are capped at those the campaign opens.
    """
    needed = min(slots_required, slots_open.bit_count() or 1)
    return misses >= attempts_max and tried_slots.bit_count() >= needed


def slots_allowed(slot: int, *, slots_required: int, slots_open: int) -> list[int]:
    """The masks of slots already tried with which a task may be called now, in slot `slot` (a bit, 0 when closed).

    A miss is tried again at another kind of moment, until the kinds required (or all that open) were tried.
    """
    needed = min(slots_required, slots_open.bit_count() or 1)
    return [tried for tried in range(16) if not tried & slot or tried.bit_count() >= needed or not slots_open & ~tried]
