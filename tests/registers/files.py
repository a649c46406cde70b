"""Files of fiction for registers, and an agent who may import them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.registers import usecases
from entremise.registers.models import ImportBatch, Source
from entremise.vault import usecases as vault
from entremise.vault.models import Register
from tests.accounts.factories import agent, habilitate
from tests.mutualaid import sheets

HEADINGS = ["Nom", "Prénom", "Date de naissance", "Téléphone", "Adresse", "CP", "Commune"]
LEGAL = [*HEADINGS, "Qualité", "Date de la demande"]


def register(code: str = "canicule", kind: str = "legal", **more: Any) -> Register:
    """A register open for a year, its assessment signed."""
    now = clock.now()
    purposes = ("registers.keep", "registers.inform", "registers.link", "outreach.call", "people.rights",
                "outreach.rescue", "vault.audit")  # fmt: skip
    row, _ = Register.objects.get_or_create(
        code=code,
        defaults={
            "profile": code.partition("-")[0],
            "kind": kind,
            "label": f"Registre {code}",
            "recipients": ["*"],
            "bases": dict.fromkeys(purposes, "public_interest"),
            "nominative": kind == "legal",
            "status": "open",
            "assessment_signed_at": now,
            "assessment": {"processing": "essai"},
            "expires_at": now + timedelta(days=365),
            **more,
        },
    )
    return row


def keeper(*codes: str, label: str = "Odile") -> tuple[Any, Actor]:
    """A keeper named in these registers, second factor proved just now."""
    user = agent("keeper", label=label)
    habilitate(
        user.pk, "keeper", named_in=list(codes or ("canicule",)),
        purposes=["registers.keep", "registers.inform", "registers.link", "people.rights"],
    )  # fmt: skip
    return user, actor_of(user, "web", True, True)


def source(actor: Actor, code: str = "canicule", label: str = "Fichier du CCAS", **more: Any) -> Source:
    said = {"giver": "CCAS de Montville", "legal_basis": "CASF L121-6-1", "origin": "requests", **more}
    found = Source.objects.filter(register=code, label=label).first()
    return found or usecases.create_source(actor, register=code, label=label, **said)


def person(n: int, **changed: object) -> list[object]:
    """A row under HEADINGS, different for each number; telephones of fiction."""
    said: dict[str, object] = {
        "last": f"FICTION{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}{chr(65 + n // 676 % 26)}",
        "first": "Odette",
        "birth": f"{1 + n % 28:02d}/{1 + n % 12:02d}/{1925 + n % 25}",
        "phone": f"06 39 98 {n // 100 % 100:02d} {n % 100:02d}",
        "address": f"{1 + n} rue des Essais",
        "cp": "38000",
        "town": "Grenoble",
    }
    return list((said | changed).values())


def legal(n: int, **changed: object) -> list[object]:
    extra = [changed.pop("capacity", "65 ans et plus"), changed.pop("asked", "12/03/2024")]
    return [*person(n, **changed), *extra]


def received(
    actor: Actor,
    rows: Sequence[Sequence[object]],
    *,
    of: Source | None = None,
    headings: Sequence[str] = LEGAL,
    make: Callable[..., bytes] = sheets.text,
    **more: Any,
) -> ImportBatch:
    """A file received and read: its columns are proposed."""
    batch = usecases.receive_file(actor, source=of or source(actor), content=make([headings, *rows]), **more)
    usecases.read_file(actor, batch=batch)
    batch.refresh_from_db()
    return batch


def checked(actor: Actor, rows: Sequence[Sequence[object]], **more: Any) -> ImportBatch:
    batch = received(actor, rows, **more)
    usecases.set_mapping(actor, batch=batch, mapping=batch.mapping)
    usecases.check_file(actor, batch=batch)
    batch.refresh_from_db()
    return batch


def loaded(actor: Actor, rows: Sequence[Sequence[object]], **more: Any) -> ImportBatch:
    batch = checked(actor, rows, **more)
    usecases.start_load(actor, batch=batch)
    usecases.load_batch(actor, batch=batch)
    batch.refresh_from_db()
    return batch


def told(actor: Actor, one: UUID, code: str = "canicule", *names: str) -> dict[str, str]:
    """What the register holds of a person, for a keeper."""
    names = names or ("names", "birth_date", "phone", "address", "capacity", "requested_on")
    opening = vault.open(
        actor, person=one, fields=[f"{code}.{name}" for name in names], purpose="registers.keep",
        motive="Contrôle d’un essai",
    )  # fmt: skip
    return {name.partition(".")[2]: value for name, value in opening.values.items()}


LONG_AGO = date(2024, 3, 12)
