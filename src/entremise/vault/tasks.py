from __future__ import annotations

from datetime import time

from entremise.kernel.jobs import job
from entremise.vault.usecases import destroying, erasing


@job("vault.sweep_registers", daily=time(2, 40))
def sweep_registers() -> None:
    """Delete the rows of registers whose keys were destroyed; unreadable already."""
    erasing.sweep_registers()


@job("vault.wipe_keys", daily=time(3, 40))
def wipe_keys() -> None:
    """Make the disk forget destroyed keys: VACUUM on PostgreSQL, an emptied log on SQLite."""
    destroying.vacuum()
