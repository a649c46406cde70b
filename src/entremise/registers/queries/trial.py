"""A proposed model beside the one in force, on the pairs that humans decided. Counts only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from entremise.registers.engine import explain, trial
from entremise.registers.engine.prepare import PREPARED_SCHEMA
from entremise.registers.models import Decision, LinkageModel, LinkageRun, Pair

NUMBERED_ONLY = (-1, -1, -1, -1)
"""Levels of a pair that nothing but a file number brings together: no model weighs it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`mine`: the proposed model; `other`: the one in force, of version `against`; both None when answers are too
    few. `same`: answers « same person » among them."""

    answers: int
    same: int
    against: int
    mine: trial.Score | None
    other: trial.Score | None

    @property
    def enough(self) -> bool:
        return self.mine is not None

    @property
    def missing(self) -> int:
        """The least number of answers still to come."""
        each = max(0, trial.LEAST_EACH - self.same) + max(0, trial.LEAST_EACH - (self.answers - self.same))
        return max(trial.LEAST - self.answers, each)

    @property
    def lines(self) -> list[tuple[str, trial.Score, str, str, str]]:
        """(which model, its counts, precision, recall, what it finds with readers) for a table."""
        said = ((self.other, f"modèle {self.against}, en service"), (self.mine, "modèle proposé"))
        return [
            (name, one, percent(one.precision), percent(one.recall), percent(one.reach))
            for one, name in said
            if one is not None
        ]

    def kept(self) -> dict[str, Any]:
        """What stays beside the model: the same figures, as JSON."""
        said: dict[str, Any] = {"answers": self.answers, "same": self.same, "against": self.against}
        if self.mine and self.other:
            said |= {"proposed": asdict(self.mine), "in_force": asdict(self.other)}
        return said


def percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}\u00a0%".replace(".", ",")


def answers() -> list[trial.Answer]:
    """The pairs that humans decided, as the last run weighed them; those whose records say something else since then
    are left out, « je ne sais pas » too. Two queries."""
    doubtful = set(Decision.objects.filter(state="to_confirm").values_list("left", "right"))
    rows = Pair.objects.filter(state__in=("accepted", "refused"), run__model__prepared_schema=PREPARED_SCHEMA)
    found = rows.order_by("pk").values_list("left", "right", "levels", "guards", "state")
    return [
        trial.Answer((levels[0], levels[1], levels[2], levels[3]), bool(guards), state == "accepted")
        for left, right, levels, guards, state in found
        if (left, right) not in doubtful and len(levels) == 4 and tuple(levels) != NUMBERED_ONLY
    ]


def last_prior() -> float | None:
    """The share of pairs that are one person, as the last finished run estimated it. One query."""
    rows = LinkageRun.objects.filter(state="done").order_by("-finished_at").values_list("counts", flat=True)
    return next((float(counts["prior"]) for counts in rows[:20] if 0 < counts.get("prior", 0) < 1), None)


def trial_of(model: LinkageModel, prior: float | None = None) -> Trial | None:
    """This model beside the one in force; None when there is no other, or one of them is of another version of the
    software. `prior`: of the run under way; by default that of the last one."""
    active = LinkageModel.objects.filter(state="active").exclude(pk=model.pk).first()
    if active is None or {active.prepared_schema, model.prepared_schema} != {PREPARED_SCHEMA}:
        return None
    read = answers()
    prior = prior or last_prior()
    same = sum(one.same for one in read)
    if prior is None or not trial.enough(read):
        return Trial(len(read), same, active.version, None, None)
    codes = [explain.levels(one.body) for one in (model, active)]
    weighed = [
        one
        for one in read
        if all(
            code in known[name] for known in codes for name, code in zip(explain.COMPARISONS, one.levels, strict=True)
        )
    ]
    mine, other = (trial.score(one.body, prior, one.high, one.low, weighed) for one in (model, active))
    return Trial(len(read), same, active.version, mine, other)
