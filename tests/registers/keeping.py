"""A heatwave register and an APA-like file of fiction, and the humans who keep them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.models import Person
from entremise.registers import usecases
from entremise.registers.models import Enrolment
from entremise.vault import usecases as vault
from entremise.vault.models import Register
from tests.accounts.factories import agent, habilitate

HEAT, CARE = "canicule", "apa"
MACHINE = Actor.machine("essais")
PURPOSES = ("registers.keep", "registers.inform", "registers.link", "registers.target", "outreach.call",
            "people.rights", "outreach.rescue", "vault.audit", "registers.prefect")  # fmt: skip
SAID = {
    "last_name": "FICTION",
    "first_name": "Odette",
    "birth_date": "1941-03-07",
    "capacity": "a",
    "address": "12 rue des Essais, 38000 Grenoble",
    "phone": "06 39 98 12 34",
    "home_service": "",
    "emergency_contact": "",
}


def open_heat(**changed: Any) -> Register:
    """The register of the law, open, nominative, plan not triggered."""
    now = clock.now()
    facts = {
        "profile": "canicule", "kind": "legal", "label": "Registre canicule", "recipients": ["*"],
        "controller": "Ville de fiction", "nominative": True, "status": "open", "assessment_signed_at": now,
        "bases": dict.fromkeys(PURPOSES, "public_interest"), "expires_at": now + timedelta(days=300),
        "crisis_purposes": ["outreach.call", "registers.prefect"],
    }  # fmt: skip
    return Register.objects.create(**{"code": HEAT, **facts, **changed})


def open_care(**changed: Any) -> Register:
    """A re-used business file: its persons start *à informer*."""
    now = clock.now()
    facts = {
        "profile": "apa", "kind": "service", "label": "Bénéficiaires de l’APA", "recipients": ["*"], "status": "open",
        "controller": "Département de fiction", "assessment_signed_at": now,
        "bases": dict.fromkeys(PURPOSES, "public_interest"), "expires_at": now + timedelta(days=300),
    }  # fmt: skip
    return Register.objects.create(**{"code": CARE, **facts, **changed})


def keeper(*roles: str, named: tuple[str, ...] = (HEAT,), label: str = "", email: str = "") -> Actor:
    """An agent named in the register, two factors proved a minute ago."""
    user = agent(*(roles or ("keeper",)), label=label, email=email)
    habilitate(user.pk, *(roles or ("keeper",)), named_in=list(named))
    return replace(actor_of(user, "web", True), fresh_mfa=True)


def enrolled(actor: Actor, *, received_on: date | None = None, **changed: Any) -> Enrolment:
    more = {name: changed.pop(name) for name in ("channel", "asked_by", "proof", "person") if name in changed}
    return usecases.enrol(
        actor,
        register=HEAT,
        values={**SAID, **changed},
        channel=more.pop("channel", "phone"),
        received_on=received_on or clock.today(),
        **more,
    )


def sealed(code: str, count: int, **values: str) -> list[UUID]:
    """So many persons of fiction in a register, as a file brings them."""
    persons = Person.objects.bulk_create(Person() for _ in range(count))
    rows = {
        who.pk: {
            f"{code}.{name}": text
            for name, text in {
                "names": f"FICTION, Yvonne {n}", "phone": f"+33639980{n:03}",
                "address": f"{n} rue des Essais, 38000 Grenoble",
                "birth_date": "1938-05-02", **values,
            }.items()
        }
        for n, who in enumerate(persons)
    }  # fmt: skip
    vault.write_many(MACHINE, rows=rows, register=code, purpose="registers.keep", motive="Personnes de fiction")
    return list(rows)
