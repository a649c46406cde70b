from __future__ import annotations

from uuid import UUID

from entremise.people.models import Information, Objection
from entremise.vault import queries as vault
from entremise.vault.registry import NO_OBJECTION, PURPOSES


def objections(person: UUID) -> list[Objection]:
    """Every objection ever said, the newest first."""
    return list(Objection.objects.filter(person=person))


def live_objections(person: UUID) -> dict[str, Objection]:
    """Purpose → the objection in force."""
    return {row.purpose: row for row in Objection.objects.filter(person=person, withdrawn_at=None)}


def objectionable(person: UUID) -> dict[str, str]:
    """Purpose → French, of what this person may object to: what the registers that hold them serve, less what the
    law commands. Everything that may be refused when no register holds them yet."""
    served: set[str] = set()
    codes = {record.register for record in vault.records_of(person)}
    for register in vault.registers():
        if register.code in codes:
            served |= set(register.bases)
    return {
        code: label for code, label in PURPOSES.items() if code not in NO_OBJECTION and (not served or code in served)
    }


def informations(person: UUID) -> list[Information]:
    """What this person was told of registers, the newest first."""
    return list(Information.objects.filter(person=person))


def has_refused(person: UUID, register: str) -> bool:
    """Whether the last answer given about this register was a no."""
    answered = Information.objects.filter(person=person, register=register).exclude(answer="")
    last = answered.order_by("-answered_at", "-pk").values_list("answer", flat=True).first()
    return last == "no"
