"""Who keeps registers, who only looks at how they are kept. What may be read of a person is decided by the vault."""

from __future__ import annotations

from entremise.accounts.policies import require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed

KEEPERS = ("keeper",)
READERS = ("keeper", "analyst", "controller", "dpo")
KEEPING = "Seul un gestionnaire de registre fait cela. Adressez-vous à celui de votre structure."
READING = "Ces pages sont celles des gestionnaires de registre, du responsable et du délégué. Revenez à l’accueil."
CONTROLLING = "Seul le responsable de traitement fait cela. Adressez-vous à lui."


def require_keeper(actor: Actor) -> int:
    """The account of a keeper, two factors proved. Raises NotAllowed, SecondFactorNeeded."""
    if actor.user_id is None or not actor.has(*KEEPERS):
        raise NotAllowed(KEEPING)
    require_second_factor(actor)
    return actor.user_id


def require_reader(actor: Actor) -> int:
    """The account of somebody who may look at the life of registers: counts, never a value. Raises NotAllowed."""
    if actor.user_id is None or not actor.has(*READERS):
        raise NotAllowed(READING)
    require_second_factor(actor)
    return actor.user_id


def require_printer(actor: Actor) -> int:
    """The account of a supervisor, who holds the lists that callers work from. Raises NotAllowed."""
    if actor.user_id is None or not actor.has("supervisor"):
        raise NotAllowed("Une liste d’appel s’imprime par un superviseur. Adressez-vous à celui de votre équipe.")
    require_second_factor(actor)
    return actor.user_id


def require_controller(actor: Actor) -> int:
    """The account of the controller, two factors proved. Raises NotAllowed, SecondFactorNeeded."""
    if actor.user_id is None or not actor.has("controller"):
        raise NotAllowed(CONTROLLING)
    require_second_factor(actor)
    return actor.user_id
