"""What is done in the registers."""

from __future__ import annotations

from entremise.registers.usecases.imports import (
    Aside,
    FileAlreadyLoaded,
    FileGone,
    FileUnreadable,
    MappingIncomplete,
    aside_table,
    check_file,
    choose_sheet,
    correct_row,
    create_source,
    discard_rows,
    forget_files,
    load_batch,
    open_asides,
    open_sample,
    read_file,
    receive_file,
    reject_batch,
    reopen_columns,
    resume_imports,
    set_mapping,
    start_check,
    start_load,
    targets_of,
    withdraw_batch,
)
from entremise.registers.usecases.life.checking import (
    NobodyToCheck,
    answer_check,
    close_check_round,
    remind_reviews,
    sign_review,
    start_check_round,
)
from entremise.registers.usecases.life.enrolling import (
    CAPACITIES,
    ITEMS,
    AlreadyEnrolled,
    ThirdPartyListForbidden,
    ThirdPartyProofMissing,
    complete_enrolment,
    confirm_receipt,
    enrol,
    note_check,
    remove_enrolment,
)
from entremise.registers.usecases.life.letters import (
    BATCH,
    Batch,
    NoLetter,
    print_acknowledgements,
    print_checks,
    print_information,
)
from entremise.registers.usecases.life.prefect import PlanNotTriggered, ask_transmission, transmit_to_prefect
from entremise.registers.usecases.life.reporting import (
    UNDO,
    ReportMismatch,
    ReportOpen,
    SameHuman,
    TooLateToUndo,
    confirm_report,
    dismiss_report,
    report_death,
    report_move,
    undo_report,
)
from entremise.registers.usecases.linkage import (
    ModelMismatch,
    RegisterNotOpen,
    RunImpossible,
    RunInProgress,
    activate_model,
    cancel_run,
    install_model,
    start_run,
)
from entremise.registers.usecases.review import (
    Answered,
    ContradictoryDecisions,
    GrantMissing,
    NotProven,
    PairAlreadyDecided,
    PairNotHeld,
    PersonView,
    Reranked,
    SecondReaderRequired,
    TooLate,
    ask_separation,
    claim_pair,
    decide_pair,
    person_view,
    release_pair,
    reranked,
    reread_decision,
    set_thresholds,
    undo_decision,
    undo_reading,
)
from entremise.registers.usecases.targeting import (
    ask_targeting,
    cancel_targeting,
    compare_cohorts,
    declare_heat,
    draft_cohort,
    expire_cohorts,
    freeze_cohort,
    print_cohort,
    read_cohort,
    rescore_cohorts,
    resume_targeting,
    withdraw_cohort,
)

__all__ = [
    # targeting
    "ask_targeting", "cancel_targeting", "compare_cohorts", "declare_heat", "draft_cohort", "expire_cohorts",
    "freeze_cohort", "print_cohort", "read_cohort", "rescore_cohorts", "resume_targeting", "withdraw_cohort",
    # imports
    "Aside", "FileAlreadyLoaded", "FileGone", "FileUnreadable", "MappingIncomplete", "aside_table",
    "check_file", "choose_sheet", "correct_row", "create_source", "discard_rows", "forget_files", "load_batch",
    "open_asides", "open_sample", "read_file", "receive_file", "reject_batch", "reopen_columns", "resume_imports",
    "set_mapping", "start_check", "start_load", "targets_of", "withdraw_batch",
    # linkage
    "ModelMismatch", "RegisterNotOpen", "RunImpossible", "RunInProgress", "activate_model", "cancel_run",
    "install_model", "start_run",
    # review
    "Answered", "ContradictoryDecisions", "GrantMissing", "NotProven", "PairAlreadyDecided", "PairNotHeld",
    "PersonView", "Reranked", "SecondReaderRequired", "TooLate", "ask_separation", "claim_pair", "decide_pair",
    "person_view", "release_pair", "reranked", "reread_decision", "set_thresholds", "undo_decision", "undo_reading",
    # the life of a register
    "BATCH", "CAPACITIES", "ITEMS", "UNDO", "AlreadyEnrolled", "Batch", "NoLetter", "NobodyToCheck",
    "PlanNotTriggered", "ReportMismatch", "ReportOpen", "SameHuman", "ThirdPartyListForbidden",
    "ThirdPartyProofMissing", "TooLateToUndo", "answer_check", "ask_transmission", "close_check_round",
    "complete_enrolment", "confirm_receipt", "confirm_report", "dismiss_report", "enrol", "note_check",
    "print_acknowledgements", "print_checks", "print_information", "remind_reviews", "remove_enrolment",
    "report_death", "report_move", "sign_review", "start_check_round", "transmit_to_prefect", "undo_report",
]  # fmt: skip
