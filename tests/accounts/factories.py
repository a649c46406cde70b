from __future__ import annotations

from itertools import count

from entremise.accounts.models import Membership, Organisation, User

PASSWORD = "un mot de passe de test"
_numbers = count(1)


def organisation(name: str = "Ville de Grenoble", kind: str = "collectivite") -> Organisation:
    return Organisation.objects.get_or_create(name=name, kind=kind)[0]


def agent(*roles: str, organisation: Organisation | None = None, label: str = "", email: str = "") -> User:
    """An account whose password is `PASSWORD`, with these roles live today in one organisation."""
    number = next(_numbers)
    house = organisation or globals()["organisation"]()
    user = User.objects.create_user(email or f"agent{number}@exemple.test", PASSWORD, label=label or f"Agent {number}")
    for role in roles:
        Membership.objects.create(user=user, organisation=house, role=role)
    return user
