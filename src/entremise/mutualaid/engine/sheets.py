"""Spreadsheets as they come: which kind of file, which letters, which separator, where the headings are.

Plain Python. A table that comes out is text only: `clients.read_workbook` has turned cells into text before.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from entremise.mutualaid.engine import columns

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100
MOST_UNPACKED = 300 * 1024 * 1024  # bytes; declared by the archive, and the reader's process has its own limits
SEPARATORS = ";,\t|"
LOOKED_AT = 60  # rows

SENTENCES = {
    "empty": "Ce fichier est vide. Ouvrez-le dans votre tableur, vérifiez qu’il contient des lignes, puis "
    "enregistrez-le et envoyez-le à nouveau.",
    "too_heavy": "Ce fichier dépasse 10 Mo. Retirez les images et les feuilles inutiles, ou coupez-le en plusieurs "
    "fichiers.",
    "too_long": "Ce fichier a plus de 20 000 lignes. Coupez-le en plusieurs fichiers et envoyez-les l’un après "
    "l’autre.",
    "too_wide": "Ce fichier a plus de 100 colonnes remplies. Gardez celles qui servent : nom, téléphone, commune, "
    "aide, moments.",
    "too_big": "Ce fichier est trop volumineux une fois ouvert. Copiez les lignes utiles dans un nouveau classeur, "
    "puis envoyez celui-ci.",
    "password": "Ce fichier est protégé par un mot de passe. Ouvrez-le, retirez le mot de passe (Fichier, "
    "Informations, Protéger), puis enregistrez-le et envoyez-le à nouveau.",
    "broken": "Ce fichier est abîmé : il ne s’ouvre pas. Ouvrez-le dans votre tableur, enregistrez-le au format "
    ".xlsx ou .csv, puis envoyez-le à nouveau.",
    "wrong_type": "Ce fichier n’est pas un tableur. Envoyez un fichier .xlsx, .xls, .ods ou .csv.",
    "no_sheet": "Ce classeur ne contient aucune feuille de calcul. Copiez les lignes dans une feuille, puis "
    "envoyez-le à nouveau.",
    "quotes": "Un guillemet n’est pas refermé dans ce fichier. Ouvrez-le dans votre tableur, enregistrez-le "
    "au format .xlsx, puis envoyez-le à nouveau.",
    "no_row": "Ce fichier n’a que des titres de colonnes. Ajoutez au moins une ligne, puis envoyez-le à nouveau.",
}  # fmt: skip

_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF", b"BM", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x7fELF",
    b"MZ", b"{\\rtf", b"<!doctype", b"<html", b"<!DOCTYPE",
)  # fmt: skip


class Unreadable(ValueError):
    """`code` of SENTENCES; never quotes the file."""

    def __init__(self, code: str) -> None:
        self.code = code if code in SENTENCES else "broken"
        super().__init__(SENTENCES[self.code])


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; a row keeps its number in the file (1 for the first) so that people find it again."""

    headings: list[str]
    rows: list[tuple[int, list[str]]]
    headed: bool


def kind_of(data: bytes) -> str:
    """`workbook` or `text`; Unreadable for what is neither, whatever its name says."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("empty")
    if len(data) > MOST_BYTES:
        raise Unreadable("too_heavy")
    if data.startswith(_CFB):
        if "EncryptedPackage".encode("utf-16-le") in data or "EncryptionInfo".encode("utf-16-le") in data:
            raise Unreadable("password")
        return "workbook"
    if data.startswith(b"PK"):
        _check_archive(data)
        return "workbook"
    if data.lstrip().startswith(_OTHER):
        raise Unreadable("wrong_type")
    return "text"


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("broken") from None
    names = {member.filename for member in members}
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise Unreadable("wrong_type")
    if len(members) > 5_000 or sum(member.file_size for member in members) > MOST_UNPACKED:
        raise Unreadable("too_big")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("password")


# --- letters -----------------------------------------------------------------------------------------------------

_FRENCH = frozenset("éèêëàâäîïôöùûüçœæÿÉÈÊËÀÂÄÎÏÔÖÙÛÜÇŒÆñáíóúãõš€’‘“”«»–—…°·\u00a0\u202f\ufeff")


def decode(data: bytes) -> str:
    """The text of a file in any encoding a French office meets.

    UTF-8 and UTF-16 prove themselves; cp1252, Latin-9 and Mac Roman are told apart by which of them makes French.
    Raises Unreadable for bytes that are no text.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(name)
            except UnicodeDecodeError:
                raise Unreadable("broken") from None
    if b"\x00" in data:
        for name, zeros in (("utf-16-le", data[1:200:2]), ("utf-16-be", data[0:200:2])):
            if zeros.count(0) > len(zeros) // 2:
                try:
                    return data.decode(name)
                except UnicodeDecodeError:
                    break
        raise Unreadable("wrong_type")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        texts = [_decoded(data, name) for name in ("cp1252", "iso8859-15", "mac-roman")]
        text = max((text for text in texts if text is not None), key=_french)
    if sum(1 for sign in text[:4000] if sign < " " and sign not in "\t\r\n\x0b\x0c") > len(text[:4000]) // 50:
        raise Unreadable("wrong_type")
    return text


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _french(text: str) -> int:
    score = 0
    before = " "
    for sign in text:
        if sign > "\x7f":
            if "\x80" <= sign < "\xa0":
                score -= 10
            elif sign in _FRENCH:
                score += 2 - (3 if sign.isupper() and before.islower() else 0)  # « CafÈ » is no French
            else:
                score -= 3
        before = sign
    return score


# --- text --------------------------------------------------------------------------------------------------------


def grid_of_text(text: str) -> list[list[str]]:
    """The cells of a CSV file: separator found by itself, quoted newlines kept. Raises Unreadable."""
    text = text.replace("\x00", "").lstrip("\ufeff")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # a line that Excel writes and reads
        return _records(rest, first.strip()[4], MOST_ROWS + 30)
    return _records(text, separator_of(text), MOST_ROWS + 30)


def separator_of(text: str) -> str:
    """The sign that cuts the first lines into the most regular columns; « ; » when nothing cuts."""
    best, found = (0.0, 0), ";"
    for sign in SEPARATORS:
        try:
            rows = [row for row in _records(text, sign, LOOKED_AT) if any(row)]
        except Unreadable:
            continue
        widths = Counter(len(row) for row in rows)
        if not widths:
            continue
        # A title line or a ragged end must not hide the columns of the others: weigh each width by its rows.
        width, count = max(widths.items(), key=lambda one: (one[1] * (one[0] - 1), one[0]))
        share = round(count / len(rows), 2)
        if width > 1 and (share, width) > best:
            best, found = (share, width), sign
    return found


def _records(text: str, separator: str, most: int) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) >= most:
                break
    except csv.Error:
        raise Unreadable("quotes") from None
    return rows


# --- table -------------------------------------------------------------------------------------------------------


def table_of(grid: Sequence[Sequence[str]]) -> Table:
    """Headings (found under a title, or made up when there are none) and the rows that hold something.

    Raises Unreadable: nothing to read, too many rows or columns.
    """
    cells = [(number, [_tidy(cell) for cell in row]) for number, row in enumerate(grid, start=1)]
    filled = [(number, row) for number, row in cells if any(row)]
    if not filled:
        raise Unreadable("empty")
    width = max(_width(row) for _, row in filled)
    if width > MOST_COLUMNS:
        raise Unreadable("too_wide")
    filled = [(number, [*row[:width], *[""] * (width - len(row))]) for number, row in filled]
    place = _heading_place([row for _, row in filled[:10]])
    if place is None:
        headings, rows = [""] * width, filled
    else:
        headings, rows = filled[place][1], filled[place + 1 :]
    if not rows:
        raise Unreadable("no_row")
    if len(rows) > MOST_ROWS:
        raise Unreadable("too_long")
    return Table([name or f"Colonne {letters(rank)}" for rank, name in enumerate(headings)], rows, place is not None)


def _heading_place(rows: Sequence[Sequence[str]]) -> int | None:
    """The rank of the row of headings: the one whose words we know best; else the first wide row without values."""
    scores = [sum(1 for cell in row if columns.guess_heading(cell)) for row in rows]
    best = max(range(len(rows)), key=lambda rank: (scores[rank], -rank))
    if scores[best] >= 2 or (scores[best] == 1 and best == 0):
        return best
    widest = max(sum(map(bool, row)) for row in rows)
    for rank, row in enumerate(rows):
        if sum(map(bool, row)) >= max(2, widest // 2):
            return None if any(columns.looks_like(cell) for cell in row if cell) else rank
    return None if any(columns.looks_like(cell) for cell in rows[0] if cell) else 0


def _tidy(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").strip(" \t\n\u00a0\u202f")


def _width(row: Sequence[str]) -> int:
    return max((rank + 1 for rank, cell in enumerate(row) if cell), default=0)


def letters(rank: int) -> str:
    """The name of a column: A, B… Z, AA for ranks 0, 1… 25, 26."""
    name = ""
    rank += 1
    while rank:
        rank, rest = divmod(rank - 1, 26)
        name = chr(65 + rest) + name
    return name
