"""The keys, from the master key down to one record's. Nobody outside this context may import this module."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from entremise.vault import engine
from entremise.vault.models import RecordKey, RootKey
from entremise.vault.usecases.refusals import VaultSealed

log = logging.getLogger("entremise.vault")

INSTANCE, JOURNAL, ERASURE = "instance", "journal", "erasure"
PROOF = b"entremise"


def _sealed(why: str) -> VaultSealed:
    return VaultSealed(
        f"Le coffre est fermé : {why}. Le site fonctionne, les données personnelles restent illisibles. "
        "Prévenez la personne qui administre le serveur : elle remet en place la clé maîtresse sauvegardée."
    )


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of one instance, unwrapped for the time of one deed."""

    instance: UUID
    epoch: int
    journal: bytes
    erasure: bytes
    registers: Mapping[str, engine.Box]
    indexes: Mapping[str, bytes]
    box: engine.Box = field(compare=False)
    """Seals the lines of the journal that are about no record."""

    def __repr__(self) -> str:
        return "<Keyring>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are neither pickled nor copied")

    def new_record_key(self, record: UUID, register: str) -> tuple[RecordKey, engine.Box]:
        """A fresh key for a record, its row not saved yet."""
        key = engine.new_key()
        blob = self.registers[register].seal(key, "dek", self.instance, register, record, self.epoch)
        return RecordKey(record=record, register=register, epoch=self.epoch, blob=blob), engine.Box(key)

    def unwrap(self, row: RecordKey) -> engine.Box:
        """The key of a record; InvalidTag when its row was altered or moved."""
        parts = ("dek", self.instance, row.register, row.record, row.epoch)
        return engine.Box(self.registers[row.register].unseal(bytes(row.blob), *parts))

    def tag(self, subject: object) -> str:
        return engine.tag(self.journal, subject)


def _create_file(path: Path) -> None:
    """Write a new master key, whole or not at all, readable by its owner only; the first of two writers wins."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(engine.new_key().hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(scratch, path)
    except FileExistsError:
        return
    finally:
        scratch.unlink()
    log.warning(
        "Clé maîtresse créée : %s. Copiez ce fichier dès maintenant, hors de ce serveur et hors des sauvegardes "
        "des bases (par exemple sur deux clés USB rangées dans deux lieux). Sans lui, les données personnelles "
        "sont perdues pour toujours ; avec lui et une copie des bases, elles se lisent.",
        path,
    )


def _master(first_start: bool) -> engine.Box:
    """The master key: ENTREMISE_MASTER_KEY, the file of ENTREMISE_MASTER_KEY_FILE, or master.key in the home."""
    text: str = settings.MASTER_KEY
    if not text:
        path: Path = settings.MASTER_KEY_FILE
        try:
            if first_start and settings.MASTER_KEY_CREATE and not path.exists():
                _create_file(path)
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeError):
            raise _sealed("la clé maîtresse est introuvable ou illisible") from None
    try:
        return engine.Box(engine.read_key(text))
    except ValueError:
        raise _sealed("la clé maîtresse n’a pas la forme attendue, 64 signes hexadécimaux") from None


def _wrap(master: engine.Box, code: str, instance: UUID, plain: bytes) -> RootKey:
    return RootKey(code=code, instance=instance, epoch=1, blob=master.seal(plain, "kek", instance, code, 1))


def _codes(registers: Iterable[str]) -> list[str]:
    names = sorted(registers)
    return [INSTANCE, JOURNAL, ERASURE, *(f"register:{r}" for r in names), *(f"index:{r}" for r in names)]


def load(registers: Iterable[str]) -> Keyring:
    """The keys for these registers, created at the first need. One query. VaultSealed when they cannot be had."""
    wanted = _codes(set(registers))
    try:
        rows = {row.code: row for row in RootKey.objects.filter(code__in=wanted)}
    except DatabaseError:
        raise _sealed("la base des clés ne répond pas") from None
    master = _master(first_start=INSTANCE not in rows)
    if missing := [code for code in wanted if code not in rows]:
        instance = rows[INSTANCE].instance if INSTANCE in rows else uuid4()
        if INSTANCE in rows:
            _prove(master, rows[INSTANCE])
        fresh = [_wrap(master, code, instance, PROOF if code == INSTANCE else engine.new_key()) for code in missing]
        try:
            with transaction.atomic(using="keys"):
                RootKey.objects.bulk_create(fresh)
        except IntegrityError:  # another worker created them at the same moment: its keys are the right ones
            pass
        except DatabaseError:
            raise _sealed("la base des clés refuse l’écriture") from None
        rows = {row.code: row for row in RootKey.objects.filter(code__in=wanted)}
        if len(rows) < len(wanted):
            return load(registers)
    _prove(master, rows[INSTANCE])
    try:
        keys = {
            code: master.unseal(bytes(row.blob), "kek", row.instance, code, row.epoch) for code, row in rows.items()
        }
    except engine.InvalidTag:
        raise _sealed("une clé a été modifiée") from None
    names = set(registers)
    return Keyring(
        instance=rows[INSTANCE].instance,
        epoch=rows[INSTANCE].epoch,
        journal=keys[JOURNAL],
        erasure=keys[ERASURE],
        registers={name: engine.Box(keys[f"register:{name}"]) for name in names},
        indexes={name: keys[f"index:{name}"] for name in names},
        box=engine.Box(keys[JOURNAL]),
    )


def _prove(master: engine.Box, row: RootKey) -> None:
    try:
        master.unseal(bytes(row.blob), "kek", row.instance, INSTANCE, row.epoch)
    except engine.InvalidTag:
        raise _sealed("la clé maîtresse n’est pas celle de cette installation") from None
