"""Campaigns of confirmation: the records nobody confirmed for long, by letter or by call, answer by answer.

And the clock of retention: a register is read again twice a year; nothing is deleted by the clock itself.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.machines import IllegalTransition
from entremise.registers import policies, queries
from entremise.registers.models import CheckLine, CheckRound, Enrolment, RegisterReview
from entremise.registers.models.life import ENDED
from entremise.registers.usecases.life.enrolling import note_check, remove_enrolment
from entremise.registers.usecases.life.reporting import report_death, report_move
from entremise.vault import queries as facts, usecases as vault

STARTED = declare("registers.check.started", "a lancé une campagne de confirmation")
ANSWERED = declare("registers.check.answered", "a noté la réponse à une confirmation")
CLOSED = declare("registers.check.closed", "a clos une campagne de confirmation")
REVIEWED = declare("registers.review.done", "a relu un registre pour le semestre")
REMINDED = declare("registers.reviews.due", "a rappelé la relecture de registres")

MOST: Final = 2_000
"""Persons in one campaign (PD): a fortnight of work for a small team."""


class NobodyToCheck(DomainError):
    code = "nobody_to_check"


@transaction.atomic
def start_check_round(actor: Actor, *, register: str, way: str, since: date) -> CheckRound:
    """Choose the active records not confirmed since this day, oldest entries first, at most 2,000.

    Who is in another open campaign of the register stays out. Raises NotAllowed, NotFound, NobodyToCheck,
    ValidationError.
    """
    me = policies.require_keeper(actor)
    row = queries.register_seen(actor, register)
    if way not in CheckRound.WAYS:
        raise ValidationError({"way": "Choisissez le courrier ou le téléphone."})
    if since > clock.today():
        raise ValidationError({"since": "Choisissez une date passée."})
    busy = set(
        CheckLine.objects.filter(round__register=register, round__closed_at=None, answer="").values_list(
            "person", flat=True
        )
    )
    persons = [pk for pk in queries.not_checked_since(register, since) if pk not in busy][:MOST]
    if not persons:
        raise NobodyToCheck("Toutes les fiches ont été confirmées depuis cette date, ou le sont en ce moment.")
    made = CheckRound.objects.create(register=row.code, way=way, since=since, created_by=me, created_at=clock.now())
    CheckLine.objects.bulk_create(
        [CheckLine(round=made, person_id=pk, rank=rank) for rank, pk in enumerate(persons, start=1)], batch_size=500
    )
    record(actor, STARTED, made, register=register, way=way, persons=len(persons))
    return made


@transaction.atomic
def answer_check(actor: Actor, *, line: CheckLine, answer: str) -> None:
    """What came of one letter or call. `confirmed` makes the record fresh; `moved` and `deceased` open a report that
    somebody else confirms; `refuses` closes the record at once; `no_answer` counts a try and leaves the line open.

    Raises NotAllowed, ValidationError, IllegalTransition (answered already), and as `report_death`.
    """
    me = policies.require_keeper(actor)
    if answer not in CheckLine.ANSWERS:
        raise ValidationError({"answer": "Choisissez une réponse de la liste."})
    code, person, today = line.round.register, line.person_id, clock.today()
    queries.register_seen(actor, code)
    rows = CheckLine.objects.filter(pk=line.pk, answer__in=("", "no_answer"), round__closed_at=None)
    said = {"answer": answer, "answered_on": today, "answered_by": me, "tries": F("tries") + 1}
    if not CheckLine.objects.filter(pk__in=rows.values("pk")).update(**said):
        raise IllegalTransition("Cette réponse est déjà notée, ou la campagne est close. Rechargez la page.")
    if answer == "confirmed":
        note_check(code, person, today, line.round.way, me)
    elif answer == "deceased":
        report_death(actor, person=person, register=code, source="call" if line.round.way == "call" else "mail")
    elif answer == "moved":
        report_move(actor, person=person, register=code, source="call" if line.round.way == "call" else "mail")
    elif answer == "refuses":
        enrolment = Enrolment.objects.filter(register=code, person=person).exclude(state__in=ENDED).first()
        if enrolment is not None:
            remove_enrolment(actor, enrolment=enrolment)
        else:
            vault.set_record(actor, person=person, register=code, status="closed")
    record(actor, ANSWERED, line, answer=answer)


@transaction.atomic
def close_check_round(actor: Actor, *, check_round: CheckRound) -> None:
    """The campaign is over: what was not answered stays as it was. Raises NotAllowed, IllegalTransition."""
    policies.require_keeper(actor)
    if not CheckRound.objects.filter(pk=check_round.pk, closed_at=None).update(closed_at=clock.now()):
        raise IllegalTransition("Cette campagne est déjà close.")
    record(actor, CLOSED, check_round)


def term_of(day: date) -> tuple[str, date]:
    """The half-year of a day, and its last day: `2026-S2`, 31 December 2026."""
    first = day.month <= 6
    return f"{day.year}-S{1 if first else 2}", date(day.year, 6, 30) if first else date(day.year, 12, 31)


@transaction.atomic
def remind_reviews(actor: Actor) -> int:
    """Every day: each open register has a review due by the end of the half-year; how many were added.

    Nothing is deleted: the clock reminds, people decide.
    """
    term, due = term_of(clock.today())
    known = set(RegisterReview.objects.filter(term=term).values_list("register", flat=True))
    codes = [
        one.code
        for one in facts.registers()
        if one.status == "open" and one.profile not in queries.OWN and one.code not in known
    ]
    rows = [RegisterReview(register=code, term=term, due_on=due) for code in codes]
    RegisterReview.objects.bulk_create(rows, ignore_conflicts=True)
    if codes:
        first = RegisterReview.objects.get(register=codes[0], term=term)
        record(actor, REMINDED, first, registers=len(codes))
    return len(codes)


@transaction.atomic
def sign_review(actor: Actor, *, register: str) -> RegisterReview:
    """The keeper read the register again for this half-year. Raises NotAllowed, IllegalTransition (nothing waits)."""
    me = policies.require_keeper(actor)
    queries.register_seen(actor, register)
    row = RegisterReview.objects.filter(register=register, done_on=None).order_by("due_on").first()
    waits = RegisterReview.objects.filter(pk=row.pk if row else 0, done_on=None)
    if row is None or not waits.update(done_on=clock.today(), done_by=me):
        raise IllegalTransition("Aucune relecture n’attend pour ce registre.")
    row.done_on, row.done_by = clock.today(), me
    record(actor, REVIEWED, row, term=row.term)
    return row
