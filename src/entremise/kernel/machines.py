"""State machines: the states and the verbs between them, written once, drawn in the docs, tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from entremise.kernel.errors import DomainError


class IllegalTransition(DomainError):
    """Also said to whoever comes second: somebody else moved the object first."""

    code = "illegal_transition"


@dataclass(frozen=True, slots=True)
class Machine:
    """`states`: code → French label. `verbs`: verb → (states it leaves, state it reaches)."""

    states: Mapping[str, str]
    verbs: Mapping[str, tuple[frozenset[str], str]]

    def __post_init__(self) -> None:
        for verb, (sources, target) in self.verbs.items():
            unknown = (sources | {target}) - set(self.states)
            if unknown:
                raise ValueError(f"{verb}: unknown states {sorted(unknown)}")

    @property
    def choices(self) -> list[tuple[str, str]]:
        return list(self.states.items())

    @property
    def final(self) -> frozenset[str]:
        """The states no verb leaves."""
        return frozenset(self.states) - frozenset().union(*(sources for sources, _ in self.verbs.values()))

    def allows(self, state: str, verb: str) -> bool:
        return state in self.verbs[verb][0]

    def move(self, row: models.Model, verb: str, **changes: Any) -> None:
        """Move one row, by a guarded UPDATE: the source state is part of the WHERE.

        Of two who act at once, one moves it; the other gets `IllegalTransition`, never an overwrite.
        Sets the new state and `changes` on `row` too.
        """
        sources, target = self.verbs[verb]
        rows = type(row)._default_manager.filter(pk=row.pk)
        if not rows.filter(state__in=sources).update(state=target, **changes):
            now = rows.values_list("state", flat=True).first()
            label = self.states.get(str(now), "supprimé")
            raise IllegalTransition(f"Ce n’est plus possible : l’état est maintenant « {label} ». Rechargez la page.")
        for name, value in {"state": target, **changes}.items():
            setattr(row, name, value)
