"""People who ask and people who agree, for the tests of special requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from entremise.accounts.models import User
from entremise.accounts.queries import actor_of
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.vault import usecases as vault
from entremise.vault.models import SpecialRequest
from tests.accounts.factories import agent


def proved(user: User) -> Actor:
    """This account in a session where the second factor was proved a minute ago."""
    actor = actor_of(user, "web", True)
    return Actor(actor.user_id, actor.label, "web", actor.roles, actor.organisation_id, mfa=True, fresh_mfa=True)


@dataclass
class Town:
    """A DPO, a controller, a keeper, and one seat in each college."""

    dpo: Actor = field(default_factory=lambda: proved(agent("dpo")))
    controller: Actor = field(default_factory=lambda: proved(agent("controller")))
    keeper: Actor = field(default_factory=lambda: proved(agent("keeper")))
    house: Actor = field(default_factory=lambda: proved(agent("seat_institutions")))
    listed: Actor = field(default_factory=lambda: proved(agent("seat_registered")))
    staff: Actor = field(default_factory=lambda: proved(agent("seat_staff")))

    def export(self, **changed: Any) -> SpecialRequest:
        asked = {
            "kind": "export",
            "purpose": "referrals.refer",
            "motive": "Liste pour la plateforme de soutien du 3 juillet",
            "registers": ["entraide"],
            "fields": ["entraide.last_name", "entraide.phone"],
            "recipients": "Centre communal d’action sociale",
            "cap": 200,
        }
        return vault.ask(self.dpo, **{**asked, **changed})

    def erasure(self, person: UUID | None = None) -> SpecialRequest:
        return vault.ask(
            self.keeper,
            kind="erasure",
            purpose="people.rights",
            motive="Demande reçue par lettre le 2 juillet",
            registers=["entraide"],
            persons=[person or ids.uuid7()],
        )

    def granted(self, row: SpecialRequest) -> SpecialRequest:
        """The same request once both colleges agreed."""
        for seat in (self.house, self.listed):
            row = yes(seat, row)
        return row


def yes(actor: Actor, row: SpecialRequest) -> SpecialRequest:
    return vault.approve(actor, request=row.public_id, fingerprint=row.fingerprint)


def worth(row: SpecialRequest, actor: Actor, **later: float) -> vault.Standing:
    return vault.standing(row.public_id, actor, now=clock.now() + timedelta(**later))
