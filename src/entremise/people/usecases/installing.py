"""The register of what is common to a person: opened at a first start."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.registry import PERSONNE, REGISTER
from entremise.vault import queries as facts, usecases as vault

INSTALLED = declare("people.register.installed", "a ouvert le registre des coordonnées communes")

TERM = timedelta(days=5 * 365)
BASES = {
    "outreach.call": "public_interest",
    "outreach.keep_in_touch": "consent",
    "outreach.visit": "public_interest",
    "referrals.refer": "public_interest",
    "registers.inform": "public_interest",
    "mutualaid.contact": "consent",
}
ASSESSMENT = {
    "status": "provisoire, à relire par le délégué",
    "processing": "Joindre la personne par un autre numéro ou par un proche qu’elle a choisi ; vérifier qui elle est.",
    "necessity": "Les numéros, les proches et la date de naissance que la personne donne. Tout est facultatif.",
    "risks": "Un proche apprend plus que la personne ne le veut ; quelqu’un se fait passer pour elle.",
    "measures": "Ce qu’un proche peut savoir est noté avec lui ; code de lettre et naissance ; cellules scellées.",
}


@transaction.atomic
def install_register(actor: Actor) -> bool:
    """Open the register `personne`, its impact assessment marked provisional; False where it exists.

    Raises NotAllowed (the controller, or the installation).
    """
    if any(row.code == REGISTER for row in facts.registers()):
        return False
    row = vault.create_register(
        actor,
        code=REGISTER,
        kind="mutual_aid",
        label=PERSONNE.label,
        bases=BASES,
        expires_at=clock.now() + TERM,
    )
    vault.sign_assessment(actor, register=REGISTER, parts=ASSESSMENT)
    vault.open_register(actor, register=REGISTER)
    record(actor, INSTALLED, row)
    return True
