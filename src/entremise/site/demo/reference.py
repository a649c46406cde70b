"""What every other step stands on: the territories of the Isère, the kit, the accounts."""

from __future__ import annotations

from django.db import transaction

from entremise.accounts.models import Membership, Organisation, User
from entremise.kernel.actors import Actor
from entremise.kits import usecases as kits
from entremise.site.demo.account import Account
from entremise.territories import usecases as territories

DEPARTMENTS = ["38"]
KIT = "confinement"
PASSWORD = "demo"  # noqa: S105 - the demonstration says it on its first page, and refuses to leave this machine
TOWN = "Ville de Grenoble (démonstration)"
PEOPLE = {
    "demo": ("Administration", "administrator"),
    "entremise": ("Claude, agent entremetteur", "matchmaker"),
    "responsable": ("Dominique, responsable", "lead_matchmaker"),
    "referente": ("Camille, référente sensible", "sensitive_referent"),
}
"""Invented: first names that say nothing of anybody, the role they play."""


def load() -> list[Account]:
    actor = Actor.machine("démonstration")
    territories.load_reference(actor, departments=DEPARTMENTS)
    kits.apply_kit(actor, kit=KIT)
    return []


@transaction.atomic
def accounts() -> list[Account]:
    town, _ = Organisation.objects.get_or_create(name=TOWN, kind="collectivite")
    known = set(User.objects.values_list("email", flat=True))
    shown = []
    for name, (label, role) in PEOPLE.items():
        email = f"{name}@example.org"
        if email not in known:
            user = User.objects.create_user(email, PASSWORD, label=label)
            Membership.objects.create(user=user, organisation=town, role=role)
        shown.append(Account(email, PASSWORD, label))
    return shown
