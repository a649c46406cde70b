"""Files of the directory made for a test: the Excel template, with what people do to it."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

STRUCTURE = {"source": "essai", "id": "essai--s1", "nom": "Maison d’essai", "date_maj": "2026-05-02"}
SERVICE = {
    "source": "essai", "structure_id": "essai--s1", "id": "essai--1", "nom": "Portage de repas",
    "description": "Des repas portés à domicile, du lundi au vendredi.", "date_maj": "2026-05-02",
    "thematiques": "equipement-et-alimentation--alimentation", "publics": "seniors", "zone_eligibilite": "38185",
    "code_insee": "38185", "commune": "Grenoble", "telephone": "04 65 71 10 01", "modes_accueil": "en-presentiel",
    "horaires_accueil": "Mo-Fr 09:00-12:00; PH off",
}  # fmt: skip


def book(structures: list[dict[str, Any]], services: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, rows in (("Structures", structures), ("Services", services)):
        sheet = made.add_worksheet(name)
        head = list(dict.fromkeys(key for row in rows for key in row)) or ["source", "id", "nom", "date_maj"]
        sheet.write_row(0, 0, head)
        for number, row in enumerate(rows, start=1):
            for place, key in enumerate(head):
                if key in row:
                    sheet.write(number, place, row[key])
    made.close()
    return out.getvalue()
