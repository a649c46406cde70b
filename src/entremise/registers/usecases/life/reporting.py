"""Deaths and departures: one human reports, another confirms; frozen in between, closed after, undone for 30 days.

A wrong death is the worst mistake a register can make: whoever is said dead is no longer called. Rights go on all
along: a frozen or closed record still answers to `people.rights`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.accounts.queries import same_human
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.people.models import Person
from entremise.people.queries import together
from entremise.registers import policies, queries
from entremise.registers.models import REPORT, LifeReport
from entremise.vault import queries as facts, usecases as vault

REPORTED = declare("registers.report.made", "a signalé un décès ou un départ")
CONFIRMED = declare("registers.report.confirmed", "a confirmé un décès ou un départ")
DISMISSED = declare("registers.report.dismissed", "a écarté un décès ou un départ signalé")
UNDONE = declare("registers.report.undone", "a annulé un décès ou un départ confirmé à tort")

UNDO: Final = timedelta(days=30)
"""How long a confirmed report may be undone (PD): then the record is to be erased."""
KEEP: Final = "registers.keep"
LIVE: Final = ("to_inform", "informed", "active")


class SameHuman(DomainError):
    """The one who reported cannot confirm, under whatever account."""

    code = "same_human"


class ReportOpen(DomainError):
    code = "report_open"


class ReportMismatch(DomainError):
    """The number that whoever confirms holds is not the one of the record."""

    code = "report_mismatch"


class TooLateToUndo(DomainError):
    code = "too_late_to_undo"


@transaction.atomic
def report_death(actor: Actor, *, person: UUID, register: str, source: str) -> LifeReport:
    """Somebody is said dead: all their records are frozen until another human confirms. Raises as `report_move`."""
    return _report(actor, person, register, "deceased", source)


@transaction.atomic
def report_move(actor: Actor, *, person: UUID, register: str, source: str) -> LifeReport:
    """Somebody is said gone from the territory: their record in this register is frozen until another human confirms.

    Raises NotAllowed, NotFound (not in this register), ReportOpen (said already), ValidationError.
    """
    return _report(actor, person, register, "moved", source)


def _report(actor: Actor, person: UUID, register: str, kind: str, source: str) -> LifeReport:
    me = policies.require_keeper(actor)
    if source not in LifeReport.SOURCES:
        raise ValidationError({"source": "Dites comment vous l’avez appris."})
    own = {one.register: one.status for one in facts.records_of(person)}
    if register not in own:
        raise NotFound("Cette personne n’est pas dans ce registre, ou a demandé son effacement.")
    concerned = {(person, register): own[register]}
    if kind == "deceased":  # somebody known under several identities dies once
        for one in sorted(together(person)):
            concerned |= {(one, row.register): row.status for row in facts.records_of(one)}
    before = {f"{who}/{code}": status for (who, code), status in concerned.items() if status in LIVE}
    row = LifeReport(
        register=register, person=Person(pk=person), kind=kind, source=source, before=before, reported_by=me,
        reported_at=clock.now(),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ReportOpen("C’est déjà signalé : une autre personne doit le confirmer.") from None
    for who, code, _ in _held(row):
        vault.set_record(actor, person=who, register=code, status="frozen")
    record(actor, REPORTED, row, kind=kind, source=source, records=len(before))
    return row


def _held(report: LifeReport) -> list[tuple[UUID, str, str]]:
    """(person, register, former state) of each record that the report froze."""
    found = []
    for key, status in report.before.items():
        who, _, code = key.partition("/")
        found.append((UUID(who), code, status))
    return found


@transaction.atomic
def confirm_report(actor: Actor, *, report: LifeReport, phone: str = "") -> None:
    """The second human agrees: the records are closed.

    A frozen record shows nothing, so `phone` (E.164) names the person from the notice that this human holds; it is
    asked whenever the record has one. A second account of the same human counts as the same.
    Raises NotAllowed, SameHuman, ReportMismatch, IllegalTransition.
    """
    me = policies.require_keeper(actor)
    humans = same_human([me, report.reported_by])
    if me == report.reported_by or humans.get(me, me) == humans.get(report.reported_by, report.reported_by):
        raise SameHuman("Vous l’avez signalé : une autre personne doit le confirmer.")
    if queries.has_phone(report) and not (
        phone
        and vault.matches(
            actor, person=report.person_id, register=report.register, by="phone", value=phone, purpose=KEEP,
            motive=f"Confirmation du signalement {report.public_id}",
        )
    ):  # fmt: skip
        raise ReportMismatch(
            "Ce numéro n’est pas celui de la fiche signalée. "
            "Vérifiez l’avis ; en cas de doute, écartez le signalement."
        )
    REPORT.move(report, "confirm", decided_by=me, decided_at=clock.now())
    for who, code, _ in _held(report):
        vault.set_record(actor, person=who, register=code, status="closed")
    record(actor, CONFIRMED, report, kind=report.kind, records=len(report.before))


@transaction.atomic
def dismiss_report(actor: Actor, *, report: LifeReport) -> None:
    """It was not so: each record goes back to the state it had. Whoever reported may say so too.

    Raises NotAllowed, IllegalTransition.
    """
    me = policies.require_keeper(actor)
    REPORT.move(report, "dismiss", decided_by=me, decided_at=clock.now())
    for who, code, status in _held(report):
        vault.set_record(actor, person=who, register=code, status=status)
    record(actor, DISMISSED, report, kind=report.kind)


@transaction.atomic
def undo_report(actor: Actor, *, report: LifeReport) -> None:
    """A confirmed report was wrong: each record goes back to the state it had, within 30 days.

    Raises NotAllowed, TooLateToUndo, IllegalTransition, NotFound (a record was erased meanwhile).
    """
    me = policies.require_keeper(actor)
    now = clock.now()
    if report.decided_at is not None and now - report.decided_at > UNDO:
        raise TooLateToUndo("Plus de 30 jours ont passé : inscrivez à nouveau la personne, avec son accord.")
    REPORT.move(report, "undo", undone_by=me, undone_at=now)
    for who, code, status in _held(report):
        vault.reopen_record(actor, person=who, register=code, status=status)
    record(actor, UNDONE, report, kind=report.kind)
