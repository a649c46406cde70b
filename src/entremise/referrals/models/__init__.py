"""Tables of difficulties and of the directory of services."""

from __future__ import annotations

from entremise.referrals.models.difficulties import CONSENTS, CONTACTS, NEEDS, URGENCIES, Difficulty
from entremise.referrals.models.directory import (
    CAPACITIES,
    REPORTS,
    DirectoryImport,
    NeedTheme,
    Service,
    ServiceReport,
    ServiceTheme,
    ServiceVersion,
    ServiceZone,
    Structure,
)

__all__ = [
    "CAPACITIES", "CONSENTS", "CONTACTS", "NEEDS", "REPORTS", "URGENCIES", "Difficulty", "DirectoryImport",
    "NeedTheme", "Service", "ServiceReport", "ServiceTheme", "ServiceVersion", "ServiceZone", "Structure",
]  # fmt: skip
