"""A difficulty is noted: facts, urgency, consent; the person's words are sealed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.referrals import policies
from entremise.referrals.models import CONTACTS, NEEDS, Difficulty
from entremise.referrals.registry import REGISTER
from entremise.vault import usecases as vault

NOTED = declare("referrals.difficulty.noted", "a noté une difficulté")
JUDGED = declare("referrals.difficulty.judged", "a relu une fiche de difficulté")
MOST_NEEDS, NOTE_LENGTH = 5, 500


class AlreadyJudged(DomainError):
    code = "difficulty_already_judged"


@sensitive_variables()
@transaction.atomic
def note_difficulty(
    actor: Actor,
    *,
    person: UUID,
    needs: Sequence[str],
    severity: int = 1,
    urgency: str = "none",
    consent: str,
    share: Sequence[str] = (),
    contact: str = "phone",
    best_time: str = "",
    note: str = "",
    origin_kind: str,
    origin_id: str = "",
    purpose: str,
    motive: str,
    deposit: bool = False,
) -> Difficulty:
    """Note what a person needs, 1 to 5 codes of `NEEDS`, and whether it may be transmitted (`yes`, `anonymous`, `no`).

    Without consent it is `kept`: nothing is sent. `share`: categories of the vault that may be told. `deposit`: typed
    during a call that may no longer be the author's; the machine seals the note (`vault.usecases.deposit`). Raises
    NotAllowed, ValidationError by field, and the refusals of the vault for the note.
    """
    if not policies.can_note(actor):
        raise NotAllowed("Votre rôle ne permet pas de noter une difficulté.")
    wrong: dict[str, str] = {}
    asked = list(dict.fromkeys(needs))
    if not 1 <= len(asked) <= MOST_NEEDS or set(asked) - set(NEEDS):
        wrong["needs"] = f"Choisissez de 1 à {MOST_NEEDS} besoins de la liste."
    text = " ".join(note.split())
    if len(text) > NOTE_LENGTH:
        wrong["note"] = f"Écrivez {NOTE_LENGTH} signes au plus : des faits, pas de diagnostic."
    if "other" in asked and not text:
        wrong["note"] = "Pour « autre », dites en quelques mots de quoi il s’agit."
    if contact not in CONTACTS:
        wrong["contact"] = "Choisissez comment joindre la personne."
    if wrong:
        raise ValidationError(wrong)
    row = Difficulty(
        person_id=person,
        needs=asked,
        severity=severity,
        urgency=urgency,
        consent=consent,
        share=sorted(set(share)) if consent == "yes" else [],
        contact=contact,
        best_time=best_time,
        has_note=bool(text),
        origin_kind=origin_kind,
        origin_id=origin_id,
        author_id=actor.user_id,
        state="kept" if consent == "no" else "open",
    )
    row.full_clean(exclude=["author", "person", "share"])  # nothing to share is said by an empty list
    row.save(force_insert=True)
    if text:
        sealed = {f"{REGISTER}.note#{row.public_id}": text}
        seal = vault.deposit if deposit else vault.write
        seal(actor, person=person, values=sealed, purpose=purpose, motive=motive)
    record(actor, NOTED, row, urgency=urgency, consent=consent)
    return row


@transaction.atomic
def judge_difficulty(actor: Actor, *, difficulty: Difficulty, complete: bool) -> None:
    """Say once whether a form said enough to choose a service: it counts on its author's path (outreach § 6).

    For referrers, and supervisors; never one's own form. Raises NotAllowed, AlreadyJudged for the second of two.
    """
    if not policies.can_judge(actor) or difficulty.author_id == actor.user_id:
        raise NotAllowed(
            "Une fiche de difficulté est relue par un orientateur ou un superviseur, jamais par son auteur."
        )
    waiting = Difficulty.objects.filter(pk=difficulty.pk, complete=None)
    if not waiting.update(complete=complete, judged_by=actor.user_id, judged_at=clock.now()):
        raise AlreadyJudged("Cette fiche a déjà été relue. Rechargez la page pour voir ce qui en a été dit.")
    record(actor, JUDGED, difficulty, complete=complete)
