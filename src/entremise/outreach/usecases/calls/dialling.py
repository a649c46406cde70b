"""Within one claim: another number of the same person; what the caller sees; when the rules refuse the number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record_soon
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach import policies
from entremise.outreach.engine.dispositions import LINES_MARKED
from entremise.outreach.models import CallAttempt, CallTask, ScriptVersion
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.calls import keeping
from entremise.outreach.usecases.calls.holding import LOST, give_back
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.refusals import LeaseLost, LineInUse, ReportIncomplete, RuleDenied
from entremise.people.usecases.lines import NEXT, numbers_of
from entremise.vault import registry, usecases as vault
from entremise.vault.usecases import FieldUnknown

CONTINUED = declare("outreach.call.continued", "a essayé un autre numéro de la personne")
DENIED = declare("outreach.call.denied", "s’est vu refuser un numéro par les règles")
CONTINUES = frozenset({*LINES_MARKED, "no_answer", "switched_off", "busy", "voicemail_left", "voicemail_none"})
"""What may be said of one number before dialling the next: nothing that ends the call."""


@transaction.atomic
def continue_with(
    actor: Actor, *, task: CallTask, token: int, key: str, disposition: str, happened_at: datetime | None = None
) -> CallTask:
    """This number gave nothing, the person has another: the attempt is written, the claim kept, the line switched.
    A claim counts one miss at most, when it is reported. Sent twice, it is written once.

    Raises LeaseLost, ReportIncomplete (not such an outcome, or no other number), LineInUse (somebody is on that line).
    """
    user, now = policies.require_caller(actor), clock.now()
    row = keeping.locked(task.pk)
    if CallAttempt.objects.filter(idempotency_key=key, task=row).exists():
        return row
    live = row.state == "claimed" and row.lease_until is not None and row.lease_until > now
    if not live or row.token != token or row.claimed_by_id != user:
        raise LeaseLost(LOST)
    if disposition not in CONTINUES:
        raise ReportIncomplete({"disposition": "Cette issue finit l’appel : enregistrez le compte rendu."})
    tried = set(CallAttempt.objects.filter(task=row, token=token).values_list("line", flat=True))
    other = keeping.next_line(row, tried | {row.line})
    if other is None:
        raise ReportIncomplete({"line": "Cette personne n’a pas d’autre numéro : enregistrez le compte rendu."})
    CallAttempt.objects.create(
        task=row, campaign_id=row.campaign_id, person_id=row.person_id, cycle=row.cycle, caller_id=user,
        line=row.line, channel="web", disposition=disposition, token=token, idempotency_key=key,
        script_version_id=row.script_version_id, happened_at=happened_at or now, recorded_at=now,
    )  # fmt: skip
    if status := LINES_MARKED.get(disposition):
        keeping.mark_line(actor, row, row.line, status)
    try:
        with transaction.atomic():
            move(row, "line", "claimed", reason=disposition, user=user, line=other[0], line_field=other[1])
    except IntegrityError:
        raise LineInUse(
            "Quelqu’un appelle en ce moment sur l’autre numéro de cette personne : enregistrez le compte rendu."
        ) from None
    record_soon(actor, CONTINUED, row, token=token, disposition=disposition)
    return row


@dataclass(frozen=True, slots=True, repr=False)
class CallSheetView:
    """What a caller may see of the person they call (§ 3), for the page and nothing else. `number`: E.164, empty when
    it could not be read; `others`: how many persons share the line; never address, birth date or origin."""

    task: CallTask
    name: str
    number: str
    message: str
    script: ScriptVersion | None
    number_status: str = "unverified"
    other_numbers: int = 0
    closed: tuple[str, ...] = field(default_factory=tuple)

    def __repr__(self) -> str:
        return f"<CallSheetView {self.task}>"


@sensitive_variables()
def open_sheet(actor: Actor, *, task: CallTask) -> CallSheetView:
    """Open the calling name, the number and the message for who holds the call; each reading is in the access journal.

    Raises LeaseLost (not held by this actor any more), RuleDenied: the rules refuse the number, the task went back to
    the supervisor's board; and the vault's refusals. Sheets on paper open for the account that prints them, when its
    own rights allow it.
    """
    row = CallTask.objects.select_related("campaign", "script_version").get(pk=task.pk)
    if row.state != "claimed":
        raise LeaseLost(LOST)
    names = names_of(row.register)
    place, _, _ = row.line_field.partition(NEXT)
    message = f"{REGISTER}.message"
    purpose, motive = row.campaign.purpose, f"Appel de la fiche {row.public_id}"
    lines = keeping.lines(row)
    owner = next((one.person_id for one in lines if one.mark == row.line), row.person_id)
    own = [place] if place and owner == row.person_id else []
    opened = vault.open(actor, person=row.person_id, fields=[*names, *own, message], purpose=purpose, motive=motive)
    number_in = opened
    if place and not own:  # the number stands in another file of the same person
        number_in = vault.open(actor, person=owner, fields=[place], purpose=purpose, motive=motive)
    if place in number_in.refused:
        _deny(actor, row)
        raise RuleDenied(
            f"Les règles ne vous laissent pas lire ce numéro. {number_in.refused[place].reason} La fiche est remise "
            "au superviseur ; prenez la personne suivante."
        )
    numbers = numbers_of(place, number_in.values.get(place, ""))
    return CallSheetView(
        row,
        " ".join(opened.values[name] for name in names if opened.values.get(name)),
        numbers.get(row.line_field, next(iter(numbers.values()), "")),
        opened.values.get(message, ""),
        row.script_version,
        next((one.status for one in lines if one.mark == row.line), "unverified"),
        sum(one.mark != row.line for one in lines),
        tuple(dict.fromkeys(opened.refused[name].reason for name in names if name in opened.refused)),
    )


def names_of(register: str) -> list[str]:
    """The fields of a register that say how a person is called."""
    if not register:
        return []
    try:
        shape = registry.profile(register)
    except KeyError:
        raise FieldUnknown("Ce registre n’existe pas ici.") from None
    return [f"{register}.{code}" for code, category in shape.fields.items() if category == "name"]


@transaction.atomic
def _deny(actor: Actor, row: CallTask) -> None:
    give_back(row, event="deny", reason="rule_denied", user=actor.user_id, wait="rule_denied")
    record_soon(actor, DENIED, row, token=row.token)
