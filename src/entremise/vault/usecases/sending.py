"""Give the signed points of the journal to witnesses: what the owner of the base cannot take back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from entremise.accounts.queries import colleagues
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.rules.engine.vocabulary import COLLEGES
from entremise.vault import clients
from entremise.vault.engine import merkle, note
from entremise.vault.models import Checkpoint, Segment
from entremise.vault.usecases import checkpoints

MAIL_EVERY = timedelta(hours=24)
"""A witness gets a letter a day at most, and at each change of rules (PD): an hourly letter is read by nobody."""
PER_COLLEGE = 3
LATE = timedelta(hours=48)
"""Reference rules-vault-commons § 9."""
Send = Callable[[Checkpoint], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Way:
    """A witness: `label` as it is shown and remembered (no address, no name), `send` raises NotSent."""

    label: str
    send: Send
    by_mail: bool = False


def ways() -> list[Way]:
    """Every witness of this journal: folder, address, letters to each college, further letters."""
    found = []
    if settings.WITNESS_FOLDER:
        found.append(Way("dossier", _to_folder))
    if settings.WITNESS_URL:
        found.append(Way("témoin en ligne", _to_url))
    for code, label in COLLEGES.items():
        for user in colleagues(f"seat_{code}")[:PER_COLLEGE]:
            found.append(Way(f"collège {label}, compte {user.pk}", _to_mail(user.email), by_mail=True))
    for rank, address in enumerate(settings.WITNESS_MAILS, start=1):
        found.append(Way(f"adresse {rank}", _to_mail(address), by_mail=True))
    return found


def send_checkpoints(actor: Actor, *, urgent: bool = False) -> int:
    """Sign what is new, then give the latest point, and the last one of each finished month, to whoever lacks it.

    `urgent`: a rule set was put into force: sign even without a new line, write to everybody. How many left.
    Idempotent: what a witness holds is not sent again. Raises VaultSealed, JournalUnavailable.
    """
    checkpoints.checkpoint(actor, always=urgent)
    points = {point.pk: point for point in [*Checkpoint.objects.select_related("segment")[:1], *_last_of_months()]}
    count = 0
    for way in ways() if points else ():
        lately = way.by_mail and not urgent and _written_lately(way.label)
        for point in points.values():
            if any(entry["witness"] == way.label and entry["ok"] for entry in point.sent):
                continue
            if lately and point.segment.closed_at is None:
                continue
            count += _deliver(way, point)
    return count


def _last_of_months() -> Iterator[Checkpoint]:
    """The final point of the months that are complete and not sealed yet."""
    for segment in Segment.objects.filter(state="current", closed_at__isnull=False):
        yield from Checkpoint.objects.filter(segment=segment, size=segment.size).select_related("segment")


def _written_lately(label: str) -> bool:
    since = clock.now() - MAIL_EVERY
    recent = Checkpoint.objects.filter(at__gt=since - MAIL_EVERY).values_list("sent", flat=True)
    return any(e["witness"] == label and e["ok"] and e["at"] > since.isoformat() for sent in recent for e in sent)


def _deliver(way: Way, point: Checkpoint) -> bool:
    """Send outside any transaction, then remember: the last attempt of each witness, whatever came of it."""
    entry: dict[str, Any] = {"witness": way.label, "at": clock.now().isoformat()}
    try:
        entry |= {**way.send(point), "ok": True}
    except clients.NotSent as error:
        entry |= {"ok": False, "why": str(error)}
    with transaction.atomic(using="journal"):
        row = Checkpoint.objects.select_for_update().get(pk=point.pk)
        row.sent = [*(e for e in row.sent if e["witness"] != way.label), entry]
        row.save(update_fields=["sent"])
    point.sent = row.sent
    return bool(entry["ok"])


def file_name(point: Checkpoint) -> str:
    return f"point-{point.segment.month}-{point.size}.txt"


def _to_folder(point: Checkpoint) -> dict[str, Any]:
    clients.write_note(settings.WITNESS_FOLDER, file_name(point), point.note)
    return {}


def _to_mail(address: str) -> Send:
    def send(point: Checkpoint) -> dict[str, Any]:
        text = (
            "Bonjour,\n\nVoici l’empreinte signée du journal des accès : elle dit combien de lignes il compte, et les "
            "résume toutes. Elle ne contient aucune donnée sur personne.\n\nGardez ce message et sa pièce jointe. "
            "Si le journal est un jour coupé ou réécrit, votre copie le prouvera : "
            f"entremise journal verify --checkpoint {file_name(point)}\n\n{point.note}\n"
            f"Clé publique du journal : {point.key}\n"
        )
        subject = f"Journal des accès, point de contrôle {point.segment.month} ({point.size} lignes)"
        clients.mail_note(address, subject, text, file_name(point), point.note)
        return {}

    return send


def _to_url(point: Checkpoint) -> dict[str, Any]:
    """The protocol of C2SP `tlog-witness`: what the witness holds, the proof that ours extends it, our note."""
    held = Checkpoint.objects.filter(segment=point.segment, size__lt=point.size).order_by("-size")
    sizes = (p.size for p in held.iterator() if any(e["witness"] == "témoin en ligne" and e["ok"] for e in p.sent))
    try:
        said = clients.post_note(settings.WITNESS_URL, _request(point, next(sizes, 0)))
    except clients.Conflict as conflict:
        try:
            said = clients.post_note(settings.WITNESS_URL, _request(point, min(conflict.size, point.size)))
        except clients.Conflict:
            raise clients.NotSent("le témoin tient une autre histoire de ce journal") from None
    given = note.read(f"{point.note}{said}")
    known = {signature.key_id for signature in note.read(point.note).signatures}
    signed = [signature for signature in given.signatures if signature.key_id not in known]
    if not signed or (settings.WITNESS_KEY and not note.is_signed(given, note.read_verifier(settings.WITNESS_KEY))):
        raise clients.NotSent("le témoin n’a pas signé")
    return {"signature": said.strip()}


def _request(point: Checkpoint, old: int) -> str:
    proof: list[bytes] = []
    if 0 < old < point.size:
        proof = merkle.consistency(checkpoints.leaves(point.segment), old, point.size)
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof)]
    return "\n".join(lines) + f"\n\n{point.note}"


@dataclass(frozen=True, slots=True)
class Watch:
    """How the journal is witnessed. `alarms`: French sentences, each with what to do; empty when all is well."""

    latest: Checkpoint | None
    held_since: datetime | None
    unheld: int
    missing: tuple[str, ...]
    alarms: tuple[str, ...]


def watch() -> Watch:
    """What the delegate and whoever holds the server must know. Six queries, whatever the size of the journal."""
    now = clock.now()
    points = list(Checkpoint.objects.select_related("segment")[:1500])  # two months of hourly points
    held = next((point for point in points if point.acknowledged), None)
    unheld = [point for point in points if held is None or point.at > held.at]
    alarms = []
    if unheld and unheld[-1].at < now - LATE:
        hours = int((now - unheld[-1].at).total_seconds() // 3600)
        alarms.append(
            f"Aucun témoin n’a reçu de point de contrôle du journal depuis {hours} heures : vérifiez l’envoi des "
            "courriels, ou donnez ENTREMISE_WITNESS_FOLDER ou ENTREMISE_WITNESS_URL."
        )
    kept = {label for code, label in COLLEGES.items() if colleagues(f"seat_{code}")}
    missing = tuple(label for label in COLLEGES.values() if label not in kept)
    return Watch(points[0] if points else None, held.at if held else None, len(unheld), missing, tuple(alarms))
