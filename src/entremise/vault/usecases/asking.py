"""What every door of the vault checks first: the purpose, the motive, the fields."""

from __future__ import annotations

from collections.abc import Iterable

from entremise.vault import registry
from entremise.vault.registry import Asked
from entremise.vault.usecases.refusals import FieldUnknown, MotiveMissing, PurposeUnknown

SHORTEST, LONGEST = 10, 300


def purpose_known(purpose: str) -> str:
    """The purpose, if it is one of the closed list; PurposeUnknown otherwise."""
    if purpose not in registry.PURPOSES:
        raise PurposeUnknown(
            "Cette finalité n’existe pas : choisissez pour quoi les données sont demandées dans la liste."
        )
    return purpose


def motive_given(motive: str) -> str:
    """The motive, trimmed: 10 to 300 characters, not one repeated. MotiveMissing otherwise."""
    words = " ".join(motive.split())
    if not SHORTEST <= len(words) <= LONGEST or len(set(words)) < 3:
        raise MotiveMissing(
            f"Écrivez en {SHORTEST} à {LONGEST} caractères pourquoi ces données sont demandées, "
            "par exemple « Appel de la demande H6K-347 ». N’écrivez pas de donnée de santé."
        )
    return words


def fields_known(names: Iterable[str]) -> list[Asked]:
    """The fields asked, each once; FieldUnknown for one that no register declares."""
    try:
        return [registry.asked(name) for name in dict.fromkeys(names)]
    except KeyError:
        raise FieldUnknown("Ce champ n’existe dans aucun registre.") from None
