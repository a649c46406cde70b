"""What is known of calls without any name: why the queue gives nothing, last contacts, other persons of a line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Max

from entremise.kernel import clock
from entremise.kernel.db import run_prepared
from entremise.outreach.engine.dispositions import CONTACTS, EFFECTS
from entremise.outreach.models import OPEN_STATES, QUEUE, CallAttempt, CallTask, OrphanReport
from entremise.registers.registry import Calls

WHY_NOTHING: Final = {
    "claimed": "en cours d’appel",
    "needs_supervisor": "à voir par le superviseur",
    "escalated": "recherchées autrement",
    "no_valid_number": "sans numéro valable",
    "objection": "opposées à ces appels",
    "rule_denied": "refusées par les règles",
    "callback": "à rappeler à l’heure promise",
    "recurrence": "prévues au prochain passage",
    "cooldown": "à laisser en paix entre deux essais",
    "other_slot": "à essayer à un autre moment de la journée",
    "language": "en attente d’une langue",
    "released": "rendues à l’instant",
    "announced": "en attente de l’annonce",
    "line_busy": "dont la ligne est occupée ou se repose",
    "person_gap": "appelées il y a peu par une autre campagne",
    "level_too_low": "plus difficiles que votre niveau",
    "language_missing": "d’une langue que vous ne parlez pas",
    "reserved": "promises à un autre appelant",
    "withheld": "que vous venez de rendre",
    "rhythm_over": "dont le rythme est terminé",
    "ready": "prêtes",
}
"""Why a task is not given to this caller now; each open task is counted once, under the first cause that holds."""
_LANGUAGE = {
    "postgresql": "t.language = ANY(%(languages)s::text[])",
    "sqlite": "t.language IN (SELECT value FROM json_each(%(languages)s))",
}
_WHY = """SELECT CASE
 WHEN t.state = 'claimed' THEN 'claimed'
 WHEN t.state = 'needs_supervisor' THEN 'needs_supervisor'
 WHEN t.state IN ('unreachable', 'escalated') THEN 'escalated'
 WHEN t.line = '' THEN 'no_valid_number'
 WHEN EXISTS (SELECT 1 FROM people_objection x WHERE x.person_id = t.person_id AND x.purpose = %(purpose)s
              AND x.withdrawn_at IS NULL) THEN 'objection'
 WHEN NOT (t.cycle = 1 OR %(turning)s) THEN 'rhythm_over'
 WHEN t.not_before > %(now)s THEN CASE WHEN t.wait_reason = '' THEN 'cooldown' ELSE t.wait_reason END
 WHEN EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.state = 'claimed' AND o.line = t.line)
   OR EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.state = 'claimed' AND o.person_id = t.person_id)
   OR EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.line = t.line AND o.id <> t.id
              AND o.last_contact_at > %(rested)s) THEN 'line_busy'
 WHEN EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.person_id = t.person_id AND o.campaign_id <> t.campaign_id
              AND o.last_attempt_at > %(gap)s) THEN 'person_gap'
 WHEN t.promised_at IS NULL AND ((CAST(%(slots)s AS integer) >> t.tried_slots) & 1) = 0 THEN 'other_slot'
 WHEN t.complexity > %(level)s THEN 'level_too_low'
 WHEN NOT {language} THEN 'language_missing'
 WHEN t.reserved_for_id <> %(caller)s AND t.reserved_until > %(now)s THEN 'reserved'
 WHEN t.released_by_id = %(caller)s AND t.released_at > %(rested)s THEN 'withheld'
 ELSE 'ready' END AS why, COUNT(*)
FROM outreach_calltask t WHERE t.campaign_id = %(campaign)s AND t.state IN (
 'ready', 'claimed', 'scheduled', 'needs_supervisor', 'unreachable', 'escalated') GROUP BY 1"""


def why_nothing(asked: Mapping[str, Any]) -> dict[str, int]:
    """How many open tasks of the campaign wait, by cause for this caller (`WHY_NOTHING`). One query.

    `asked`: the parameters of the claim, so that both look at the same facts.
    """
    rows = run_prepared(_WHY.format(language=_LANGUAGE[connection.vendor]), asked)
    counts = dict(rows)
    return {code: counts[code] for code in WHY_NOTHING if code in counts}


def last_contacts(task: CallTask, most: int = 3) -> list[CallAttempt]:
    """The last calls counted for this task, the newest first; no answer is in them."""
    rows = CallAttempt.objects.filter(task=task).exclude(disposition="aborted")
    return list(rows.order_by("-happened_at", "-pk")[:most])


def others_on_line(task: CallTask) -> list[CallTask]:
    """The other open tasks of all campaigns on the same telephone: one live call at a time."""
    if not task.line:
        return []
    rows = CallTask.objects.filter(line=task.line, state__in=OPEN_STATES).exclude(pk=task.pk)
    return list(rows.select_related("campaign").order_by("pk"))


def same_line(task: CallTask) -> CallTask | None:
    """Another person of this campaign on the same line who may be taken now, after a contact (§ 13)."""
    rows = CallTask.objects.filter(campaign=task.campaign_id, line=task.line, state__in=QUEUE)
    return rows.exclude(pk=task.pk).exclude(line="").order_by("rank", "pk").first()


_WHY_THIS: Final = {
    "urgent": "elle est marquée urgente",
    "promised": "un rappel lui a été promis",
    "kept": "elle est réservée pour vous",
    "planned": "le plan l’a prévue pour vous",
    "again": "vous lui avez déjà parlé",
    "slot": "elle préfère ce moment de la journée",
    "turn": "c’est son rendez-vous du rythme choisi",
    "never": "elle n’a encore jamais été jointe",
    "rank": "c’est son tour dans la file",
}


def why(task: CallTask, caller: int, *, slot: int = 0) -> list[str]:
    """« Pourquoi cette fiche ? », in French and in the order of the queue (§ 8.1); the score of a person is not said.

    `slot`: the present kind of moment, a bit of `SLOTS`.
    """
    now = clock.now()
    facts = {
        "urgent": task.urgent,
        "promised": task.promised_at is not None and task.promised_at <= now,
        "kept": task.reserved_for_id == caller,
        "planned": task.planned_caller_id == caller,
        "again": task.previous_caller_id == caller,
        "slot": bool(task.slot_mask & slot),
        "turn": task.turn_at is not None and task.turn_at <= now,
        "never": task.last_contact_at is None,
    }
    return [_WHY_THIS[code] for code, holds in facts.items() if holds] or [_WHY_THIS["rank"]]


def calls_of(persons: Collection[UUID]) -> dict[UUID, Calls]:
    """For the registers (`registers.registry.declare_calls`): whether the last two calls rang in vain, and the day of
    the last contact. Two queries per 500 persons."""
    found: dict[UUID, Calls] = {}
    asked = list(persons)
    for start in range(0, len(asked), 500):
        some = asked[start : start + 500]
        attempts = CallAttempt.objects.filter(person__in=some, direction="out").exclude(disposition="aborted")
        rows = attempts.order_by("person", "-happened_at", "-pk").values_list("person", "disposition")
        last: dict[UUID, list[str]] = {}
        for person, code in rows:
            mine = last.setdefault(person, [])
            if len(mine) < 2:
                mine.append(code)
        heard = CallAttempt.objects.filter(person__in=some, disposition__in=CONTACTS)
        days = dict(heard.values_list("person").annotate(last=Max("happened_at")))
        for person in {*last, *days}:
            codes = last.get(person, [])
            vain = len(codes) == 2 and not any(EFFECTS[code].contact or EFFECTS[code].sign for code in codes)
            day = clock.day_of(days[person]) if person in days else None
            found[person] = Calls(vain, day)
    return found


def orphans(campaign: int) -> Sequence[OrphanReport]:
    """The reports that wait for the supervisor, the oldest first."""
    rows = OrphanReport.objects.filter(task__campaign=campaign, state="waiting")
    return list(rows.select_related("task", "caller").order_by("at"))


def task_of(public_id: str) -> CallTask | None:
    """A task by its reference, with its campaign."""
    return CallTask.objects.select_related("campaign", "script_version").filter(public_id=public_id).first()
