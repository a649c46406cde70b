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
