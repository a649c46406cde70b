"""The doors of the vault. Everybody else knows these names only."""

from __future__ import annotations

from entremise.vault.queries import proposed_purposes
from entremise.vault.usecases.browsing import browse_journal, prove_line, read_line
from entremise.vault.usecases.checking import ask_verification
from entremise.vault.usecases.checkpoints import checkpoint, journal_key
from entremise.vault.usecases.computing import Computed, Counted, ResultRefused, compute, count
from entremise.vault.usecases.disclosing import Disclosure, disclose, open_envelope
from entremise.vault.usecases.documents import destroy_document, fingerprints, open_document, seal_document
from entremise.vault.usecases.erasing import erase, erasure_mark, forget_mark, is_marked, keep_mark, shred
from entremise.vault.usecases.exporting import export as export_journal
from entremise.vault.usecases.facts import (
    assign,
    check_identity,
    reopen_record,
    set_record,
    set_stance,
    set_stances,
    unassign,
    unassign_all,
)
from entremise.vault.usecases.filing import rewrite_many, set_records
from entremise.vault.usecases.habilitations import (
    Grant,
    commit,
    grant_of,
    habilitate,
    habilitate_many,
    resume,
    suspend,
)
from entremise.vault.usecases.listing import open_many
from entremise.vault.usecases.matching import matches
from entremise.vault.usecases.opening import Opening, Refused, find, open
from entremise.vault.usecases.parcels import destroy_parcels, seal_parcel
from entremise.vault.usecases.refusals import (
    Busy,
    FieldUnknown,
    JournalUnavailable,
    KeyMissing,
    MotiveMissing,
    NotRestored,
    PurposeUnknown,
    RegisterUnknown,
    RegisterUnready,
    Tampered,
    TooManyRows,
    ValueTooLong,
    VaultSealed,
)
from entremise.vault.usecases.registers import (
    close_register,
    create_register,
    declare_crisis,
    end_crisis,
    install_registers,
    open_register,
    sign_assessment,
    suspend_register,
)
from entremise.vault.usecases.requests import (
    AlreadyAnswered,
    RequestChanged,
    RequestSpent,
    Standing,
    approve,
    ask,
    lapse_requests,
    opine,
    refuse,
    revoke,
    standing,
    use,
    withdraw,
)
from entremise.vault.usecases.restoring import restore
from entremise.vault.usecases.rotating import rotate_keys
from entremise.vault.usecases.segments import keep_months
from entremise.vault.usecases.sending import Watch, send_checkpoints, watch
from entremise.vault.usecases.trails import Rule, TrailLine, proof, trail
from entremise.vault.usecases.verifying import verify as verify_journal
from entremise.vault.usecases.writing import deposit, release, release_many, revoke_release, write, write_many

__all__ = [
    "Computed", "Counted", "Disclosure", "ResultRefused", "compute", "count", "destroy_parcels", "disclose",
    "open_envelope", "seal_parcel",
    "Rule", "TrailLine", "Watch", "ask_verification", "browse_journal", "prove_line", "read_line",
    "checkpoint", "export_journal", "journal_key", "keep_months",
    "proof", "send_checkpoints",
    "trail", "verify_journal", "watch",
    "AlreadyAnswered", "Busy", "FieldUnknown", "Grant", "JournalUnavailable", "KeyMissing", "MotiveMissing",
    "NotRestored", "Opening", "PurposeUnknown", "Refused", "RegisterUnknown", "RegisterUnready", "RequestChanged",
    "RequestSpent", "Standing", "Tampered", "TooManyRows", "ValueTooLong", "VaultSealed",
    "approve", "ask", "assign", "check_identity", "close_register", "commit", "create_register", "declare_crisis",
    "deposit", "destroy_document", "end_crisis", "erase", "erasure_mark", "find", "fingerprints", "forget_mark",
    "grant_of", "habilitate", "habilitate_many", "install_registers", "is_marked", "keep_mark", "lapse_requests",
    "matches",
    "open", "open_document", "open_many", "open_register", "opine", "proposed_purposes", "refuse", "release",
    "release_many", "reopen_record", "restore", "resume", "rewrite_many", "revoke", "revoke_release",
    "rotate_keys", "seal_document", "set_record", "set_records", "set_stance", "set_stances", "shred",
    "sign_assessment", "standing", "suspend", "suspend_register", "unassign", "unassign_all", "use", "withdraw",
    "write", "write_many",
]  # fmt: skip
