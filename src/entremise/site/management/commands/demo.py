from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from entremise.accounts.models import User
from entremise.kernel.actors import Actor
from entremise.territories import usecases as territories


class Command(BaseCommand):
    help = "Prepare a demonstration: tables, style sheets, invented people. Safe to run again."

    def handle(self, **options: object) -> None:
        if not settings.DEMO:
            raise CommandError("Set ENTREMISE_DEMO=1: the demonstration has a known password.")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        with transaction.atomic():
            if not User.objects.exists():
                self.invent()
        self.stdout.write("demo@example.org / demo")

    def invent(self) -> None:
        territories.load_reference(Actor.machine("démonstration"), departments=["38"])
        User.objects.create_user("demo@example.org", "demo", label="Démonstration")
