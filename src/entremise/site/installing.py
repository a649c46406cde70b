"""The registers that the rooms themselves keep: opened at a first start, each once."""

from __future__ import annotations

from entremise.kernel.actors import Actor
from entremise.outreach.usecases import install_register as install_outreach
from entremise.people.usecases import install_register as install_people
from entremise.referrals.usecases import install_register as install_referrals


def install_rooms(actor: Actor) -> None:
    """Open what is missing. Raises as each of them."""
    for install in (install_people, install_referrals, install_outreach):
        install(actor)
