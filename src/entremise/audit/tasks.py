from __future__ import annotations

from datetime import timedelta

from entremise.audit import usecases
from entremise.kernel.jobs import job


@job("audit.seal_entries", every=timedelta(minutes=1))
def seal_entries() -> None:
    usecases.seal_entries()
