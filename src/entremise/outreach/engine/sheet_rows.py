"""The rows of a workbook of calls: columns, and what each cell may say. Plain Python, no database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from entremise.outreach.engine import codes

SHEETS: Final = ("Lisez-moi", "Appels", "Listes")
COLUMNS: Final = {
    "code": 11, "jeton": 7, "nom d’appel": 28, "téléphone": 17, "langue": 12, "créneau": 18, "issue": 34, "date": 12,
    "heure": 8, "rappel le": 18, "besoin 1": 24, "besoin 2": 24, "besoin 3": 24, "urgence": 18, "commentaire": 50,
}  # fmt: skip
"""Heading → width. The first six are written by us."""
LOCKED: Final = ("le code", "le jeton")
FILLED: Final = ("issue", "date", "heure", "rappel le", "besoins", "urgence", "commentaire")
URGENCIES: Final = {"none": "sans urgence", "week": "cette semaine", "today": "aujourd’hui", "immediate": "immédiate"}
EPOCHS: Final = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})(?:\s+(?:à\s*)?(.+))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](.+))?")
_HOUR = re.compile(r"(\d{1,2})\s*(?:[hH:]\s*(\d{2})?)?(?::\d{2}(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One cell that cannot be taken. `row` as the spreadsheet numbers it; `column`: its heading."""

    row: int
    column: str
    code: str
    sentence: str

    @property
    def cell(self) -> str:
        place = list(COLUMNS).index(self.column) if self.column in COLUMNS else 0
        return f"{chr(65 + place)}{self.row}"

    def __str__(self) -> str:
        return f"{SHEETS[1]}!{self.cell} ({self.column}) : {self.sentence}"


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One call as it was filled. `comment` is personal: it goes to the vault and nowhere else."""

    row: int
    code: str
    token: int
    disposition: str
    happened_at: datetime
    next_at: datetime | None = None
    needs: tuple[str, ...] = ()
    urgency: str = "none"
    comment: str = ""

    def __repr__(self) -> str:
        return f"<Row {self.row} {self.code}>"


def read_row(
    row: int,
    cells: Sequence[str],
    *,
    outcomes: Mapping[str, str],
    needs: Mapping[str, str],
    zone: tzinfo,
    now: datetime,
    epoch: int = 1900,
) -> Row | list[Problem] | None:
    """The call of one row, or every problem of it; None when no outcome was filled: not called yet.

    `outcomes`, `needs`: code → label of the lists. `epoch`: the day zero of the workbook.
    """
    said = {name: cells[place].strip() if place < len(cells) else "" for place, name in enumerate(COLUMNS)}
    if not said["issue"] and not any(said[name] for name in list(COLUMNS)[7:]):
        return None
    wrong: list[Problem] = []

    def bad(column: str, code: str, sentence: str) -> None:
        wrong.append(Problem(row, column, code, sentence))

    code = codes.read(said["code"]) or ""
    if not code:
        bad("code", "code_check", "ce code ne tient pas : recopiez celui du fichier d’origine.")
    token = re.fullmatch(r"(\d{1,9})(?:\.0+)?", said["jeton"])
    if token is None:
        bad("jeton", "token_unknown", "ce jeton n’est pas un nombre : recopiez celui du fichier d’origine.")
    disposition = _of(said["issue"], outcomes)
    if not disposition:
        said_it = (
            f"« {said['issue'][:40]} » n’est pas dans la liste" if said["issue"] else "il manque l’issue de l’appel"
        )
        bad("issue", "disposition_unknown", f"{said_it} : choisissez-en une.")
    day, hour = read_day(said["date"], epoch), read_hour(said["heure"])
    happened = datetime.combine(day, hour, zone) if day and hour is not None else None
    if day is None:
        bad("date", "date_unreadable", "écrivez le jour de l’appel, par exemple 06/07/2026.")
    if hour is None:
        bad("heure", "hour_unreadable", "écrivez l’heure de l’appel, par exemple 14:30.")
    if happened and happened > now:
        bad("date", "date_future", "cet appel est à venir : corrigez le jour ou l’heure.")
    back = None
    if said["rappel le"]:
        back = read_moment(said["rappel le"], zone, epoch)
        if back is None:
            bad("rappel le", "date_unreadable", "écrivez le jour et l’heure du rappel : 08/07/2026 10:00.")
    wanted = []
    for column in ("besoin 1", "besoin 2", "besoin 3"):
        if said[column]:
            need = _of(said[column], needs)
            if need:
                wanted.append(need)
            else:
                bad(column, "need_unknown", f"« {said[column][:40]} » n’est pas dans la liste : choisissez-en un.")
    urgency = _of(said["urgence"], URGENCIES) if said["urgence"] else "none"
    if not urgency:
        bad("urgence", "urgency_unknown", f"« {said['urgence'][:40]} » n’est pas dans la liste : choisissez-en une.")
    if len(said["commentaire"]) > 500:
        bad("commentaire", "too_long", "500 signes au plus : des faits, pas de diagnostic.")
    if wrong or happened is None or token is None:
        return wrong
    return Row(
        row, code, int(token[1]), disposition, happened, back, tuple(dict.fromkeys(wanted)), urgency,
        said["commentaire"],
    )  # fmt: skip


def _of(text: str, labels: Mapping[str, str]) -> str:
    """The code of a label, or of itself; whatever the case, the hyphens and the apostrophes."""
    plain = _plain(text)
    return next((code for code, label in labels.items() if plain in (_plain(code), _plain(label))), "")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[-–—_'’]", " ", text).casefold().split())


def read_day(text: str, epoch: int = 1900) -> date | None:
    """A day as people and spreadsheets write it; a two-digit year is of this century."""
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return EPOCHS[epoch] + timedelta(days=int(float(text)))
    if found := _ISO.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif found := _DAY.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    else:
        return None
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def read_hour(text: str) -> time | None:
    """« 14:30 », « 14h30 », « 9h », or the part of a day that a spreadsheet keeps."""
    if re.fullmatch(r"0?[.,]\d+", text):
        minutes = round(float(text.replace(",", ".")) * 24 * 60)
        return time(minutes // 60 % 24, minutes % 60)
    found = _HOUR.fullmatch(text.strip())
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2] or 0))


def read_moment(text: str, zone: tzinfo, epoch: int = 1900) -> datetime | None:
    """A day and an hour in one cell."""
    if re.fullmatch(r"\d{5}\.\d+", text):
        minutes = round(float(text) % 1 * 24 * 60)
        day = read_day(text, epoch)
        return datetime.combine(day, time(minutes // 60 % 24, minutes % 60), zone) if day else None
    found = _ISO.fullmatch(text) or _DAY.fullmatch(text)
    if not found or not found[4]:
        return None
    day, hour = read_day(text, epoch), read_hour(found[4])
    return datetime.combine(day, hour, zone) if day and hour is not None else None
