"""Copy the journal out, so that somebody else verifies it with `scripts/verify_journal.py` and nothing of ours.

No agent is in the copy: the link covers a salted hash of the account, and the salt stays here.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TextIO

from entremise.audit.engine import ORIGIN
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault.models import Checkpoint, Erasure, Segment
from entremise.vault.usecases import checkpoints, journal, keyring, verifying


def export(actor: Actor, *, folder: Path, month: str = "", seals: bool = True) -> list[Path]:
    """Write each month still whole (or one, `2026-07`), its signed points, the public key; the files written.

    A checkpoint is made first, and the export itself is a line of the journal. Raises NotFound (no such month, or
    its lines are gone), VaultSealed, JournalUnavailable, OSError.
    """
    write_line(actor, {"export": month or "tout"})
    checkpoints.checkpoint(actor)
    segments = list(Segment.objects.exclude(state="pruned").order_by("first_number"))
    if month:
        segments = [segment for segment in segments if segment.month == month]
    if not segments:
        raise NotFound("Ce mois n’est pas dans le journal, ou ses lignes ont été détruites à leur terme.")
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write(folder / "cle.txt", [str(checkpoints.verifier())])]
    ring = keyring.load(())
    erased = (ring.tag(pk) for pk in Erasure.objects.order_by("at").values_list("pk", flat=True))
    written.append(_write(folder / "effaces.txt", list(erased)))
    for segment in segments:
        written.append(_lines(folder, segment, seals=seals))
        for point in Checkpoint.objects.filter(segment=segment).order_by("size"):
            written.append(_write(folder / f"point-{segment.month}-{point.size}.txt", [point.note.rstrip("\n")]))
    return written


def write_line(actor: Actor, said: dict[str, object], *, action: str = "browse") -> int:
    """Reading the journal is journalled: what was looked at is sealed with the line. Its number."""
    ring = keyring.load(())
    draft = journal.Draft(
        action=action,
        purpose="vault.audit",
        register="",
        verdict="granted",
        rules=(),
        tag="",
        record="",
        box=ring.box,
        secret=said,
    )
    return journal.add(ring, actor, draft)


def _lines(folder: Path, segment: Segment, *, seals: bool) -> Path:
    before = Segment.objects.filter(last_number=segment.first_number - 1).values_list("last_link", flat=True).first()
    path = folder / f"journal-{segment.month}.jsonl"
    with _open(path) as file:
        head = {"journal": checkpoints.origin(segment.month), "first": segment.first_number}
        file.write(json.dumps({**head, "previous": before or ORIGIN}) + "\n")
        for _, body, seal, _, link in verifying.rows(segment.first_number, segment.last_number):
            row = {"body": body, "link": link, **({"seal": base64.b64encode(seal).decode()} if seals else {})}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def _write(path: Path, lines: list[str]) -> Path:
    with _open(path) as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


def _open(path: Path) -> TextIO:
    """A file that its owner alone reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
