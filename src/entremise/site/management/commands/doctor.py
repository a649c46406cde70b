from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.site import doctor


class Command(BaseCommand):
    help = "Examiner l’installation : bases, clés, travaux, disque, messages. Code de sortie 1 si erreur."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        errors = 0
        for line in doctor.examine():
            errors += line.level == "erreur"
            self.stdout.write(f"{line.level:<9}  {line.subject:<20}  {line.words}")
        if errors:
            raise CommandError(f"{errors} erreur{'s' if errors > 1 else ''} à corriger, dans l’ordre ci-dessus.")
