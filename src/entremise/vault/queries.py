from __future__ import annotations

from entremise.audit.engine import ORIGIN, link
from entremise.vault import engine
from entremise.vault.models import Line


def first_broken() -> int | None:
    """The number of the first line of the access journal that does not follow from the one before; None when all do.

    A bare chain sees neither a cut tail nor a full rewrite: signed checkpoints will.
    """
    previous = ORIGIN
    for rank, line in enumerate(Line.objects.order_by("number").iterator(chunk_size=2000), start=1):
        intact = line.seal_hash == engine.digest(bytes(line.seal))
        if line.number != rank or not intact or line.link != link(previous, line.body()):
            return rank
        previous = line.link
    return None
