"""Registers that the rooms themselves keep of a person (contacts, reports of calls), opened at a first start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.registry import PERSONNE
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.registry import Profile

INSTALLED = declare("people.register.installed", "a ouvert un registre tenu par le logiciel")

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
def install_register(
    actor: Actor,
    *,
    profile: Profile = PERSONNE,
    bases: Mapping[str, str] = BASES,
    assessment: Mapping[str, str] = ASSESSMENT,
) -> bool:
    """Open a register that a room keeps (by default `personne`), its impact assessment marked provisional; False where
    it exists. An upper room gives its own profile. Raises NotAllowed (the controller, or the installation).
    """
    if any(row.code == profile.code for row in facts.registers()):
        return False
    row = vault.create_register(
        actor,
        code=profile.code,
        kind="mutual_aid",
        label=profile.label,
        bases=bases,
        expires_at=clock.now() + TERM,
    )
    vault.sign_assessment(actor, register=profile.code, parts=assessment)
    vault.open_register(actor, register=profile.code)
    record(actor, INSTALLED, row)
    return True
