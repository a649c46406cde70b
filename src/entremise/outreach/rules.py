"""What the contributors may move by a vote: reference outreach-and-referrals §§ 4, 6, 14."""

from __future__ import annotations

from entremise.rules.registry import RulePoint, declare


def _number(
    key: str, label: str, default: int, minimum: int, maximum: int, loosens: str = "", unit: str = ""
) -> RulePoint:
    return declare(RulePoint(f"outreach.{key}", label, default, minimum, maximum, loosens=loosens, unit=unit))


# campaigns
EARLIEST = _number("hours.earliest", "Aucun appel avant", 8, 7, 10, "down", "h")
LATEST = _number("hours.latest", "Aucun appel après", 21, 18, 21, "up", "h")
CONVERSATIONS = _number("caps.conversations", "Conversations par jour et par appelant, au plus", 20, 5, 40, "up")
MINUTES = _number("caps.minutes", "Temps d’appel par jour et par appelant, au plus", 240, 60, 360, "up", "min")
NOTICE = _number("announcement.notice_hours", "De l’annonce au premier appel, au moins", 24, 12, 72, "down", "h")
KEPT = _number("reports.keep_days", "Comptes rendus gardés après la campagne, au plus", 365, 30, 730, "up", "jours")
