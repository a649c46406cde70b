"""A register of fiction beside Entraide, open to every purpose, with people of fiction in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.vault import registry, usecases as vault
from entremise.vault.models import Register, Stance

CODE = "apa-essai"
MACHINE = Actor.machine("essais")


def open_apa(**changed: Any) -> Register:
    """An open register of profile `apa`, its purposes based on public interest, the plan triggered."""
    now = clock.now()
    facts = {
        "profile": "apa", "kind": "safeguard", "label": "Essai", "recipients": ["*"],
        "bases": dict.fromkeys(registry.PURPOSES, "public_interest"), "status": "open",
        "assessment_signed_at": now, "expires_at": now + timedelta(days=90), "crisis_declared_at": now,
    }  # fmt: skip
    return Register.objects.create(**{"code": CODE, **facts, **changed})


def residents(count: int, *, code: str = CODE, consents: tuple[str, ...] = (), **values: str) -> list[UUID]:
    """So many people of fiction in it; `values` are the same for all."""
    rows = {
        ids.uuid7(): {
            f"{code}.{name}": value
            for name, value in {"names": f"Fiction {n}", "phone": f"+33639980{n:03}", **values}.items()
        }
        for n in range(count)
    }
    vault.write_many(MACHINE, rows=rows, register=code, purpose="registers.keep", motive="Personnes de fiction")
    Stance.objects.bulk_create(Stance(person=who, purpose=one, word="consent") for who in rows for one in consents)
    return list(rows)
