from __future__ import annotations

from entremise.kernel.actors import Actor


def can_load_reference(actor: Actor) -> bool:
    """The list of communes is a fact of the State: only the operator's machine or an administrator renews it."""
    return actor.has("machine", "administrator")


def can_set_theme(actor: Actor) -> bool:
    """Name, colour, phone and legal notices commit the authority: its administrators, and kits through the machine."""
    return actor.has("machine", "administrator")
