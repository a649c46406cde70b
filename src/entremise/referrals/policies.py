"""Who may note a difficulty."""

from __future__ import annotations

from entremise.kernel.actors import Actor

NOTING = ("caller", "supervisor", "mentor", "referrer", "matchmaker", "lead_matchmaker", "desk", "home_visitor")


def can_note(actor: Actor) -> bool:
    """Whoever hears people at work: on the phone, at the counter, at the door."""
    return actor.user_id is not None and actor.has(*NOTING)


def can_judge(actor: Actor) -> bool:
    """Who reads forms to act on them; a supervisor where no referrer is there yet."""
    return actor.user_id is not None and actor.has("referrer", "supervisor")


READING = ("referrer", "supervisor", "matchmaker", "lead_matchmaker", "keeper")


def can_read_directory(actor: Actor) -> bool:
    """Who chooses a service for somebody, or keeps the list."""
    return actor.user_id is not None and actor.has(*READING)


def can_keep_directory(actor: Actor) -> bool:
    """Who loads files, settles errors, says which thématiques answer a need."""
    return actor.has("machine") or (actor.user_id is not None and actor.has("referrer", "keeper"))
