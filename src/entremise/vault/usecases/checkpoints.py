"""Signed heads of the journal: grow the month's tree, sign it, remember it. Sending it out is `sending`.

A line `checkpoint` comes first, so that the signature also covers the rules in force and the list of erasures.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.rules import queries as rules
from entremise.vault import engine
from entremise.vault.engine import merkle, note
from entremise.vault.models import Checkpoint, Erasure, Line, Segment
from entremise.vault.usecases import journal, keyring

log = logging.getLogger("entremise.vault")

SETTLED = timedelta(seconds=60)
"""Erasures as recent as this wait for the next checkpoint: their transaction may not be committed yet."""
CHUNK = 5000


def host() -> str:
    """The name of this journal in its notes: the site's address."""
    return urlsplit(settings.PUBLIC_URL).netloc or "localhost"


def origin(month: str) -> str:
    return f"{host()}/journal/{month}"


def verifier() -> note.Verifier:
    """The public key of this journal. Raises VaultSealed."""
    return note.verifier(host(), keyring.signing_seed())


def journal_key() -> str:
    """The public key of this journal, `name+id+base64`: to be kept elsewhere. Raises VaultSealed."""
    return str(verifier())


@dataclass(slots=True)
class Erasures:
    """The list of erasures, in the order they were written, and the hash of its beginnings."""

    rows: list[tuple[datetime, str]] = field(default_factory=list)
    _count: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    @classmethod
    def load(cls) -> Erasures:
        """The whole list: ids and dates only. One query."""
        rows = Erasure.objects.order_by("at", "record").values_list("at", "record")
        return cls([(at, record.hex) for at, record in rows])

    def token(self, until: datetime) -> str:
        """`erasures:<until>:<count>:<sha256>` for those written until then; ask in the order of time."""
        while self._count < len(self.rows) and self.rows[self._count][0] <= until:
            at, record = self.rows[self._count]
            self._hash.update(f"{at.astimezone(UTC).isoformat(timespec='microseconds')} {record}\n".encode())
            self._count += 1
        moment = until.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"erasures:{moment}:{self._count}:{self._hash.hexdigest()}"

    def holds(self, token: str) -> bool:
        """Whether the list still begins as a checkpoint said."""
        try:
            until = datetime.strptime(token.split(":")[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except (IndexError, ValueError):
            return False
        return self.token(until) == token


def lines_after(number: int, *names: str, until: int | None = None) -> Iterator[tuple[Any, ...]]:
    """The columns asked of the lines above `number`, in order, by slices: constant memory, no long transaction."""
    while True:
        rows = Line.objects.filter(number__gt=number).order_by("number")
        if until is not None:
            rows = rows.filter(number__lte=until)
        if "moment" in names:  # the date as text: reading it so costs a third of what the field's own reading costs
            rows = rows.annotate(moment=Cast("at", TextField()))
        slice_ = list(rows.values_list("number", *names)[:CHUNK])
        yield from slice_
        if len(slice_) < CHUNK:
            return
        number = slice_[-1][0]


def checkpoint(actor: Actor, *, always: bool = False) -> Checkpoint | None:
    """Sign the journal as it stands, after a line that says the rules and erasures; None when nothing is new.

    `always`: also without a new line (a rule set was just put into force). Idempotent; two at once make at most two
    points of one history. Raises VaultSealed, JournalUnavailable.
    """
    seed = keyring.signing_seed()
    done = Segment.objects.order_by("-first_number").values_list("last_number", flat=True).first() or 0
    last = Line.objects.values_list("number", flat=True).first() or 0
    if last <= done and not always:
        return None
    number = _write_line(actor)
    return _sign(number, seed)


def _write_line(actor: Actor) -> int:
    active = rules.active()
    until = (clock.now() - SETTLED).replace(microsecond=0)
    said = (f"rules:{active.fingerprint if active else ''}", Erasures.load().token(until))
    ring = keyring.load(())
    draft = journal.Draft(
        action="checkpoint",
        purpose="vault.audit",
        register="",
        verdict="granted",
        rules=said,
        tag="",
        record="",
        box=ring.box,
        secret={},
        rule_set=active.number if active else 0,
    )
    return journal.add(ring, actor, draft)


def _sign(upto: int, seed: bytes) -> Checkpoint | None:
    """Checkpoints for what was added up to this line: that of the month, and the last of each month just ended."""
    made = None
    for segment in _grown(upto):
        text = note.text_of(origin(segment.month), segment.size, bytes.fromhex(segment.root))
        made = _keep(segment, note.sign(text, host(), seed), str(note.verifier(host(), seed))) or made
    return made


def _keep(segment: Segment, text: str, key: str) -> Checkpoint | None:
    """Save a grown segment and its checkpoint; None when it has one already, or another worker is further."""
    names = ("last_number", "last_link", "size", "root", "peaks", "closed_at")
    grown = {name: getattr(segment, name) for name in names}
    try:
        with transaction.atomic(using="journal"):
            if not segment.pk:
                segment.save(force_insert=True)
            elif not Segment.objects.filter(pk=segment.pk, state="current", size__lte=segment.size).update(**grown):
                return None
            said = {"root": segment.root, "note": text, "key": key, "at": clock.now()}
            point, is_new = Checkpoint.objects.get_or_create(segment=segment, size=segment.size, defaults=said)
            return point if is_new else None
    except IntegrityError:
        return None


def _grown(upto: int) -> Iterator[Segment]:
    """The current month with its new lines, and those that follow: a month ends at the first line of a later one."""
    segment = Segment.objects.order_by("first_number").last()
    tree = merkle.Tree()
    if segment is not None:
        tree = _resume(segment)
    for number, at, link in lines_after(segment.last_number if segment else 0, "at", "link", until=upto):
        month = engine.month_of(at)
        if segment is None or month > segment.month:
            if segment is not None:
                segment.closed_at = clock.now()
                yield _shaped(segment, tree)
            segment = Segment(month=month, first_number=number, first_link=link)
            tree = merkle.Tree()
        segment.last_number, segment.last_link = number, link
        tree.add(engine.leaf_of(link))
    if segment is not None:
        yield _shaped(segment, tree)


def _shaped(segment: Segment, tree: merkle.Tree) -> Segment:
    segment.size, segment.root = tree.size, tree.root.hex()
    segment.peaks = [peak.hex() for peak in tree.peaks]
    return segment


def _resume(segment: Segment) -> merkle.Tree:
    """The tree where the last checkpoint left it; made again from the lines when the stored tops do not fit."""
    try:
        tree = merkle.Tree(segment.size, [bytes.fromhex(peak) for peak in segment.peaks])
    except ValueError:
        tree = merkle.Tree()
    if tree.size and tree.root.hex() == segment.root:
        return tree
    log.error("journal: the tops of the tree of %s were altered", segment.month)
    tree = merkle.Tree()
    for _, link in lines_after(segment.first_number - 1, "link", until=segment.last_number):
        tree.add(engine.leaf_of(link))
    return tree


def leaves(segment: Segment) -> merkle.Leaves:
    """The hashes of the leaves of a month, by index: read when asked."""

    def read(start: int, stop: int) -> Iterator[bytes]:
        first = segment.first_number
        for _, link in lines_after(first + start - 1, "link", until=first + stop - 1):
            yield engine.leaf_of(link)

    return read
