from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.territories import usecases


class Command(BaseCommand):
    help = "territories load: bring the communes, EPCI, départements and régions to the state of the shipped file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["load"])
        parser.add_argument("--department", action="append", dest="departments", metavar="CODE", help="only these")

    def handle(self, *, departments: list[str] | None, **options: Any) -> None:
        try:
            written = usecases.load_reference(Actor.machine("territoires"), departments=departments)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{written} territoires écrits")
