"""`entremise simulate veille`: a real case played again on an empty database, and what the board says of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach.models import CallCampaign
from entremise.outreach.queries import board, kpis
from entremise.outreach.queries.kpis import Share
from entremise.rules.usecases import install_rules
from entremise.site.invention.campaign import Invented, invent

START = datetime(2020, 4, 6, 9, 0)  # noqa: DTZ001 - local time, made aware below
DAYS = 73
REAL = {"persons": 50_000, "agents": 300, "calls": 55_000, "useful": "47,3 %", "referred": "2,9 %"}
"""Seine-Saint-Denis, 6 April to 17 June 2020 (reference outreach-and-referrals § 1)."""


class Command(BaseCommand):
    help = "Rejouer un cas réel dans une base vide et jetée ensuite : les chiffres du tableau contre la vérité."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", choices=["veille"], help="la salle à rejouer")
        parser.add_argument("--persons", type=int, default=REAL["persons"], help="personnes à appeler")
        parser.add_argument("--agents", type=int, default=REAL["agents"], help="appelants")
        parser.add_argument("--calls", type=int, help="appels (1,1 par personne si rien n’est dit)")
        parser.add_argument("--seed", type=int, default=93, help="graine du hasard")
        parser.add_argument("--inside", action="store_true", help="réservé au programme lui-même")

    def handle(self, *, persons: int, agents: int, calls: int | None, seed: int, inside: bool, **options: Any) -> None:
        if not 10 <= persons <= 1_000_000 or not 1 <= agents <= 10_000:
            raise CommandError("De 10 à 1 000 000 de personnes, de 1 à 10 000 appelants.")
        if not inside:
            self._apart(sys.argv[2:])
            return
        for alias in connections:
            call_command("migrate", database=alias, verbosity=0)
        install_rules(Actor.machine("installation"))
        self._play(persons, agents, calls or round(persons * 1.1), seed)

    def _apart(self, arguments: list[str]) -> None:
        """In a process of its own, on an empty database that goes with it: nothing here touches the real one."""
        with tempfile.TemporaryDirectory(prefix="entremise-simulation-") as home:
            around = {**os.environ, "ENTREMISE_HOME": home, "ENTREMISE_DEMO": "1"}
            around.pop("DATABASE_URL", None)
            command = [sys.executable, "-m", "entremise", "simulate", *arguments, "--inside"]
            done = subprocess.run(command, env=around, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise CommandError("La simulation s’est arrêtée. Rien n’a changé dans votre base.")

    def _play(self, persons: int, agents: int, calls: int, seed: int) -> None:
        start = timezone.make_aware(START)
        now = start + timedelta(days=DAYS - 1, hours=9)
        users = User.objects.bulk_create(
            [User(email=f"appel{n}@example.org", label=f"Appelant {n}", password="!") for n in range(agents)]  # noqa: S106
        )
        campaign = CallCampaign.objects.create(
            label="Simulation", purpose="outreach.call", state="open", starts_on=start.date(), opened_at=start
        )
        began = time.perf_counter()
        made = invent(
            campaign, persons=persons, calls_made=calls, callers=[one.pk for one in users], start=start, now=now,
            seed=seed,
        )  # fmt: skip
        wrote = time.perf_counter() - began
        began = time.perf_counter()
        said, found = board.counts(campaign, now, board.callers_there(campaign, now)), kpis.kpis(campaign)
        board_ms = (time.perf_counter() - began) * 1000
        self._compare(made, said, found, persons)
        self.stdout.write(
            f"\n{persons} personnes, {calls} appels, {agents} appelants inventés et écrits en {wrote:.1f} s ; "
            f"le tableau les compte en {board_ms:.0f} ms. Le {timezone.localdate(clock.now()):%d/%m/%Y}."
        )

    def _compare(self, made: Invented, said: board.Counts, found: kpis.Kpis, persons: int) -> None:
        story = made.story
        total = sum(story.dispositions.values())
        rows = [
            ("Appels", str(total), str(found.attempts), "55 000"),
            ("Conversations utiles", Share(story.useful, total).said, found.useful.said, REAL["useful"]),
            ("Difficultés orientées, par appel", Share(made.difficulties, total).said, found.difficulties.said,
             REAL["referred"]),
            ("Difficultés orientées, par conversation utile", Share(made.difficulties, story.useful).said,
             Share(found.difficulties.part, found.useful.part).said, "6,2 %"),
            ("Personnes appelées", Share(len(story.called), persons).said, found.coverage.said, "non publié"),
            ("Personnes jointes, parmi les appelées", Share(len(story.contacted), len(story.called)).said,
             found.contact.said, "non publié"),
            ("Sans signe de vie", str(len(story.unreachable)), str(said.of("escalated")), "non publié"),
            ("Fiches à suivre", str(sum(one.state not in ("done", "closed") for one in made.tasks)), str(said.open),
             "non publié"),
            ("Fiches faites", str(sum(one.state == "done" for one in made.tasks)), str(said.done), "non publié"),
        ]  # fmt: skip
        heads = ("Quoi", "Vérité inventée", "Tableau", "Cas réel de 2020")
        widths = [max(len(str(row[n])) for row in [heads, *rows]) for n in range(4)]
        for row in [heads, *rows]:
            self.stdout.write("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)))
        wrong = [row[0] for row in rows if row[1] != row[2]]
        if wrong:
            raise CommandError(f"Le tableau se trompe sur : {', '.join(map(str, wrong))}.")
