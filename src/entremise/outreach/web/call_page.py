"""What the call screen shows: who, why, the script after the answers, the choices, what was typed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from django.http import QueryDict
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.http import Request
from entremise.outreach.engine.xlsform import PREFIX, Page, evaluate, posted
from entremise.outreach.forms.calls import CONSENTS, FAMILIES, HINTS, TONGUES, URGENCIES, ReportForm
from entremise.outreach.forms.scripts import blocks
from entremise.outreach.models import DISPOSITIONS, SLOTS, CallAttempt, CallEvent, CallTask, OrphanReport
from entremise.outreach.queries import calls as queries, campaigns, care as care_queries, complexity
from entremise.outreach.queries.scripts import model_of
from entremise.outreach.usecases import care
from entremise.outreach.usecases.calls.checking import PROMISE, promisable
from entremise.outreach.usecases.calls.holding import REASONS
from entremise.referrals.models import NEEDS

NEEDING: Final = ("needs", "urgency", "consent", "need_note")
GIVEN: Final = ("asked", "too_hard", "known", "technical", "pause")
"""Why a caller gives a call back, in the order of the list."""


def key_of(task: CallTask, token: int) -> str:
    """The number of the sending: one per claim and line, so that two tabs and two clicks send the same one."""
    line = hashlib.sha256(task.line.encode()).hexdigest()[:8]
    return f"web:{task.public_id}:{token}:{line}"


def mode_of(task: CallTask, token: int, user: int) -> str:
    """`live`: held now; `emergency`: this caller raised the alarm in it; `done`: reported; `late`: held once, not any
    more; `stranger`: never."""
    now = clock.now()
    if task.state == "claimed" and task.token == token and task.claimed_by_id == user:
        return "live" if task.lease_until is not None and task.lease_until > now else "late"
    reported = CallAttempt.objects.filter(task=task, token=token, caller=user, direction="out")
    if reported.exclude(disposition="aborted").exists():
        return "done"
    if OrphanReport.objects.filter(task=task, token=token, caller=user).exists():
        return "done"
    if not CallEvent.objects.filter(task=task, event="claim", user=user).exists():
        return "stranger"
    alarm = care_queries.raised_by(task, user)
    return "emergency" if alarm is not None and alarm.token == token else "late"


@sensitive_variables()
def script_of(task: CallTask, sent: QueryDict) -> tuple[Page | None, dict[str, str]]:
    """The page of the pinned script after these answers, and the answers themselves; None when there is no script."""
    version = task.script_version
    if version is None or not (version.model.get("items") if isinstance(version.model, dict) else None):
        return None, {}
    model = model_of(version)
    answers = posted(model, sent.getlist)
    zone = timezone.get_default_timezone()
    lang = task.language if task.language in model.languages else ""
    page = evaluate(model, answers, clock.now(), zone, lang)
    if PROMISE not in answers and (moved := promisable(task.campaign, page.answers.get(PROMISE, ""))):
        answers = {**answers, PROMISE: moved}  # never propose aloud an hour when nobody will call
        page = evaluate(model, answers, clock.now(), zone, lang)
    return page, answers


@sensitive_variables()
def guide(
    task: CallTask, token: int, sent: QueryDict, form: ReportForm | None, told: Mapping[str, str]
) -> dict[str, Any]:
    """The script and the difficulty form: what changes as the caller answers. `form`: whose mistakes are shown."""
    page, _ = script_of(task, sent)
    errors = {name: [*map(str, form.errors.get(name, ()))] if form else [] for name in ReportForm.base_fields}
    needs = set(sent.getlist("needs"))
    proposed = [code for code in (page.needs if page else []) if code in NEEDS]
    fresh = set(proposed) - set(sent.get("offered", "").split())  # once unticked, a need stays so
    context: dict[str, Any] = {
        "task": task,
        "token": token,
        "page": page,
        "needs": [(code, label, code in needs or code in fresh) for code, label in NEEDS.items()],
        "offered": " ".join(proposed),
        "proposed": [NEEDS[code] for code in proposed],
        "urgencies": URGENCIES.items(),
        "consents": CONSENTS.items(),
        "said": {name: sent.get(name, "") for name in ReportForm.base_fields},
        "errors": errors,
        "needing": bool(needs or proposed or sent.get("need_note") or any(errors[name] for name in NEEDING)),
        "blocks": [],
        "kept": [],
        "names": "",
        "faults": [],
    }
    if page is not None:
        shown = blocks(page, told=any(name in page.errors for name in told))
        context |= {
            "blocks": shown,
            "kept": [(PREFIX + name, value) for name, value in page.kept.items()],
            "names": " ".join(one.name for one in page.visible if one.item.asked),
            "faults": [(f"#{one.name}", f"{one.label} : {one.error}") for one in shown if one.error],
        }
    return context


@sensitive_variables()
def context_of(
    request: Request, task: CallTask, token: int, mode: str, *, form: ReportForm | None, told: Mapping[str, str]
) -> dict[str, Any]:
    """Everything on the page but the name and the number."""
    user = request.actor.user_id or 0
    now = clock.now()
    sent = form.data if form is not None and isinstance(form.data, QueryDict) else QueryDict()
    failing = form is not None and request.method == "POST" and "more" not in sent and mode != "emergency"
    failing = failing or bool(told)
    context = guide(task, token, sent, form if failing else None, told)
    mistakes: list[tuple[str, str]] = []
    if failing and form is not None:
        mistakes = [("", str(text)) for text in form.non_field_errors()]
        mistakes += [(f"#{name}", text) for name, texts in context["errors"].items() for text in texts]
        mistakes += context["faults"] if told else []
    campaign = task.campaign
    chosen = sent.get("disposition", "")
    families = [
        (label, [(code, _words(code), HINTS.get(code, "")) for code in codes], chosen in codes)
        for label, codes in FAMILIES.items()
    ]
    alarm = care_queries.raised_by(task, user) if mode == "emergency" else None
    return context | {
        "mode": mode,
        "campaign": campaign,
        "families": families,
        "chosen": chosen,
        "tongues": TONGUES.items(),
        "why": queries.why(task, user, slot=campaigns.slot_of(campaign, now)),
        "complexity": complexity.explain(task),
        "slots": [label for bit, label in enumerate(SLOTS.values()) if task.slot_mask >> bit & 1],
        "language": TONGUES.get(task.language, task.language),
        "last": queries.last_contacts(task),
        "others": len(queries.others_on_line(task)) if mode == "live" else 0,
        "reasons": [(code, REASONS[code]) for code in GIVEN],
        "numbers": care_queries.emergency_numbers(campaign),
        "mistakes": mistakes,
        "lost": mode == "late",
        "lease_lost": "",
        "row": alarm,
        "alerts": care_queries.alerts_of(alarm) if alarm else [],
        "rescue": care.open_rescue(request.actor, emergency=alarm) if alarm else None,
    }


def _words(code: str) -> str:
    said = DISPOSITIONS[code].removeprefix("Jointe – ")
    return said[:1].upper() + said[1:]
