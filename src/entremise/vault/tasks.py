from __future__ import annotations

from datetime import time, timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.vault.usecases import destroying, erasing, requests


@job("vault.sweep_registers", daily=time(2, 40))
def sweep_registers() -> None:
    """Delete the rows of registers whose keys were destroyed; unreadable already."""
    erasing.sweep_registers()


@job("vault.wipe_keys", daily=time(3, 40))
def wipe_keys() -> None:
    """Make the disk forget destroyed keys: VACUUM on PostgreSQL, an emptied log on SQLite."""
    destroying.vacuum()


@job("vault.lapse_requests", every=timedelta(minutes=15))
def lapse_requests() -> None:
    """End the special requests that nobody may use any more."""
    requests.lapse_requests(Actor.machine("délais"))
