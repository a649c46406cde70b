"""What a supervisor reads of one task: who, what happened, why it is hard, what came too late."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.outreach.engine.complexity import REASONS
from entremise.outreach.models import (
    CLOSED,
    DISPOSITIONS,
    TASK_STATES,
    CallAttempt,
    CallCampaign,
    CallEvent,
    CallTask,
    OrphanReport,
)
from entremise.outreach.registry import REGISTER
from entremise.people.engine import phone as phones
from entremise.people.queries import together_many
from entremise.people.registry import REGISTER as PERSONNE
from entremise.vault import registry, usecases as vault

EVENTS: Final[Mapping[str, str]] = {
    "open": "a ouvert la fiche",
    "claim": "a pris l’appel",
    "release": "a rendu l’appel",
    "expire": "n’a plus tenu l’appel",
    "deny": "n’a pas pu lire le numéro",
    "line": "a essayé un autre numéro",
    "report": "a rendu compte",
    "incoming": "a noté un appel de la personne",
    "emergency": "a donné l’alerte",
    "step": "a avancé dans la recherche",
    "sign": "a noté un signe de vie",
    "again": "a prévu un nouvel appel",
    "over": "a fini les appels réguliers",
    "decide": "a décidé",
    "hold": "a mis de côté",
    "unhold": "a remis dans la file",
    "stop": "a clos la fiche",
    "reopen": "a rouvert la fiche",
}
"""The events of `usecases.calls.moving`, as a person reads them; a test holds the two lists together."""
GIVEN: Final[Mapping[str, str]] = {
    "asked": "rendue par l’appelant·e",
    "too_hard": "trop difficile",
    "known": "personne connue",
    "technical": "souci technique",
    "pause": "fin de permanence",
    "rule_denied": "refusée par les règles",
    **CLOSED,
}


@dataclass(frozen=True, slots=True, repr=False)
class Who:
    """The person of a task, as the rules let this supervisor read them; `closed`: why something stays closed."""

    name: str = ""
    number: str = ""
    message: str = ""
    closed: Sequence[str] = field(default_factory=tuple)

    def __repr__(self) -> str:
        return "<Who>"

    @property
    def readable(self) -> str:
        return phones.readable(self.number) if self.number else ""


@sensitive_variables()
def who(actor: Actor, row: CallTask) -> Who:
    """Name, number to dial and message for the next caller; one line in the access journal. Nothing raises: what the
    rules keep closed is said in `closed`."""
    names = [
        f"{row.register}.{code}"
        for code, category in (registry.profile(row.register).fields.items() if row.register else ())
        if category == "name"
    ]
    place = row.line_field.partition("|")[0]
    fields = [*names, *([place] if place else []), f"{REGISTER}.message"]
    motive = f"Supervision de la fiche {row.public_id}"
    try:
        opened = vault.open(actor, person=row.person_id, fields=fields, purpose=row.campaign.purpose, motive=motive)
    except NotFound:
        return Who(closed=("Cette personne a demandé son effacement.",))
    except DomainError as error:
        if error.code.endswith("factor_needed"):
            raise
        return Who(closed=(str(error.message),))
    number = opened.values.get(place, "").split(" / ")
    rank = int(row.line_field.partition("|")[2] or 0)
    return Who(
        " ".join(opened.values[name] for name in names if opened.values.get(name)),
        number[min(rank, len(number) - 1)],
        opened.values.get(f"{REGISTER}.message", ""),
        tuple(dict.fromkeys(opened.refused[name].reason for name in (*names, place) if name in opened.refused)),
    )


def attempts(row: CallTask, most: int = 30) -> list[CallAttempt]:
    """The calls made for this task, the last first. One query."""
    rows = CallAttempt.objects.filter(task=row).select_related("caller", "script_version")
    return list(rows.order_by("-happened_at", "-pk")[:most])


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the story of a task, in words."""

    by: str
    words: str
    reason: str
    at: datetime


def events(row: CallTask, most: int = 50) -> list[Change]:
    """Every change of state, the last first. One query."""
    rows = CallEvent.objects.filter(task=row).select_related("user").order_by("-at", "-pk")[:most]
    return [
        Change(
            one.user.label if one.user else "",
            f"{EVENTS.get(one.event, one.event)} ({TASK_STATES[one.after]})",
            DISPOSITIONS.get(one.reason) or GIVEN.get(one.reason, one.reason),
            one.at,
        )
        for one in rows
    ]


def awaits(row: CallTask) -> bool:
    """Whether a supervisor may decide now: put aside, or closed for another reason than the person's own word."""
    return row.state == "needs_supervisor" or (
        row.state == "closed" and row.closed_reason not in ("objection", "purged", "merged")
    )


def reasons(row: CallTask) -> list[str]:
    """Why this call has its complexity, in French."""
    return [REASONS.get(code, code) for code in row.complexity_codes]


@dataclass(frozen=True, slots=True, repr=False)
class LateReport:
    """What the caller had typed: said again as it was, by name of question."""

    answers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    note: str = ""
    next_at: Any = None
    closed: Sequence[str] = field(default_factory=tuple)

    def __repr__(self) -> str:
        return "<LateReport>"


@sensitive_variables()
def late_report(actor: Actor, row: OrphanReport) -> LateReport:
    """Open a late report; why it stays closed otherwise. One line in the access journal."""
    name = f"{REGISTER}.orphan#{row.public_id}"
    try:
        opened = vault.open(
            actor, person=row.task.person_id, fields=[name], purpose=row.task.campaign.purpose,
            motive=f"Lecture du compte rendu tardif {row.public_id}",
        )  # fmt: skip
    except DomainError as error:
        if error.code.endswith("factor_needed"):
            raise
        return LateReport(closed=(str(error.message),))
    if name not in opened.values:
        return LateReport(closed=tuple(one.reason for one in opened.reasons))
    said = json.loads(opened.values[name])
    after = parse_datetime(said["next_at"]) if said.get("next_at") else None
    return LateReport(said.get("answers", {}), said.get("message", ""), said.get("note", ""), after)


@sensitive_variables()
def called_from(actor: Actor, number: str) -> list[CallTask]:
    """The tasks of whoever answers on this number (E.164), those of campaigns under way first, at most 20.

    A search in each register that campaigns call, journalled by the vault, as for any search. Raises NotAllowed,
    TooManyRows, and as `vault.usecases.find`.
    """
    codes = {code for row in CallCampaign.objects.exclude(state="draft") for code in row.registers}
    persons: set[UUID] = set()
    for code in sorted(codes | {PERSONNE}):
        if "phone" in registry.profile(code).indexed:
            persons |= set(
                vault.find(
                    actor, register=code, by="phone", value=number, purpose="outreach.call",
                    motive="Une personne appelle la veille : retrouver sa fiche",
                )
            )  # fmt: skip
    every = frozenset().union(*together_many(persons).values()) if persons else frozenset()
    rows = CallTask.objects.filter(person__in=every).exclude(campaign__state="draft").select_related("campaign")
    return sorted(rows, key=lambda row: (row.campaign.state == "closed", -row.pk))[:20]
