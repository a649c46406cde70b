"""What `entremise doctor` looks at. Each examination says how things are and, when they are not well, what to do."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.timezone import localtime

from entremise.kernel import clock
from entremise.kits import queries as kits
from entremise.rules import queries as rules
from entremise.site.models import Tick
from entremise.site.usecases import BEAT
from entremise.territories.models import Territory
from entremise.vault import usecases as vault

MB = 1024 * 1024
NAMES = {"default": "données", "keys": "clés", "journal": "journal"}
EXTRAS = {"ortools": "plan", "psycopg": "postgres"}
"""Module looked for → extra that installs it."""


@dataclass(frozen=True, slots=True)
class Line:
    level: Literal["OK", "attention", "erreur"]
    subject: str
    words: str


def examine() -> Iterator[Line]:
    """Every line, in order. An examination that cannot run is an error line, never a crash."""
    for look in LOOKS:
        try:
            yield from look()
        except DatabaseError as error:
            yield Line("erreur", look.__doc__ or "", f"la base ne répond pas ({type(error).__name__})")


def configuration() -> Iterator[Line]:
    """configuration"""
    found = [message for message in checks.run_checks() if message.level >= checks.WARNING]
    for message in found:
        yield Line("erreur" if message.is_serious() else "attention", "configuration", message.msg)
    if not found:
        yield Line("OK", "configuration", f"dossier de travail {settings.HOME}")
    if settings.DEMO:
        words = "démonstration : mots de passe connus. Retirez ENTREMISE_DEMO pour servir de vraies personnes"
        yield Line("attention", "configuration", words)
    if settings.DEBUG:
        yield Line("attention", "configuration", "ENTREMISE_DEBUG montre le code aux visiteurs : retirez-le")


def databases() -> Iterator[Line]:
    """bases"""
    for alias in settings.DATABASES:
        subject = f"base « {NAMES.get(alias, alias)} »"
        connection = connections[alias]
        try:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            words = f"ne répond pas ({type(error).__name__}) : vérifiez DATABASE_URL et que le serveur tourne"
            yield Line("erreur", subject, words)
            continue
        if pending:
            words = f"{len(pending)} migration(s) à faire : entremise migrate --database {alias}"
            yield Line("erreur", subject, words)
        else:
            yield Line("OK", subject, f"à jour ({connection.display_name})")


def files() -> Iterator[Line]:
    """fichiers"""
    names = [
        str(connections[a].settings_dict["NAME"]) for a in settings.DATABASES if connections[a].vendor == "sqlite"
    ]
    found = [part for name in names for part in sorted(Path(name).parent.glob(f"{Path(name).name}*"))]
    shown = [part for part in found if part.stat().st_mode & 0o077]
    for file in shown:
        words = f"lisible par d’autres comptes ({file.stat().st_mode & 0o777:o}) : chmod 600 {file}"
        yield Line("erreur", "fichiers des bases", words)
    if found and not shown:
        yield Line("OK", "fichiers des bases", "lisibles par leur seul propriétaire")


def master_key() -> Iterator[Line]:
    """clé maîtresse"""
    if settings.MASTER_KEY:
        yield Line("OK", "clé maîtresse", "donnée par ENTREMISE_MASTER_KEY")
        return
    path: Path = settings.MASTER_KEY_FILE
    found = [file for file in sorted(path.parent.glob(f"{path.name}*")) if file.suffix != ".new"]
    if not found:
        if settings.MASTER_KEY_CREATE:
            words = "pas encore créée : elle le sera à la première fiche ; gardez-en alors une copie hors du serveur"
            yield Line("attention", "clé maîtresse", words)
        else:
            yield Line("erreur", "clé maîtresse", f"{path} n’existe pas : remettez-la depuis vos copies")
        return
    for file in found:
        mode = file.stat().st_mode & 0o777
        if mode & 0o077 and not settings.MASTER_KEY_GIVEN.startswith("/run/credentials/"):
            words = f"lisible par d’autres comptes ({mode:o}) : chmod 600 {file}"
            yield Line("erreur", "clé maîtresse", words)
        else:
            yield Line("OK", "clé maîtresse", f"{file}, lisible par son seul propriétaire")


def clockwork() -> Iterator[Line]:
    """horloge et travaux"""
    now = clock.now()
    asked = Tick.objects.filter(name=BEAT).values_list("last_at", flat=True).first()
    done = Tick.objects.filter(name="worker").values_list("last_at", flat=True).first()
    for subject, at, cure in (
        ("horloge", asked, "lancez `entremise serve`, ou `entremise tick` chaque minute par cron"),
        ("travaux", done, "lancez `entremise serve`, ou `entremise db_worker`"),
    ):
        if at is None:
            yield Line("attention", subject, f"jamais vue à l’œuvre : {cure}")
        elif now - at > timedelta(minutes=5):
            minutes = int((now - at).total_seconds() // 60)
            yield Line("erreur", subject, f"arrêtée depuis {minutes} min : {cure}")
        else:
            yield Line("OK", subject, f"vue il y a {int((now - at).total_seconds())} s")


def disk() -> Iterator[Line]:
    """disque"""
    free = shutil.disk_usage(settings.HOME).free // MB
    if free < 100:
        yield Line("erreur", "disque", f"{free} Mo libres : faites de la place, l’écriture va s’arrêter")
    elif free < 1024:
        yield Line("attention", "disque", f"{free} Mo libres : prévoyez de la place")
    else:
        yield Line("OK", "disque", f"{free // 1024} Go libres")


def outside() -> Iterator[Line]:
    """courriel, SMS, géocodeur"""
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    if backend != "smtp":
        yield Line("attention", "courriel", f"ne part pas (mode {backend}) : donnez ENTREMISE_EMAIL_URL")
    elif settings.EMAIL_HOST == "localhost":
        words = "confié au serveur de cette machine ; s’il n’y en a pas, donnez ENTREMISE_EMAIL_URL"
        yield Line("attention", "courriel", words)
    else:
        yield Line("OK", "courriel", f"par {settings.EMAIL_HOST}")
    sms = str(getattr(settings, "SMS_URL", "")).partition(":")[0]
    if sms in ("", "console", "file"):
        yield Line("attention", "SMS", "les SMS ne partent pas : donnez ENTREMISE_SMS_URL, ou appelez les personnes")
    else:
        yield Line("OK", "SMS", f"passerelle {sms}")
    geocoder = getattr(settings, "GEOCODER_URL", "")
    words = geocoder or "hors ligne : les personnes sont placées au centre de leur commune"
    yield Line("OK", "géocodeur", words)


def reference() -> Iterator[Line]:
    """données de référence"""
    count = Territory.objects.filter(kind="commune").count()
    if count:
        yield Line("OK", "territoires", f"{count} communes")
    else:
        yield Line("erreur", "territoires", "aucune commune : entremise territories load")
    missing = [name for name in kits.available() if kits.check(name)]
    for name in missing:
        yield Line("erreur", "kits", f"« {name} » contient des erreurs : entremise kit check {name}")
    if not kits.crises():
        yield Line("attention", "kits", "aucun kit appliqué : entremise kit apply confinement, par exemple")
    elif not missing:
        yield Line("OK", "kits", "appliqué")


def access_journal() -> Iterator[Line]:
    """journal des accès"""
    seen = vault.watch()
    for words in seen.alarms:
        yield Line("erreur", "journal des accès", words)
    if seen.latest is None:
        yield Line("OK", "journal des accès", "aucun point de contrôle encore : le premier suit le premier accès")
    elif not seen.alarms:
        words = (
            f"dernier point signé le {localtime(seen.latest.at):%d/%m à %H:%M}, {seen.unheld} à remettre à un témoin"
        )
        yield Line("OK", "journal des accès", words)
    if seen.missing:
        words = f"aucun témoin au collège {', '.join(seen.missing)} : donnez-y un siège, ou ENTREMISE_WITNESS_MAILS"
        yield Line("attention", "journal des accès", words)


def rulebook() -> Iterator[Line]:
    """règlement"""
    rule_set, now = rules.active(), clock.now()
    if rule_set is None:
        yield Line("erreur", "règlement", "aucun : le coffre reste fermé. Lancez `entremise serve`, qui l’installe")
    elif rules.lapses_soon(rule_set, now) and rule_set.until is not None:
        days = max(0, (rule_set.until - now).days)
        words = f"provisoire, cesse dans {days} jours : le responsable le prolonge à l’adresse /regles/"
        yield Line("attention", "règlement", words)
    else:
        yield Line("OK", "règlement", f"n° {rule_set.number}, {rule_set.decision.lower()}")


def extras() -> Iterator[Line]:
    """modules en option"""
    for module, extra in EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Line("OK", "option", f"{extra} installée")
        else:
            yield Line("OK", "option", f"{extra} absente ; au besoin : pip install 'entremise[{extra}]'")


LOOKS: list[Callable[[], Iterator[Line]]] = [
    configuration, databases, files, master_key, clockwork, disk, outside, reference, rulebook, access_journal, extras,
]  # fmt: skip
