"""Where to send help: name, number and address of one person, for the rescue only, journalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import SecondFactorNeeded
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.models import Emergency, Escalation
from entremise.outreach.queries.care import fields_of
from entremise.outreach.usecases.care.raising import RESCUE
from entremise.people.engine import phone as phones
from entremise.people.usecases.lines import numbers_of
from entremise.registers.engine.cells import names_in
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.usecases import Opening

SHOWN = ("name", "phone", "address", "relatives", "housing")


@dataclass(frozen=True, slots=True, repr=False)
class Rescue:
    """Lines to read aloud to the rescue service, by label; `why`: sentences saying what stays closed."""

    name: str
    lines: tuple[tuple[str, str], ...]
    why: tuple[str, ...]

    @property
    def has_address(self) -> bool:
        return any(label == "adresse" for label, _ in self.lines)

    def __repr__(self) -> str:
        return f"<Rescue {len(self.lines)} lines>"


@sensitive_variables()
def open_rescue(actor: Actor, *, emergency: Emergency) -> Rescue:
    """Open what the rescue needs, for `outreach.rescue`: to a supervisor, or to the caller who raised the alarm while
    it lasts. Never raises for a refusal: it says why, for the page must show what to do all the same."""
    if emergency.person_id is None or emergency.closed_at is not None:
        return Rescue("", (), ())
    registers = [row.register for row in facts.records_of(emergency.person_id) if row.status != "closed"]
    if not actor.has("supervisor") and emergency.task is not None:  # confided to the caller in these only
        own = {emergency.task.register, *emergency.task.campaign.registers}
        registers = [code for code in registers if code in own]
    wanted = [one for code in registers for one in fields_of(code, SHOWN)]
    if not wanted:
        return Rescue("", (), ())
    try:
        opened = vault.open(
            actor,
            person=emergency.person_id,
            fields=[name for name, _, _ in wanted],
            purpose=RESCUE,
            motive=f"Urgence {emergency.public_id}",
        )
    except DomainError as error:
        return Rescue("", (), (error.message,))
    return _said(wanted, opened)


@sensitive_variables()
def open_searched(actor: Actor, *, search: Escalation) -> Rescue:
    """Whom a supervisor looks for: name, numbers, relatives, address, for the purpose of the campaign. Never raises
    for a refusal of the rules: it says why. Raises NotAllowed, SecondFactorNeeded."""
    policies.require_supervisor(actor)
    task = search.task
    registers = [task.register, *(code for code in task.campaign.registers if code != task.register)]
    here = {row.register for row in facts.records_of(task.person_id) if row.status != "closed"}
    shown = ("name", "phone", "relatives", "address")
    wanted = [one for code in registers if code in here for one in fields_of(code, shown)]
    if not wanted:
        return Rescue("", (), ())
    try:
        opened = vault.open(
            actor, person=task.person_id, fields=[name for name, _, _ in wanted], purpose=task.campaign.purpose,
            motive=f"Recherche de la personne de la fiche {task.public_id}",
        )  # fmt: skip
    except SecondFactorNeeded:
        raise
    except DomainError as error:
        return Rescue("", (), (error.message,))
    return _said(wanted, opened)


@sensitive_variables()
def _said(wanted: Sequence[tuple[str, str, str]], opened: Opening) -> Rescue:
    name = ""
    lines: dict[tuple[str, str], None] = {}
    for field, category, label in wanted:
        value = opened.values.get(field, "")
        if not value:
            continue
        if category == "name":
            said = names_in(value) if field.endswith(".names") else {"last_name": value}
            name = name or f"{said.get('first_name', '')} {said.get('last_name', '')}".strip()
        elif category == "phone" and (
            said_aloud := [phones.readable(one) for one in numbers_of(field, value).values()]
        ):
            lines |= dict.fromkeys((label, one) for one in said_aloud)
        else:
            lines.setdefault((label, value), None)
    return Rescue(name, tuple(lines), tuple(one.reason for one in opened.reasons) if not lines else ())
