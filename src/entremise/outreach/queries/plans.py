"""A plan of calls as people read it: what it gives, what one more hour would bring, why a task is placed so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.utils.formats import date_format

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import NotFound
from entremise.mutualaid.engine.masks import LANGUAGES
from entremise.outreach import rules
from entremise.outreach.models import CallCampaign, CallPlan, CallTask
from entremise.outreach.models.campaigns import SLOTS
from entremise.rules.queries import number_of

LIVE = ("ready", "running")
LEVELS = (1, 2, 3, 4)
MOMENTS = 10
FAILURES = {
    "killed": "Le calcul a été interrompu trois fois. Réessayez ; si cela dure, prévenez l’administrateur.",
    "memory_exceeded": "La mémoire a manqué. Prévenez l’administrateur.",
    "refused": "Le plan trouvé ne tenait pas ses propres règles : il a été jeté. Le plan d’avant reste. Prévenez "
    "l’administrateur.",
}
IN = {"morning": "le matin", "midday": "le midi", "afternoon": "l’après-midi", "evening": "le soir"}


def plan(public_id: str) -> CallPlan:
    """NotFound when it does not exist."""
    row = CallPlan.objects.select_related("campaign").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce plan n’existe pas.")
    return row


def latest(campaign: CallCampaign) -> CallPlan | None:
    """The last plan that was made: the one the tasks carry."""
    return CallPlan.objects.filter(campaign=campaign, state="done").order_by("-finished_at", "-pk").first()


def under_way(campaign: CallCampaign) -> CallPlan | None:
    return CallPlan.objects.filter(campaign=campaign, state__in=LIVE).first()


def last_failure(campaign: CallCampaign) -> str:
    """Why the very last plan failed, in a sentence; nothing when it did not."""
    last = CallPlan.objects.filter(campaign=campaign).order_by("-asked_at", "-pk").first()
    if last is None or last.state != "failed":
        return ""
    return FAILURES.get(last.failure, "Le calcul s’est arrêté. Réessayez ; si cela dure, prévenez l’administrateur.")


def language(code: str) -> str:
    return LANGUAGES.get(code, code)


def when(day: date, kind: str) -> str:
    """« lundi 6 juillet, le matin »."""
    return f"{date_format(day, 'l')} {_rank(day)} {date_format(day, 'F')}, {IN[kind]}"


def _rank(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


def count(number: int, one: str, many: str = "") -> str:
    """« 1 personne », « 4 812 personnes »."""
    return f"{number:,}".replace(",", "\u202f") + f"\u00a0{one if number < 2 else many or one + 's'}"


@dataclass(frozen=True, slots=True)
class Week:
    """`width`, `room`: parts of 100 of the fullest week, for the drawing."""

    label: str
    placed: int
    places: int
    width: int
    room: int


@dataclass(frozen=True, slots=True)
class Hour:
    """One more hour, and what it would bring at most, in points and in words."""

    who: str
    when: str
    points: int
    brings: str


@dataclass(frozen=True)
class PlanSeen:
    """A plan that is done, for its page."""

    row: CallPlan
    rate: int

    @cached_property
    def left_out(self) -> int:
        return self.row.persons - self.row.served

    @cached_property
    def same(self) -> int | None:
        """Percent of the persons called before who keep their caller."""
        return _percent(self.row.same_caller, self.row.with_previous)

    @cached_property
    def preferred(self) -> int | None:
        return _percent(self.row.preferred_slot, self.row.wished)

    @cached_property
    def cheaper(self) -> int | None:
        """Percent that the plan takes from the cost of the simple way."""
        if not self.row.greedy or self.row.value is None:
            return None
        return round(100 * (self.row.greedy - self.row.value) / self.row.greedy)

    @cached_property
    def more_served(self) -> int:
        """Persons placed that the simple way leaves out."""
        return max(0, self.row.served - self.row.greedy_served) if self.row.greedy_served is not None else 0

    @cached_property
    def weeks(self) -> list[Week]:
        most = max((max(pair) for pair in self.row.by_week), default=0) or 1
        return [
            Week(
                f"{_rank(self._day(week, 0))} {date_format(self._day(week, 0), 'F')}", placed, places,
                round(100 * placed / most), round(100 * places / most),
            )
            for week, (placed, places) in enumerate(self.row.by_week)
        ]  # fmt: skip

    def _day(self, week: int, slot: int) -> date:
        start = self.row.starts_on or clock.day_of(self.row.asked_at)
        return start + timedelta(days=7 * week + (self.row.slots[slot][0] if self.row.slots and slot else 0))

    @cached_property
    def hours(self) -> list[Hour]:
        """The best hours that could be added, one for each language and level: where it brings the most, soonest."""
        best: dict[tuple[str, int], tuple[int, int, int]] = {}
        for week, slot, level, tongue, points in self.row.prices:
            known = best.get((tongue, level))
            if known is None or (-points, week, slot) < (-known[0], known[1], known[2]):
                best[tongue, level] = points, week, slot
        kept: dict[str, tuple[int, int]] = {}
        found = []
        for (tongue, level), (points, week, slot) in sorted(best.items(), key=lambda item: (-item[1][0], item[0][1])):
            if tongue in kept and kept[tongue][0] >= points:
                continue  # a higher level that brings no more says nothing new
            kept.setdefault(tongue, (points, level))
            moment = when(self._day(week, slot), self.row.slots[slot][1])
            found.append(Hour(self._who(tongue, level), moment, points * self.rate, self._brings(points)))
        return found[:MOMENTS]

    def _who(self, tongue: str, level: int) -> str:
        return f"niveau {level} parlant {language(tongue)}"

    def _brings(self, points: int) -> str:
        lacking = self.row.weights.get("unserved", [1000])
        reached = [fragility for fragility, cost in enumerate(lacking) if points >= cost * 3 // 4]
        if reached:
            return f"jusqu’à {count(self.rate, 'personne')} de plus, de fragilité {max(reached)}"
        waits = self.row.weights.get("delay", [5, 10, 40, 120])
        fragile = [fragility for fragility, cost in enumerate(waits) if cost and points >= cost]
        if fragile:
            weeks = max(1, points // waits[max(fragile)])
            return f"jusqu’à {count(self.rate, 'appel')} {count(weeks, 'semaine')} plus tôt (fragilité {max(fragile)})"
        return "des appels mieux placés"

    @cached_property
    def table(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """By language, the most that one more hour would bring at each level, whenever it is."""
        most: dict[str, dict[int, int]] = {}
        for _, _, level, tongue, points in self.row.prices:
            by_level = most.setdefault(tongue, {})
            by_level[level] = max(by_level.get(level, 0), points * self.rate)
        top = max((points for row in most.values() for points in row.values()), default=0)
        return [
            (language(tongue), [(by_level.get(level, 0), _shade(by_level.get(level, 0), top)) for level in LEVELS])
            for tongue, by_level in sorted(most.items(), key=lambda item: -max(item[1].values()))
        ]

    @cached_property
    def moments(self) -> list[tuple[str, int]]:
        """By moment, the most that one more hour would bring; the first weeks first."""
        most: dict[tuple[int, int], int] = {}
        for week, slot, _, _, points in self.row.prices:
            most[week, slot] = max(most.get((week, slot), 0), points * self.rate)
        return [
            (when(self._day(week, slot), self.row.slots[slot][1]), points)
            for (week, slot), points in sorted(most.items())
        ][:MOMENTS]

    @cached_property
    def weights(self) -> list[tuple[str, str]]:
        """What each thing costs, in words."""
        said = self.row.weights
        if not said:
            return []
        return [
            ("Une personne sans appel, selon sa fragilité de 0 à 3", " / ".join(map(str, said["unserved"]))),
            ("Une semaine d’attente, selon sa fragilité de 0 à 3", " / ".join(map(str, said["delay"]))),
            ("Une autre personne que la fois d’avant appelle", str(said["other_caller"])),
            ("Un moment que la personne ne préfère pas", str(said["slot"])),
            ("Un appelant de niveau plus haut que nécessaire, par niveau", str(said["over"])),
        ]


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _shade(points: int, top: int) -> str:
    return "" if not points or not top else "most" if points * 3 >= 2 * top else "some"


def seen(row: CallPlan) -> PlanSeen:
    return PlanSeen(row, number_of(rules.PLAN_RATE))


def explain(task: CallTask) -> Sequence[str]:
    """Why this task is placed so, in French, each cost by its cause. No name but that of the caller planned."""
    if not task.planned_slot:
        lost = task.planned_terms.get("unserved")
        if lost is None:
            return ["Cette fiche n’est pas dans le plan : elle a été ajoutée, promise ou reportée depuis."]
        return [
            "Aucune place dans les semaines prévues : il manque des appels de son niveau ou de sa langue, ou de plus "
            f"fragiles passent avant ({lost} points, fragilité {task.fragility}).",
            "Elle reste dans la file : qui a un moment de libre l’appelle.",
        ]
    day, kind = task.planned_slot.split(":")
    users = User.objects.filter(pk=task.planned_caller_id or 0)
    who = users.values_list("label", flat=True).first() or "un appelant"
    found = [f"Prévue {when(date.fromisoformat(day), kind)}, avec {who}."]
    said = {
        "delay": "Elle attend : des personnes plus fragiles, ou plus difficiles à placer, passent avant",
        "other_caller": "Une autre personne l’avait appelée la fois d’avant, et n’a pas de place pour elle",
        "slot": "Ce n’est pas un moment qu’elle préfère : aucun n’était libre à moindre coût",
        "over": "L’appelant a un niveau plus haut que nécessaire : les autres sont pris ou ne parlent pas sa langue",
    }
    for cause, sentence in said.items():
        if points := task.planned_terms.get(cause):
            found.append(f"{sentence} ({count(points, 'point')}).")
    if len(found) == 1:
        found.append("Rien ne peut être mieux pour elle : première semaine possible, bon moment, bonne personne.")
    found.append("Le plan donne un ordre : la personne libre la première peut l’appeler avant.")
    return found


assert set(IN) == set(SLOTS)  # noqa: S101 - a slot added there must be said here
