from __future__ import annotations

from datetime import time

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.people import usecases


@job("people.remind_requests", daily=time(6, 10))
def remind_requests() -> None:
    """Les demandes de droits au 20e jour, puis au terme."""
    usecases.remind_requests(Actor.machine("délais"))


@job("people.end_mandates", daily=time(0, 20))
def end_mandates() -> None:
    """Les mandats échus."""
    usecases.end_mandates(Actor.machine("délais"))


@job("people.expire_codes", daily=time(0, 25))
def expire_codes() -> None:
    """Les codes de lettre de plus de 30 jours, et les comptes d’essais."""
    usecases.expire_codes(Actor.machine("délais"))
