"""Why the vault says no. Codes are stable; sentences say what to do and hold no value."""

from __future__ import annotations

from entremise.kernel.errors import DomainError


class VaultSealed(DomainError):
    """No master key, or not the right one: the site works, personal data do not."""

    code = "vault_sealed"


class PurposeUnknown(DomainError):
    code = "purpose_unknown"


class FieldUnknown(DomainError):
    code = "field_unknown"


class MotiveMissing(DomainError):
    code = "motive_missing"


class JournalUnavailable(DomainError):
    code = "journal_unavailable"


class Tampered(DomainError):
    code = "tampered"


class Busy(DomainError):
    code = "busy"


class TooManyRows(DomainError):
    code = "too_many_rows"


class ValueTooLong(DomainError):
    code = "value_too_long"


class RegisterUnready(DomainError):
    """A register that cannot open, or no longer accept this: the sentence says what is missing."""

    code = "register_unready"


class RegisterUnknown(DomainError):
    code = "register_unknown"


class KeyMissing(DomainError):
    """Nowhere to take a new master key from."""

    code = "key_missing"


class NotRestored(DomainError):
    """The restoration is not complete: nothing opens."""

    code = "not_restored"
