"""Two models judged on the same pairs that humans read: what each would join alone, what it would at least ask.

A model is learnt without any answer (EM), so that every answer is held out: none of them shaped it. The pairs read are
the doubtful ones first: these figures compare models, they do not say how good a whole linkage is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2

from entremise.registers.engine import explain
from entremise.registers.engine.model import Model

LEAST = 100  # answers, below which nothing is said
LEAST_EACH = 20  # of them « same person », and as many « two persons »


@dataclass(frozen=True, slots=True)
class Answer:
    """A pair that humans decided: its four levels (gamma codes), whether a guard holds it, same person or not."""

    levels: tuple[int, int, int, int]
    guarded: bool
    same: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Of `same` pairs of one person: `linked` joined by the model alone, `right` of them rightly, `found` joined or at
    least asked. Of no pair joined, the precision is None."""

    same: int
    linked: int
    right: int
    found: int

    @property
    def precision(self) -> float | None:
        return self.right / self.linked if self.linked else None

    @property
    def recall(self) -> float | None:
        return self.right / self.same if self.same else None

    @property
    def reach(self) -> float | None:
        return self.found / self.same if self.same else None


def enough(answers: Sequence[Answer]) -> bool:
    """Whether a comparison means something: enough answers, of both kinds."""
    same = sum(one.same for one in answers)
    return len(answers) >= LEAST and min(same, len(answers) - same) >= LEAST_EACH


def score(model: Model, prior: float, high: float, low: float, answers: Iterable[Answer]) -> Score:
    """What this model makes of these pairs with its thresholds. `prior`: that of the base, the same for all models.

    What a guard holds is never joined alone, only asked. Guards are those of the run that found the pair.
    """
    known = explain.levels(model)
    start = log2(prior / (1 - prior))
    same = linked = right = found = 0
    for one in answers:
        parts = zip(explain.COMPARISONS, one.levels, strict=True)
        weight = start + sum(known[name][code][1] for name, code in parts)
        joined = weight >= high and not one.guarded
        same += one.same
        linked += joined
        right += joined and one.same
        found += one.same and weight >= low
    return Score(same, linked, right, found)
