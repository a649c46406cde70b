"""The inhabitants: those who offer help, those who ask, three weeks of what came of it."""

from __future__ import annotations

from entremise.accounts.queries import colleagues
from entremise.kernel.actors import Actor
from entremise.mutualaid import usecases as mutualaid
from entremise.site.demo.account import Account
from entremise.territories.queries import commune

GRENOBLE = "38185"


def inhabitants() -> list[Account]:
    agents = sorted(colleagues("matchmaker"), key=lambda user: user.pk)
    mutualaid.seed_demo(Actor.machine("démonstration"), territory=commune(GRENOBLE), agents=agents)
    return []
