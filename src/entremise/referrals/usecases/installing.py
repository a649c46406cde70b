"""The register where difficulties are sealed: opened at a first start."""

from __future__ import annotations

from django.db import transaction

from entremise.kernel.actors import Actor
from entremise.people.usecases import install_register as install
from entremise.referrals.registry import ORIENTATION

BASES = {
    "referrals.refer": "public_interest",
    "outreach.call": "public_interest",
    "outreach.keep_in_touch": "consent",
    "outreach.visit": "public_interest",
    "mutualaid.contact": "consent",
}
ASSESSMENT = {
    "status": "provisoire, à relire par le délégué",
    "processing": "Garder la difficulté qu’une personne a dite, pour trouver le service qui y répond.",
    "necessity": "Un code de besoin, l’urgence, et si la personne le veut quelques mots ; pas de diagnostic.",
    "risks": "Un service apprend plus que nécessaire ; une difficulté reste sans réponse.",
    "measures": "Accord demandé avant toute transmission ; cellules scellées ; délais suivis ; effacement au terme.",
}


@transaction.atomic
def install_register(actor: Actor) -> bool:
    """Open the register `orientation`; False where it exists. NotAllowed (the controller, or the installation)."""
    return install(actor, profile=ORIENTATION, bases=BASES, assessment=ASSESSMENT)
