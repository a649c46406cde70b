"""What every other step stands on: the territories of the Isère, the kit, the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from entremise.accounts.models import Membership, Organisation, User
from entremise.accounts.registry import label_of
from entremise.accounts.usecases import seed_demo_accounts
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kits import usecases as kits
from entremise.site.demo.account import Account
from entremise.territories import usecases as territories
from entremise.territories.queries import commune, theme
from entremise.vault import queries as vault_queries, usecases as vault

DEPARTMENTS = ["38"]
KIT = "confinement"
PASSWORD = "demo"  # noqa: S105 - the demonstration says it on its first page, and refuses to leave this machine
TOWN = "Ville de Grenoble (démonstration)"
ADMINISTRATOR = "demo@example.org"
FACE = {
    "name": "Grenoble s’entraide",
    "short_name": "Grenoble",
    "colour": "#0b5563",
    "phone": "04 65 71 00 00",
    "phone_hours": "du lundi au samedi, de 9 h à 18 h",
    "email": "entraide@grenoble.entremise.example",
    "postal_address": "Démonstration : cette structure n’existe pas.",
    "publisher": "Démonstration d’Entremise, sans lien avec la Ville de Grenoble",
}
"""Invented, but for the name of the town: the number is of a range no operator gives out."""


def load() -> list[Account]:
    actor = Actor.machine("démonstration")
    territories.load_reference(actor, departments=DEPARTMENTS)
    kits.apply_kit(actor, kit=KIT)
    if theme().pk is None:
        territories.set_theme(actor, territory=commune("38185"), **FACE)
    return []


def habilitate_demo(users: Sequence[User]) -> None:
    """Sign what each invented account may act for, and its promise, as a controller would on the first day."""
    live = Membership.objects.filter(user__in=users)
    roles: dict[int, set[str]] = {}
    for pk, role in live.values_list("user", "role"):
        roles.setdefault(pk, set()).add(role)
    until = clock.now() + timedelta(days=365)
    grants = []
    for user in users:
        held = roles.get(user.pk, set())
        if vault_queries.habilitation(user) is None and (purposes := vault.proposed_purposes(held)):
            grants.append(vault.grant_of(user, held, purposes=purposes, until=until))
    vault.habilitate_many(Actor.machine("démonstration"), grants=grants, committed=True)


@transaction.atomic
def accounts() -> list[Account]:
    """One who administers, under an address easy to type; then ten matchmakers and one account of each other role."""
    town, _ = Organisation.objects.get_or_create(name=TOWN, kind="collectivite")
    if not User.objects.filter(email=ADMINISTRATOR).exists():
        user = User.objects.create_user(ADMINISTRATOR, PASSWORD, label="Administration")
        Membership.objects.create(user=user, organisation=town, role="administrator")
    users = seed_demo_accounts(town)
    habilitate_demo(users)
    roles = dict(Membership.objects.filter(user__in=users).order_by("-pk").values_list("user", "role"))
    shown = [Account(ADMINISTRATOR, PASSWORD, "Administration")]
    return shown + [Account(user.email, PASSWORD, f"{user.label}, {label_of(roles[user.pk])}") for user in users]
