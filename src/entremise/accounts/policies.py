from __future__ import annotations

from django.conf import settings

from entremise.accounts import registry
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError


class SecondFactorNeeded(DomainError):
    """The door answers with the page where a second factor is added or proved, then comes back."""

    code = "second_factor_needed"


class FreshFactorNeeded(SecondFactorNeeded):
    """The second factor was proved too long ago: the door asks for it again, then comes back."""

    code = "fresh_factor_needed"


def proved_enough(actor: Actor) -> bool:
    """Working roles prove two factors: one stolen password must not open the file of vulnerable people.

    Relaxed in a demonstration, where everybody is invented; the page of second factors says so.
    """
    return actor.mfa or settings.DEMO or not registry.working(actor.roles)


def require_second_factor(actor: Actor) -> None:
    """Raises SecondFactorNeeded. To call first in whatever shows or opens personal data to an agent."""
    if not proved_enough(actor):
        raise SecondFactorNeeded(
            "Cette page montre des données personnelles. "
            "Prouvez d’abord votre identité par un second moyen : application de codes ou clé d’accès."
        )


def proved_again(actor: Actor) -> bool:
    """A second factor proved less than 15 minutes ago; relaxed in a demonstration as `proved_enough` is."""
    return actor.fresh_mfa or (settings.DEMO and registry.working(actor.roles))


def require_fresh_factor(actor: Actor) -> None:
    """Raises FreshFactorNeeded. For deeds that bear on many persons at once, or commit the house."""
    if not proved_again(actor):
        raise FreshFactorNeeded(
            "Cet acte demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."
        )


def may_see_persons(actor: Actor) -> bool:
    """Somebody whose work needs it, and who proved two factors; a technical administrator never does."""
    roles = registry.declared()
    needs = any(roles[code].persons for code in actor.roles if code in roles)
    return needs and proved_enough(actor)


GUARDED = frozenset({"administrator", "dpo", "controller", "org_manager"})


def administers(actor: Actor) -> bool:
    """Administrators, and our own machinery (commands, demonstration), open houses and accounts."""
    return actor.has("administrator", "machine")


def can_give(actor: Actor, role: str) -> bool:
    """A manager gives the everyday roles of their own house; the roles that watch or command come from above."""
    return administers(actor) or (actor.has("org_manager") and role not in GUARDED)
