"""Small deeds that several reports share: the row under lock, the lines, the ladder, the alarm."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from django.db.models import Q, QuerySet

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.outreach.engine.dispositions import EFFECTS
from entremise.outreach.models import CallTask, Emergency, Escalation
from entremise.people import queries as people
from entremise.people.models import LineMark
from entremise.people.usecases import check_line


def care() -> Any:
    """The room of searches and emergencies, which itself moves tasks: asked by name, when something happens."""
    return import_module("entremise.outreach.usecases.care")


def locked(pk: int) -> CallTask:
    """The task, held until the transaction ends: whoever writes on it at the same moment waits. Raises NotFound."""
    rows: QuerySet[CallTask] = CallTask.objects.select_related("campaign", "script_version")
    row = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise NotFound("Cette fiche n’existe pas.")
    return row


def lines(task: CallTask) -> list[LineMark]:
    """The numbers that may be dialled for this person, the first to dial first."""
    return list(people.lines_of([task.person_id]).get(task.person_id, ()))


def mark_line(actor: Actor, task: CallTask, line: str, status: str) -> None:
    """What this call taught of the line; a line that no longer exists teaches nothing."""
    together = people.together(task.person_id)
    for row in LineMark.objects.filter(mark=line, person__in=together).exclude(status=status) if line else ():
        check_line(actor, person=row.person_id, field=row.field, status=status)


def next_line(task: CallTask, tried: set[str]) -> tuple[str, str] | None:
    """(mark, field) of the first number of the person not tried yet; None when none is left."""
    return next(((row.mark, row.field) for row in lines(task) if row.mark not in tried), None)


def sign_of_life(actor: Actor, task: CallTask, sign: str) -> None:
    """The searches for this person end, in every campaign, under whichever identity they were opened."""
    everybody = people.together(task.person_id)
    open_ones = Escalation.objects.filter(task__person__in=everybody, closed_at=None).select_related("task")
    found = list(open_ones)
    if found:
        for search in found:
            care().close_ladder(actor, task=search.task, sign=sign)


def heard(actor: Actor, task: CallTask, code: str, at: datetime, news: bool) -> None:
    """What a call taught when it moves nothing: its dates on the task, the end of the searches."""
    effect, facts = EFFECTS[code], {"last_attempt_at": at}
    if effect.is_contact(news):
        facts["last_contact_at"] = at
    if effect.is_sign(news):
        facts["last_sign_of_life_at"] = at
    for name, value in facts.items():
        older = Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lt": value})
        CallTask.objects.filter(older, pk=task.pk).update(**{name: value})
    if effect.is_sign(news):
        sign_of_life(actor, task, code)


def open_search(actor: Actor, task: CallTask) -> None:
    """Enough was tried: the ladder opens (care)."""
    care().open_ladder(actor, task=task, now=clock.now())


def raise_alarm(actor: Actor, task: CallTask, token: int) -> None:
    """An emergency told by a report: raised once per task."""
    if Emergency.objects.filter(task=task, closed_at=None).exists():
        return
    care().raise_emergency(actor, task=task, token=token)
