from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.audit import queries, usecases
from entremise.audit.models import Entry


class Command(BaseCommand):
    help = "Vérifier la trace : chaque acte découle du précédent, aucun n’a été modifié. Code de sortie 1 sinon."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["verify"], metavar="verify")

    def handle(self, **options: Any) -> None:
        usecases.seal_entries()
        broken = queries.first_broken()
        if broken is not None:
            raise CommandError(
                f"La trace est rompue au rang {broken} : cet acte a été modifié, ou un acte manque avant lui. "
                "Ne touchez plus à la base, gardez-en une copie et comparez avec la dernière sauvegarde."
            )
        last = Entry.objects.filter(seq__isnull=False).order_by("-seq").first()
        if last is None:
            self.stdout.write("La trace est vide : aucun acte n’a encore eu lieu.")
            return
        self.stdout.write(f"Trace intacte : {last.seq} actes, dernier maillon {last.link[:16]}…")
        self.stdout.write("Notez ces deux valeurs hors du serveur : elles prouveront que la fin n’a pas été coupée.")
