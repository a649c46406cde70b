from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.vault.usecases import keyring, rehearsing, restoring, rotating, watching

BACKUP = """À sauvegarder, en trois archives séparées :
  1. les données (entremise.sqlite3 ou pg_dump), puis le journal d’accès : gardez-les le temps qu’il faut ;
  2. APRÈS les données, les clés (keys.sqlite3 ou pg_dump) : chiffrées pour les gardiens, 30 jours au plus ;
  3. la clé maîtresse : dans aucune de ces archives ; deux copies, dans deux lieux ;
  4. la liste des effacements (entremise vault list) : hors du serveur, elle ne contient que des numéros."""


class Command(BaseCommand):
    help = "Le coffre : son état, ses clés, sa restauration. « entremise vault status » d’abord."

    def add_arguments(self, parser: ArgumentParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True, metavar="geste")
        deeds.add_parser("init", help="créer les clés, si elles n’existent pas")
        deeds.add_parser("status", help="époques, registres, répétitions, ce qu’il faut sauvegarder")
        deeds.add_parser("rotate", help="changer la clé maîtresse")
        deeds.add_parser("list", help="écrire la liste des effacements, à garder hors du serveur")
        restore = deeds.add_parser("restore", help="refaire les effacements après une restauration, puis rouvrir")
        restore.add_argument("--list", type=Path, help="fichier de « entremise vault list »")
        restore.add_argument("--checkpoint", default="", help="NOMBRE:EMPREINTE d’un point de contrôle gardé dehors")
        rehearse = deeds.add_parser("rehearse", help="essayer une restauration dans un dossier provisoire")
        rehearse.add_argument("--from", type=Path, dest="folder", help="dossier des trois copies")
        anchor = deeds.add_parser("re-anchor", help="reprendre des fiches d’une autre date que leurs clés")
        anchor.add_argument("--request", required=True, help="référence de la demande spéciale accordée")

    def handle(self, *, deed: str, **options: Any) -> None:
        try:
            getattr(self, "do_" + deed.replace("-", "_"))(**options)
        except DomainError as refusal:
            raise CommandError(refusal.message) from None

    def do_init(self, **options: Any) -> None:
        keyring.load(())
        self.stdout.write("Les clés sont en place.")
        self.stdout.write(BACKUP)

    def do_status(self, **options: Any) -> None:
        seen = watching.health()
        for epoch in seen.epochs:
            dates = f"depuis le {epoch.started_at:%d/%m/%Y}"
            dates += f", remplacée le {epoch.retired_at:%d/%m/%Y}" if epoch.retired_at else ""
            self.stdout.write(f"Clé maîtresse, époque {epoch.number} : {epoch.get_state_display()} {dates}")
        if seen.late:
            self.stdout.write("  elle sert depuis plus de 30 jours : entremise vault rotate")
        for code, records in seen.registers.items():
            self.stdout.write(f"Registre {code} : {records} clés de dossiers et de fichiers")
        if seen.remaining:
            self.stdout.write(f"Rotation en cours : {seen.remaining} clés de dossiers à réemballer")
        words = f"Effacements : {seen.erasures} fiches, {seen.shredded} registres ; empreinte {seen.digest}"
        self.stdout.write(words)
        last = seen.rehearsal
        if last is None:
            self.stdout.write("Aucune restauration n’a été répétée : entremise vault rehearse")
        else:
            word = "réussie" if last.good else "MANQUÉE"
            self.stdout.write(f"Dernière répétition, {last.at:%d/%m/%Y} : {word}, {last.words}")
        self.stdout.write(BACKUP)
        if seen.closed:
            raise CommandError(seen.closed)

    def do_rotate(self, **options: Any) -> None:
        number = rotating.rotate_keys(_operator())
        self.stdout.write(f"Époque {number} en service. Copiez dès maintenant la nouvelle clé hors du serveur.")
        self.stdout.write("L’ancienne est détruite dans 30 jours : jusque-là elle relit les copies des clés.")
        done, left = rotating.rewrap()
        self.stdout.write(f"Clés de dossiers réemballées : {done} ; restent : {left}.")

    def do_list(self, **options: Any) -> None:
        self.stdout.write(restoring.written_list(), ending="")

    def do_restore(self, **options: Any) -> None:
        outside = options["list"].read_text(encoding="utf-8") if options["list"] else ""
        count, _, digest = options["checkpoint"].partition(":")
        if options["checkpoint"] and not count.isdigit():
            raise CommandError("Un point de contrôle s’écrit NOMBRE:EMPREINTE, comme dans « entremise vault status ».")
        found = restoring.restore(_operator(), outside=outside, count=int(count or 0), digest=digest)
        self.stdout.write(
            f"{found.listed} effacements connus ; {found.records} fiches et {found.registers} registres effacés à "
            f"nouveau, {found.swept} lignes balayées. Le coffre est ouvert."
        )
        if found.closed:
            self.stdout.write(
                f"{found.closed} fiches ne sont pas de la même date que leurs clés : elles restent fermées jusqu’à "
                "« entremise vault re-anchor », qui demande l’accord de deux personnes."
            )

    def do_rehearse(self, **options: Any) -> None:
        found = rehearsing.rehearse(options["folder"])
        self.stdout.write(found.words[:1].upper() + found.words[1:] + ".")
        if not found.good:
            raise CommandError("La restauration n’a pas réussi.")

    def do_re_anchor(self, **options: Any) -> None:
        done, refused = restoring.re_anchor(request=options["request"])
        self.stdout.write(f"{done} fiches reprises ; {refused} restent fermées : elles ne s’ouvrent pas entières.")


def _operator() -> Actor:
    return Actor.machine("administration du serveur")
