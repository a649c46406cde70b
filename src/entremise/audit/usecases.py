from __future__ import annotations

from django.db import connection, models

from entremise.audit import engine, registry
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor

HEAD = 0x656E7472  # PostgreSQL's advisory lock: one writer at a time at the head of the chain


def record(actor: Actor, action: str, subject: models.Model, /, **data: int | bool | str | None) -> Entry:
    """Add the trace of a deed, in the deed's transaction and as its last row. Ids and codes only."""
    registry.sentence(action)  # refuses a code that nobody declared
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD])
    seq, previous = Entry.objects.values_list("seq", "link").first() or (0, engine.ORIGIN)
    entry = Entry(
        seq=seq + 1,
        at=clock.now(),
        action=action,
        actor_id=actor.user_id,
        actor_label=actor.label,
        channel=actor.channel,
        on_behalf_of=actor.on_behalf_of,
        subject=f"{subject._meta.label_lower}:{subject.pk}",
        data=data,
    )
    entry.link = engine.link(previous, entry.deed())
    entry.save(force_insert=True)
    return entry
