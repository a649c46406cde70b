"""What every door of the vault checks first: who asks, what for, why, which fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from entremise.accounts.policies import proved_again
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.rules.engine import NEVER, AgentFacts, MandateFacts, PersonFacts
from entremise.rules.engine.facts import NONE, Codes, Deed as DeedFacts, How, Use as UseFacts, Who
from entremise.rules.engine.vocabulary import ROLES
from entremise.vault import registry
from entremise.vault.models import Habilitation
from entremise.vault.registry import Asked
from entremise.vault.usecases.refusals import FieldUnknown, MotiveMissing, PurposeUnknown

SHORTEST, LONGEST = 10, 300


def purpose_known(purpose: str) -> str:
    """The purpose, if it is one of the closed list; PurposeUnknown otherwise."""
    if purpose not in registry.PURPOSES:
        raise PurposeUnknown(
            "Cette finalité n’existe pas : choisissez pour quoi les données sont demandées dans la liste."
        )
    return purpose


def motive_given(motive: str) -> str:
    """The motive, trimmed: 10 to 300 characters, not one repeated. MotiveMissing otherwise."""
    words = " ".join(motive.split())
    if not SHORTEST <= len(words) <= LONGEST or len(set(words)) < 3:
        raise MotiveMissing(
            f"Écrivez en {SHORTEST} à {LONGEST} caractères pourquoi ces données sont demandées, "
            "par exemple « Appel de la demande H6K-347 ». N’écrivez pas de donnée de santé."
        )
    return words


def fields_known(names: Iterable[str]) -> list[Asked]:
    """The fields asked, each once; FieldUnknown for one that no register declares."""
    try:
        return [registry.asked(name) for name in dict.fromkeys(names)]
    except KeyError:
        raise FieldUnknown("Ce champ n’existe dans aucun registre.") from None


@dataclass(frozen=True, slots=True)
class Question:
    """One deed before any record is looked at: who asks, what for, in which circumstances.

    `who` is None for a machine and for an anonymous visitor: no rule can allow them anything. Every circumstance is
    computed here; none comes from the browser.
    """

    actor: Actor
    purpose: str
    now: datetime
    who: Who | None
    habilitation: Habilitation | None = None
    mfa: bool = False
    fresh: bool = False
    approvals: Codes = NONE
    approvers: int = 0
    request: str = ""

    @property
    def me(self) -> UUID | None:
        """The person this is about when they act for themselves, or by a mandate."""
        if isinstance(self.who, MandateFacts):
            return UUID(self.who.person)
        return self.actor.person_id if isinstance(self.who, PersonFacts) else None

    def use(self, category: str, *, count: int = 1, checked: bool = False) -> How:
        """The circumstances of one category of one record; the motive was checked at the door."""
        return UseFacts(
            self.purpose, self.now, category, motive_given=True, mfa=self.mfa, fresh_mfa=self.fresh,
            approvals=self.approvals, approvers=self.approvers, records_in_hour=count, identity_checked=checked,
        )  # fmt: skip

    def deed(self, *, count: int = 1, rows: int = 1) -> How:
        """The circumstances of a deed on a register, or of the erasure of a record."""
        return DeedFacts(
            self.purpose, self.now, motive_given=True, mfa=self.mfa, fresh_mfa=self.fresh, approvals=self.approvals,
            approvers=self.approvers, deeds_in_hour=count, rows=rows,
        )  # fmt: skip

    def proved_again(self) -> Question:
        """The same question, had the second factor just been proved."""
        return replace(self, mfa=True, fresh=True)


def question(actor: Actor, purpose: str) -> Question:
    """Who asks: an agent with the habilitation signed for them (one query), a person, a mandate, or nobody."""
    now = clock.now()
    if actor.mandate_id is not None:
        mandate = registry.mandate(actor.mandate_id)
        return Question(actor, purpose, now, mandate, mfa=actor.mfa, fresh=actor.fresh_mfa)
    if actor.person_id is not None:
        who = PersonFacts(str(actor.person_id))
        return Question(actor, purpose, now, who, mfa=actor.mfa, fresh=actor.fresh_mfa)
    if actor.user_id is None:
        return Question(actor, purpose, now, None)
    signed = Habilitation.objects.raw('SELECT * FROM vault_habilitation WHERE "user" = %s', [actor.user_id])
    row = next(iter(signed), None)
    agent = AgentFacts(
        str(actor.user_id),
        frozenset(actor.roles & ROLES.keys()),
        str(actor.organisation_id or ""),
        frozenset(registry.PURPOSES).intersection(row.purposes if row else ()),
        row.active_until if row else NEVER,
        (row.commitment_until if row else None) or NEVER,
        frozenset(row.named_in if row else ()),
        suspended=row is not None and row.suspended_at is not None,
        professional_secrecy=row is not None and row.professional_secrecy,
        level=registry.level(actor.user_id, row.level if row else 0),
    )
    # Where two factors are asked of nobody (a demonstration), working roles count as having proved both.
    fresh = proved_again(actor)
    return Question(actor, purpose, now, agent, row, mfa=actor.mfa or fresh, fresh=fresh)
