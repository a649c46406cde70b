"""Moving a task: every change of state is a guarded UPDATE and an event that stays. Reference § 10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from entremise.kernel import clock
from entremise.kernel.machines import IllegalTransition
from entremise.outreach.models import TASK_STATES, CallEvent, CallTask

LIVE = frozenset(TASK_STATES) - {"closed"}
_QUEUE = frozenset({"ready", "scheduled"})
_LOOKED_FOR = frozenset({"unreachable", "escalated"})
EVENTS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "open": (frozenset({"draft"}), frozenset({"ready", "scheduled", "needs_supervisor"})),
    "claim": (_QUEUE, frozenset({"claimed"})),
    "release": (frozenset({"claimed"}), frozenset({"scheduled"})),
    "expire": (frozenset({"claimed"}), frozenset({"scheduled"})),
    "deny": (frozenset({"claimed"}), frozenset({"scheduled"})),
    "line": (frozenset({"claimed"}), frozenset({"claimed"})),
    "report": (
        frozenset({"claimed", "scheduled", "needs_supervisor"}),
        frozenset({"ready", "scheduled", "needs_supervisor", "unreachable", "done", "closed"}),
    ),
    "incoming": (LIVE, frozenset({"ready", "scheduled", "needs_supervisor", "done"})),
    "emergency": (LIVE, frozenset({"needs_supervisor"})),
    "step": (_LOOKED_FOR, frozenset({"escalated"})),
    "sign": (_LOOKED_FOR, frozenset({"scheduled", "done", "needs_supervisor"})),
    "again": (frozenset({"done"}), frozenset({"scheduled"})),
    "over": (_QUEUE, frozenset({"done"})),
    "decide": (
        frozenset({"needs_supervisor"}),
        frozenset({"ready", "scheduled", "escalated", "done", "closed"}),
    ),
    "hold": (LIVE, frozenset({"needs_supervisor"})),
    "unhold": (frozenset({"needs_supervisor"}), frozenset({"ready", "scheduled"})),
    "stop": (frozenset(TASK_STATES), frozenset({"closed"})),
    "reopen": (frozenset({"closed"}), frozenset({"ready", "needs_supervisor"})),
}
"""Event → (states it leaves, states it may reach). `hold`: a supervisor must look (STOP by SMS, two files of one
person); `over`: the rhythm reached its end date; `line`: another number of the same person, within one claim."""


def move(task: CallTask, event: str, to: str, *, reason: str = "", user: int | None, **changes: Any) -> None:
    """Move one task, by an UPDATE guarded by the state and the token it was read with, and write the event.

    Leaving `claimed` clears the claim; leaving `closed` its reason. Sets `changes` on the task too. Raises ValueError
    for a move that no event makes, IllegalTransition when somebody else moved it first, saying who and when.
    """
    sources, targets = EVENTS[event]
    if task.state not in sources or to not in targets:
        raise ValueError(f"{event}: {task.state} → {to}")
    before, now = task.state, clock.now()
    values: dict[str, Any] = {"state": to, "changed_at": now}
    if before == "claimed" and to != "claimed":
        values |= {"claimed_by_id": None, "lease_until": None}
    if before == "closed":
        values["closed_reason"] = ""
    values |= changes
    if not CallTask.objects.filter(pk=task.pk, state=before, token=task.token).update(**values):
        raise IllegalTransition(_who_was_first(task.pk))
    for name, value in values.items():
        setattr(task, name, value)
    note(task.pk, event, before, to, reason=reason, user=user)


def note(task: int, event: str, before: str, after: str, *, reason: str = "", user: int | None) -> None:
    """One line of the life of a task, that nothing changes afterwards."""
    CallEvent.objects.create(
        task_id=task, event=event, before=before, after=after, reason=reason[:200], user_id=user, at=clock.now()
    )


def _who_was_first(pk: int) -> str:
    last = CallEvent.objects.filter(task=pk).select_related("user").order_by("-at", "-pk").first()
    state = CallTask.objects.filter(pk=pk).values_list("state", flat=True).first()
    label = TASK_STATES.get(str(state), "supprimée")
    if last is None:
        return f"Ce n’est plus possible : la fiche est maintenant « {label} ». Rechargez la page."
    who = last.user.label if last.user else "Le logiciel"
    at = timezone.localtime(last.at)
    return f"{who} a traité cette fiche à {at:%H h %M} : elle est maintenant « {label} ». Rechargez la page."
