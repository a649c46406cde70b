"""What the contributors may move by a vote: reference mutual-aid § 14, the part this slice uses."""

from __future__ import annotations

from entremise.rules.registry import RulePoint, declare


def _number(
    key: str, label: str, default: int, minimum: int, maximum: int, loosens: str = "", unit: str = ""
) -> RulePoint:
    return declare(RulePoint(f"mutualaid.{key}", label, default, minimum, maximum, loosens=loosens, unit=unit))


DEFAULT_RADIUS = _number("matching.default_radius_km", "Rayon proposé aux aidants", 5, 1, 30, "up", "km")
MAX_REACH = _number("matching.max_reach_km", "Distance maximale d’une mise en relation", 10, 2, 30, "up", "km")
POOL = _number("matching.pool_size", "Aidants examinés pour une demande", 50, 10, 200)
SHORTLIST = _number("matching.shortlist", "Aidants montrés à l’agent", 5, 1, 20)
PROXIMITY = _number("ranking.proximity", "Poids de la proximité", 400, 0, 600)
REST = _number("ranking.rest", "Poids du repos depuis la dernière sollicitation", 300, 100, 600, "down")
AVAILABILITY = _number("ranking.availability", "Poids des demi-journées communes", 150, 0, 300)
CONTINUITY = _number("ranking.continuity", "Poids de la continuité avec la même personne", 100, 0, 200)
LANGUAGE = _number("ranking.language", "Poids de la langue de la personne", 50, 0, 200)
DAMPING = _number("ranking.damping_permille", "Atténuation par sollicitation récente", 800, 500, 1000, "up", "‰")
WEEKLY_CAP = _number("solicitation.weekly_cap", "Sollicitations par aidant en 7 jours, au plus", 2, 1, 4, "up")
MONTHLY_CAP = _number("solicitation.monthly_cap", "Sollicitations par aidant en 30 jours, au plus", 4, 1, 12, "up")
COOLDOWN = _number("solicitation.cooldown_hours", "Repos entre deux sollicitations", 24, 12, 168, "down", "h")
REFUSAL_COOLDOWN = _number("solicitation.refusal_cooldown_days", "Repos après un refus", 3, 1, 30, "down", "jours")
EXPIRY = _number("solicitation.expiry_hours", "Délai de réponse à une proposition", 24, 2, 72, unit="h")
EXPIRY_URGENT = _number("solicitation.expiry_hours_urgent", "Délai de réponse, demande urgente", 2, 1, 12, unit="h")
BUDGET = _number("solicitation.budget_per_need", "Propositions en attente par demande, au plus", 3, 1, 10, "up")
BUDGET_URGENT = _number(
    "solicitation.budget_per_urgent_need", "Propositions en attente par demande urgente, au plus", 9, 3, 30, "up"
)
NEED_MODERATION = declare(
    RulePoint(
        "mutualaid.need.moderation",
        "Relecture des demandes",
        "reviewed",
        choices=("reviewed", "direct"),
        loosens="direct",
    )
)
AGE_ALERT = _number("need.age_alert_hours", "Alerte d’ancienneté d’une demande", 72, 24, 168, "up", "h")
MAX_OPEN = _number("need.max_open_per_person", "Demandes en cours par personne, au plus", 3, 1, 10, "up")
RELEASE_DAYS = _number("contact.release_days", "Durée de transmission des coordonnées", 14, 1, 60, "up", "jours")
MIN_AGE = _number("helper.min_age", "Âge minimum pour aider", 16, 16, 18, "down", "ans")
PUBLIC_K = _number("public.k_needs", "Plus petit effectif publié", 11, 11, 100, "down")
