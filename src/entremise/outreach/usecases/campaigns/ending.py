"""What ends without anybody's hand: a campaign that the law no longer allows, what is left of a closed one, reports
whose date has come. Machine only."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.outreach.models import CAMPAIGN, QUEUE, CallAttempt, CallCampaign, CallEvent, CallTask, OrphanReport
from entremise.outreach.queries.campaigns import sliced
from entremise.outreach.queries.readiness import gate
from entremise.outreach.registry import REGISTER
from entremise.vault import queries as records, usecases as vault

SHUT = declare("outreach.campaign.shut", "a suspendu une campagne que la loi ne permet plus")
PURGED = declare("outreach.reports.purged", "a effacé les comptes rendus d’une campagne, à leur date")
TERM: Final = "Terme des comptes rendus d’une campagne"
MACHINE: Final = "Ceci est le travail de l’horloge, d’aucun compte."


def _machine(actor: Actor) -> None:
    if not actor.has("machine"):
        raise NotAllowed(MACHINE)


@transaction.atomic
def shut_gates(actor: Actor) -> int:
    """Pause each open campaign whose legal gate shut meanwhile (the plan ended, its register closed); how many. A
    supervisor resumes it when the law allows again. NotAllowed."""
    _machine(actor)
    now, count = clock.now(), 0
    for row in CallCampaign.objects.filter(state="open"):
        if shut := gate(row, now):
            CAMPAIGN.move(row, "pause", pause_reason=f"La loi la garde fermée : {shut[0].sentence}"[:200])
            record(actor, SHUT, row, cause=shut[0].code)
            count += 1
    return count


@transaction.atomic
def end_leftovers(actor: Actor) -> int:
    """End what came back to the queue of a closed campaign after its last live calls; how many. NotAllowed."""
    _machine(actor)
    now = clock.now()
    rows = CallTask.objects.filter(campaign__state="closed", state__in=QUEUE)
    found = list(rows.values_list("pk", "state"))
    for some in sliced(found):
        left = CallTask.objects.filter(pk__in=[pk for pk, _ in some], state__in=QUEUE)
        left.update(state="closed", closed_reason="ended", wait_reason="", reserved_for=None, reserved_until=None,
                    promised_at=None, changed_at=now)  # fmt: skip
    CallEvent.objects.bulk_create(
        [
            CallEvent(task_id=pk, event="stop", before=state, after="closed", reason="ended", at=now)
            for pk, state in found
        ],
        batch_size=1000,
    )
    return len(found)


def purge_reports(actor: Actor, *, campaign: CallCampaign) -> int:
    """Take back every answer, note and late report of a closed campaign whose date has come; how many persons.

    What was counted stays. The message for the next caller goes too, unless another campaign still calls the person.
    Person by person, safe to run again: the campaign is marked once nothing is left. NotAllowed.
    """
    _machine(actor)
    row = CallCampaign.objects.get(pk=campaign.pk)
    if row.state != "closed" or row.keep_until is None or row.keep_until >= clock.today() or row.purged_at:
        return 0
    names: dict[UUID, list[str]] = {}
    for person, code in CallAttempt.objects.filter(campaign=row).values_list("person", "public_id"):
        names.setdefault(person, []).extend((f"{REGISTER}.answers#{code}", f"{REGISTER}.note#{code}"))
    for person, code in OrphanReport.objects.filter(task__campaign=row).values_list("task__person", "public_id"):
        names.setdefault(person, []).append(f"{REGISTER}.orphan#{code}")
    persons = sorted(names)
    living = CallTask.objects.filter(campaign__state__in=("draft", "open", "paused")).exclude(state="closed")
    done, left = 0, 0
    for some in sliced(persons):
        known = {one.person for one in records.records_among(some, [REGISTER])}
        called = set(living.filter(person__in=some).values_list("person", flat=True))
        for person in known:
            fields = names[person] + ([] if person in called else [f"{REGISTER}.message"])
            values: dict[str, str | None] = dict.fromkeys(fields, "")
            try:
                vault.deposit(actor, person=person, values=values, purpose=row.purpose, motive=TERM)
            except DomainError:  # a record frozen while somebody answers a request of rights: again tomorrow
                left += 1
            else:
                done += 1
    if left:
        return done
    with transaction.atomic():
        CallAttempt.objects.filter(campaign=row).update(answered=False)
        CallCampaign.objects.filter(pk=row.pk).update(purged_at=clock.now())
        record(actor, PURGED, row, persons=done)
    return done
