from __future__ import annotations

from uuid import UUID

from entremise.kernel.actors import Actor


def can_record_answer(actor: Actor, person: UUID) -> bool:
    """A consent is the person's own word: theirs by a link, or heard by an agent at work. A machine hears nobody,
    except for the answers that a file or a form already holds."""
    return actor.person_id == person or actor.user_id is not None or actor.has("machine")
