"""A mentor goes with at most twelve callers: reads reports with them, listens, holds debriefs. Never a sanction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.accounts.queries import colleagues
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.outreach import policies, rules
from entremise.outreach.engine.xlsform.model import Model
from entremise.outreach.models import CallAttempt, CallerProfile, ListeningNote, ReportReview
from entremise.outreach.queries.callers import profile_of
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.callers.refusals import AlreadyDecided, MentorFull
from entremise.outreach.usecases.callers.signing import own_profile
from entremise.rules.queries import number_of
from entremise.vault import queries as vault_queries, usecases as vault

ASSIGNED = declare("outreach.mentor.assigned", "a donné un référent d’appel à un·e appelant·e")
REVIEWED = declare("outreach.report.reviewed", "a relu un compte rendu d’appel")
NOTED = declare("outreach.listening.noted", "a noté une écoute")
SEEN = declare("outreach.feedback.read", "a lu les retours de son référent")
CONFIDED = timedelta(minutes=30)
"""How long a report is confided to the mentor who reads it."""
WHY = "Relecture d’un compte rendu avec l’appelant"
MARKS = {
    "opening": "Se présente, dit pourquoi, vérifie à qui il parle",
    "listening": "Laisse des silences, reformule",
    "facts": "Note des faits, sans jugement ni diagnostic",
    "consent": "Demande l’accord avant de transmettre",
    "closing": "Dit la suite et ne promet que le possible",
}
"""The five marks of a call listened to together."""
MARKED = {"yes": "oui", "partly": "en partie", "no": "pas encore"}
LONGEST = 500


@dataclass(frozen=True, slots=True, repr=False)
class ReadReport:
    """The answers of one report as the mentor reads them, or why they stay closed. To show at once, never to keep."""

    answers: Sequence[tuple[str, str]] = ()
    refused: str = ""


@transaction.atomic
def assign_mentor(actor: Actor, *, caller: CallerProfile, mentor: User) -> None:
    """Give a mentor to a caller, twelve callers at most each (a rule point), even for two supervisors at once.

    Raises NotAllowed, MentorFull, ValidationError.
    """
    policies.require_supervisor(actor)
    if mentor.pk == caller.user_id:
        raise ValidationError({"mentor": "Personne n’est son propre référent : choisissez quelqu’un d’autre."})
    if mentor.pk not in {one.pk for one in colleagues("mentor")}:
        raise ValidationError({"mentor": "Cette personne n’a pas le rôle de référent d’appel aujourd’hui."})
    User.objects.select_for_update().get(pk=mentor.pk)  # one place at a time is taken at this mentor's
    most = number_of(rules.MENTEES)
    others = CallerProfile.objects.filter(mentor=mentor, state="active").exclude(pk=caller.pk)
    if others.count() >= most:
        raise MentorFull(f"{mentor.label} suit déjà {most} personnes, le plus possible. Choisissez quelqu’un d’autre.")
    if not CallerProfile.objects.filter(pk=caller.pk, state="active").update(mentor=mentor):
        raise AlreadyDecided("Cette personne n’est pas en activité : acceptez d’abord son inscription.")
    caller.mentor = mentor
    record(actor, ASSIGNED, caller, mentor=mentor.public_id)


def report(actor: Actor, public_id: str) -> tuple[CallAttempt, CallerProfile]:
    """A report that this mentor or supervisor may read with its caller. Raises NotFound, NotAllowed."""
    attempt = CallAttempt.objects.select_related("campaign", "script_version", "caller").filter(public_id=public_id)
    found = attempt.exclude(caller=None).exclude(disposition="aborted").first()
    row = profile_of(found.caller_id) if found is not None and found.caller_id else None
    if found is None or row is None:
        raise NotFound("Ce compte rendu n’existe pas.")
    policies.require_guide(actor, row)
    return found, row


@sensitive_variables()
def open_report(actor: Actor, *, attempt: str) -> ReadReport:
    """Open the answers of a mentee's report, by the vault: the record is confided to this mentor for half an hour.

    Neither name nor number is asked. Raises NotFound, NotAllowed, and the refusals of `vault.usecases.open`.
    """
    found, _ = report(actor, attempt)
    if not found.answered:
        return ReadReport()
    person = _confide(actor, found)
    field = f"{REGISTER}.answers#{found.public_id}"
    opening = vault.open(actor, person=person, fields=[field], purpose=found.campaign.purpose, motive=WHY)
    if reasons := opening.reasons:
        return ReadReport((), reasons[0].reason)
    return ReadReport(_in_words(found, opening.values.get(field, "")))


@sensitive_variables()
def _in_words(found: CallAttempt, sealed: str) -> list[tuple[str, str]]:
    """Question and answer as the caller read them, by the version of the script that was used."""
    answers: dict[str, str] = json.loads(sealed)["answers"] if sealed else {}
    model = Model.from_json(found.script_version.model) if found.script_version else None
    known = model.by_name if model else {}
    told = []
    for name, value in answers.items():
        item = known.get(name)
        if model is None or item is None:
            told.append((name, value))
            continue
        choices = {one.name: model.words(one.label, model.default_language) for one in model.lists.get(item.list, ())}
        words = ", ".join(choices.get(part, part) for part in value.split()) if choices else value
        told.append((model.words(item.label, model.default_language) or name, words))
    return told


@transaction.atomic
def _confide(actor: Actor, found: CallAttempt) -> UUID:
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour lire un compte rendu.")
    person = found.person_id
    if any(one.register == REGISTER for one in vault_queries.records_of(person)):
        until = clock.now() + CONFIDED
        purpose = found.campaign.purpose
        vault.assign(actor, person=person, register=REGISTER, user=actor.user_id, purpose=purpose, until=until)
    return person


@transaction.atomic
def review_report(actor: Actor, *, attempt: str, complete: bool, note: str = "") -> ReportReview:
    """Say of a mentee's report whether it is complete, what was done well, what to try; read at their next shift.

    One review per report: the second is told. Raises NotFound, NotAllowed, ValidationError, AlreadyDecided.
    """
    found, row = report(actor, attempt)
    user = policies.require_guide(actor, row)
    words = _short(note)
    if not complete and not words:
        raise ValidationError(
            {"note": "Dites ce qui manque, pour que la personne puisse le compléter la prochaine fois."}
        )
    review = ReportReview(attempt=found, caller=row, mentor_id=user, complete=complete, note=words)
    ReportReview.objects.bulk_create([review], ignore_conflicts=True)
    mine = ReportReview.objects.filter(attempt=found, mentor=user, at=review.at).first()
    if mine is None:
        raise AlreadyDecided("Ce compte rendu est déjà relu. Rechargez la page pour lire ce qui en a été dit.")
    record(actor, REVIEWED, mine, complete=complete)
    return mine


@transaction.atomic
def note_listening(actor: Actor, *, caller: CallerProfile, marks: Mapping[str, str], note: str = "") -> ListeningNote:
    """Note a call listened to together: the five marks (yes, partly, no) and a sentence. Raises NotAllowed,
    ValidationError by mark."""
    user = policies.require_guide(actor, caller)
    wrong = {code: "Choisissez une réponse." for code in MARKS if marks.get(code) not in MARKED}
    if wrong:
        raise ValidationError(wrong)
    said = {code: marks[code] for code in MARKS}
    row = ListeningNote.objects.create(caller=caller, mentor_id=user, marks=said, note=_short(note))
    record(actor, NOTED, row)
    return row


@transaction.atomic
def read_feedback(actor: Actor) -> int:
    """The caller has read what was said of their reports and calls: how many were new. Raises NotAllowed."""
    row, now = own_profile(actor), clock.now()
    new = row.reviews.filter(read_at=None).update(read_at=now)
    new += row.listenings.filter(read_at=None).update(read_at=now)
    record(actor, SEEN, row, new=new)
    return new


def _short(note: str) -> str:
    words = " ".join(note.split())
    if len(words) > LONGEST:
        raise ValidationError({"note": f"Écrivez {LONGEST} signes au plus : ni nom, ni information de santé."})
    return words
