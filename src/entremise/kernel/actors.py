"""Who does a deed, for whom, through which channel: the first argument of every use case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

Channel = Literal["web", "api", "phone", "sms", "mail", "paper", "counter", "cli", "task"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Given to every use case, written in every trace.

    `person_id` is who this actor is as an inhabitant (a link opened by the person concerned);
    `on_behalf_of` is the person an agent acts for, when somebody dictates on the phone or at the counter.
    `mandate_id` is the mandate by which an inhabitant acts for somebody else.
    All are opaque: a name never travels in an actor.
    `mfa`: two factors were proved in this session; `fresh_mfa`: again, less than 15 minutes ago.
    """

    user_id: int | None
    label: str
    channel: Channel
    roles: frozenset[str] = frozenset()
    organisation_id: int | None = None
    person_id: UUID | None = None
    on_behalf_of: UUID | None = None
    mfa: bool = False
    fresh_mfa: bool = False
    mandate_id: UUID | None = None

    @classmethod
    def machine(cls, label: str) -> Actor:
        return cls(None, label, "task", frozenset({"machine"}))

    @classmethod
    def person(cls, person_id: UUID, channel: Channel = "web") -> Actor:
        """The person concerned, without account: proved by a link, a code, or the agent who hears them."""
        return cls(None, "personne concernée", channel, frozenset({"inhabitant"}), person_id=person_id)

    def speaking_for(self, person_id: UUID, channel: Channel | None = None) -> Actor:
        """The same agent, acting for somebody who speaks: same rights for those who have only a phone."""
        return replace(self, on_behalf_of=person_id, channel=channel or self.channel)

    def through(self, channel: Channel) -> Actor:
        return replace(self, channel=channel)

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)
