"""`entremise accounts add`: the first administrator, who opens the other accounts from the pages."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from entremise.accounts import registry, usecases
from entremise.accounts.models import Organisation
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Ouvrir un compte et lui donner un rôle : le premier administrateur, par exemple."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="ouvrir un compte, sans mot de passe : un code part par courriel")
        add.add_argument("email")
        add.add_argument("--name", required=True, help="nom affiché aux collègues")
        add.add_argument("--organisation", required=True, help="structure ; créée si elle n’existe pas encore")
        add.add_argument("--role", default="administrator")

    def handle(self, *, email: str, name: str, organisation: str, role: str, **options: Any) -> None:
        if role not in registry.declared():
            known = ", ".join(sorted(registry.declared()))
            raise CommandError(f"Le rôle « {role} » n’existe pas. Choisissez parmi : {known}.")
        actor = Actor.machine("ligne de commande").through("cli")
        try:
            with transaction.atomic():
                house = Organisation.objects.filter(name=organisation).first() or usecases.create_organisation(
                    actor, name=organisation, kind="collectivite"
                )
                usecases.invite_member(actor, email=email, label=name, organisation=house, role=role)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"Compte ouvert pour {email}, rôle « {registry.label_of(role)} ». "
            "À la connexion, un code lui est envoyé par courriel ; le second facteur lui est demandé ensuite."
        )
