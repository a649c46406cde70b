from __future__ import annotations

from django.conf import settings

from entremise.accounts.policies import SecondFactorNeeded, proved_enough
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed

EXPLORERS = ("dpo", "administrator", "controller")


def require_signature(actor: Actor) -> None:
    """Rules enter into force by the controller's signature, with two factors; never by a technical administrator.

    The commons call with the controller who signs. Raises NotAllowed, SecondFactorNeeded.
    """
    if actor.has("machine"):
        return
    if not actor.has("controller"):
        raise NotAllowed("Seul le responsable de traitement met un règlement en vigueur. Adressez-vous à lui.")
    if not proved_enough(actor):
        raise SecondFactorNeeded("Mettre un règlement en vigueur demande une seconde preuve d’identité.")


def can_explore(actor: Actor) -> bool:
    """« Qui pourrait lire ce champ ? » shows no person; it is the DPO's, the controller's, the administrator's."""
    return actor.has(*EXPLORERS)


def require_fresh_signature(actor: Actor) -> None:
    """As `require_signature`, by a person, whose second factor was proved less than 15 minutes ago."""
    if actor.has("machine"):
        raise NotAllowed("Le règlement provisoire se prolonge par la signature du responsable de traitement.")
    require_signature(actor)
    if not (actor.fresh_mfa or settings.DEMO):
        raise SecondFactorNeeded("Prolonger le règlement demande une seconde preuve de moins de 15 minutes.")
