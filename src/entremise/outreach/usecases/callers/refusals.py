"""Why a step of the path is refused. Stable codes; the sentence says what to do."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from entremise.kernel.errors import DomainError


class AlreadySignedUp(DomainError):
    code = "already_signed_up"


class AgreementMissing(DomainError):
    code = "agreement_missing"


class AlreadyDecided(DomainError):
    """Somebody else, or the first of two clicks, has just decided."""

    code = "already_decided"


class ModuleNotRead(DomainError):
    code = "module_not_read"


class StepsMissing(DomainError):
    code = "steps_missing"


class MentorFull(DomainError):
    code = "mentor_full"


class ShiftFull(DomainError):
    code = "shift_full"


class ShiftOver(DomainError):
    code = "shift_over"


GONE = "Cela vient d’être décidé par ailleurs. Rechargez la page pour voir où en est cette personne."


def reason_given(reason: str, *, least: int = 10, most: int = 300) -> str:
    """The words of a reason, on one line. Raises ValidationError on `reason`: too short says nothing to anybody."""
    words = " ".join(reason.split())
    if not least <= len(words) <= most:
        raise ValidationError({"reason": f"Dites pourquoi, en {least} à {most} signes."})
    return words
