"""What the contributors may move by a vote: reference outreach-and-referrals §§ 4, 6, 14."""

from __future__ import annotations

from entremise.outreach.engine.complexity import REASONS, SCALE
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

# callers: the path (§ 6). A mark that goes down, a cap that goes up, protects less: the stronger majority
QUIZ = _number("path.quiz", "Bonnes réponses pour réussir un quiz, au moins", 80, 60, 100, "down", "%")
CONVERSATIONS_2 = _number("path.conversations_2", "Échanges complets pour le niveau 2", 15, 5, 60, "down")
REVIEWS_2 = _number("path.reviews_2", "Comptes rendus relus pour le niveau 2", 2, 1, 10, "down")
CONVERSATIONS_3 = _number(
    "path.conversations_3", "Échanges complets au niveau 2, pour le niveau 3", 30, 10, 90, "down"
)
FORMS_3 = _number("path.forms_3", "Fiches de difficulté complètes pour le niveau 3", 3, 1, 10, "down")
CONVERSATIONS_4 = _number(
    "path.conversations_4", "Échanges complets au niveau 3, pour le niveau 4", 30, 10, 90, "down"
)
INACTIVE = _number("path.inactive_days", "Sans appel pendant plus de … , le niveau est suspendu", 21, 7, 60, "up", "j")
MENTEES = _number("path.mentees", "Appelants suivis par un référent, au plus", 12, 4, 20, "up")
DEBRIEF = _number("path.debrief_minutes", "Pause après une urgence, au moins", 30, 15, 120, "down", "min")
HARD_CALLS = _number("path.hard_calls", "Appels difficiles dans la journée avant de proposer d’arrêter", 2, 1, 5, "up")

# callers: how hard a call may be (§ 6); never from health
COMPLEXITY = {
    code: _number(f"complexity.{code}", f"Complexité d’un appel : {REASONS[code]}", level, low, 4, "down")
    for code, level, low in ((code, level, max(1, level - 1)) for code, level in SCALE.items())
}

# plan: points, so bounded that nobody is left out while a place is free (reference § 7.1)
PLAN_UNSERVED = tuple(
    _number(f"plan.unserved_{n}", f"Plan : personne sans appel, fragilité {n}", 1000 * 2**n, 500 * 2**n, 5000 * 2**n)
    for n in range(4)
)
PLAN_DELAY = tuple(
    _number(f"plan.delay_{n}", f"Plan : une semaine d’attente, fragilité {n}", default, 0, most)
    for n, (default, most) in enumerate(((5, 10), (10, 20), (40, 80), (120, 200)))
)
PLAN_OTHER = _number("plan.other_caller", "Plan : une autre personne que la fois d’avant appelle", 150, 0, 200)
PLAN_SLOT = _number("plan.slot", "Plan : moment que la personne ne préfère pas", 60, 0, 100)
PLAN_OVER = _number("plan.over", "Plan : niveau de l’appelant au-dessus du besoin, par niveau", 8, 0, 20)
PLAN_WEEKS = _number("plan.weeks", "Plan : semaines à l’avance", 8, 1, 12)
PLAN_USEFUL = _number("plan.useful", "Plan : échanges complets attendus, sur cent appels", 47, 20, 80, unit="%")
PLAN_RATE = _number("plan.calls_per_hour", "Plan : appels qu’une personne passe en une heure", 4, 1, 10)
