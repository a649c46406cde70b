from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.vault import usecases
from entremise.vault.engine import note

ALTERED, IMPOSSIBLE = 1, 2
DEEDS = ("verify", "export", "checkpoint", "compare", "key")


class Command(BaseCommand):
    help = "Vérifier, copier, signer le journal des accès. Code de sortie : 0 intact, 1 altéré, 2 non vérifié."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=DEEDS, metavar="|".join(DEEDS))
        parser.add_argument("files", nargs="*", type=Path, help="compare : deux points de contrôle")
        parser.add_argument("--checkpoint", nargs="+", type=Path, default=[], metavar="FICHIER",
                            help="points de contrôle reçus par d’autres")  # fmt: skip
        parser.add_argument("--key", type=Path, help="clé publique reçue avec eux ; celle de ce journal par défaut")
        parser.add_argument("--to", type=Path, help="export : dossier où écrire")
        parser.add_argument("--month", default="", help="export : un mois, 2026-07 ; tous par défaut")
        parser.add_argument("--without-seals", action="store_true", help="export : sans les parties scellées")

    def handle(self, **options: Any) -> None:
        try:
            getattr(self, str(options["deed"]))(options)
        except (note.NotANote, OSError, UnicodeError) as error:
            raise CommandError(f"Rien n’a été vérifié : {error}.", returncode=IMPOSSIBLE) from None
        except DomainError as error:
            raise CommandError(error.message, returncode=IMPOSSIBLE) from None

    def verify(self, options: dict[str, Any]) -> None:
        outside = [(path.name, path.read_text(encoding="utf-8")) for path in options["checkpoint"]]
        key = options["key"].read_text(encoding="utf-8") if options["key"] else ""
        report = usecases.verify_journal(outside=outside, key=key)
        for words in report.notices:
            self.stdout.write(f"À savoir : {words}")
        if not report.intact:
            said = [f"- {finding.words}" for finding in report.findings]
            if report.more:
                said.append(f"- … et {report.more} autres constats.")
            raise CommandError(
                "Le journal n’est plus celui qui a été écrit :\n"
                + "\n".join(said)
                + "\nNe touchez plus à la base, gardez-en une copie, prévenez le délégué à la protection des données.",
                returncode=ALTERED,
            )
        if not report.lines:
            self.stdout.write("Le journal est vide : aucun accès n’a encore eu lieu.")
        else:
            self.stdout.write(
                f"Journal intact : {report.lines} lignes, de {report.first} à {report.last}, "
                f"{report.checked} points de contrôle respectés. Dernier maillon {report.last_link[:16]}…"
            )
        if not outside:
            self.stdout.write(
                "Un propriétaire de la base a pu tout réécrire, points compris, sauf la signature : donnez avec "
                "--checkpoint les points que des témoins ont reçus."
            )

    def export(self, options: dict[str, Any]) -> None:
        if options["to"] is None:
            raise CommandError("Donnez le dossier où écrire : --to DOSSIER.", returncode=IMPOSSIBLE)
        written = usecases.export_journal(
            Actor.machine("commande"), folder=options["to"], month=options["month"], seals=not options["without_seals"]
        )
        self.stdout.write(f"{len(written)} fichiers dans {options['to']}. Pour vérifier ailleurs :")
        self.stdout.write("python verify_journal.py journal-*.jsonl --key cle.txt --checkpoint point-*.txt")

    def checkpoint(self, options: dict[str, Any]) -> None:
        point = usecases.checkpoint(Actor.machine("commande"))
        self.stdout.write(point.note if point else "Aucune ligne nouvelle depuis le dernier point de contrôle.")

    def key(self, options: dict[str, Any]) -> None:
        self.stdout.write(usecases.journal_key())

    def compare(self, options: dict[str, Any]) -> None:
        if len(options["files"]) != 2:
            raise CommandError("Donnez deux fichiers, un par témoin.", returncode=IMPOSSIBLE)
        one, other = (note.read(path.read_text(encoding="utf-8")) for path in options["files"])
        if one.origin != other.origin:
            raise CommandError("Ces points sont de deux mois ou de deux journaux : ils ne se comparent pas.",
                               returncode=IMPOSSIBLE)  # fmt: skip
        if one.size == other.size:
            if one.root != other.root:
                raise CommandError(
                    f"Deux histoires ont été montrées : {one.size} lignes, deux racines différentes. "
                    "Gardez les deux fichiers : ils en sont la preuve.",
                    returncode=ALTERED,
                )
            self.stdout.write("Les deux témoins ont vu la même histoire.")
            return
        self.stdout.write(f"Les points comptent {one.size} et {other.size} lignes : le journal d’ici les départage.")
        self.verify({**options, "checkpoint": options["files"]})
