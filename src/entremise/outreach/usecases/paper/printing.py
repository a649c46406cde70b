"""Sheets of calls on paper, for where there is no screen. One PDF, kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.kernel import pdf
from entremise.kernel.actors import Actor
from entremise.outreach.engine import codes
from entremise.outreach.engine.paper_script import printed
from entremise.outreach.engine.xlsform import Model
from entremise.outreach.models import DISPOSITIONS, CallCampaign, CallSheetBatch, ScriptVersion
from entremise.outreach.usecases.paper.giving import Given, Line, give
from entremise.territories.queries import theme

SOURCE: Final = Path(__file__).parents[2] / "data" / "sheets.typ"
NUMBERS: Final = (
    ("15", "SAMU"), ("18", "pompiers"), ("17", "police"), ("112", "tous"), ("114", "par SMS"), ("3114", "suicide")
)  # fmt: skip
UNPRINTED: Final = frozenset({"aborted"})


@sensitive_variables()
@transaction.atomic
def print_sheets(actor: Actor, *, campaign: CallCampaign, caller: User, count: int, until: datetime) -> Given:
    """Take so many calls for one named caller and set their sheets in one PDF.

    Raises what `giving.give` raises: nothing is taken then.
    """
    return give(actor, campaign=campaign, caller=caller, count=count, until=until, medium="paper", make=_set)


@sensitive_variables()
def _set(batch: CallSheetBatch, lines: Sequence[Line]) -> bytes:
    house, campaign = theme(), batch.campaign
    scripts: dict[tuple[int | None, str], list[dict[str, Any]]] = {}
    for line in lines:
        key = (line.task.script_version_id, line.task.language)
        if key not in scripts:
            scripts[key] = script_of(line.task.script_version, line.task.language)
    data = {
        "title": f"Feuilles d’appel {batch.public_id}",
        "campaign": campaign.label,
        "caller": batch.printed_for.label,
        "due": moment(batch.due_back_at),
        "back": [house.name, *house.postal_address.splitlines(), *([house.phone] if house.phone else [])],
        "duty": campaign.duty_phone,
        "numbers": [
            [number, label]
            for number, label in (*NUMBERS, *((n["number"], n["label"]) for n in campaign.emergency_numbers))
        ],
        "outcomes": [label for code, label in DISPOSITIONS.items() if code not in UNPRINTED],
        "sheets": [
            {
                "code": codes.shown(line.sheet.code),
                "name": line.name,
                "number": spaced(line.number),
                "script": scripts[line.task.script_version_id, line.task.language],
            }
            for line in lines
        ],
    }
    return pdf.render(SOURCE.read_text(encoding="utf-8"), data)


def script_of(version: ScriptVersion | None, lang: str) -> list[dict[str, Any]]:
    """The blocks of a script as the sheet draws them; none where the campaign has no script."""
    if version is None or "items" not in version.model:
        return []
    return [block.as_data() for block in printed(Model.from_json(version.model), lang)]


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "l j F, H:i")


def spaced(number: str) -> str:
    """« 06 39 98 00 01 », as it is read aloud; a foreign number as it is."""
    if number.startswith("+33") and len(number) == 12:
        local = "0" + number[3:]
        return " ".join(local[at : at + 2] for at in range(0, 10, 2))
    return number
