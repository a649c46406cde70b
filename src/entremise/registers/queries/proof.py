"""What readings prove: how far readers agree with one another, and from which weight a reunion is safe by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q

from entremise.registers import rules
from entremise.registers.engine import thresholds
from entremise.registers.engine.reading import twice
from entremise.registers.models import LinkageModel, LinkageRun, Pair, Reading
from entremise.rules.queries import number_of

AGREEMENT_FROM: Final = 20
"""Pairs read twice, below which an agreement figure says nothing and suspends nothing (PD)."""
WORTH_ASKING: Final = 0.05
"""The share of « same person » from which a band of weight is worth the time of readers (PD, reference § 6.3)."""
DECIDED: Final = ("accepted", "refused", "unsure")


@dataclass(frozen=True, slots=True)
class Agreement:
    """`kappa` of the control pairs that two humans read; `suspended`: automatic merging waits (PD)."""

    pairs: int
    kappa: float | None
    floor: float

    @property
    def enough(self) -> bool:
        return self.pairs >= AGREEMENT_FROM

    @property
    def suspended(self) -> bool:
        return self.enough and self.kappa is not None and self.kappa < self.floor


def agreement() -> Agreement:
    """How far two readers say the same of the same pairs, those drawn at random only: what goes to a second reader
    because of a guard was chosen by the first answer. Two queries."""
    rows = Reading.objects.filter(pair__control=True, undone_at=None).order_by("pair", "at", "pk")
    said: dict[int, list[str]] = {}
    for pair, left, right, answer in rows.values_list("pair", "pair__left", "pair__right", "answer"):
        if twice(left, right):
            said.setdefault(pair, []).append(answer)
    both = [(answers[0], answers[1]) for answers in said.values() if len(answers) > 1]
    return Agreement(len(both), thresholds.kappa(both), number_of(rules.AGREEMENT) / 1000)


def automatic_merging_suspended() -> bool:
    """Whether runs only propose, because readers do not agree with one another."""
    return agreement().suspended


@dataclass(frozen=True, slots=True)
class Evidence:
    """What control readings prove about one model. `bands`: (floor, pairs, read, true); `bounds`: (floor, share that
    is at least true); `high`: the lowest floor proven, None; `low`: where readers stop being useful, None."""

    target: float
    bands: Sequence[thresholds.Band]
    bounds: Sequence[tuple[float, float]]
    high: float | None
    low: float | None
    read: int
    missing: int | None

    @property
    def lines(self) -> list[tuple[str, int, int, int, str]]:
        """(band in words, pairs, read, same person, lower bound of the share so far) for a table."""
        known = dict(self.bounds)
        found, top = [], ""
        for floor, pairs, read, true in self.bands:
            name = f"{floor:g} à {top}" if top else f"{floor:g} et plus"
            bound = f"{known[floor] * 100:.1f}\u00a0%".replace(".", ",") if floor in known else "—"
            found.append((name, pairs, read, true, bound))
            top = f"{floor:g}"
        return found


def evidence(model: LinkageModel | None) -> Evidence:
    """What the control pairs read under this model prove. Unguarded pairs only: the others are never automatic.

    « Je ne sais pas » counts as not the same: a threshold is proven by certainties. Three queries.
    """
    target = number_of(rules.PRECISION_TARGET) / 1000
    drawn = list(
        Pair.objects.filter(run__model=model, control=True)
        .exclude(state="stale")
        .values_list("weight", "state", "guards")
    )
    seen = [(weight, state == "accepted") for weight, state, guards in drawn if not guards and state in DECIDED]
    read = thresholds.bands((weight for weight, _, guards in drawn if not guards), seen)
    every = thresholds.bands((weight for weight, _, _ in drawn), ())
    sizes = _sizes(model)
    bands = [
        (floor, _unguarded(sizes[floor], kept, free, whole), done, true)
        for (floor, free, done, true), (_, whole, _, _), kept in zip(read, every, _kept(model), strict=True)
    ]
    high, bounds = thresholds.lowest_safe(bands, target)
    worth = [floor for floor, _, done, true in bands if done and true >= WORTH_ASKING * done]
    return Evidence(target, bands, bounds, high, min(worth, default=None), len(seen), missing(bands, target, high))


def _unguarded(pairs: int, kept: int, free: int, whole: int) -> int:
    """Unguarded pairs of a band: those that are kept, or the share that the draw found among all the band's pairs."""
    return max(kept, round(pairs * free / whole) if whole else 0)


def _kept(model: LinkageModel | None) -> list[int]:
    """Unguarded pairs kept in each band. One query."""
    tops = [None, *thresholds.FLOORS[:-1]]
    inside = {
        f"b{n}": Count("pk", filter=Q(weight__gte=floor) & (Q() if top is None else Q(weight__lt=top)))
        for n, (floor, top) in enumerate(zip(thresholds.FLOORS, tops, strict=True))
    }
    rows = Pair.objects.filter(run__model=model, guards=[]).exclude(state="stale").order_by()
    counted = rows.aggregate(**inside)
    return [counted[f"b{n}"] for n in range(len(thresholds.FLOORS))]


def _sizes(model: LinkageModel | None) -> Counter[float]:
    """Every pair a full run weighed, by band: those that nobody needs to read are counted and not kept. One query."""
    found: Counter[float] = Counter()
    done = LinkageRun.objects.filter(model=model, state="done", mode="full").order_by("-asked_at", "-pk")
    last: dict[str, list[Sequence[float]]] = {}
    for request, counts in done.values_list("request", "counts"):
        last.setdefault(request, counts.get("bands", []))
    for bands in last.values():
        for floor, pairs, *_ in bands:
            found[float(floor)] += int(pairs)
    return found


def missing(bands: Sequence[thresholds.Band], target: float, high: float | None) -> int | None:
    """How many more readings without error would prove the heaviest band; 0 when something is proven, None when the
    band has not that many pairs, or is empty: then no number of readings will."""
    if high is not None:
        return 0
    first = next((band for band in bands if band[1]), None)
    if first is None:
        return None
    floor, pairs, read, true = first
    whole = sum(band[1] for band in bands)

    def proven(more: int) -> bool:
        rest: list[thresholds.Band] = [(floor, pairs, read + more, true + more)]
        if whole > pairs:
            rest.append((floor - 1, whole - pairs, 0, 0))  # the prior is shared by all the pairs
        return thresholds.lowest_safe(rest, target, draws=400)[0] is not None

    left = max(0, pairs - read)
    if not proven(left):
        return None
    low, high_end = 0, left
    while low < high_end:
        middle = (low + high_end) // 2
        low, high_end = (low, middle) if proven(middle) else (middle + 1, high_end)
    return low


def current_model() -> LinkageModel | None:
    """The model in use: the active one, else that of the last run."""
    active = LinkageModel.objects.filter(state="active").first()
    if active is not None:
        return active
    last = LinkageRun.objects.filter(model__isnull=False).select_related("model").order_by("-asked_at", "-pk").first()
    return last.model if last is not None else None
