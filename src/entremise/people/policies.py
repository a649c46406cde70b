from __future__ import annotations

from uuid import UUID

from entremise.kernel.actors import Actor

DESK = ("desk", "dpo")


def can_record_answer(actor: Actor, person: UUID) -> bool:
    """A consent is the person's own word: theirs by a link, or heard by an agent at work. A machine hears nobody,
    except for the answers that a file or a form already holds."""
    if actor.mandate_id is not None:
        return False  # what a proxy may say is in the mandate: see usecases.speaking
    return actor.person_id == person or actor.user_id is not None or actor.has("machine")


def can_run_desk(actor: Actor) -> bool:
    """The rights desk meets people, checks who they are and acts for them: the front desk and the DPO."""
    return actor.user_id is not None and actor.has(*DESK)


def can_protect(actor: Actor) -> bool:
    """Marking somebody as threatened closes their file to nearly everybody: who keeps the desk, or follows delicate
    situations."""
    return actor.user_id is not None and actor.has("desk", "dpo", "sensitive_referent")


def can_merge(actor: Actor) -> bool:
    """Whoever keeps registers says that two files are one person's; the machine does it under a grant, and ends it."""
    return actor.has("machine") or (actor.user_id is not None and actor.has("keeper", "dpo"))
