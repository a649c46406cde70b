"""Which way a rulebook moves: looser, tighter, both, neither. It decides the majority that a vote needs.

Pure: it compares permits, atom by atom, by the table of reference rules-vault-commons § 15. A rule is a set of
*reaches*, one per (who, action, purpose, category), each with its bounds; a reach is inside another when every bound
of the other is met. Nobody is asked about, nothing is decided: § 14's count of persons is another view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from entremise.rules.engine.form import Form
from entremise.rules.engine.vocabulary import CATEGORIES, FIELD_ACTIONS, FLAGS, LIMITS, LINKS

Direction = Literal["loosening", "tightening", "mixed", "neutral"]
SAID: Final[dict[Direction, str]] = {
    "loosening": "assouplit",
    "tightening": "resserre",
    "mixed": "assouplit et resserre",
    "neutral": "ne change rien",
}
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Reach:
    """One who may do one thing, for one purpose, on one category (empty for deeds on a register), in one place.

    `bounds`: what must also hold, as (key, value) pairs: conditions that are there, limits with their figure.
    """

    who: str
    action: str
    purpose: str
    category: str
    register: str
    bounds: tuple[tuple[str, int | str], ...]

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.who, self.action, self.purpose, self.category

    def inside(self, other: Reach) -> bool:
        """Whether all that this allows, the other allows."""
        if self.place != other.place or other.register not in (EVERYWHERE, self.register):
            return False
        mine = dict(self.bounds)
        return all(_tighter(key, mine.get(key), value) for key, value in other.bounds)


def _tighter(key: str, mine: int | str | None, wanted: int | str) -> bool:
    """Whether a bound of mine is at least as strict as `wanted`. No bound of mine is the loosest."""
    if mine is None:
        return False
    if key in LIMITS:
        return int(mine) <= int(wanted) if LIMITS[key][0] == "max" else int(mine) >= int(wanted)
    return str(mine) <= str(wanted) if key == "until" else True


def reaches(forms: Iterable[Form]) -> frozenset[Reach]:
    """Every reach of these rules."""
    return frozenset(reach for form in forms for reach in _reaches(form))


def _reaches(form: Form) -> Iterable[Reach]:
    bounds: dict[str, int | str] = {}
    for key, value in form.when:
        if key in FLAGS or key in LINKS:
            bounds[key] = 1
        elif key == "approvals" and isinstance(value, tuple):
            bounds |= {f"approvals.{college}": 1 for college in value}
        elif (key in LIMITS or key == "until") and not isinstance(value, tuple):
            bounds[key] = value
    whos = form.roles or ("inhabitant",)
    on_fields = set(form.actions) <= set(FIELD_ACTIONS)
    categories: Sequence[str] = form.some("category") or (tuple(CATEGORIES) if on_fields else ("",))
    places = form.some("registers") or (EVERYWHERE,)
    fixed = tuple(sorted(bounds.items()))
    for who, action, purpose, category, place in product(whos, form.actions, form.some("purpose"), categories, places):
        yield Reach(who, action, purpose, category, place, fixed)


def _beyond(some: frozenset[Reach], others: frozenset[Reach]) -> list[Reach]:
    """The reaches of `some` that none of `others` contains."""
    near: dict[tuple[str, str, str, str], list[Reach]] = {}
    for one in others:
        near.setdefault(one.place, []).append(one)
    return [one for one in some if not any(one.inside(other) for other in near.get(one.place, ()))]


def direction(before: Iterable[Form], after: Iterable[Form]) -> Direction:
    """The way from one rulebook to another. Titles, ids and the order of rules are of no consequence.

    Two rules that only together contain a third are not recognised as such: the answer is then « loosening », the
    stronger majority. Never the other way.
    """
    old, new = reaches(before), reaches(after)
    more, less = bool(_beyond(new, old)), bool(_beyond(old, new))
    if more and less:
        return "mixed"
    return "loosening" if more else "tightening" if less else "neutral"
