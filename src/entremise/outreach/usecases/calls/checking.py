"""What a report must say before it is taken: nothing is guessed, nothing typed is lost. Reference § 9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.outreach.engine.dispositions import CONTACTS, REPORTABLE
from entremise.outreach.models import CHANNELS, CallCampaign, CallTask
from entremise.outreach.usecases.calls import timing
from entremise.outreach.usecases.calls.refusals import AnswersInvalid, ReportIncomplete

MESSAGE_LENGTH, NOTE_LENGTH, LONGEST_CALL = 280, 500, 600
KEY: Final = range(8, 65)
PROMISED_WITHIN: Final = 60
"""Days ahead a call-back may be promised."""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What was typed, once checked. Its texts are personal: they go to the vault and nowhere else."""

    disposition: str
    key: str
    channel: str
    happened_at: datetime
    line: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    difficulties: Sequence[Mapping[str, Any]] = ()
    next_at: datetime | None = None
    message: str = ""
    note: str = ""
    hard: bool = False
    news: bool = False
    minutes: int | None = None
    language: str = ""

    def __repr__(self) -> str:
        return f"<Report {self.disposition}>"


@sensitive_variables()
def check(campaign: CallCampaign, report: Report) -> None:
    """Raises ReportIncomplete with what is missing, by field."""
    wrong: dict[str, str] = {}
    now = clock.now()
    if report.disposition not in REPORTABLE:
        wrong["disposition"] = "Choisissez l’issue de l’appel dans la liste."
    if len(report.key) not in KEY:
        wrong["key"] = "Rechargez la page : le numéro d’envoi manque."
    if report.channel not in CHANNELS:
        wrong["channel"] = "Ce moyen n’existe pas."
    if report.happened_at > now:
        wrong["happened_at"] = "Un appel se note après avoir eu lieu : corrigez la date ou l’heure."
    if report.disposition == "reached_callback" and report.next_at is None:
        wrong["next_at"] = "Écrivez le jour et l’heure promis pour le rappel."
    elif report.next_at is not None and report.disposition in (
        "reached_complete",
        "reached_callback",
        "reached_partial",
        "reached_other",
    ):
        wrong |= _promise(campaign, report.next_at, now)
    if len(report.message) > MESSAGE_LENGTH:
        wrong["message"] = f"Écrivez {MESSAGE_LENGTH} signes au plus pour le prochain appelant."
    if len(report.note) > NOTE_LENGTH:
        wrong["note"] = f"Écrivez {NOTE_LENGTH} signes au plus : des faits, pas de diagnostic."
    if report.note and not campaign.notes_on:
        wrong["note"] = "Cette campagne ne garde pas de note libre."
    if report.minutes is not None and not 0 <= report.minutes <= LONGEST_CALL:
        wrong["minutes"] = f"Écrivez la durée en minutes, de 0 à {LONGEST_CALL}."
    if wrong:
        raise ReportIncomplete(wrong)


def _promise(campaign: CallCampaign, at: datetime, now: datetime) -> dict[str, str]:
    if at <= now:
        return {"next_at": "Le rappel promis est déjà passé : choisissez une heure à venir."}
    if (at - now).days >= PROMISED_WITHIN:
        return {"next_at": f"Promettez un rappel dans les {PROMISED_WITHIN} jours."}
    if not timing.is_open(campaign, at):
        near = timezone.localtime(timing.opening(campaign, at))
        return {"next_at": f"La campagne n’appelle pas à cette heure : proposez par exemple {near:%d/%m à %H h %M}."}
    return {}


@sensitive_variables()
def read_answers(task: CallTask, report: Report) -> Mapping[str, str]:
    """The answers by the version pinned at the claim, hidden ones dropped; complete when the exchange was.

    Raises AnswersInvalid, by question.
    """
    version = task.script_version
    if version is None or (not report.answers and report.disposition != "reached_complete"):
        return {}
    if report.disposition not in CONTACTS | {"emergency", "reached_other", "reached_language", "reached_hearing"}:
        return {}
    if not version.model.get("survey", version.model):
        return {}
    from entremise.outreach.engine.xlsform import Model, evaluate  # heavy, and only asked with answers

    page = evaluate(Model.from_json(version.model), dict(report.answers), clock.now(), timezone.get_default_timezone())
    given = {name for name, value in report.answers.items() if value}
    whole = report.disposition == "reached_complete"
    wrong = {name: words for name, words in page.errors.items() if whole or name in given}
    if whole and not page.complete and not wrong:
        wrong = {"answers": "Il manque des réponses au script : complétez-les, ou notez l’échange interrompu."}
    if wrong:
        raise AnswersInvalid(wrong)
    return dict(page.answers)


PROMISE: Final = "prochain_appel"
"""The question by which a script ends: « le prochain appel est fixé au … ». What is said aloud is a promise."""


@sensitive_variables()
def with_promise(campaign: CallCampaign, report: Report, answers: Mapping[str, str]) -> Report:
    """The report with the date that the script fixed, when none was written beside it. Raises AnswersInvalid."""
    said = answers.get(PROMISE, "")
    if not said or report.next_at is not None or report.disposition not in PROMISING:
        return report
    at = parse_datetime(said)
    if at is None:
        raise AnswersInvalid({PROMISE: "Écrivez le jour et l’heure du prochain appel."})
    at = timezone.make_aware(at) if timezone.is_naive(at) else at
    if wrong := _promise(campaign, at, clock.now()):
        raise AnswersInvalid({PROMISE: wrong["next_at"]})
    return replace(report, next_at=at)


PROMISING: Final = frozenset({"reached_complete", "reached_partial"})


def promisable(campaign: CallCampaign, said: str) -> str:
    """The date that a script proposes, moved to when the campaign calls; "" when nothing needs to move."""
    at = parse_datetime(said) if said else None
    if at is None:
        return ""
    wanted = timezone.make_aware(at) if timezone.is_naive(at) else at
    near = timezone.localtime(timing.opening(campaign, wanted))
    return "" if near == wanted else f"{near:%Y-%m-%dT%H:%M}"
