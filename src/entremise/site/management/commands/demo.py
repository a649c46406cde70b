from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from entremise.kernel import jobs
from entremise.kernel.actors import Actor
from entremise.rules.usecases import install_rules
from entremise.site import demo, tasks
from entremise.site.errors import write_standing_pages
from entremise.site.installing import install_rooms
from entremise.vault.usecases import install_registers


class Command(BaseCommand):
    help = "Préparer une démonstration : tables, feuilles de style, personnes inventées. Peut être relancée."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--whole",
            action="store_true",
            help="faire aussi tout de suite ce qui se prépare d’ordinaire pendant la visite",
        )

    def handle(self, *, whole: bool = False, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Une démonstration a des mots de passe connus de tous. Si c’est bien une démonstration que vous "
                "voulez, et non votre vraie base : ENTREMISE_DEMO=1 entremise demo."
            )
        started = time.monotonic()
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        write_standing_pages()
        install_rules(Actor.machine("installation"))
        install_registers(Actor.machine("installation"))
        install_rooms(Actor.machine("installation"))
        accounts = []
        for step in demo.STEPS:
            if whole or not step.later:
                accounts += step.body()
        if not whole:
            with transaction.atomic():
                jobs.enqueue(tasks.FINISH)
        self.stdout.write(f"Démonstration prête en {time.monotonic() - started:.1f} s. Comptes :")
        for account in accounts:
            self.stdout.write(f"  {account.login:<26} {account.password:<8} {account.who}")
        if not whole:
            self.stdout.write("Les fichiers des registres se chargent pendant que vous regardez : une minute environ.")
