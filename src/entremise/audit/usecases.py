from __future__ import annotations

from django.db import connection, models, transaction

from entremise.audit import engine, registry
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor

HEAD = 0x656E7472  # PostgreSQL's advisory lock: one writer at a time at the head of the chain
SOME = 1000


def record(actor: Actor, action: str, subject: models.Model, /, **data: int | bool | str | None) -> Entry:
    """Add the trace of a deed, in the deed's transaction and as its last row. Ids and codes only."""
    entry = _entry(actor, action, subject, data)
    seq, previous = _head()
    entry.seq = seq + 1
    entry.link = engine.link(previous, entry.deed())
    entry.save(force_insert=True)
    return entry


def record_soon(actor: Actor, action: str, subject: models.Model, /, **data: int | bool | str | None) -> Entry:
    """The same, sealed into the chain within the minute, for deeds that many do at once (calls taken and reported).

    The row is in the deed's transaction all the same, and nothing but its sealing may change it: what waits is its
    place in the chain, so that a hundred callers do not queue for one lock.
    """
    entry = _entry(actor, action, subject, data)
    entry.save(force_insert=True)
    return entry


def seal_entries() -> int:
    """Seal what waits, in the order it was written; how many. By the clock each minute, and before any verification.

    Safe to run twice, and by two workers: the lock of the chain's head lets one in at a time.
    """
    sealed = 0
    while done := _seal_some():
        sealed += done
    return sealed


@transaction.atomic
def _seal_some() -> int:
    if not Entry.objects.filter(seq=None).exists():
        return 0
    last, previous = _head()
    waiting = list(Entry.objects.filter(seq=None).order_by("pk")[:SOME])
    links = []
    for seq, entry in enumerate(waiting, start=last + 1):
        entry.seq = seq
        entry.link = previous = engine.link(previous, entry.deed())
        links.append((seq, previous, entry.pk))
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE audit_entry SET seq = %s, link = %s WHERE id = %s AND seq IS NULL", links)
    return len(links)


def _head() -> tuple[int, str]:
    """The last rank and link, under the lock of the chain's head until the transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD])
    last = Entry.objects.filter(seq__isnull=False).order_by("-seq").values_list("seq", "link").first()
    return (last[0] or 0, last[1]) if last else (0, engine.ORIGIN)


def _entry(actor: Actor, action: str, subject: models.Model, data: dict[str, int | bool | str | None]) -> Entry:
    registry.sentence(action)  # refuses a code that nobody declared
    return Entry(
        at=clock.now(),
        action=action,
        actor_id=actor.user_id,
        actor_label=actor.label,
        channel=actor.channel,
        on_behalf_of=actor.on_behalf_of,
        subject=f"{subject._meta.label_lower}:{subject.pk}",
        data=data,
    )
