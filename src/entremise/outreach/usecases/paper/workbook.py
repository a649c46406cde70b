"""Calls in a workbook for one named caller: filled without network, read again row by row.

Every cell is text (format « @ »): a telephone that begins with + and a name that begins with = stay what they are, and
nothing ever is a formula. `Appels` is what comes back, `Listes` what may be chosen, `Lisez-moi` how to do.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import xlsxwriter
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.kernel.actors import Actor
from entremise.mutualaid.engine.masks import LANGUAGES
from entremise.outreach.engine import codes
from entremise.outreach.engine.sheet_rows import COLUMNS, FILLED, LOCKED, SHEETS, URGENCIES
from entremise.outreach.models import DISPOSITIONS, CallCampaign, CallSheetBatch
from entremise.outreach.models.campaigns import SLOTS
from entremise.outreach.usecases.paper.giving import Given, Line, give
from entremise.outreach.usecases.paper.printing import UNPRINTED, moment
from entremise.referrals.models import NEEDS

OUTCOMES: Final = {code: label for code, label in DISPOSITIONS.items() if code not in UNPRINTED}
LOOSE: Final = 200
"""Rows the lists reach, so that a row copied lower keeps its list."""
OPTIONS: Final = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False
}  # fmt: skip


@sensitive_variables()
@transaction.atomic
def export_workbook(actor: Actor, *, campaign: CallCampaign, caller: User, count: int, until: datetime) -> Given:
    """Take so many calls for one named caller and write them in a workbook. Raises what `giving.give` raises."""
    return give(actor, campaign=campaign, caller=caller, count=count, until=until, medium="excel", make=_written)


@sensitive_variables()
def _written(batch: CallSheetBatch, lines: Sequence[Line]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    bold, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    free = book.add_format({"num_format": "@", "locked": False, "bg_color": "#F4F6FA"})
    about, calls, lists = (book.add_worksheet(name) for name in SHEETS)
    about.set_column(0, 0, 100)
    for row, said in enumerate(_about(batch, len(lines))):
        about.write_string(row, 0, said, bold if not row else text)
    for place, (name, width) in enumerate(COLUMNS.items()):
        calls.write_string(0, place, name, bold)
        calls.set_column(place, place, width, text)
    for row, line in enumerate(lines, start=1):
        known = [
            codes.shown(line.sheet.code), str(line.sheet.token), line.name, line.number,
            LANGUAGES.get(line.task.language, line.task.language),
            ", ".join(label for bit, label in enumerate(SLOTS.values()) if line.task.slot_mask >> bit & 1),
        ]  # fmt: skip
        for place, value in enumerate(known):
            calls.write_string(row, place, value, text)
        for place in range(len(known), len(COLUMNS)):
            calls.write_blank(row, place, None, free)
    calls.freeze_panes(1, 3)
    calls.protect("", {"format_columns": True})  # what is locked is only kept from a slip of the hand
    choices = {
        "issue": tuple(OUTCOMES.values()),
        "besoin": tuple(NEEDS.values()),
        "urgence": tuple(URGENCIES.values()),
    }
    for place, (name, values) in enumerate(choices.items()):
        lists.write_string(0, place, name, bold)
        for row, value in enumerate(values, start=1):
            lists.write_string(row, place, value, text)
        lists.set_column(place, place, 40)
        letter = "ABC"[place]
        source = f"={SHEETS[2]}!${letter}$2:${letter}${len(values) + 1}"
        for column, heading in enumerate(COLUMNS):
            if heading.startswith(name):
                calls.data_validation(1, column, LOOSE, column, {"validate": "list", "source": source})
    calls.activate()
    book.close()
    return out.getvalue()


def _about(batch: CallSheetBatch, count: int) -> list[str]:
    return [
        f"{batch.campaign.label} : {count} appels pour {batch.printed_for.label}",
        f"À rendre avant {moment(batch.due_back_at)}. Ensuite, ces personnes sont proposées à d’autres.",
        f"Dans la feuille « {SHEETS[1]} », remplissez une ligne par appel : {', '.join(FILLED)}.",
        "L’issue, les besoins et l’urgence se choisissent dans la liste. Une ligne sans issue n’est pas lue.",
        "La date s’écrit 06/07/2026 et l’heure 14:30 ; « rappel le » porte les deux : 08/07/2026 10:00.",
        f"Ne changez pas {' ni '.join(LOCKED)} : ils disent de quel appel il s’agit.",
        "Danger immédiat ? Ne notez rien ici : appelez le 15, le 18 ou le 112, puis la permanence"
        + (f" ({batch.campaign.duty_phone})." if batch.campaign.duty_phone else "."),
        "Ce fichier porte des noms et des numéros : ne l’envoyez à personne, effacez-le après l’avoir rendu.",
    ]


@sensitive_variables()
def refused_workbook(rows: Sequence[tuple[Sequence[str], str]]) -> bytes:
    """The rows that were not taken, as they were sent, with a last column « erreur »."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    bold, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(SHEETS[1])
    for place, name in enumerate([*COLUMNS, "erreur"]):
        sheet.write_string(0, place, name, bold)
        sheet.set_column(place, place, COLUMNS.get(name, 60), text)
    for row, (cells, error) in enumerate(rows, start=1):
        for place, value in enumerate([*cells[: len(COLUMNS)], *[""] * (len(COLUMNS) - len(cells)), error]):
            sheet.write_string(row, place, value, text)
    sheet.freeze_panes(1, 3)
    book.close()
    return out.getvalue()
