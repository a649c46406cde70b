"""Destroying keys so that no trace of them stays: the base of keys only, committed at once.

Whatever becomes of the caller's transaction, what was destroyed stays so. Nobody outside this context may import
this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction

from entremise.kernel import clock
from entremise.vault.models import Erasure, RecordKey, RootKey, Shredding
from entremise.vault.usecases import keyring

ALIAS = "keys"
BATCH = 500


def destroy(records: Sequence[UUID], *, at: Mapping[UUID, datetime] | None = None) -> None:
    """Delete the keys of records (or documents) and list them as erased, now or `at` the time they were."""
    if not records:
        return
    with transaction.atomic(using=ALIAS):
        now, times = clock.now(), at or {}
        fresh = [Erasure(record=pk, at=times.get(pk, now)) for pk in records]
        Erasure.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
        for start in range(0, len(records), BATCH):
            RecordKey.objects.filter(pk__in=records[start : start + BATCH]).delete()
    wipe()


def destroy_register(register: str, *, at: datetime | None = None) -> None:
    """Delete the keys that wrap every record of a register, and its index key; one mark, whatever its size."""
    with transaction.atomic(using=ALIAS):
        keyring.lock()
        Shredding.objects.get_or_create(register=register, defaults={"at": at or clock.now()})
        RootKey.objects.filter(code__in=(f"register:{register}", f"index:{register}")).delete()
    wipe()


def erasure_list(count: int | None = None) -> tuple[int, str]:
    """How many erasures are listed, and the SHA-256 of their ids: of the first `count`, by date, when it is given.

    Written in each checkpoint that leaves, so that a restoration can be held against it.
    """
    rows = [(at, f"record {pk}") for pk, at in Erasure.objects.values_list("pk", "at")]
    rows += [(at, f"register {code}") for code, at in Shredding.objects.values_list("pk", "at")]
    ids = sorted(text for _, text in sorted(rows)[: len(rows) if count is None else count])
    return len(rows), hashlib.sha256("\n".join(ids).encode()).hexdigest()


def wipe() -> None:
    """Let the file forget: SQLite overwrites what it deletes (PRAGMA secure_delete), and empties its write-ahead log.

    On PostgreSQL the deleted bytes stay in the file until VACUUM, which the job `vault.wipe_keys` runs.
    """
    connection = connections[ALIAS]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def vacuum() -> None:
    """Rewrite the tables of keys so that destroyed bytes leave the disk. Outside a transaction."""
    connection = connections[ALIAS]
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            try:
                cursor.execute("VACUUM FULL vault_recordkey, vault_rootkey")
            finally:
                cursor.execute("RESET statement_timeout")
    else:
        wipe()
