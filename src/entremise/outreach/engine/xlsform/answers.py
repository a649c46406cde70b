"""One answer as it was typed, brought to the form that is kept; and the sentence when it cannot be. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, time
from typing import Final

from entremise.outreach.engine.xlsform.model import Item, Model

MOST_LETTERS: Final = 2_000
TICKED: Final = "OK"
PREFIX: Final = "q-"
SHOWN: Final = "shown"
"""Name of the input that lists the questions the page showed, so that an emptied answer is told from a hidden one."""

_WHOLE = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,12}(?:[.,]\d{0,9})?|[.,]\d{1,9})", re.ASCII)
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2})\s*[h:H]\s*(\d{2})?(?::(\d\d)(?:\.\d+)?)?", re.ASCII)

SENTENCES: Final[Mapping[str, str]] = {
    "integer": "Écrivez un nombre entier, par exemple 3.",
    "decimal": "Écrivez un nombre, par exemple 37,5.",
    "date": "Écrivez une date qui existe, par exemple 14/07/2026.",
    "time": "Écrivez une heure, par exemple 14:30.",
    "dateTime": "Écrivez une date et une heure, par exemple 14/07/2026 14:30.",
    "select_one": "Choisissez une des réponses proposées.",
    "select_multiple": "Choisissez parmi les réponses proposées.",
    "acknowledge": "Cochez la case ou laissez-la vide.",
    "text": f"Raccourcissez ce texte : {MOST_LETTERS} signes au plus.",
}


class Invalid(ValueError):
    """The sentence to show beside the question."""


def understood(item: Item, typed: str, offered: Collection[str] = ()) -> str:
    """The answer as it is kept: ISO dates, decimals with a point, choices in the order of their list.

    `offered`: names of the choices that are proposed now. Raises Invalid.
    """
    said = typed.replace("\x00", "").strip()
    if not said:
        return ""
    try:
        return _READERS[item.type](item, said, offered)
    except (ValueError, KeyError):
        if item.type == "range":
            start, end, _ = item.bounds
            raise Invalid(f"Écrivez un nombre de {start:g} à {end:g}.") from None
        raise Invalid(SENTENCES.get(item.type, SENTENCES["text"])) from None


def _text(_item: Item, said: str, _offered: Collection[str]) -> str:
    if len(said) > MOST_LETTERS:
        raise ValueError
    return said


def _whole(_item: Item, said: str, _offered: Collection[str]) -> str:
    said = re.sub(r"[\s\u00a0\u202f]", "", said)
    if not _WHOLE.fullmatch(said):
        raise ValueError
    return str(int(said))


def _decimal(_item: Item, said: str, _offered: Collection[str]) -> str:
    said = re.sub(r"[\s\u00a0\u202f]", "", said)
    if not _DECIMAL.fullmatch(said):
        raise ValueError
    whole, _, part = said.replace(",", ".").lstrip("+").partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    kept = f"{whole}.{part}" if part else whole
    return kept if kept == "0" else sign + kept


def _range(item: Item, said: str, offered: Collection[str]) -> str:
    kept = _decimal(item, said, offered)
    start, end, step = item.bounds
    if not min(start, end) <= float(kept) <= max(start, end):
        raise ValueError
    if step:
        steps = (float(kept) - start) / step
        if abs(steps - round(steps)) > 1e-6:
            raise ValueError
    return kept


def _date(_item: Item, said: str, _offered: Collection[str]) -> str:
    if found := _DAY.fullmatch(said):
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", said, re.ASCII):
        raise ValueError
    return date.fromisoformat(said).isoformat()


def _time(_item: Item, said: str, _offered: Collection[str]) -> str:
    found = _HOUR.fullmatch(said)
    if not found:
        raise ValueError
    return time(int(found[1]), int(found[2] or 0), int(found[3] or 0)).isoformat(timespec="minutes")


def _moment(item: Item, said: str, offered: Collection[str]) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", said, re.ASCII):
        return datetime.fromisoformat(said).isoformat(timespec="minutes")
    day, _, hour = said.replace("T", " ").replace(" à ", " ").partition(" ")
    return f"{_date(item, day, offered)}T{_time(item, hour.strip(), offered)}"


def _one(_item: Item, said: str, offered: Collection[str]) -> str:
    if said not in offered:
        raise ValueError
    return said


def _several(_item: Item, said: str, offered: Collection[str]) -> str:
    named = set(said.split())
    if not named <= set(offered):
        raise ValueError
    return " ".join(name for name in offered if name in named)


def _ticked(_item: Item, said: str, _offered: Collection[str]) -> str:
    if said.lower() not in {"ok", "on", "oui", "yes", "1", "true"}:
        raise ValueError
    return TICKED


_READERS: Final[Mapping[str, Callable[[Item, str, Collection[str]], str]]] = {
    "text": _text, "integer": _whole, "decimal": _decimal, "range": _range, "date": _date, "time": _time,
    "dateTime": _moment, "select_one": _one, "select_multiple": _several, "acknowledge": _ticked,
}  # fmt: skip


def posted(model: Model, sent: Callable[[str], Iterable[str]]) -> dict[str, str]:
    """The answers of a form: `sent` gives the values of one input (`request.POST.getlist`).

    Inputs are `q-<name>`; `shown` lists what the page showed: without value, those were emptied on purpose, the
    others were never answered and keep their default.
    """
    shown = {name for line in sent(SHOWN) for name in str(line).split()}
    found = {}
    for item in model.questions:
        values = [str(value) for value in sent(PREFIX + item.name)]
        if item.type == "select_multiple":
            values = [" ".join(values)] if values else []
        if values:
            found[item.name] = values[-1]
        elif item.name in shown:
            found[item.name] = ""
    return found
