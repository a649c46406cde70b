"""The doors of the vault. Everybody else knows these names only."""

from __future__ import annotations

from entremise.vault.usecases.documents import destroy_document, fingerprints, open_document, seal_document
from entremise.vault.usecases.opening import Opening, Refused, find, open, open_many
from entremise.vault.usecases.refusals import (
    Busy,
    FieldUnknown,
    JournalUnavailable,
    MotiveMissing,
    PurposeUnknown,
    Tampered,
    TooManyRows,
    ValueTooLong,
    VaultSealed,
)
from entremise.vault.usecases.writing import erase, release, release_many, revoke_release, write, write_many

__all__ = [
    "Busy",
    "FieldUnknown",
    "JournalUnavailable",
    "MotiveMissing",
    "Opening",
    "PurposeUnknown",
    "Refused",
    "Tampered",
    "TooManyRows",
    "ValueTooLong",
    "VaultSealed",
    "destroy_document",
    "erase",
    "find",
    "fingerprints",
    "open",
    "open_document",
    "open_many",
    "release",
    "release_many",
    "revoke_release",
    "seal_document",
    "write",
    "write_many",
]
