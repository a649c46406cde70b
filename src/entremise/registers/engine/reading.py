"""Reading doubtful pairs: in which order, when an answer decides, what two columns show. Values pass, none is kept.

Nothing here says which answer is right: a suggested answer, or a weight, would anchor the reader.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Literal

from entremise.people.engine.phone import readable
from entremise.registers.engine.cells import address_in, names_in
from entremise.registers.engine.explain import Step
from entremise.registers.engine.fields import address, birth_date, phones
from entremise.registers.engine.names import surnames, upper

FIRST, KNOWN_PERSONS, GIVEN, NEAR, FAR, FARTHER, HELD = range(7)
"""Ranks of the queue: what blocks a campaign or a separation that was asked, then the order of reference § 12."""
ENOUGH = 3
"""Answers to one pair after which it is no longer asked, when they do not decide (PD)."""
ONE_IN = 10
"""Of the pairs drawn for control, how many are given to two readers: one in ten (reference § 6.3)."""
MIX = 4
"""One pair in so many that a reader is given is a control pair, while there are some (PD)."""

Deed = Literal["accept", "refuse", "doubt", "pass_on", "wait"]


def rank_of(guards: Collection[str], refusal: str = "", distance: float = 0.0) -> int:
    """Where a pair stands in the queue; `distance` of its weight to the automatic threshold, in log₂."""
    if refusal in ("two_known_persons", "contradictory_decisions"):
        return KNOWN_PERSONS
    if refusal:
        return HELD
    if not guards:
        return NEAR if distance < 3 else FAR if distance < 6 else FARTHER
    return GIVEN if set(guards) <= {"given_differs", "given_missing"} else HELD


def twice(left: object, right: object) -> bool:
    """Whether this pair, once drawn for control, is given to two readers: always the same, and nobody can guess it."""
    return int(hashlib.sha256(f"{left}|{right}".encode()).hexdigest()[:8], 16) % ONE_IN == 0


def settle(answers: Sequence[str], two: Callable[[str], bool]) -> Deed:
    """What these answers of distinct readers do. `two(answer)`: does this answer need a second reader?

    `pass_on`: another reader is needed; `wait`: nobody has said anything yet but « je ne sais pas ».
    """
    same, different = answers.count("same"), answers.count("different")
    if same >= 1 + two("same") and same > different:
        return "accept"
    if different >= 1 + two("different") and different > same:
        return "refuse"
    if len(answers) >= ENOUGH:
        return "doubt"
    return "pass_on" if same or different else "wait"


# the two columns


State = Literal["raw", "same", "partly", "different", "missing"]
"""`raw`: only shown, compared below."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prepared value; `marked` when the other side does not have it."""

    text: str
    marked: bool = False

    @property
    def breakable(self) -> str:
        """A date is cut after a stroke on a narrow screen, never inside its year."""
        return self.text.replace("/", "/\u200b")


@dataclass(frozen=True, slots=True)
class Side:
    """`raw`: as written in the register; `pieces`: as compared, empty when nothing could be compared."""

    raw: str
    pieces: tuple[Piece, ...] = ()

    @property
    def prepared(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    left: Side
    right: Side
    state: State

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.left, self.right


@dataclass(frozen=True, slots=True)
class Value:
    """`raw`: as written; `shown`: as prepared; `keys`: what is compared, empty when it cannot be."""

    raw: str
    shown: str
    keys: tuple[str, ...]


def compare(left: Mapping[str, str], right: Mapping[str, str], *, today: date) -> list[Row]:
    """Line by line, what two records say. Keys: codes of fields without their register (`names`, `phone`, `phone~`…);
    a field that is in neither gives no line."""
    ours, theirs = values_of(left, today), values_of(right, today)
    nothing = Value("", "", ())
    rows = []
    received = "names~" in left or "names~" in right
    for label in LINES if received else LINES[1:]:
        one, other = ours.get(label, nothing), theirs.get(label, nothing)
        if one.raw or other.raw:
            rows.append(_row(label, one, other))
    return rows


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
AS_RECEIVED = "Nom reçu"
LINES = (AS_RECEIVED, "Prénom", "Nom", "Naissance", "Téléphone", "Courriel", "Adresse", "Commune")


def _row(label: str, one: Value, other: Value) -> Row:
    if label == AS_RECEIVED:
        return Row(label, Side(one.raw), Side(other.raw), "raw")
    if not one.keys or not other.keys:
        return Row(label, Side(one.raw, _whole(one.shown)), Side(other.raw, _whole(other.shown)), "missing")
    if set(one.keys) == set(other.keys):
        return Row(label, Side(one.raw, _whole(one.shown)), Side(other.raw, _whole(other.shown)), "same")
    state: State = "different" if set(one.keys).isdisjoint(other.keys) else "partly"
    a, b = marked(one.shown, other.shown)
    return Row(label, Side(one.raw, a), Side(other.raw, b), state)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text),) if text else ()


def marked(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts, cut where they differ. Texts that have little in common are marked whole: crumbs would not help."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < 0.5:
        return (Piece(one, True),), (Piece(other, True),)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        for pieces, text in ((left, one[a:b]), (right, other[c:d])):
            if text:
                pieces.append(Piece(text, tag != "equal"))
    return tuple(left), tuple(right)


def values_of(cells: Mapping[str, str], today: date) -> dict[str, Value]:
    """What one record says, line by line, under the labels of `LINES`."""

    def raw(code: str) -> str:
        return cells.get(f"{code}~") or _said(cells.get(code, ""))

    def cell(code: str) -> str:
        return cells.get(code) or cells.get(f"{code}~", "")

    named = _named(cells)
    family, _ = surnames(named["last_name"])
    given = upper(named["first_name"])
    born = birth_date(cell("birth_date"), today=today)
    numbers = phones(cell("phone"))[0]
    where = address_in(cell("address"))
    street = address(where.get("address"))
    door = " ".join(filter(None, (street.number, street.street)))
    town = upper(where.get("town", ""))
    postcode = where.get("postcode", "")
    mail = cell("email").strip().casefold()
    day = f"{born.dob[6:]}/{born.dob[4:6]}/{born.dob[:4]}" if born.dob else born.year or ""
    return {
        AS_RECEIVED: Value(raw("names"), "", ()),
        "Prénom": Value(named["first_name"], given, (given,) if given else ()),
        "Nom": Value(named["last_name"], ", ".join(family), tuple(family)),
        "Naissance": Value(raw("birth_date"), day, (day,) if day else ()),
        "Téléphone": Value(raw("phone"), ", ".join(map(_readable, numbers)), numbers),
        "Courriel": Value(raw("email"), mail, (mail,) if mail else ()),
        "Adresse": Value(address_in(raw("address")).get("address", ""), door, (door,) if door else ()),
        "Commune": Value(
            " ".join(filter(None, (postcode, where.get("town", "")))),
            " ".join(filter(None, (postcode, town))),
            tuple(filter(None, (postcode, town))),
        ),
    }


def _named(cells: Mapping[str, str]) -> dict[str, str]:
    """First and last names, whether a register keeps them in one item or in two."""
    found = names_in(cells.get("names", ""))
    for code in ("first_name", "last_name"):
        if text := cells.get(code):
            found[code] = text
    return {"first_name": found.get("first_name", ""), "last_name": found.get("last_name", "")}


def _readable(number: str) -> str:
    try:
        return readable(number)
    except ValueError:
        return number


def _said(text: str) -> str:
    """A number or a date that was stored cleaned, as people say it; what a file wrote is shown as it wrote it."""
    if text.startswith("+") and text[1:].isdigit():
        return _readable(text)
    return f"{text[8:]}/{text[5:7]}/{text[:4]}" if _ISO.fullmatch(text) else text


def in_short(cells: Mapping[str, str], *, today: date) -> str:
    """`Jeannine LE GOFF née DUPONT, 12/03/1938`: one line for the other records that a reunion would join."""
    named = _named(cells)
    born = birth_date(cells.get("birth_date") or "", today=today)
    name = f"{named['first_name']} {named['last_name']}".strip()
    day = f"{born.dob[6:]}/{born.dob[4:6]}/{born.dob[:4]}" if born.dob else born.year
    return ", ".join(filter(None, (name, day)))


# the waterfall, shown once the answer is given


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in units of a drawing 320 wide: `y` of its text, `x` and `width` of the bar under it."""

    label: str
    weight: float
    effect: str
    x: float
    width: float
    y: int
    kind: Literal["more", "less", "total"]

    @property
    def said(self) -> str:
        """`+12,3`: with its sign, as French figures are written."""
        return f"{self.weight:+.1f}".replace(".", ",").replace("-", "−")

    @property
    def bar_y(self) -> int:
        return self.y + 5


WIDE, STEP = 320, 38


def bars(steps: Iterable[Step]) -> tuple[list[Bar], float, int]:
    """(bars from the prior to the total, x of the weight zero, height of the drawing)."""
    every = list(steps)
    ends = [0.0, *(end for step in every for end in (step.start, step.end))]
    low, high = min(ends), max(ends)
    unit = WIDE / ((high - low) or 1.0)
    found = []
    for n, step in enumerate(every):
        left, right = sorted((step.start, step.end))
        total = n == len(every) - 1
        found.append(
            Bar(
                _label(step.label),
                step.weight,
                effect(step.weight) if not total else "total",
                round((left - low) * unit, 1),
                max(1.0, round((right - left) * unit, 1)),
                14 + n * STEP,
                "total" if total else "more" if step.weight >= 0 else "less",
            )
        )
    return found, round(-low * unit, 1), STEP * len(every)


def _label(text: str) -> str:
    """The words alone: « date de naissance : même date de naissance » says it twice."""
    return text.partition("\u00a0: ")[2] or text


def effect(weight: float) -> str:
    """What a weight does, in words."""
    if abs(weight) < 1:
        return "ne dit presque rien"
    strongly = " fortement" if abs(weight) >= 6 else ""
    return ("rapproche" if weight > 0 else "sépare") + strongly
