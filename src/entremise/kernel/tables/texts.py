"""Which kind of file these bytes are, in which letters, cut by which sign. Plain Python; nothing touches the disk."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

from entremise.kernel.tables.limits import Limits, Unreadable

SEPARATORS = ";,\t|"
LOOKED_AT = 60  # rows
_SCORED = 1_000_000  # bytes

_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF", b"BM", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x7fELF",
    b"MZ", b"{\\rtf", b"<!doctype", b"<html", b"<!DOCTYPE",
)  # fmt: skip


def kind_of(data: bytes, limits: Limits) -> str:
    """`workbook` or `text`; Unreadable for what is neither, whatever its name says."""
    if not data[:10_000].strip(b"\x00 \t\r\n\xef\xbb\xbf") and not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("empty", limits)
    if len(data) > limits.bytes:
        raise Unreadable("too_heavy", limits)
    if data.startswith(_CFB):
        if "EncryptedPackage".encode("utf-16-le") in data or "EncryptionInfo".encode("utf-16-le") in data:
            raise Unreadable("password", limits)
        return "workbook"
    if data.startswith(b"PK"):
        _check_archive(data, limits)
        return "workbook"
    if data[:10_000].lstrip().startswith(_OTHER):
        raise Unreadable("wrong_type", limits)
    return "text"


def _check_archive(data: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("broken", limits) from None
    names = {member.filename for member in members}
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise Unreadable("wrong_type", limits)
    if len(members) > 5_000 or sum(member.file_size for member in members) > limits.unpacked:
        raise Unreadable("too_big", limits)
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("password", limits)


# --- letters -----------------------------------------------------------------------------------------------------

_FRENCH = frozenset("éèêëàâäîïôöùûüçœæÿÉÈÊËÀÂÄÎÏÔÖÙÛÜÇŒÆñáíóúãõš€’‘“”«»–—…°·\u00a0\u202f\ufeff")


def decode(data: bytes, limits: Limits) -> str:
    """The text of a file in any encoding a French office meets.

    UTF-8 and UTF-16 prove themselves; cp1252, Latin-9 and Mac Roman are told apart by which of them makes French.
    Raises Unreadable for bytes that are no text.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(name)
            except UnicodeDecodeError:
                raise Unreadable("broken", limits) from None
    if b"\x00" in data:
        for name, zeros in (("utf-16-le", data[1:200:2]), ("utf-16-be", data[0:200:2])):
            if zeros.count(0) > len(zeros) // 2:
                try:
                    return data.decode(name)
                except UnicodeDecodeError:
                    break
        raise Unreadable("wrong_type", limits)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _old_letters(data)
    if sum(1 for sign in text[:4000] if sign < " " and sign not in "\t\r\n\x0b\x0c") > len(text[:4000]) // 50:
        raise Unreadable("wrong_type", limits)
    return text


def _old_letters(data: bytes) -> str:
    """Of the encodings of before, the one that makes French; a long file is judged by its lines with accents."""
    scored = data
    if len(data) > _SCORED:
        scored = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SCORED]
    names = ("cp1252", "iso8859-15", "mac-roman")
    ranked = sorted(names, key=lambda name: -_french(scored.decode(name, "replace")))
    for name in ranked:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("iso8859-15")  # pragma: no cover: it has a sign for every byte


def _french(text: str) -> int:
    score = 0
    before = " "
    for sign in text:
        if sign > "\x7f":
            if sign == "\ufffd":
                score -= 1000  # this encoding has no such byte
            elif "\x80" <= sign < "\xa0":
                score -= 10
            elif sign in _FRENCH:
                score += 2 - (3 if sign.isupper() and before.islower() else 0)  # « CafÈ » is no French
            else:
                score -= 3
        before = sign
    return score


# --- cells -------------------------------------------------------------------------------------------------------

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def cut(text: str, limits: Limits) -> Iterator[list[str]]:
    """The rows of a CSV file one by one: separator found by itself, quoted newlines kept. Raises Unreadable."""
    text = text.replace("\x00", "").lstrip("\ufeff")
    first, _, rest = text[:200].partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # a line that Excel writes and reads
        return _records(text[len(text[:200]) - len(rest) :], first.strip()[4], limits)
    return _records(text, separator_of(text, limits), limits)


def separator_of(text: str, limits: Limits) -> str:
    """The sign that cuts the first lines into the most regular columns; « ; » when nothing cuts."""
    best, found = (0.0, 0), ";"
    for sign in SEPARATORS:
        try:
            rows = [row for _, row in zip(range(LOOKED_AT), _records(text, sign, limits), strict=False) if any(row)]
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


def _records(text: str, separator: str, limits: Limits) -> Iterator[list[str]]:
    try:
        yield from csv.reader((line[0] for line in _LINE.finditer(text)), delimiter=separator)
    except csv.Error:
        raise Unreadable("quotes", limits) from None
