"""What only a supervisor decides: tasks put aside, orphan reports, who calls whom. Reference §§ 3, 8.3, 9, 10."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.accounts.queries import same_human
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.engine.dispositions import CHECKED_BY_TWO
from entremise.outreach.models import QUEUE, CallAttempt, CallTask, Emergency, OrphanReport
from entremise.outreach.queries.care import told_by
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.calls import keeping
from entremise.outreach.usecases.calls.checking import Report
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.refusals import (
    AlreadyDecided,
    ObjectionStands,
    ReasonRequired,
    SecondPersonNeeded,
)
from entremise.outreach.usecases.calls.settling import note_needs, seal
from entremise.people import queries as people
from entremise.vault import usecases as vault

DECIDED = declare("outreach.task.decided", "a décidé de la suite d’une fiche d’appel")
ORPHAN = declare("outreach.orphan.decided", "a repris ou écarté un compte rendu tardif")
HANDED = declare("outreach.tasks.handed", "a confié des personnes à un autre appelant")
SHORTEST: Final = 5


class DecisionImpossible(DomainError):
    code = "illegal_transition"


@transaction.atomic
def supervisor_decision(
    actor: Actor,
    *,
    task: CallTask,
    to: str,
    reason: str,
    closed_reason: str = "",
    next_at: datetime | None = None,
    complexity: int | None = None,
    language: str = "",
) -> CallTask:
    """Decide what becomes of a task put aside: back to the queue (`ready`, or `scheduled` with `next_at`), searched
    for (`escalated`), `done`, or `closed` with its reason. A closed one may be opened again (`ready`), never against a
    standing objection.

    What one caller heard (death, departure, institution, hospital) closes a task only by another human than who
    reported it. Raises NotAllowed, ReasonRequired, SecondPersonNeeded, AlreadyDecided (an emergency is open on it),
    ObjectionStands, DecisionImpossible, IllegalTransition (somebody else decided first).
    """
    user = policies.require_supervisor(actor)
    words = _reason(reason)
    row = keeping.locked(task.pk)
    if Emergency.objects.filter(task=row, closed_at=None).exists():
        raise AlreadyDecided("Une urgence est ouverte pour cette personne : écrivez d’abord sa suite.")
    changes: dict[str, Any] = {"cause": "", "urgent": False, "wait_reason": "", "not_before": clock.now()}
    if complexity is not None:
        changes["complexity"] = complexity
    if language:
        changes["language"] = language
    if row.state == "closed":
        _reopenable(row, to)
        move(row, "reopen", to, reason=words, user=user, **changes)
    elif row.state == "needs_supervisor":
        if to == "closed":
            _by_two(row, user, closed_reason)
            changes["closed_reason"] = closed_reason or "other"
        elif to == "scheduled":
            if next_at is None or next_at <= clock.now():
                raise DecisionImpossible("Donnez le jour et l’heure du prochain appel.")
            changes |= {"not_before": next_at, "wait_reason": "callback"}
        elif to not in ("ready", "escalated", "done"):
            raise DecisionImpossible("Choisissez la suite dans la liste.")
        if to in QUEUE and not row.line:
            _dialable(row, changes)
        move(row, "decide", to, reason=words, user=user, **changes)
        if to == "escalated":
            keeping.open_search(actor, row)
    else:
        raise DecisionImpossible("Cette fiche n’attend pas de décision. Rechargez la page.")
    record(actor, DECIDED, row, to=to, closed=changes.get("closed_reason", ""))
    return row


def _reason(reason: str) -> str:
    words = " ".join(reason.split())
    if len(words) < SHORTEST:
        raise ReasonRequired("Écrivez en quelques mots pourquoi, sans donnée de santé.")
    return words[:200]


def _reopenable(row: CallTask, to: str) -> None:
    if to not in ("ready", "needs_supervisor"):
        raise DecisionImpossible("Une fiche close revient dans la file, ou à décider.")
    everybody = people.together(row.person_id)
    if any(row.campaign.purpose in people.live_objections(one) for one in everybody):
        raise ObjectionStands("La personne s’est opposée à ces appels : elle seule peut changer d’avis.")
    if row.closed_reason == "purged":
        raise ObjectionStands("La personne a demandé son effacement : cette fiche ne se rouvre pas.")


def _dialable(row: CallTask, changes: dict[str, Any]) -> None:
    other = keeping.next_line(row, set())
    if other is None:
        raise DecisionImpossible("Cette personne n’a aucun numéro valable : ajoutez-en un à sa fiche d’abord.")
    changes |= {"line": other[0], "line_field": other[1]}


def _by_two(row: CallTask, user: int, closed_reason: str) -> None:
    """A wrong death is the worst mistake of a call centre: whoever is said dead is no longer called."""
    if closed_reason not in CHECKED_BY_TWO and row.cause not in CHECKED_BY_TWO:
        return
    said = CallAttempt.objects.filter(task=row, disposition=row.cause or closed_reason).order_by("-pk").first()
    reporters = told_by(row) | ({said.caller_id} if said and said.caller_id else set())
    humans = same_human([user, *reporters])
    if any(humans.get(user, user) == humans.get(one, one) for one in reporters):
        raise SecondPersonNeeded("Vous l’avez entendu vous-même : une autre personne doit le confirmer.")


@sensitive_variables()
@transaction.atomic
def decide_orphan(actor: Actor, *, orphan: OrphanReport, accept: bool, reason: str) -> CallAttempt | None:
    """Take up a late report as an attempt (its answers, message and difficulties with it), or put it aside; the state
    of the task is not touched but for the sign of life. Raises NotAllowed, ReasonRequired, AlreadyDecided.
    """
    user = policies.require_supervisor(actor)
    words = _reason(reason)
    row = keeping.locked(orphan.task_id)
    waiting = OrphanReport.objects.filter(pk=orphan.pk, state="waiting")
    state = "accepted" if accept else "dismissed"
    if not waiting.update(state=state, reason=words, decided_by=user, decided_at=clock.now()):
        raise AlreadyDecided("Quelqu’un vient de décider de ce compte rendu. Rechargez la page.")
    attempt = _take_up(actor, row, orphan) if accept else None
    name = f"{REGISTER}.orphan#{orphan.public_id}"
    motive = f"Compte rendu tardif {orphan.public_id}, {'repris' if accept else 'écarté'}"
    vault.deposit(actor, person=row.person_id, values={name: ""}, purpose=row.campaign.purpose, motive=motive)
    record(actor, ORPHAN, orphan, accepted=accept)
    return attempt


@sensitive_variables()
def _take_up(actor: Actor, row: CallTask, orphan: OrphanReport) -> CallAttempt:
    name = f"{REGISTER}.orphan#{orphan.public_id}"
    motive = f"Compte rendu tardif {orphan.public_id}"
    opened = vault.open(actor, person=row.person_id, fields=[name], purpose=row.campaign.purpose, motive=motive)
    if name not in opened.values:
        reasons = " ".join(one.reason for one in opened.reasons)
        raise DecisionImpossible(f"Ce compte rendu ne s’ouvre pas. {reasons}")
    said = json.loads(opened.values[name])
    line = f"late:{orphan.public_id}"  # never the line of the claim that came after
    attempt = CallAttempt.objects.create(
        task=row, campaign_id=row.campaign_id, person_id=row.person_id, cycle=row.cycle, caller_id=orphan.caller_id,
        line=line, channel=orphan.channel, disposition=orphan.disposition, token=orphan.token,
        idempotency_key=orphan.idempotency_key, happened_at=orphan.happened_at, recorded_at=clock.now(),
        minutes=said["minutes"], news=said["news"], answered=bool(said["answers"]), hard=said["hard"], late=True,
    )  # fmt: skip
    report = Report(
        orphan.disposition, orphan.idempotency_key, orphan.channel, orphan.happened_at, line, said["answers"],
        said["difficulties"], parse_datetime(said["next_at"]) if said["next_at"] else None, said["message"],
        said["note"], said["hard"], said["news"], said["minutes"], said["language"],
    )  # fmt: skip
    seal(actor, row, report, said["answers"], attempt)
    note_needs(actor, row, report, attempt)
    keeping.heard(actor, row, orphan.disposition, orphan.happened_at, said["news"])
    return attempt


@transaction.atomic
def hand_over_persons(actor: Actor, *, tasks: Sequence[CallTask], to: User | None, reason: str) -> int:
    """Give the persons of a caller who leaves, or any that wait, to a named colleague (`None`: to anybody); how many.
    Calls that somebody holds now are left to them. Promises keep their hour. Raises NotAllowed, ReasonRequired.
    """
    policies.require_supervisor(actor)
    _reason(reason)
    rows = CallTask.objects.filter(pk__in=[task.pk for task in tasks], state__in=QUEUE)
    found = list(rows.order_by("pk"))
    moved = 0
    now = clock.now()
    for row in found:
        promised = to is not None and row.reserved_until is not None and row.reserved_until > now
        until = row.reserved_until if promised else None
        given = {"reserved_for": to if promised else None, "reserved_until": until, "planned_caller": to}
        moved += CallTask.objects.filter(pk=row.pk, state__in=QUEUE, token=row.token).update(**given)
    if found:
        record(actor, HANDED, found[0], tasks=moved, to=to.pk if to else None)
    return moved
