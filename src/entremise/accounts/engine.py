"""Numbers of organisations and proofs of identity, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LA_POSTE = "356000000"  # its establishments follow another rule: the sum of the digits is a multiple of 5 (INSEE)
FIRST_FACTORS = frozenset({"password", "code"})
FRESH = 15 * 60  # seconds: how long a second factor stays a recent proof (reference rules-vault-commons § 4)


def siret(text: str) -> str:
    """The 14 digits of a SIRET, spaces removed. Raises ValueError with a French sentence (Luhn; INSEE)."""
    digits = re.sub(r"[\s.\-]", "", text)
    if not re.fullmatch(r"[0-9]{14}", digits):
        raise ValueError("Le SIRET compte 14 chiffres, par exemple 213 801 855 00015.")
    total = sum(sum(divmod(int(d) * (1 + n % 2), 10)) for n, d in enumerate(reversed(digits)))
    if total % 10 and not (digits.startswith(LA_POSTE) and sum(map(int, digits)) % 5 == 0):
        raise ValueError("Ce SIRET contient une faute de frappe : vérifiez ses 14 chiffres.")
    return digits


def rna(text: str) -> str:
    """W and 9 signs (number of an association in the national directory). Raises ValueError, in French."""
    code = re.sub(r"[\s.\-]", "", text).upper()
    if not re.fullmatch(r"W[0-9][0-9AB][0-9]{7}", code):
        raise ValueError("Le numéro RNA s’écrit W suivi de 9 chiffres, par exemple W381000001.")
    return code


def two_factors(records: Iterable[Mapping[str, object]]) -> bool:
    """Whether the steps of one session prove two different factors (reference rules-vault-commons § 17).

    A password or an e-mail code, then an authenticator; or a passkey alone, which checks its bearer.
    A browser that is merely trusted leaves no step here, and two steps of the same kind prove one factor.
    """
    first = second = False
    for record in records:
        if record.get("method") == "mfa":
            if record.get("type") == "webauthn" and record.get("passwordless") is True:
                return True
            second = True
        elif record.get("method") in FIRST_FACTORS:
            first = True
    return first and second


def fresh_factor(records: Iterable[Mapping[str, object]], now: float) -> bool:
    """Whether a second factor was proved less than 15 minutes before `now` (seconds since 1970).

    A passkey that checks its bearer counts; a password given again does not, nor a step dated in the future.
    """
    for record in records:
        at = record.get("at")
        if record.get("method") == "mfa" and isinstance(at, (int, float)) and 0 <= now - at < FRESH:
            return True
    return False


def proofs(records: Iterable[Mapping[str, object]], now: float) -> tuple[bool, bool]:
    """(two factors proved in this session, the second one again less than 15 minutes ago)."""
    steps = list(records)
    both = two_factors(steps)
    return both, both and fresh_factor(steps, now)
