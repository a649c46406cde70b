import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from entremise.registers.engine.parallel import keep_memory_private
from entremise.registers.usecases.linkage.working import work


class Command(BaseCommand):
    help = "Un rapprochement, dans son propre processus : lancé par le travailleur, jamais à la main."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int)
        parser.add_argument("token", type=int)

    def handle(self, *, run: int, token: int, **options: Any) -> None:
        keep_memory_private(die_with_parent=True)
        sys.exit(work(run, token))
