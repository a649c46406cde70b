"""The keys, from the master key down to one record's. Nobody outside this context may import this module."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction

from entremise.kernel.db import marks
from entremise.kernel.errors import NotFound
from entremise.vault import engine
from entremise.vault.models import Epoch, RecordKey, RootKey, Shredding
from entremise.vault.usecases.refusals import Busy, VaultSealed

log = logging.getLogger("entremise.vault")

INSTANCE, JOURNAL, ERASURE, RESTORING = "instance", "journal", "erasure", "restoring"
PROOF = b"entremise"


def sealed(why: str, cure: str = "elle remet en place la clé maîtresse sauvegardée") -> VaultSealed:
    return VaultSealed(
        f"Le coffre est fermé : {why}. Le site fonctionne, les données personnelles restent illisibles. "
        f"Prévenez la personne qui administre le serveur : {cure}."
    )


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of one instance, unwrapped for the time of one deed.

    `registers` holds every key of a register that may still wrap a record, by epoch; `newest` the one that wraps now.
    """

    instance: UUID
    journal: bytes
    erasure: bytes
    registers: Mapping[str, Mapping[int, engine.Box]]
    newest: Mapping[str, int]
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
        epoch = self.newest[register]
        blob = self.wrap(key, record, register)
        return RecordKey(record=record, register=register, epoch=epoch, blob=blob), engine.Box(key)

    def wrap(self, key: bytes, record: UUID, register: str) -> bytes:
        """A record's key under the newest key of its register."""
        epoch = self.newest[register]
        return self.registers[register][epoch].seal(key, "dek", self.instance, register, record, epoch)

    def bytes_of(self, row: RecordKey) -> bytes:
        """The key of a record; InvalidTag when its row was altered or moved, or its register's key is gone."""
        box = self.registers[row.register].get(row.epoch)
        if box is None:
            raise engine.InvalidTag
        return box.unseal(bytes(row.blob), "dek", self.instance, row.register, row.record, row.epoch)

    def unwrap(self, row: RecordKey) -> engine.Box:
        """The key of a record, ready to seal; InvalidTag as `bytes_of`."""
        return engine.Box(self.bytes_of(row))

    def tag(self, subject: object) -> str:
        return engine.tag(self.journal, subject)


# the master key


def numbered(epoch: int) -> Path:
    """Where the master key of an epoch lies, when the product makes it: `master.key`, then `master.key.2`…"""
    path: Path = settings.MASTER_KEY_FILE
    return path if epoch == 1 else path.with_name(f"{path.name}.{epoch}")


def create_file(path: Path) -> None:
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


def masters(epoch: int) -> Iterator[bytes]:
    """The master keys at hand, the likeliest for this epoch first; VaultSealed when one cannot be read.

    ENTREMISE_MASTER_KEY, or the file, holds one key or several, one a line: an operator who rotates adds the new one.
    """
    texts = [str(settings.MASTER_KEY)]
    if not texts[0]:
        path: Path = settings.MASTER_KEY_FILE
        files = [file for file in dict.fromkeys((numbered(epoch), path)) if file.exists()]
        try:
            texts = [file.read_text(encoding="ascii") for file in files or [path]]
        except (OSError, UnicodeError):
            raise sealed("la clé maîtresse est introuvable ou illisible") from None
    for text in texts:
        for word in text.split() or [""]:
            try:
                yield engine.read_key(word)
            except ValueError:
                raise sealed("la clé maîtresse n’a pas la forme attendue, 64 signes hexadécimaux") from None


def _master(row: RootKey | None) -> engine.Box:
    """The master key in service: the one that opens the proof, or the first at hand when there is none yet."""
    if (
        row is None
        and not settings.MASTER_KEY
        and settings.MASTER_KEY_CREATE
        and not settings.MASTER_KEY_FILE.exists()
    ):
        try:
            create_file(settings.MASTER_KEY_FILE)
        except OSError:
            raise sealed("la clé maîtresse est introuvable ou illisible") from None
    for key in masters(row.master if row else 1):
        box = engine.Box(key)
        if row is None or proves(box, row):
            return box
    raise sealed("la clé maîtresse n’est pas celle de cette installation")


def proves(master: engine.Box, row: RootKey) -> bool:
    try:
        unwrap_root(master, row)
    except engine.InvalidTag:
        return False
    return True


def unwrap_root(master: engine.Box, row: RootKey) -> bytes:
    """What a root key holds; InvalidTag under another master key, or once altered or moved."""
    return master.unseal(bytes(row.blob), "kek", row.instance, row.code, row.epoch)


def wrap_root(master: engine.Box, number: int, code: str, instance: UUID, epoch: int, plain: bytes) -> RootKey:
    """A root key under the master key of epoch `number`, its row not saved yet."""
    blob = master.seal(plain, "kek", instance, code, epoch)
    return RootKey(code=code, instance=instance, epoch=epoch, master=number, blob=blob)


def current() -> tuple[engine.Box, RootKey]:
    """The master key in service and the row that proves it. VaultSealed before the first start, or without it."""
    row = RootKey.objects.filter(code=INSTANCE).first()
    if row is None:
        raise sealed("il n’a encore jamais servi", "entremise vault init")
    return _master(row), row


# loading


def _codes(registers: Iterable[str]) -> list[str]:
    names = sorted(registers)
    return [INSTANCE, JOURNAL, ERASURE, *(f"register:{r}" for r in names), *(f"index:{r}" for r in names)]


def load(registers: Iterable[str], *, restoring: bool = False) -> Keyring:
    """The keys for these registers, created at the first need. One query.

    Raises VaultSealed when they cannot be had, or while a restoration is under way (unless `restoring`: it works);
    NotFound for a register whose keys were destroyed.
    """
    names = set(registers)
    wanted = _codes(names)
    try:
        asked = [*wanted, RESTORING]
        rows = list(RootKey.objects.raw(f"SELECT * FROM vault_rootkey WHERE code IN ({marks(asked)})", asked))  # noqa: S608
        first = next((row for row in rows if row.code == INSTANCE), None)
        master = _master(first)
        if missing := set(wanted) - {row.code for row in rows}:
            rows += _create(master, first, missing)
    except DatabaseError:
        raise _unwritable() from None
    if not restoring and any(row.code == RESTORING for row in rows):
        raise sealed("une restauration est en cours", "elle la termine par « entremise vault restore »")
    ring = _unwrapped(master, rows, names)
    if not restoring and ring.instance not in _caught_up:
        _first_load(ring)
    return ring


def of_rows(rows: Sequence[RootKey]) -> Keyring:
    """The keys of a copy of the base of keys, every register's. VaultSealed when the master key is not at hand."""
    first = next((row for row in rows if row.code == INSTANCE), None)
    names = {row.code.partition(":")[2] for row in rows if row.code.startswith("register:")}
    if first is None:
        raise sealed("cette copie ne contient pas de clés")
    return _unwrapped(_master(first), rows, names)


def _unwrapped(master: engine.Box, rows: Sequence[RootKey], names: Collection[str]) -> Keyring:
    instance = rows[0].instance
    keys: dict[tuple[str, int], bytes] = {}
    try:
        for row in rows:
            if row.code != RESTORING:
                keys[row.code, row.epoch] = unwrap_root(master, row)
    except engine.InvalidTag:
        raise sealed("une clé a été modifiée") from None
    boxes: dict[str, dict[int, engine.Box]] = {name: {} for name in names}
    for (code, epoch), key in keys.items():
        kind, _, name = code.partition(":")
        if kind == "register":
            boxes[name][epoch] = engine.Box(key)
    return Keyring(
        instance=instance,
        journal=keys[JOURNAL, 1],
        erasure=keys[ERASURE, 1],
        registers=boxes,
        newest={name: max(epochs) for name, epochs in boxes.items()},
        indexes={name: keys[f"index:{name}", 1] for name in names},
        box=engine.Box(keys[JOURNAL, 1]),
    )


_caught_up: set[UUID] = set()


def _first_load(ring: Keyring) -> None:
    """The first time this process reads keys: is this base of keys older than the journal?"""
    from entremise.vault.usecases import restoring

    restoring.catch_up(ring)
    _caught_up.clear()
    _caught_up.add(ring.instance)


def _create(master: engine.Box, first: RootKey | None, codes: Collection[str]) -> list[RootKey]:
    """Make the keys that do not exist yet; those of another worker, if it made them at the same moment.

    Under a lock that `shred` takes too, so that a destroyed register never gets new keys.
    """
    names = {code.partition(":")[2] for code in codes if ":" in code}
    instance, number = (first.instance, first.master) if first else (uuid4(), 1)
    fresh = [
        wrap_root(master, number, code, instance, 1, PROOF if code == INSTANCE else engine.new_key())
        for code in sorted(codes)
    ]
    try:
        with transaction.atomic(using="keys"):
            lock()
            if first and RootKey.objects.get(code=INSTANCE).master != number:
                raise Busy("Les clés sont en train de changer. Rechargez la page et recommencez.")
            if Shredding.objects.filter(register__in=names).exists():
                raise NotFound("Ce registre a été détruit : plus rien ne s’y lit ni ne s’y écrit.")
            if first is None:
                Epoch.objects.create(number=1, proof=epoch_proof(master, 1))
            RootKey.objects.bulk_create(fresh)
    except IntegrityError:
        fresh = list(RootKey.objects.filter(code__in=codes))
    return fresh


def epoch_proof(master: engine.Box, number: int) -> bytes:
    """What only the master key of this epoch opens: tells it among others."""
    return master.seal(PROOF, "epoch", number)


def is_of(master: engine.Box, epoch: Epoch) -> bool:
    try:
        return master.unseal(bytes(epoch.proof), "epoch", epoch.number) == PROOF
    except engine.InvalidTag:
        return False


@contextmanager
def writable() -> Iterator[None]:
    """Where the base of keys is written: full, read-only or gone, it closes the vault with a sentence."""
    try:
        yield
    except IntegrityError:
        raise
    except DatabaseError:
        raise _unwritable() from None


def _unwritable() -> VaultSealed:
    return sealed(
        "la base des clés ne répond pas ou refuse l’écriture", "elle libère de la place ou remet la base en route"
    )


LOCK = 0x6B657973  # PostgreSQL's advisory lock; SQLite has one writer at a time


def lock() -> None:
    """One maker or destroyer of root keys at a time. Inside a transaction of the base of keys."""
    if connections["keys"].vendor == "postgresql":
        with connections["keys"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


# the key that signs the checkpoints of the journal

SIGNING = "signing"


def signing_seed() -> bytes:
    """Its private part: random, wrapped by the master key, made at the first need. Raises VaultSealed."""
    load(())
    master, first = current()
    row = RootKey.objects.filter(code=SIGNING).first()
    if row is None:
        _create(master, first, [SIGNING])
        row = RootKey.objects.get(code=SIGNING)
    try:
        return unwrap_root(master, row)
    except engine.InvalidTag:
        raise sealed("la clé qui signe le journal a été modifiée") from None
