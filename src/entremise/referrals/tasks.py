"""Jobs of the orientation, by name. Safe to run twice; ids only."""

from __future__ import annotations

from datetime import timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.referrals import usecases
from entremise.referrals.models import DirectoryImport


@job("referrals.load_directory", tries=2, limit=timedelta(minutes=30))
def load_directory(batch_id: int) -> None:
    batch = DirectoryImport.objects.get(pk=batch_id)
    if batch.state == "loading":
        usecases.load_directory(Actor.machine("annuaire"), batch=batch)
