"""Spreadsheets of fiction: tables in every format people send, and the accidents that happen to files."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import openpyxl

HEADINGS = ["Nom et prénom", "Tél", "Ville", "Type d'aide"]


def xlsx(rows: Sequence[Sequence[object]], *more: tuple[str, Sequence[Sequence[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Feuille 1"
    for row in rows:
        book.active.append(list(row))
    for title, others in more:
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(rows: Sequence[Sequence[object]], encoding: str = "utf-8", separator: str = ";") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def ods(rows: Sequence[Sequence[object]]) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Feuille">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return archive({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def archive(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()


def far_corner() -> bytes:
    """A valid workbook with one value in the last cell a sheet can have: dense, it would take 17 thousand million."""
    book = openpyxl.Workbook()
    book.active["A1"] = "Nom"
    book.active["XFD1048576"] = "loin"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zip_bomb() -> bytes:
    return archive({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": b"0" * (400 * 1024 * 1024)})


def persons(number: int, start: int = 0) -> list[list[object]]:
    """Rows under HEADINGS, all different, phones of fiction."""
    return [
        [f"Odette{n} Fiction{n}", f"06 39 98 {n // 100:02d} {n % 100:02d}", "Grenoble", "Courses"]
        for n in range(start, start + number)
    ]
