"""Who keeps the facts that rules look at, and asks for what others agree to. Reading is decided by the rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings

from entremise.accounts.policies import FreshFactorNeeded, SecondFactorNeeded, proved_enough
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed

SIGNING = "Seul le responsable de traitement signe ceci. Adressez-vous à lui."
WATCHING = "Seuls le responsable de traitement et le délégué à la protection des données suspendent un accès."
PROOF = "Cet acte engage la collectivité : prouvez d’abord votre identité par un second moyen."


def require_controller(actor: Actor) -> None:
    """Habilitations, assessments, registers and crises are the controller's; the machine's at the installation.

    Raises NotAllowed, SecondFactorNeeded.
    """
    _require(actor, ("controller",), SIGNING)


def require_watcher(actor: Actor) -> None:
    """Whoever may stop somebody at once: the controller, the DPO. Raises NotAllowed, SecondFactorNeeded."""
    _require(actor, ("controller", "dpo"), WATCHING)


def require_rights_desk(actor: Actor) -> None:
    """Whoever meets the person who asks. Raises NotAllowed, SecondFactorNeeded."""
    _require(actor, ("desk", "dpo"), "Seuls l’accueil et le délégué vérifient l’identité de qui demande.")


def require_asker(actor: Actor, roles: Collection[str]) -> int:
    """The account that asks, if its role may ask this kind. Raises NotAllowed, SecondFactorNeeded."""
    sentence = "Votre rôle ne permet pas cette demande."
    _require(actor, tuple(sorted(roles)), sentence, machine=False)
    if actor.user_id is None:
        raise NotAllowed(sentence)
    return actor.user_id


def require_fresh_factor(actor: Actor) -> int:
    """The account that answers, after a second factor proved less than 15 minutes ago.

    Raises FreshFactorNeeded, NotAllowed.
    """
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour répondre.")
    if not (actor.fresh_mfa or settings.DEMO):
        raise FreshFactorNeeded("Donner un accord demande une seconde preuve de moins de 15 minutes.")
    return actor.user_id


def _require(actor: Actor, roles: tuple[str, ...], sentence: str, *, machine: bool = True) -> None:
    if machine and actor.has("machine") and roles[0] == "controller":
        return
    if actor.user_id is None or not actor.has(*roles):
        raise NotAllowed(sentence)
    if not proved_enough(actor):
        raise SecondFactorNeeded(PROOF)


RIGHTS_OF: Mapping[str, frozenset[str]] = {
    "caller": frozenset({"outreach.rescue"}),
    "supervisor": frozenset({"outreach.rescue"}),
    "referrer": frozenset({"outreach.rescue"}),
    "desk": frozenset({"people.rights"}),
    "dpo": frozenset({"people.rights", "registers.keep", "vault.audit"}),
    "keeper": frozenset({"people.rights", "registers.keep"}),
    "controller": frozenset({"registers.prefect"}),
}
"""What the rights of the floor (`right-*`) let each role act for: no vote changes it; a test reads it in the floor."""
