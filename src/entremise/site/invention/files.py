"""Three messy files of an invented département on real communes: what a town, a département, a transport office send.

Written anew at each demonstration by a seeded generator (`site.invention`): the same bytes each time. Nobody in them
exists, but for the communes of the Isère; telephones are of the ranges no operator gives out. Error rates:
`site/invention/rates.toml`. `scripts/build_demo_registers.py` writes them into a folder, with the truth beside.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib import resources
from typing import Final
from xml.sax.saxutils import escape

import xlsxwriter

from entremise.site.invention.errors import Truth
from entremise.site.invention.population import Town
from entremise.site.invention.registers import records

SEED: Final = 2026
SIZES: Final = {"canicule": 1_200, "apa": 4_000, "transport": 6_000}
DEPARTMENT: Final = "38"
TOWNS: Final = 60
"""The largest communes of the département: enough people for homonyms, few enough for a page of counts."""
FIRST_DAY: Final = date(2026, 1, 5)
HEADS: Final = ("63998", "19900", "26191", "35301", "46571", "53649")
"""How the numbers begin that the regulator reserves for fiction."""
NUMBER: Final = re.compile(r"(?:\+33 ?|0|\b)[1-9](?:[ .]?\d\d){4}\b")


@dataclass(frozen=True, slots=True, repr=False)
class MessyFile:
    """`truth`: for each row from 1, the person and household it stands for, the errors written, the trap met."""

    name: str
    content: bytes
    truth: tuple[Truth, ...]

    def __repr__(self) -> str:
        return f"<MessyFile {self.name} {len(self.truth)} rows>"


def towns() -> list[Town]:
    packed = resources.files("entremise.territories").joinpath("data/territories.csv.gz").read_bytes()
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    found = [
        Town(row["code"], row["name"], tuple(row["postcodes"].split()), int(row["population"] or 0))
        for row in rows
        if row["kind"] == "commune" and row["code"].startswith(DEPARTMENT) and row["postcodes"]
    ]
    return sorted(found, key=lambda town: (-town.population, town.code))[:TOWNS]


def drawn() -> dict[str, list[tuple[dict[str, str], Truth]]]:
    """The rows of each register, in the order a household enters them, until each file is full."""
    rows: dict[str, list[tuple[dict[str, str], Truth]]] = {code: [] for code in SIZES}
    for cells, truth in records(SEED, 1 << 60, towns(), fiction=True):
        code = str(cells["register"])
        if code in rows and len(rows[code]) < SIZES[code]:
            said = {name: str(text) for name, text in cells.items()}
            rows[code].append((said | {"phone": NUMBER.sub(_fiction, said["phone"])}, truth))
            if all(len(found) == SIZES[one] for one, found in rows.items()):
                break
    return rows


def _fiction(found: re.Match[str]) -> str:
    """An error may turn a number of fiction into somebody's: its head is put back, its last digit stays wrong."""
    digits = re.sub(r"\D", "", found[0].replace("+33", "0")).lstrip("0")
    if digits.startswith(HEADS):
        return found[0]
    if digits == "123456789":
        return "0000000000"
    head = "63998" if digits[0] in "67" else "46571"
    return f"0{head}{digits[-4:-1]}{(int(digits[-1]) + 1) % 10}"


def messy_files() -> dict[str, MessyFile]:
    """Register code → its file. About two seconds."""
    rows = drawn()
    makers = {"canicule": _workbook, "apa": _text, "transport": _office}
    names = {"canicule": "registre-canicule.xlsx", "apa": "extraction-apa.csv", "transport": "abonnes-transport.ods"}
    return {
        code: MessyFile(names[code], make([cells for cells, _ in rows[code]]), tuple(true for _, true in rows[code]))
        for code, make in makers.items()
    }


def _chance(code: str) -> random.Random:
    return random.Random(f"demo {SEED} {code}")  # noqa: S311 - invention


# The town's workbook: a title above merged cells, a sheet of notes, the nine items under headings of its own.

CAPACITIES: Final = ("65 ans et plus", "PA", "personne âgée", "+ de 65 ans", "personne handicapée", "PH",
                     "adulte handicapé", "inapte au travail")  # fmt: skip
SERVICES: Final = ("ADMR du Songe, 04 65 71 12 00", "SAAD Les Mirages", "SSIAD de l’Exemple 04 65 71 13 00")
CLOSE: Final = ("sa fille", "son fils", "une voisine", "son neveu", "sa sœur")
UNDATED, UNSENT = 40, 60  # rows of the workbook, modulo 150 and 200
GIVEN: Final = ("Odile", "Paul", "Fatima", "Serge", "Lucie", "Ahmed")


def _workbook(rows: Sequence[dict[str, str]]) -> bytes:
    chance, out = _chance("canicule"), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False})
    book.set_properties({"created": datetime.combine(FIRST_DAY, time(9))})
    sheet, notes = book.add_worksheet("Inscrits"), book.add_worksheet("Mode d’emploi")
    notes.write_string(0, 0, "Fichier d’essai : personne ici n’existe.")
    sheet.merge_range(0, 0, 0, 12, "REGISTRE CANICULE – état au 1er juin")
    heads = ("Nom", "Prénom", "Né(e) le", "Téléphone", "Adresse", "CP", "Commune", "Qualité", "Demande du",
             "Personne à prévenir", "Aide à domicile", "Demandeur", "Accusé envoyé le")  # fmt: skip
    for rank, name in enumerate(heads):
        sheet.write_string(2, rank, name)
    for line, row in enumerate(rows, start=3):
        asked = FIRST_DAY + timedelta(days=chance.randrange(140))
        day, sent = asked.strftime("%d/%m/%Y"), (asked + timedelta(days=1 + line % 7)).strftime("%d/%m/%Y")
        if line % 150 == UNDATED:  # somebody forgot to write when
            day = sent = ""
        elif line % 200 == UNSENT:  # nobody wrote back
            sent = ""
        close = (
            f"{chance.choice(GIVEN)} {row['last_name']}, {chance.choice(CLOSE)}, 06 39 98 {chance.randrange(100):02d} "
        )
        said = (
            row["last_name"], row["first_name"], row["birth_date"], row["phone"], row["address"], row["postcode"],
            row["town"], chance.choices(CAPACITIES, (40, 12, 18, 8, 10, 6, 4, 2))[0], day,
            close + f"{chance.randrange(100):02d}" if chance.random() < 0.35 else "",
            chance.choice(SERVICES) if chance.random() < 0.2 else "", "", sent,
        )  # fmt: skip
        for rank, text in enumerate(said):
            if text:
                sheet.write_string(line, rank, text)
    sheet.write_string(len(rows) + 3, 0, "TOTAL")
    sheet.write_string(len(rows) + 3, 1, str(len(rows)))
    book.close()
    return out.getvalue()


# The département's extraction: cp1252, semicolons, capitals, a number of its own.


def _text(rows: Sequence[dict[str, str]]) -> bytes:
    chance, out = _chance("apa"), io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        ("N_DOSSIER", "CIVILITE", "NOM_USAGE", "NOM_NAISSANCE", "PRENOM", "DATE_NAISSANCE", "TEL", "ADRESSE",
         "CODE_POSTAL", "VILLE", "AIDE", "GIR", "VIT_SEUL", "LOGEMENT")
    )  # fmt: skip
    for number, row in enumerate(rows, start=1):
        writer.writerow(
            (f"D38-{number:05d}", row.get("sex", ""), row["last_name"], row.get("birth_name", ""), row["first_name"],
             row["birth_date"], row["phone"], row["address"], row["postcode"], row["town"],
             chance.choices(("APA à domicile", "APA", "PCH", "aide-ménagère"), (60, 25, 5, 10))[0],
             str(chance.choices((1, 2, 3, 4), (4, 18, 26, 52))[0]), chance.choices(("O", "N", ""), (48, 42, 10))[0],
             chance.choices(("maison", "étage sans ascenseur", "étage avec ascenseur", "rez-de-chaussée", ""),
                            (42, 14, 22, 8, 14))[0])
        )  # fmt: skip
    return out.getvalue().encode("cp1252", "replace")


# The transport office's sheet: OpenDocument, dates as numbers of days, a title line, postcodes without their zero.


def _office(rows: Sequence[dict[str, str]]) -> bytes:
    chance = _chance("transport")
    heads = ("N° ABONNE", "NOM", "PRENOM", "DATE NAISS", "VOIE", "CODE POSTAL", "LOCALITE", "PORTABLE", "TARIF")

    def lines() -> Iterator[str]:
        yield _line([("ABONNES TARIF REDUIT – extraction", False)])
        yield _line([(name, False) for name in heads])
        for number, row in enumerate(rows, start=1):
            tariff = chance.choices(("Senior", "Solidaire", "PMR", "Accompagnateur"), (55, 30, 12, 3))[0]
            said = (f"T{700_000 + number}", row["last_name"], row["first_name"], row["birth_date"], row["address"],
                    row["postcode"], row["town"], row["phone"], tariff)  # fmt: skip
            yield _line([(text, place in (3, 5) and text.isdigit()) for place, text in enumerate(said)])

    table = "".join(lines())
    spaces = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"' for short, long in
                      (("office", "office"), ("table", "table"), ("text", "text")))  # fmt: skip
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Abonnés">{table}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        for name, text in (("content.xml", content), ("META-INF/manifest.xml", manifest)):
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _line(cells: Sequence[tuple[str, bool]]) -> str:
    return "<table:table-row>" + "".join(_cell(text, number) for text, number in cells) + "</table:table-row>"


def _cell(text: str, number: bool) -> str:
    if not text:
        return "<table:table-cell/>"
    kind = f'office:value-type="float" office:value="{text}"' if number else 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{escape(text)}</text:p></table:table-cell>"
