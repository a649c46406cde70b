"""The facts that rules look at: written here and nowhere else, each with its trace.

Whether somebody may state a fact is decided by the use case that calls (a consent is the person's word, an assignment
a claimed call). A fact takes effect at the next decision, on every worker.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.vault import policies, registry
from entremise.vault.models import Assignment, IdentityCheck, Record, Stance
from entremise.vault.usecases.asking import purpose_known

STANCE = declare("vault.stance.set", "a enregistré un accord ou une opposition, ou son retrait")
STANCES = declare("vault.stances.set", "a enregistré l’accord ou l’opposition de plusieurs personnes")
FACTS = declare("vault.record.changed", "a changé l’état d’une fiche")
REOPENED = declare("vault.record.reopened", "a rouvert une fiche close par erreur")
ASSIGNED = declare("vault.record.assigned", "a confié une fiche")
UNASSIGNED = declare("vault.record.unassigned", "a retiré une fiche confiée")
CHECKED = declare("vault.identity.checked", "a vérifié l’identité d’une personne")

WORDS = ("consent", "objection")
LONGEST_CHECK = timedelta(hours=24)
"""How long an identity that was seen stays seen (PD: ours)."""
LONGEST_ASSIGNMENT = timedelta(days=366)
REACHED_FROM = {
    "to_inform": ("frozen",),
    "informed": ("to_inform", "frozen"),
    "active": ("to_inform", "informed", "frozen"),
    "frozen": ("to_inform", "informed", "active"),
    "closed": ("to_inform", "informed", "active", "frozen"),
}
"""The states of a record and those each is reached from (reference § 19); nothing leaves `closed`."""
REOPENED_TO = ("to_inform", "informed", "active")
FLAGS = ("protected", "difficulty_open", "emergency_open")


@transaction.atomic
def set_stance(actor: Actor, *, person: UUID, purpose: str, word: str, on: bool) -> bool:
    """What a person says of a purpose, from now on: `word` is `consent` or `objection`, `on` given or taken back.

    At the level of the person: it holds in every register, for the files that come later too. Whether it changed
    anything; told twice, it leaves one trace. Raises PurposeUnknown, ValidationError (a purpose that the law
    commands knows no objection).
    """
    return set_stances(actor, persons=[person], purpose=purpose, word=word, on=on) == 1


@transaction.atomic
def set_stances(actor: Actor, *, persons: Collection[UUID], purpose: str, word: str, on: bool = True) -> int:
    """The same for many persons, under one trace; how many it changed. Raises as `set_stance`."""
    purpose_known(purpose)
    if word not in WORDS:
        raise ValidationError({"word": "Dites s’il s’agit d’un accord ou d’une opposition."})
    if word == "objection" and on and purpose in registry.NO_OBJECTION:
        raise ValidationError({"purpose": "La loi commande cette finalité : on ne peut pas s’y opposer."})
    asked = list(dict.fromkeys(persons))
    if not asked:
        return 0
    said = Stance.objects.filter(purpose=purpose, word=word)
    changed = 0
    for start in range(0, len(asked), 500):
        some = asked[start : start + 500]
        if on:
            known = set(said.filter(person__in=some).values_list("person", flat=True))
            fresh = [Stance(person=pk, purpose=purpose, word=word) for pk in some if pk not in known]
            Stance.objects.bulk_create(fresh, ignore_conflicts=True)
            changed += len(fresh)
        else:
            changed += said.filter(person__in=some).delete()[0]
    if changed:
        action = STANCE if len(asked) == 1 else STANCES
        trace(actor, action, Record(pk=asked[0]), purpose=purpose, word=word, given=on, persons=changed)
    return changed


@transaction.atomic
def set_record(actor: Actor, *, person: UUID, register: str, **facts: str | bool) -> None:
    """Change facts of one record: `status`, `protected`, `difficulty_open`, `emergency_open`.

    A guarded UPDATE: of two who move a state at once, the second gets IllegalTransition. Told what it is already, it
    changes nothing. Raises NotFound (no such record), ValidationError (no such fact).
    """
    status = facts.get("status")
    if unknown := set(facts) - {"status", *FLAGS}:
        raise ValidationError(f"Une fiche n’a pas ces faits : {', '.join(sorted(unknown))}.")
    if not facts or (status is not None and status not in REACHED_FROM):
        raise ValidationError({"status": "Choisissez un état de la liste."})
    if not all(isinstance(facts[name], bool) for name in FLAGS if name in facts):
        raise ValidationError("Répondez par oui ou par non.")
    rows = Record.objects.filter(person=person, register=register)
    found = rows.values("pk", "status", *FLAGS).first()
    if found is None:
        raise NotFound("Cette personne n’est pas dans ce registre, ou a demandé son effacement.")
    if all(found[name] == value for name, value in facts.items()):
        return
    if status is not None and status != found["status"]:
        rows = rows.filter(status__in=REACHED_FROM[str(status)])
    if not rows.update(**facts):
        label = Record.STATES[rows.model.objects.get(pk=found["pk"]).status]
        raise IllegalTransition(f"Ce n’est plus possible : la fiche est maintenant « {label} ». Rechargez la page.")
    trace(actor, FACTS, Record(pk=found["pk"]), register=register, **facts)


@transaction.atomic
def reopen_record(actor: Actor, *, person: UUID, register: str, status: str) -> None:
    """A record closed by mistake (a death that was not) goes back to where it stood: its keys were never destroyed.

    The only way out of `closed`; whoever may say that it was a mistake is checked by the calling use case. Raises
    NotFound (no such record, or erased), IllegalTransition (not closed any more), ValidationError.
    """
    if status not in REOPENED_TO:
        raise ValidationError({"status": "Choisissez un état de la liste."})
    rows = Record.objects.filter(person=person, register=register)
    pk = rows.values_list("pk", flat=True).first()
    if pk is None:
        raise NotFound("Cette personne n’est pas dans ce registre, ou a demandé son effacement.")
    if not rows.filter(status="closed").update(status=status):
        raise IllegalTransition("Cette fiche n’est plus close. Rechargez la page.")
    trace(actor, REOPENED, Record(pk=pk), register=register, status=status)


@transaction.atomic
def assign(actor: Actor, *, person: UUID, register: str, user: int, purpose: str, until: datetime) -> int:
    """Confide a record to one agent for one purpose until then; the assignment's number.

    Confided again, the same assignment lasts until the new date. Raises PurposeUnknown, ValidationError.
    """
    purpose_known(purpose)
    now = clock.now()
    if not now < until <= now + LONGEST_ASSIGNMENT:
        raise ValidationError({"until": "Confiez une fiche jusqu’à une date à venir, dans l’année."})
    key = {"person": person, "register": register, "user": user, "purpose": purpose, "ended_at": None}
    row = Assignment.objects.filter(**key).first()
    if row is None:
        try:
            with transaction.atomic():
                row = Assignment.objects.create(**key, until=until)
        except IntegrityError:  # confided by somebody else at the same moment
            row = Assignment.objects.get(**key)
    if row.until != until:
        Assignment.objects.filter(pk=row.pk).update(until=until)
    trace(actor, ASSIGNED, row, user=user, purpose=purpose, register=register)
    return row.pk


@transaction.atomic
def unassign(actor: Actor, *, assignment: int) -> bool:
    """End an assignment at once; False when it already was. NotFound when it never existed."""
    if not Assignment.objects.filter(pk=assignment, ended_at=None).update(ended_at=clock.now()):
        if Assignment.objects.filter(pk=assignment).exists():
            return False
        raise NotFound("Cette fiche n’a pas été confiée.")
    trace(actor, UNASSIGNED, Assignment(pk=assignment))
    return True


@transaction.atomic
def unassign_all(actor: Actor, *, person: UUID, register: str, user: int, purposes: Collection[str]) -> int:
    """End what one agent was confided of one record, for these purposes; how many, none the second time."""
    live = Assignment.objects.filter(person=person, register=register, user=user, ended_at=None)
    rows = list(live.filter(purpose__in=purposes).order_by("pk"))
    if rows:
        Assignment.objects.filter(pk__in=[row.pk for row in rows], ended_at=None).update(ended_at=clock.now())
        trace(actor, UNASSIGNED, rows[0], assignments=len(rows))
    return len(rows)


@transaction.atomic
def check_identity(actor: Actor, *, person: UUID, how: str, until: datetime) -> int:
    """Somebody's identity was checked by this very agent: `document`, `letter_code` or `known`; the check's number.

    It opens the exercise of rights to this agent only, for 24 hours at most (RGPD 12.6). No copy, no number of a
    document is kept. Raises NotAllowed, SecondFactorNeeded, ValidationError.
    """
    policies.require_rights_desk(actor)
    now = clock.now()
    if actor.user_id is None:
        raise NotAllowed("Seul un agent vérifie une identité.")
    if how not in IdentityCheck.HOW:
        raise ValidationError({"how": "Dites comment l’identité a été vérifiée."})
    if not now < until <= now + LONGEST_CHECK:
        raise ValidationError({"until": "Une identité vérifiée le reste 24 heures au plus."})
    row = IdentityCheck.objects.create(person=person, user=actor.user_id, how=how, until=until)
    trace(actor, CHECKED, row, how=how)
    return row.pk
