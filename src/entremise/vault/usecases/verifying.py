"""Verify the whole journal against what it says of itself and what others kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from entremise.vault.engine import Claim, Pruned, Reading, Report, note
from entremise.vault.models import Checkpoint, Erasure, Line, Segment, Shredding
from entremise.vault.models.journal import COVERED, body_of
from entremise.vault.usecases import checkpoints, keyring
from entremise.vault.usecases.refusals import VaultSealed

STEP = 5000


def verify(
    *,
    outside: Sequence[tuple[str, str]] = (),
    key: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read every line once, in constant memory, and say in French what is not as it was written.

    `outside`: (name of the file, text) of checkpoints that others kept; `key`: the public key they were given with
    (`name+id+base64`), the journal's own otherwise. `progress(lines read, lines in all)` is called as it goes.
    A note that cannot be read raises note.NotANote. The vault may be sealed: what needs its keys is then said not to
    be verified.
    """
    report = Report()
    known = _verifier(key, report)
    claims = [*_outside(outside, known, report), *_ours(known, report)]
    reading = Reading(claims, pruned(), _Erased(report), checkpoints.Erasures.load().holds, report)
    total = Line.objects.count()
    for done, (at, body, seal, seal_hash, link) in enumerate(rows()):
        if not done % STEP:
            progress(done, total)
        reading.line(body["number"], at, body, seal, seal_hash, link)
    progress(total, total)
    return reading.close()


def rows(first: int = 0, last: int | None = None) -> Iterator[tuple[datetime, dict[str, Any], bytes, str, str]]:
    """Every line from `first` on: date, body, seal, hash of the seal, link."""
    names = [name for name in COVERED if name not in ("number", "at")]
    found = checkpoints.lines_after(first - 1, *names, "moment", "seal", "link", until=last)
    for number, *values, moment, seal, link in found:
        at = datetime.fromisoformat(moment)
        body = dict(zip(names, values, strict=True), number=number, at=at if at.tzinfo else at.replace(tzinfo=UTC))
        yield body["at"], body_of(body), bytes(seal), body["seal_hash"], link


def pruned() -> list[Pruned]:
    """The heads of the months whose lines are gone."""
    gone = Segment.objects.filter(state="pruned").order_by("first_number")
    return [Pruned(s.month, s.last_number, s.last_link, s.size, bytes.fromhex(s.root)) for s in gone]


def _verifier(key: str, report: Report) -> note.Verifier | None:
    if key:
        return note.read_verifier(key)
    try:
        return checkpoints.verifier()
    except VaultSealed:
        report.notices.append("Le coffre est fermé : les signatures n’ont pas pu être vérifiées avec sa clé.")
        return None


def _same_key(a: note.Verifier, text: str) -> note.Verifier:
    """The key under the name that stands in the note: a site may have changed its address."""
    signer = note.read(text).signatures
    names = [s.name for s in signer if note.Verifier(s.name, a.kind, a.public).key_id == s.key_id]
    return note.Verifier(names[0], a.kind, a.public) if names else a


def _outside(given: Sequence[tuple[str, str]], known: note.Verifier | None, report: Report) -> Iterator[Claim]:
    for name, text in given:
        read = note.read(text)
        month = read.origin.rpartition("/")[2]
        if known is not None and not note.is_signed(read, _same_key(known, text)):
            report.found(
                "bad_signature", 0, f"Le point de contrôle « {name} » n’est pas signé par la clé de ce journal."
            )
            continue
        yield Claim(month, read.size, read.root, f"point de contrôle « {name} »")


def _ours(known: note.Verifier | None, report: Report) -> Iterator[Claim]:
    """What the journal keeps of itself: its checkpoints and the heads of its months."""
    for point in Checkpoint.objects.order_by("pk").select_related("segment").iterator(chunk_size=500):
        name = f"du {point.at:%d/%m/%Y %H:%M} UTC"
        try:
            read = note.read(point.note)
        except note.NotANote:
            report.found("bad_signature", 0, f"Le point de contrôle {name} gardé ici a été modifié.")
            continue
        said = (read.origin.rpartition("/")[2], read.size, read.root.hex())
        signed = known is None or note.is_signed(read, _same_key(known, point.note))
        if not signed or said != (point.segment.month, point.size, point.root):
            report.found("bad_signature", 0, f"Le point de contrôle {name} gardé ici a été modifié.")
            continue
        yield Claim(said[0], read.size, read.root, f"point de contrôle {name}")
    for segment in Segment.objects.exclude(state="pruned"):
        yield Claim(segment.month, segment.size, bytes.fromhex(segment.root), f"tête du mois {segment.month}")


class _Erased:
    """Whether a record, or its whole register, was erased: the lists are read when a first seal is missing."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.tags: frozenset[str] | None = None
        self.registers: frozenset[str] = frozenset()

    def __call__(self, tag: str, register: str) -> bool:
        if self.tags is None:
            self.tags = frozenset()
            self.registers = frozenset(Shredding.objects.values_list("register", flat=True))
            try:
                ring = keyring.load(())
                self.tags = frozenset(ring.tag(pk) for pk in Erasure.objects.values_list("pk", flat=True))
            except VaultSealed:
                self.report.notices.append("Le coffre est fermé : les scellés retirés n’ont pas pu être rapprochés.")
        return tag in self.tags or register in self.registers
