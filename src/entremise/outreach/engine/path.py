"""The caller's path: five levels, what each asks, what is still missing. Source: reference outreach-and-referrals § 6.

Nothing here knows how fast somebody calls: a level is never decided from speed, nor from a rank among callers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

TOP: Final = 4
MODULE_OF: Final = {1: "nouvelles", 2: "isolement", 3: "situations", 4: "crise"}
"""The module that opens each level. Level 2 asks none by the reference: reading « Isolement » is advised."""
ASKED_MODULES: Final = {1: "nouvelles", 3: "situations", 4: "crise"}
COUNTED: Final = frozenset({"reached_complete"})
"""What counts on the path: conversations brought to their end, never mere attempts."""
DECIDES: Final = {1: "mentor", 2: "mentor", 3: "mentor", 4: "supervisor"}


@dataclass(frozen=True, slots=True)
class Marks:
    """What each step asks; rule points, in this order of reading."""

    quiz: int = 80
    conversations_2: int = 15
    reviews_2: int = 2
    conversations_3: int = 30
    forms_3: int = 3
    conversations_4: int = 30


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a caller stands. `at_level`: completed conversations since they first reached each level (`{2: 12}`);
    `quizzes`: the best score per module, in %; `forms`: difficulty forms judged complete."""

    charter: bool = False
    modules: frozenset[str] = frozenset()
    quizzes: dict[str, int] = field(default_factory=dict)
    listenings: int = 0
    conversations: int = 0
    at_level: dict[int, int] = field(default_factory=dict)
    reviews: int = 0
    forms: int = 0
    wish: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a level asks: `have` of `need`."""

    code: str
    label: str
    have: int
    need: int

    @property
    def done(self) -> bool:
        return self.have >= self.need

    @property
    def progress(self) -> str:
        """« 3 sur 15 », or whether it is done when there is one thing to do."""
        if self.done:
            return "fait"
        return f"{self.have} sur {self.need}" if self.need > 1 else "à faire"

    @property
    def missing(self) -> str:
        """What is still missing, in words: « encore 3 échanges menés jusqu’au bout »."""
        if self.done:
            return ""
        left = self.need - self.have
        words = {
            "conversations": f"encore {left} échange{'s' if left > 1 else ''} mené{'s' if left > 1 else ''}"
            " jusqu’au bout",
            "reviews": f"encore {left} compte{'s' if left > 1 else ''} rendu{'s' if left > 1 else ''} à relire"
            " avec votre référent",
            "forms": f"encore {left} fiche{'s' if left > 1 else ''} de difficulté jugée{'s' if left > 1 else ''}"
            f" complète{'s' if left > 1 else ''}",
        }
        return words.get(self.code.partition(":")[0], self.label[0].lower() + self.label[1:])


def steps(level: int, counts: Counts, marks: Marks, titles: dict[str, str] | None = None) -> list[Step]:
    """What reaching this level (1 to 4) asks, in the order of doing. The agreement of a human comes on top.

    `titles`: how the modules are called. Raises KeyError for another level.
    """
    titles = titles or {}
    asked: dict[int, list[Step]] = {
        1: [
            Step("charter", "La charte et l’engagement de confidentialité signés", int(counts.charter), 1),
            *_module("nouvelles", counts, marks, titles),
            Step("listening", "Un appel écouté ou passé avec votre référent", min(counts.listenings, 1), 1),
        ],
        2: [
            Step("conversations", "Échanges menés jusqu’au bout", counts.conversations, marks.conversations_2),
            Step("reviews", "Comptes rendus relus avec votre référent", counts.reviews, marks.reviews_2),
        ],
        3: [
            Step("conversations", "Échanges menés jusqu’au bout au niveau 2", counts.at_level.get(2, 0),
                 marks.conversations_3),
            Step("forms", "Fiches de difficulté jugées complètes", counts.forms, marks.forms_3),
            *_module("situations", counts, marks, titles),
        ],
        4: [
            Step("conversations", "Échanges menés jusqu’au bout au niveau 3", counts.at_level.get(3, 0),
                 marks.conversations_4),
            *_module("crise", counts, marks, titles),
            Step("wish", "Votre souhait écrit, que personne ne peut former à votre place", int(counts.wish), 1),
        ],
    }  # fmt: skip
    return asked[level]


def _module(code: str, counts: Counts, marks: Marks, titles: dict[str, str]) -> list[Step]:
    title = titles.get(code, code)
    return [
        Step(f"module:{code}", f"Module « {title} » lu", int(code in counts.modules), 1),
        Step(f"quiz:{code}", f"Quiz « {title} » réussi à {marks.quiz} %",
             int(counts.quizzes.get(code, 0) >= marks.quiz), 1),
    ]  # fmt: skip


def reached(level: int, counts: Counts, marks: Marks) -> bool:
    """Whether everything that can be counted is there to reach this level: then a human decides."""
    return all(step.done for step in steps(level, counts, marks))


def next_step(level: int, counts: Counts, marks: Marks, titles: dict[str, str] | None = None) -> str:
    """The next step of somebody at this level, in one sentence: what is missing, or whose agreement is awaited."""
    if level >= TOP:
        return "Vous êtes au dernier niveau du parcours."
    missing = [step.missing for step in steps(level + 1, counts, marks, titles) if not step.done]
    if missing:
        return f"Pour le niveau {level + 1} : {', puis '.join(missing[:2])}."
    if DECIDES[level + 1] == "supervisor":
        return f"Tout est réuni pour le niveau {level + 1} : il reste l’accord du superviseur."
    return f"Tout est réuni pour le niveau {level + 1} : il reste l’accord de votre référent d’appel."
