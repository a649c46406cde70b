"""Sealed cells (main database), keys (their own), access journal (its own), and the facts that rules look at.

No value in clear, ever.
"""

from __future__ import annotations

from entremise.vault.models.envelopes import Envelope
from entremise.vault.models.facts import Assignment, Habilitation, IdentityCheck, Register, Release, Stance
from entremise.vault.models.journal import SEGMENT, Checkpoint, Line, Segment, Verification
from entremise.vault.models.keys import Epoch, Erasure, Mark, RecordKey, Rehearsal, RootKey, Shredding
from entremise.vault.models.records import BlindIndex, Cell, Record
from entremise.vault.models.requests import Approval, SpecialRequest

__all__ = [
    "SEGMENT",
    "Approval",
    "Assignment",
    "BlindIndex",
    "Cell",
    "Envelope",
    "Checkpoint",
    "Epoch",
    "Erasure",
    "Habilitation",
    "IdentityCheck",
    "Line",
    "Mark",
    "Record",
    "RecordKey",
    "Register",
    "Rehearsal",
    "Release",
    "RootKey",
    "Segment",
    "Shredding",
    "SpecialRequest",
    "Stance",
    "Verification",
]
