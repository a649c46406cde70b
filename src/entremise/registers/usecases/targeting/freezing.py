"""Freezing a cohort, using it, ending it. What is frozen is a list; who of it may be called is asked at each use."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_fresh_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.registers import policies, queries
from entremise.registers.models import COHORT, Cohort, CohortMember, Targeting
from entremise.registers.queries import cohorts
from entremise.registers.usecases.targeting import running
from entremise.registers.usecases.targeting.drafting import open_reasons
from entremise.registers.usecases.targeting.refusals import CohortEmpty
from entremise.vault import queries as vault_queries
from entremise.vault.usecases.agreements import in_force

FROZEN = declare("registers.cohort.frozen", "a figé une cohorte")
WITHDRAWN = declare("registers.cohort.withdrawn", "a retiré une cohorte")
EXPIRED = declare("registers.cohorts.expired", "a mis fin à des cohortes et à des repérages échus")
RESCORED = declare("registers.cohorts.reviewed", "a proposé de refaire des cohortes")


@transaction.atomic
@sensitive_variables()
def freeze_cohort(actor: Actor, *, cohort: Cohort) -> Cohort:
    """Write who is in it, in order, without any score; who may no longer be reached since the draft is left out.

    All in one transaction: killed anywhere, the cohort is still a draft. Of two who freeze, one does.
    Raises NotAllowed, FreshFactorNeeded, CohortEmpty, IllegalTransition, ResultDestroyed.
    """
    me = policies.require_keeper(actor)
    require_fresh_factor(actor)
    now = clock.now()
    if cohort.request not in in_force(cohorts.TARGET, now):
        raise NotAllowed("La demande de ce repérage n’est plus accordée : la cohorte ne peut plus être figée.")
    COHORT.move(cohort, "freeze", frozen_by=me, frozen_at=now)
    entries = open_reasons(actor, cohort)
    usable, today_of = cohorts.usable_persons(
        cohort.registers, cohort.purpose, now, [entry.person for entry in entries]
    )
    rows: list[CohortMember] = []
    seen: set[UUID] = set()
    for entry in entries:
        person = today_of[entry.person]
        if person in usable and person not in seen:
            seen.add(person)
            channel = "phone" if entry.reachable else "visit"
            rows.append(CohortMember(cohort=cohort, person=person, rank=len(rows) + 1, channel=channel))
    if not rows:
        raise CohortEmpty("Plus personne de cette ébauche ne peut être joint : préparez-en une autre.")
    CohortMember.objects.bulk_create(rows, batch_size=2_000)
    record(actor, FROZEN, cohort, persons=len(rows), rule_set=cohort.rule_set)
    return cohort


@transaction.atomic
def withdraw_cohort(actor: Actor, *, cohort: Cohort) -> None:
    """End a draft or a frozen cohort now: nobody is called by it any more, its reasons are destroyed."""
    policies.require_keeper(actor)
    _end(actor, [cohort], "withdraw")
    record(actor, WITHDRAWN, cohort)


@transaction.atomic
def expire_cohorts(actor: Actor) -> int:
    """End what is over: cohorts past their date, without a request in force, or of a register that is no longer open;
    drafts and results of computations that nobody froze in a week. Reasons and results are destroyed. How many."""
    now = clock.now()
    live = in_force(cohorts.TARGET, now)
    open_ones = {row.code for row in vault_queries.registers() if row.status == "open" and row.expires_at > now}

    def over(row: Cohort | Targeting) -> bool:
        return row.request not in live or not set(row.registers) <= open_ones

    rows = list(Cohort.objects.filter(state="frozen").defer("sealed"))
    ended = [row for row in rows if row.expires_at <= now or over(row)]
    drafts = list(Cohort.objects.filter(state="draft").defer("sealed"))
    stale = [row for row in drafts if row.created_at <= now - running.KEPT or over(row)]
    results = list(Targeting.objects.filter(document__isnull=False).defer("sealed"))
    past = [row for row in results if row.keep_until is None or row.keep_until <= now or over(row)]
    _end(actor, ended, "expire")
    _end(actor, stale, "withdraw")
    Targeting.objects.filter(pk__in=[row.pk for row in past]).update(document=None, sealed=b"")
    running.forget_later(actor, [row.document for row in past if row.document])
    every = [*ended, *stale, *past]
    if every:
        record(actor, EXPIRED, every[0], cohorts=len(ended), drafts=len(stale), results=len(past))
    return len(every)


def _end(actor: Actor, rows: Sequence[Cohort], verb: str) -> None:
    documents = [row.document for row in rows if row.document]
    for row in rows:
        COHORT.move(row, verb, ended_at=clock.now(), sealed=b"", document=None)
    CohortMember.objects.filter(cohort__in=rows).delete()  # who was in it says something of them: it ends too
    running.forget_later(actor, documents)


@transaction.atomic
def rescore_cohorts(actor: Actor) -> int:
    """For each frozen cohort, say what a new targeting would take into account; nothing is opened nor changed by it.

    `proposal`: how many may no longer be reached (11 or more, or 0), whether voted points changed, whether a newer
    computation is there. A keeper decides (reference linkage § 11: nothing runs by night on its own).
    """
    now, changed = clock.now(), 0
    rows = list(Cohort.objects.filter(state="frozen", expires_at__gt=now).defer("sealed"))
    for row in rows:
        lost = CohortMember.objects.filter(cohort=row).count() - len(queries.members(row, now))
        voted = {weight.factor.code: weight.voted for weight in cohorts.weights(row.profile)}
        newer = Targeting.objects.filter(request=row.request, state="done", finished_at__gt=row.created_at)
        proposal = {
            "lost": lost if lost >= int(row.counts.get("least", 11)) else 0,
            "some_lost": lost > 0,
            "votes": sum(voted.get(code) != number for code, number in row.voted.items()),
            "newer": newer.exists(),
        }
        if proposal != row.proposal:
            Cohort.objects.filter(pk=row.pk, state="frozen").update(proposal=proposal)
            changed += 1
    if changed:
        record(actor, RESCORED, rows[0], cohorts=changed)
    return changed
