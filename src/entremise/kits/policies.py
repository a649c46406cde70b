from __future__ import annotations

from entremise.kernel.actors import Actor


def can_apply_kit(actor: Actor) -> bool:
    """A kit changes the words and categories of everybody: it is the administrator's deed, never a page visitor's."""
    return actor.has("administrator", "machine")
