from __future__ import annotations

from datetime import time, timedelta

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.registers import usecases
from entremise.registers.usecases.targeting import running


@job("registers.remind_reviews", daily=time(5, 40))
def remind_reviews() -> None:
    """La relecture semestrielle des registres ouverts ; rien n’est détruit par l’horloge."""
    usecases.remind_reviews(Actor.machine("conservation"))


# targeting


@job("registers.run_targeting", limit=timedelta(minutes=30))
def run_targeting(targeting_id: int) -> None:
    """A computation asked for by a keeper, in their name, with the roles and the second proof they have."""
    running.run(targeting_id)


@job("registers.expire_cohorts", daily=time(3, 10))
def expire_cohorts() -> None:
    """End cohorts past their date and destroy their reasons, and the results nobody froze in a week."""
    usecases.expire_cohorts(Actor.machine("échéances"))


@job("registers.rescore_cohorts", daily=time(5, 20))
def rescore_cohorts() -> None:
    """Say which cohorts a new targeting would change; nothing is opened."""
    usecases.rescore_cohorts(Actor.machine("échéances"))
