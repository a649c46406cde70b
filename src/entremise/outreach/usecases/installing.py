"""The register where reports of calls are sealed: opened at a first start."""

from __future__ import annotations

from django.db import transaction

from entremise.kernel.actors import Actor
from entremise.outreach.registry import VEILLE
from entremise.people.usecases import install_register as install

BASES = {
    "outreach.call": "public_interest",
    "outreach.keep_in_touch": "consent",
    "outreach.visit": "public_interest",
    "referrals.refer": "public_interest",
}
ASSESSMENT = {
    "status": "provisoire, à relire par le délégué",
    "processing": "Garder ce que la personne dit au téléphone : réponses au script, message pour le prochain appel.",
    "necessity": "Le script fixe les questions ; la note est facultative et peut être coupée par campagne.",
    "risks": "Un compte rendu en dit plus que la personne ne le veut ; un appelant lit ce qu’un autre a écrit.",
    "measures": "Cellules scellées ; lecture par qui tient l’appel, à partir du niveau 3 ; effacement à l’échéance.",
}


@transaction.atomic
def install_register(actor: Actor) -> bool:
    """Open the register `veille`; False where it exists. NotAllowed (the controller, or the installation)."""
    return install(actor, profile=VEILLE, bases=BASES, assessment=ASSESSMENT)
