"""Changing keys: a new master key, a new key for each register, the records' keys wrapped again in the background.

The master key wraps few keys: they change at once. A register's key wraps as many as it has records: the former one
stays, under the new master key, until nothing is wrapped by it any more. So everything reads all along.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connections, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.vault import engine
from entremise.vault.models import Epoch, RecordKey, RootKey
from entremise.vault.usecases import destroying, keyring
from entremise.vault.usecases.refusals import Busy, KeyMissing

log = logging.getLogger("entremise.vault")

ROTATED = declare("vault.keys.rotated", "a changé la clé maîtresse du coffre")
BATCH = 2_000
"""Records' keys wrapped again in one transaction (PD: ours)."""
DUE = timedelta(days=30)
"""A master key serves this long before it is time to change it (PD, reference § 8)."""
KEPT = timedelta(days=30)
"""A replaced key stays this long, to read the copies of the base of keys made before; then it is destroyed."""


@transaction.atomic
def rotate_keys(actor: Actor) -> int:
    """A new epoch of keys; its number. Records are wrapped again by the job `vault.rewrap_keys`.

    The new master key is the one that the operator added to ENTREMISE_MASTER_KEY, to its file or to the credential;
    otherwise a new file beside the file of the present one, to be copied elsewhere at once. The change is whole or
    not at all. Raises VaultSealed, KeyMissing (nowhere to take a new key from), Busy (somebody else is rotating).
    """
    keyring.load(())
    old, proof = keyring.current()
    number = proof.master + 1
    fresh = engine.Box(_new_master(number))
    with keyring.writable(), transaction.atomic(using="keys"):
        keyring.lock()
        if not RootKey.objects.filter(pk=proof.pk, master=proof.master).exists():
            raise Busy("Les clés sont déjà en train de changer.")
        _open_epoch(fresh, proof.master, number, old)
        newest: dict[str, int] = {}
        for row in RootKey.objects.exclude(code=keyring.RESTORING).order_by("code", "epoch"):
            plain = keyring.unwrap_root(old, row)
            again = keyring.wrap_root(fresh, number, row.code, row.instance, row.epoch, plain)
            RootKey.objects.filter(pk=row.pk).update(blob=again.blob, master=number)
            if row.code.startswith("register:"):
                newest[row.code] = row.epoch
        RootKey.objects.bulk_create(
            keyring.wrap_root(fresh, number, code, proof.instance, epoch + 1, engine.new_key())
            for code, epoch in newest.items()
        )
    destroying.wipe()
    jobs.enqueue("vault.rewrap_keys")
    trace(actor, ROTATED, Epoch(pk=number), epoch=number)
    return number


def _open_epoch(fresh: engine.Box, former: int, number: int, old: engine.Box) -> None:
    now = clock.now()
    Epoch.objects.get_or_create(number=former, defaults={"proof": keyring.epoch_proof(old, former)})
    Epoch.objects.filter(number=former).update(state="retiring", retired_at=now)
    Epoch.objects.create(number=number, proof=keyring.epoch_proof(fresh, number), started_at=now)


def _new_master(number: int) -> bytes:
    """A key at hand that never served, or the one of a new file."""
    served = list(Epoch.objects.all())
    now = RootKey.objects.get(code=keyring.INSTANCE)
    for key in keyring.masters(number):
        box = engine.Box(key)
        if not keyring.proves(box, now) and not any(keyring.is_of(box, epoch) for epoch in served):
            return key
    if settings.MASTER_KEY or not settings.MASTER_KEY_CREATE:
        raise KeyMissing(
            "La clé maîtresse vient de ENTREMISE_MASTER_KEY, d’un fichier que vous avez désigné ou de systemd : "
            "ajoutez-y la nouvelle clé, sur une ligne de plus (64 signes hexadécimaux), gardez l’ancienne 30 jours, "
            "redémarrez, puis relancez « entremise vault rotate »."
        )
    path = keyring.numbered(number)
    try:
        keyring.create_file(path)
        return engine.read_key(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise KeyMissing(f"La nouvelle clé ne s’écrit pas : {path}. Vérifiez le dossier et la place.") from None


def rewrap(batches: int | None = None) -> tuple[int, int]:
    """Wrap again the records' keys that a former key of their register wraps; how many, how many are left.

    A transaction for each batch, guarded row by row: a key destroyed meanwhile stays destroyed; stopped anywhere, it
    goes on from there. A row that was altered is left as it is, and told.
    """
    names = [code.partition(":")[2] for code in _register_codes()]
    ring = keyring.load(names)
    done = left = 0
    for name in names:
        newest, last = ring.newest[name], None
        while batches is None or batches > 0:
            old = RecordKey.objects.filter(register=name, epoch__lt=newest).order_by("pk")
            rows = list((old.filter(pk__gt=last) if last else old)[:BATCH])
            if not rows:
                break
            last = rows[-1].pk
            done += _rewrap(ring, rows, newest)
            batches = None if batches is None else batches - 1
        left += RecordKey.objects.filter(register=name, epoch__lt=newest).count()
    destroying.wipe()
    return done, left


def _rewrap(ring: keyring.Keyring, rows: list[RecordKey], newest: int) -> int:
    field = RecordKey._meta.pk
    connection = connections["keys"]
    fresh = []
    for row in rows:
        try:
            blob = ring.wrap(ring.bytes_of(row), row.record, row.register)
        except engine.InvalidTag:
            log.error("altered key of record %s: left as it is", row.pk)
            continue
        pk = field.get_db_prep_value(row.record, connection)
        fresh.append((connection.Database.Binary(blob), newest, pk, row.epoch))  # type: ignore[attr-defined]
    with transaction.atomic(using="keys"), connection.cursor() as cursor:
        cursor.executemany("UPDATE vault_recordkey SET blob = %s, epoch = %s WHERE record = %s AND epoch = %s", fresh)
    return len(fresh)


def _register_codes() -> list[str]:
    codes = RootKey.objects.filter(code__startswith="register:").values_list("code", flat=True)
    return sorted(set(codes))


def remaining() -> int:
    """Records' keys still wrapped by a former key of their register."""
    left = 0
    for code in _register_codes():
        epochs = sorted(RootKey.objects.filter(code=code).values_list("epoch", flat=True))
        if len(epochs) > 1:
            left += RecordKey.objects.filter(register=code.partition(":")[2], epoch__lt=epochs[-1]).count()
    return left


def destroy_epochs() -> list[int]:
    """Destroy what was replaced 30 days ago: registers' keys that wrap nothing, master keys in files of ours.

    The numbers of the epochs destroyed. A master key that the operator holds is theirs to destroy: they are told.
    """
    gone = []
    before = clock.now() - KEPT
    for epoch in Epoch.objects.filter(state="retiring", retired_at__lte=before):
        _drop_register_keys()
        if settings.MASTER_KEY or not settings.MASTER_KEY_CREATE:
            log.warning("La clé maîtresse de l’époque %d ne sert plus : détruisez-la partout.", epoch.pk)
        else:
            _shred_file(epoch)
        Epoch.objects.filter(pk=epoch.pk).update(state="destroyed", destroyed_at=clock.now())
        gone.append(epoch.pk)
    if gone:
        destroying.wipe()
    return gone


def _drop_register_keys() -> None:
    """Registers' keys older than the newest, unless a record is still wrapped by them."""
    with transaction.atomic(using="keys"):
        keyring.lock()
        for code in _register_codes():
            epochs = sorted(RootKey.objects.filter(code=code).values_list("epoch", flat=True))
            for epoch in epochs[:-1]:
                if not RecordKey.objects.filter(register=code.partition(":")[2], epoch=epoch).exists():
                    RootKey.objects.filter(code=code, epoch=epoch).delete()


def _shred_file(epoch: Epoch) -> None:
    """Overwrite and remove the file of a master key, if it is that one and not the one in service."""
    path = keyring.numbered(epoch.pk)
    try:
        box = engine.Box(engine.read_key(path.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return
    if not keyring.is_of(box, epoch) or keyring.proves(box, RootKey.objects.get(code=keyring.INSTANCE)):
        return
    with path.open("r+b") as file:
        file.write(b"0" * path.stat().st_size)
        file.flush()
    path.unlink()


def remind() -> bool:
    """Tell whoever watches the server that the master key should change. A key nobody copied must not be made alone:
    a disk that fails would take everything."""
    epoch = Epoch.objects.filter(state="current").first()
    late = epoch is not None and epoch.started_at <= clock.now() - DUE
    if late:
        log.warning("La clé maîtresse sert depuis plus de 30 jours : « entremise vault rotate », puis copiez-la.")
    return late
