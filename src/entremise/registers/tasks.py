from __future__ import annotations

from datetime import time

from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.registers import usecases


@job("registers.remind_reviews", daily=time(5, 40))
def remind_reviews() -> None:
    """La relecture semestrielle des registres ouverts ; rien n’est détruit par l’horloge."""
    usecases.remind_reviews(Actor.machine("conservation"))
