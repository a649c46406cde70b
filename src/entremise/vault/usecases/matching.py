"""Whether a value somebody holds in their hand is the one of a record, without showing either."""

from __future__ import annotations

from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.vault import engine, registry
from entremise.vault.models import BlindIndex
from entremise.vault.usecases import keyring, opening, situating
from entremise.vault.usecases.asking import motive_given, purpose_known, question
from entremise.vault.usecases.refusals import FieldUnknown


@sensitive_variables()
def matches(actor: Actor, *, person: UUID, register: str, by: str, value: str, purpose: str, motive: str) -> bool:
    """Whether this person, in this register, has this normalised value: a search about one record, frozen or not.

    Journalled and counted as a search. Raises NotAllowed, FieldUnknown, and as `find`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    if by not in registry.profile(register).indexed:
        raise FieldUnknown("Ce registre ne se recherche pas par ce champ.")
    ring, asker = keyring.load({register}), question(actor, purpose)
    where = situating.registers(asker, {register})[register]
    if (refused := opening.may_search(ring, asker, where, by, motive)) is not None:
        raise NotAllowed(f"Vous ne pouvez pas chercher une personne pour cette finalité. {refused.reason}")
    digest = engine.blind(ring.indexes[register], by, value)
    ways = [by, *(f"{by}#{n}" for n in range(1, 10))]
    return BlindIndex.objects.filter(register=register, by__in=ways, digest=digest, record__person=person).exists()
