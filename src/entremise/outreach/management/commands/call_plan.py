import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from entremise.outreach.usecases.plans.working import work


class Command(BaseCommand):
    help = "Un plan d’appels, dans son propre processus : lancé par le travailleur, jamais à la main."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("plan", type=int)
        parser.add_argument("token", type=int)

    def handle(self, *, plan: int, token: int, **options: Any) -> None:
        sys.exit(work(plan, token))
