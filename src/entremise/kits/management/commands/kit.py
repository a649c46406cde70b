from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kits import queries, usecases

OPERATOR = Actor(None, "ligne de commande", "cli", frozenset({"administrator"}))


class Command(BaseCommand):
    help = "Vérifier, comparer ou appliquer un kit de crise : kit check|plan|apply NOM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["list", "check", "plan", "apply"], metavar="list|check|plan|apply")
        parser.add_argument("kit", nargs="?", metavar="NOM")

    def handle(self, *, deed: str, kit: str | None, **options: Any) -> None:
        if deed == "list":
            self.stdout.write("\n".join(queries.available()))
            return
        if kit is None and deed != "check":
            raise CommandError(f"Donnez le nom d’un kit : {', '.join(queries.available())}.")
        try:
            if deed == "check":
                self.check_kits([kit] if kit else queries.available())
            elif deed == "plan":
                self.plan(str(kit))
            else:
                self.apply(str(kit))
        except DomainError as error:
            raise CommandError(error.message) from error

    def check_kits(self, kits: list[str]) -> None:
        wrong = 0
        for name in kits:
            for fault in queries.check(name):
                self.stderr.write(str(fault))
                wrong += 1
        if wrong:
            raise CommandError(f"{wrong} erreur{'s' if wrong > 1 else ''} à corriger.")
        self.stdout.write(f"Aucune erreur : {', '.join(kits)}.")

    def plan(self, name: str) -> None:
        changes = queries.plan(queries.kit(name))
        for change in changes:
            self.stdout.write(str(change))
        if not changes:
            self.stdout.write("Rien à changer : l’instance est déjà conforme à ce kit.")

    def apply(self, name: str) -> None:
        changes = queries.plan(queries.kit(name))
        application = usecases.apply_kit(OPERATOR, kit=name)
        if changes:
            count = f"{len(changes)} changement{'s' if len(changes) > 1 else ''}"
            self.stdout.write(f"Kit {application} appliqué : {count}.")
        else:
            self.stdout.write(f"Kit {application} déjà appliqué : rien à changer.")
