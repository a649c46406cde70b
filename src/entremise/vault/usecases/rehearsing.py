"""Trying a restoration before it is needed: the copies are opened in a scratch folder and read, then forgotten.

SQLite files are read past Django, whose connections are those of the site; on PostgreSQL the operator restores on
another server and is told how.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connections

from entremise.kernel import clock
from entremise.vault import engine
from entremise.vault.models import Record, RecordKey, Rehearsal, RootKey
from entremise.vault.usecases import cells, keyring
from entremise.vault.usecases.refusals import VaultSealed

SAMPLE = 200
"""Records opened, drawn at random (PD: ours)."""
ALIASES = {"default": "entremise.sqlite3", "keys": "keys.sqlite3", "journal": "journal.sqlite3"}
POSTGRESQL = (
    "bases sur PostgreSQL : remettez les trois copies sur un autre serveur (createdb, pg_restore), désignez-les par "
    "DATABASE_URL, ENTREMISE_KEYS_DATABASE et ENTREMISE_JOURNAL_DATABASE, puis « entremise vault restore » et "
    "« entremise vault status »"
)


def rehearse(folder: Path | None = None) -> Rehearsal:
    """Restore copies into a scratch folder and read them; what was found, kept for the operator's page.

    `folder`: where backups lie (entremise.sqlite3, keys.sqlite3, journal.sqlite3); none: copies made now.
    Nothing is decrypted for anybody: a sample of records is opened, and its values forgotten.
    """
    if folder is None and any(connections[alias].vendor != "sqlite" for alias in ALIASES):
        return _keep(False, POSTGRESQL)
    scratch = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=settings.HOME))
    try:
        good, words = _try(folder, scratch)
    except (sqlite3.Error, OSError, DatabaseError, VaultSealed, engine.InvalidTag) as error:
        good, words = False, f"les copies ne se relisent pas ({type(error).__name__})"
    finally:
        shutil.rmtree(scratch)
    return _keep(good, words)


def _keep(good: bool, words: str) -> Rehearsal:
    return Rehearsal.objects.create(at=clock.now(), good=good, words=words[:500])


def _try(folder: Path | None, scratch: Path) -> tuple[bool, str]:
    for alias, name in ALIASES.items():
        source = folder / name if folder else Path(str(connections[alias].settings_dict["NAME"]))
        if not source.exists():
            return False, f"il manque la copie {source.name}"
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=20)) as here,
            closing(sqlite3.connect(scratch / name)) as there,
        ):
            here.backup(there)
            if there.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return False, f"la copie {source.name} est abîmée"
        (scratch / name).chmod(0o600)
    with closing(sqlite3.connect(scratch / ALIASES["keys"])) as keys:
        ring = _ring(keys)
        erased = {UUID(hex=row[0]) for row in keys.execute("SELECT record FROM vault_erasure")}
        names = ("record", "register", "epoch", "blob", "floor", "ceiling")
        rows = keys.execute(f"SELECT {', '.join(names)} FROM vault_recordkey")  # noqa: S608 (names of ours)
        known = {UUID(hex=row[0]): dict(zip(names, (UUID(hex=row[0]), *row[1:]), strict=True)) for row in rows}
    with closing(sqlite3.connect(scratch / ALIASES["default"])) as data:
        records = [
            Record(UUID(hex=pk), UUID(hex=person), *rest)
            for pk, person, *rest in data.execute(
                "SELECT id, person, register, version, manifest FROM vault_record WHERE version > 0"
            )
        ]
        read, shut = _read(ring, data, known, records)
    with closing(sqlite3.connect(scratch / ALIASES["journal"])) as journal:
        lines = journal.execute("SELECT COUNT(*) FROM vault_line").fetchone()[0]
    if back := erased & set(known):
        return False, f"{len(back)} fiches effacées ont retrouvé leur clé : faites « entremise vault restore »"
    words = f"{len(records)} fiches, {lines} lignes de journal, {len(erased)} effacements ; {read} fiches relues"
    return not shut, words + (f", {shut} restent fermées" if shut else "")


def _ring(keys: sqlite3.Connection) -> keyring.Keyring:
    """The keys of the copies, under the master key at hand."""
    rows = [
        RootKey(code=code, instance=UUID(hex=instance), epoch=epoch, master=master, blob=blob)
        for code, instance, epoch, master, blob in keys.execute(
            "SELECT code, instance, epoch, master, blob FROM vault_rootkey"
        )
    ]
    return keyring.of_rows(rows)


def _read(
    ring: keyring.Keyring, data: sqlite3.Connection, known: dict[UUID, dict[str, Any]], records: list[Record]
) -> tuple[int, int]:
    drawn = random.sample(records, min(SAMPLE, len(records)))
    read = shut = 0
    for record in drawn:
        row = known.get(record.pk)
        if row is None or record.register not in ring.registers:
            continue  # erased
        key = RecordKey(**row)
        found = data.execute("SELECT field, version, blob FROM vault_cell WHERE record_id = ?", [record.pk.hex])
        if cells.is_whole(ring, record, key, cells.rows(record, found)):
            read += 1
        else:
            shut += 1
    return read, shut
