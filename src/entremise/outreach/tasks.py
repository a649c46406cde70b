from __future__ import annotations

from datetime import timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.outreach import usecases

# calls


@job("outreach.expire_leases", every=timedelta(minutes=1))
def expire_leases() -> None:
    usecases.expire_leases(Actor.machine("délais"))
