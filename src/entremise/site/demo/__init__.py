"""The demonstration, step by step. A context adds its module here, and its step to `STEPS`.

A step takes nothing and returns the accounts that log in; run again, it duplicates nothing. It works in bulk, through
the use cases of its context where there is one, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from entremise.site.demo import reference, registers, services, town, vault, veille
from entremise.site.demo.account import Account

__all__ = ["STEPS", "Account", "Step", "finish"]


@dataclass(frozen=True, slots=True)
class Step:
    """`later`: it takes longer than a visitor waits: the worker makes it while the first pages are looked at."""

    label: str
    body: Callable[[], list[Account]]
    later: bool = False


STEPS: list[Step] = [
    Step("territoires et kit de crise", reference.load),
    Step("comptes", reference.accounts),
    Step("habitants", town.inhabitants),
    Step("annuaire des services", services.directory),
    Step("registres et demandes", vault.registers),
    Step("campagne d’appels", veille.campaign),
    Step("fichiers, inscriptions et confirmations", registers.at_work, later=True),
]


def finish() -> None:
    """The steps that were left for the worker."""
    for step in STEPS:
        if step.later:
            step.body()
