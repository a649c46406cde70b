"""The sheet of a home visit: where to go, what to say at the door, what to write. Two people; a card if nobody opens.

A paper list: motive, second proof, 60 lines at most, by the rules (`rule-print`, `floor-print`). It says neither why
the person is called nor from which file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, pdf
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.models import OPEN_STEPS, EscalationStep
from entremise.outreach.queries.care import fields_of
from entremise.people.engine import phone as phones
from entremise.people.usecases.lines import numbers_of
from entremise.registers.engine.cells import names_in
from entremise.territories.queries import theme
from entremise.vault import usecases as vault

PRINTED = declare("outreach.visit.printed", "a imprimé des fiches de visite")
VISIT: Final = "outreach.visit"
MOST: Final = 60
SHOWN: Final = ("name", "phone", "address", "preferences")
SOURCE: Final = Path(__file__).parents[2] / "data" / "visit.typ"


class NobodyToVisit(DomainError):
    code = "nobody_to_visit"


@dataclass(frozen=True, slots=True, repr=False)
class VisitSheets:
    """A PDF to print at once, kept nowhere; how many persons could not be on it."""

    content: bytes
    sheets: int
    left_out: int

    def __repr__(self) -> str:
        return f"<VisitSheets {self.sheets}, {self.left_out} left out>"


@sensitive_variables()
@transaction.atomic
def print_visits(actor: Actor, *, steps: Sequence[EscalationStep]) -> VisitSheets:
    """One sheet per visit still to make. Raises NotAllowed, NobodyToVisit, FreshFactorNeeded, and the refusals of
    `vault.usecases.open_many`."""
    policies.require_supervisor(actor)
    asked = [step.pk for step in steps][:MOST]
    rows = EscalationStep.objects.filter(
        pk__in=asked, kind="visit", state__in=OPEN_STEPS, escalation__closed_at=None
    ).select_related("escalation__task__campaign")
    by_register: dict[str, dict[UUID, EscalationStep]] = {}
    for row in rows.order_by("due_at", "pk"):
        task = row.escalation.task
        by_register.setdefault(task.register, {})[task.person_id] = row
    sheets, out = [], 0
    for register, persons in by_register.items():
        wanted = fields_of(register, SHOWN)
        if not wanted:
            out += len(persons)
            continue
        found = vault.open_many(
            actor, persons=list(persons), fields=[name for name, _, _ in wanted], purpose=VISIT,
            motive=f"Visite à domicile, {len(persons)} personne(s)", listing="print",
        )  # fmt: skip
        for person, step in persons.items():
            values = found[person].values if person in found else {}
            said = {category: values[name] for name, category, _ in reversed(wanted) if values.get(name)}
            if not said.get("address"):
                out += 1
                continue
            sheets.append(_sheet(step, said))
    if not sheets:
        raise NobodyToVisit(
            "Aucune fiche à imprimer : visites déjà faites, adresses inconnues, ou fermées par les règles."
        )
    house = theme()
    task_campaign = next(iter(rows)).escalation.task.campaign
    data = {
        "title": "Fiche de visite",
        "house": house.name,
        "phone": task_campaign.duty_phone or house.phone,
        "printed": f"Imprimée le {date_format(timezone.localtime(clock.now()), 'j F Y à H:i')}",
        "sheets": sheets,
    }
    made = pdf.render(SOURCE.read_text(encoding="utf-8"), data)
    record(actor, PRINTED, next(iter(rows)), sheets=len(sheets))
    return VisitSheets(made, len(sheets), out)


@sensitive_variables()
def _sheet(step: EscalationStep, said: dict[str, str]) -> dict[str, object]:
    names = names_in(said.get("name", ""))
    who = f"{names.get('first_name', '')} {names.get('last_name', '')}".strip() or said.get("name", "")
    return {
        "reference": step.escalation.task.public_id,
        "due": date_format(timezone.localtime(step.due_at), "l j F à H:i"),
        "name": who,
        "address": [part.strip() for part in said["address"].split(",") if part.strip()],
        "number": " ou ".join(phones.readable(one) for one in numbers_of("phone", said.get("phone", "")).values()),
        "language": step.escalation.task.language,
    }
