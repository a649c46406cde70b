"""A person calls back: always possible to write down, whatever the state of the task and of the campaign. § 9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record_soon
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.outreach import policies
from entremise.outreach.engine.dispositions import EFFECTS
from entremise.outreach.models import CallAttempt, CallCampaign, CallTask
from entremise.outreach.usecases.calls import keeping
from entremise.outreach.usecases.calls.checking import Report, check
from entremise.outreach.usecases.calls.outcomes import outcome
from entremise.outreach.usecases.calls.refusals import ReportIncomplete
from entremise.outreach.usecases.calls.settling import apply, note_needs, seal, told_of_caller
from entremise.people import queries as people
from entremise.people.usecases import record_objection

RECEIVED = declare("outreach.call.received", "a noté un appel reçu")
RECEIVABLE: Final = frozenset(
    {"reached_complete", "reached_partial", "reached_callback", "reached_other", "reached_language", "objection",
     "refused_today", "moved", "hospitalised", "institution", "deceased", "emergency"}
)  # fmt: skip
MOVABLE: Final = frozenset({"ready", "scheduled", "done", "needs_supervisor", "unreachable", "escalated"})


@sensitive_variables()
@transaction.atomic
def record_incoming(
    actor: Actor,
    *,
    campaign: CallCampaign,
    person: UUID,
    key: str,
    disposition: str,
    difficulties: Sequence[Mapping[str, Any]] = (),
    next_at: datetime | None = None,
    message: str = "",
    note: str = "",
    news: bool = False,
    happened_at: datetime | None = None,
    minutes: int | None = None,
    language: str = "",
    hard: bool = False,
) -> CallAttempt:
    """Write down a call that was received: a sign of life, always. It moves the task as an outgoing one would, except
    one that somebody is calling now, one that a supervisor looks at, or a closed one. Sent twice, it is written once.

    Raises NotAllowed, NotFound (nobody of this campaign), ReportIncomplete.
    """
    user = policies.require_team(actor)
    now = clock.now()
    found = CallTask.objects.filter(campaign=campaign, person__in=people.together(person)).order_by("pk").first()
    if found is None:
        raise NotFound("Cette personne n’est pas dans cette campagne.")
    row = keeping.locked(found.pk)
    if (first := CallAttempt.objects.filter(idempotency_key=key, task=row).first()) is not None:
        return first
    if disposition not in RECEIVABLE:
        raise ReportIncomplete({"disposition": "Choisissez ce que la personne a dit, dans la liste des appels reçus."})
    report = Report(
        disposition, key, "web", happened_at or now, "", {}, tuple(difficulties), next_at,
        " ".join(message.split()), " ".join(note.split()), hard, news, minutes, language,
    )  # fmt: skip
    check(row.campaign, report)
    attempt = CallAttempt.objects.create(
        task=row, campaign_id=row.campaign_id, person_id=row.person_id, cycle=row.cycle, caller_id=user,
        direction="in", disposition=disposition, token=row.token, idempotency_key=key, happened_at=report.happened_at,
        recorded_at=now, minutes=minutes, news=news, hard=hard,
    )  # fmt: skip
    seal(actor, row, report, {}, attempt)
    note_needs(actor, row, report, attempt)
    _moved(actor, row, report, user)
    keeping.sign_of_life(actor, row, "incoming")
    told_of_caller(user, report.happened_at)
    if EFFECTS[disposition].after == "emergency":
        keeping.raise_alarm(actor, row, row.token)
    if disposition == "objection":
        record_objection(actor.speaking_for(row.person_id, "phone"), person=row.person_id, purpose=campaign.purpose)
    record_soon(actor, RECEIVED, attempt, disposition=disposition)
    return attempt


def _moved(actor: Actor, row: CallTask, report: Report, user: int) -> None:
    now = report.happened_at
    moves = row.state in MOVABLE and not (row.state == "needs_supervisor" and row.cause)
    if not moves or report.disposition in ("emergency", "objection"):
        heard = {"last_sign_of_life_at": now, "last_contact_at": now, "last_attempt_at": now}
        CallTask.objects.filter(pk=row.pk).update(**heard)
        return
    done = outcome(
        row, row.campaign, report.disposition, caller=user, happened=now, next_at=report.next_at, news=True,
        language=report.language,
    )  # fmt: skip
    done.changes["last_sign_of_life_at"] = now
    if done.to != "closed":
        apply(actor, row, done, user=user, reason=report.disposition, event="incoming")
