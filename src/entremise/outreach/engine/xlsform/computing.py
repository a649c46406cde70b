"""What an expression is worth. The semantics are those of the table of reference § 5.5, not plain XPath 1.0.

Values are texts, numbers and booleans. A reference is always the text of an answer, "" when it is not answered or not
asked. Dates are texts in ISO form that count as days, moments as days and a fraction, hours as a fraction, all by the
clock on the wall of the campaign's zone. See docs/explanation/scripts.md for the differences with XPath.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from entremise.outreach.engine.xlsform.expressions import Tree
from entremise.outreach.engine.xlsform.patterns import MOST_MATCHED

Value = str | float | bool
NAN: Final = math.nan
EPOCH: Final = date(1970, 1, 1)
_NUMBER = re.compile(r"[ \t\r\n]*-?(?:\d+(?:\.\d*)?|\.\d+)[ \t\r\n]*", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


@dataclass(slots=True)
class Scene:
    """What an expression may know: answers, the moment (aware), the zone, its own answer, the row of a choice."""

    values: Mapping[str, str]
    now: datetime
    zone: tzinfo
    own: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    _texts: dict[str, float] = field(default_factory=dict)

    def local(self) -> datetime:
        return self.now.astimezone(self.zone)

    def number(self, value: Value) -> float:
        """The number of a value: NaN for a text that is neither number, date, moment nor hour."""
        if isinstance(value, bool):
            return 1.0 if value else 0.0
        if isinstance(value, float):
            return value
        if value not in self._texts:
            self._texts[value] = _number_of(value, self.zone)
        return self._texts[value]


def truth(value: Value) -> bool:
    """Of a text: it is not empty; of a number: neither zero nor NaN."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value)


def text(value: Value) -> str:
    """A number without useless decimals nor exponent; « true » and « false »; NaN as « NaN »."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    said = repr(value)
    return format(value, "f").rstrip("0").rstrip(".") if "e" in said else said


def _number_of(said: str, zone: tzinfo) -> float:
    if _NUMBER.fullmatch(said):
        return float(said)
    said = said.strip()
    if _MOMENT.fullmatch(said):
        try:
            if len(said) == 10:
                return float((date.fromisoformat(said) - EPOCH).days)
            at = datetime.fromisoformat(said)
        except ValueError:
            return NAN
        try:
            at = at.astimezone(zone) if at.tzinfo else at
        except (OverflowError, ValueError):  # the first and last days that a calendar can hold
            return NAN
        return (at.date() - EPOCH).days + _share(at.time())
    if hour := _HOUR.fullmatch(said):
        return _share(time(int(hour[1]), int(hour[2]), int(hour[3] or 0)))
    return NAN


def _share(at: time) -> float:
    return (at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6) / 86_400


def compute(tree: Tree, scene: Scene) -> Value:
    """The value of a tree that `expressions.read` made without fault."""
    return _KINDS[tree[0]](tree, scene)


def _either(tree: Tree, scene: Scene) -> Value:
    return any(truth(compute(part, scene)) for part in tree[1])


def _all(tree: Tree, scene: Scene) -> Value:
    return all(truth(compute(part, scene)) for part in tree[1])


def _negated(tree: Tree, scene: Scene) -> Value:
    value = scene.number(compute(tree[2], scene))
    return -value if tree[1] % 2 else value


def _chained(tree: Tree, scene: Scene) -> Value:
    value = compute(tree[1], scene)
    for sign, other in tree[2]:
        value = _SIGNS[sign](value, compute(other, scene), scene)
    return value


def _same(left: Value, right: Value, scene: Scene) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return truth(left) == truth(right)
    if isinstance(left, float) or isinstance(right, float):
        return scene.number(left) == scene.number(right)
    return left == right


def _different(left: Value, right: Value, scene: Scene) -> bool:
    return not _same(left, right, scene)


def _divided(left: Value, right: Value, scene: Scene) -> float:
    below = scene.number(right)
    return scene.number(left) / below if below else NAN


def _rest(left: Value, right: Value, scene: Scene) -> float:
    above, below = scene.number(left), scene.number(right)
    if not below or math.isnan(below) or math.isnan(above) or math.isinf(above):
        return NAN
    return math.fmod(above, below)


_SIGNS: Final[Mapping[str, Callable[[Value, Value, Scene], Value]]] = {
    "=": _same,
    "!=": _different,
    "<": lambda left, right, scene: scene.number(left) < scene.number(right),
    "<=": lambda left, right, scene: scene.number(left) <= scene.number(right),
    ">": lambda left, right, scene: scene.number(left) > scene.number(right),
    ">=": lambda left, right, scene: scene.number(left) >= scene.number(right),
    "+": lambda left, right, scene: scene.number(left) + scene.number(right),
    "-": lambda left, right, scene: scene.number(left) - scene.number(right),
    "*": lambda left, right, scene: scene.number(left) * scene.number(right),
    "div": _divided,
    "mod": _rest,
}


def _called(tree: Tree, scene: Scene) -> Value:
    name, given = tree[1], tree[2]
    if name == "if":
        return compute(given[1] if truth(compute(given[0], scene)) else given[2], scene)
    if name == "coalesce":
        return next((said for part in given if (said := text(compute(part, scene)))), "")
    return _FUNCTIONS[name]([compute(part, scene) for part in given], scene)


def _substr(given: list[Value], scene: Scene) -> str:
    """From 0, the end excluded; a negative place counts from the end (as ODK does)."""
    said = text(given[0])
    places = [scene.number(value) for value in given[1:]]
    if any(math.isnan(place) for place in places):
        return ""
    start, *end = (int(max(-1e6, min(1e6, place))) for place in places)
    cut = [max(0, place + len(said)) if place < 0 else place for place in (start, *(end or [len(said)]))]
    return said[cut[0] : cut[1]]


def _regex(given: list[Value], _scene: Scene) -> bool:
    said = text(given[0])
    return len(said) <= MOST_MATCHED and re.fullmatch(text(given[1]), said) is not None


def _rounded(given: list[Value], scene: Scene) -> float:
    """A half goes up, as in XPath; the second value is the number of decimals."""
    value = scene.number(given[0])
    places = scene.number(given[1]) if len(given) > 1 else 0.0
    if math.isnan(value) or math.isinf(value) or math.isnan(places):
        return value if not math.isnan(places) else NAN
    scale = 10.0 ** max(-12, min(12, int(max(-12.0, min(12.0, places)))))
    moved = value * scale + 0.5
    return math.floor(moved) / scale if math.isfinite(moved) else value


def _whole(given: list[Value], scene: Scene) -> float:
    value = scene.number(given[0])
    return float(math.trunc(value)) if math.isfinite(value) else value


def _numbers(given: list[Value], scene: Scene) -> list[float]:
    """NaN alone when one of them is no number: the least of an unknown is unknown."""
    numbers = [scene.number(value) for value in given]
    return [NAN] if any(math.isnan(number) for number in numbers) else numbers


def _date(given: list[Value], scene: Scene) -> str:
    """The ISO date of a date, a moment or a number of days; "" for anything else."""
    days = scene.number(given[0])
    if math.isnan(days) or not -700_000 < days < 2_900_000:
        return ""
    return (EPOCH + timedelta(days=math.floor(days))).isoformat()


_FUNCTIONS: Final[Mapping[str, Callable[[list[Value], Scene], Value]]] = {
    "selected": lambda given, _: text(given[1]).strip() in text(given[0]).split(),
    "count-selected": lambda given, _: float(len(text(given[0]).split())),
    "not": lambda given, _: not truth(given[0]),
    "concat": lambda given, _: "".join(map(text, given)),
    "string-length": lambda given, _: float(len(text(given[0]))),
    "substr": _substr,
    "contains": lambda given, _: text(given[1]) in text(given[0]),
    "starts-with": lambda given, _: text(given[0]).startswith(text(given[1])),
    "regex": _regex,
    "number": lambda given, scene: scene.number(given[0]),
    "string": lambda given, _: text(given[0]),
    "int": _whole,
    "round": _rounded,
    "min": lambda given, scene: min(_numbers(given, scene)),
    "max": lambda given, scene: max(_numbers(given, scene)),
    "sum": lambda given, scene: sum(_numbers(given, scene)),
    "today": lambda _, scene: scene.local().date().isoformat(),
    "now": lambda _, scene: scene.local().isoformat(timespec="seconds"),
    "date": _date,
    "true": lambda _given, _scene: True,
    "false": lambda _given, _scene: False,
}


_KINDS: Final[Mapping[str, Callable[[Tree, Scene], Value]]] = {
    "num": lambda tree, _: float(tree[1]),
    "text": lambda tree, _: str(tree[1]),
    "ref": lambda tree, scene: scene.values.get(tree[1], ""),
    "dot": lambda _, scene: scene.own,
    "col": lambda tree, scene: scene.row.get(tree[1], ""),
    "neg": _negated,
    "or": _either,
    "and": _all,
    "chain": _chained,
    "call": _called,
}
