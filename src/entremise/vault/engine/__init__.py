"""The vault's arithmetic: sealing, the Merkle tree of the journal, signed notes, verification. Plain Python.

Knows neither tables nor persons.
"""

from __future__ import annotations

from entremise.vault.engine.sealing import (
    Box,
    InvalidTag,
    bind,
    blind,
    digest,
    mark,
    new_key,
    read_key,
    tag,
)
from entremise.vault.engine.verifying import Claim, Finding, Pruned, Reading, Report, leaf_of, month_of

__all__ = [
    "Box",
    "Claim",
    "Finding",
    "InvalidTag",
    "Pruned",
    "Reading",
    "Report",
    "bind",
    "blind",
    "digest",
    "leaf_of",
    "mark",
    "month_of",
    "new_key",
    "read_key",
    "tag",
]
