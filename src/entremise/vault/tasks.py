from __future__ import annotations

from datetime import time, timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.vault.usecases import (
    checking,
    destroying,
    erasing,
    parcels,
    rehearsing,
    requests,
    rotating,
    segments,
    sending,
)


@job("vault.sweep_registers", daily=time(2, 40))
def sweep_registers() -> None:
    """Delete the rows of registers whose keys were destroyed; unreadable already."""
    erasing.sweep_registers()


@job("vault.wipe_keys", daily=time(3, 40))
def wipe_keys() -> None:
    """Make the disk forget destroyed keys: VACUUM on PostgreSQL, an emptied log on SQLite."""
    destroying.vacuum()


@job("vault.destroy_parcels", daily=time(3, 20))
def destroy_parcels() -> None:
    """Destroy the keys of files sent under seal whose link is past: seven days."""
    parcels.destroy_parcels(Actor.machine("envois scellés"))


@job("vault.lapse_requests", every=timedelta(minutes=15))
def lapse_requests() -> None:
    """End the special requests that nobody may use any more."""
    requests.lapse_requests(Actor.machine("délais"))


@job("vault.rewrap_keys", daily=time(2, 50))
def rewrap_keys() -> None:
    """Wrap the records' keys again after a rotation; stopped, it goes on where it was."""
    rotating.rewrap()


@job("vault.destroy_epochs", daily=time(4, 10))
def destroy_epochs() -> None:
    """Destroy the master keys replaced 30 days ago, and the registers' keys that wrap nothing any more."""
    rotating.destroy_epochs()


@job("vault.rotate_keys", every=timedelta(days=30))
def rotate_keys() -> None:
    """Remind that the master key should change: only somebody who copies the new one elsewhere may change it."""
    rotating.remind()


@job("vault.rehearse", every=timedelta(days=30), limit=timedelta(minutes=30))
def rehearse() -> None:
    """Restore copies into a scratch folder, read some records, keep what was found for the operator."""
    rehearsing.rehearse()


@job("vault.send_checkpoints", every=timedelta(hours=1))
def send_checkpoints(urgent: bool = False) -> None:
    """Sign the new lines of the access journal and give the point to witnesses. At once after a change of rules."""
    sending.send_checkpoints(Actor.machine("journal"), urgent=urgent)


@job("vault.prune_segments", daily=time(4, 20))
def prune_segments() -> None:
    """Seal the months of the journal that ended, verify them, destroy their lines at their term."""
    segments.keep_months(Actor.machine("journal"))


@job("vault.verify_journal")
def verify_journal(verification: int) -> None:
    """A verification asked for by the delegate, with its progress."""
    checking.run(verification)
