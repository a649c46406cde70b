"""Rules in force for a test, and a world to ask questions about: that of the reference's verification."""

from __future__ import annotations

from typing import Any

from entremise.kernel.actors import Actor
from entremise.rules import usecases
from entremise.rules.models import RuleSet

SIGNER = Actor(None, "Responsable de traitement", "web", frozenset({"controller"}), mfa=True)


def rules_in_force() -> RuleSet:
    """The provisional set, installed if the tables are empty. Every test that uses the database has it already."""
    return usecases.install_rules(Actor.machine("essais"))


def set_point(key: str, value: Any) -> RuleSet:
    """Give a rule point another value, as the controller would after a vote."""
    return usecases.set_value(SIGNER, key=key, value=value, decision="Essai")
