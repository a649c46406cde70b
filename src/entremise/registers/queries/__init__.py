"""Reads of the registers."""

from __future__ import annotations

from entremise.registers.queries.cohorts import Usable, members
from entremise.registers.queries.imports import (
    Origin,
    absent_persons,
    batch_of,
    batches,
    not_found,
    provenance,
    provenance_many,
    sources,
)
from entremise.registers.queries.life import (
    NEAR,
    OWN,
    TOLD,
    Bar,
    Dashboard,
    Known,
    NotAnEnrolmentRegister,
    Waiting,
    check_round,
    dashboard,
    enrolment,
    enrolment_counts,
    enrolment_register,
    find_enrolled,
    find_known,
    half_a_year_ago,
    has_phone,
    letters_due,
    never_told,
    not_checked_since,
    pairs_to_review,
    register_seen,
    report,
    requests_of,
    visible,
    waiting,
    with_requests,
)
from entremise.registers.queries.tables import commune_names, communes, first_names, starting_model

__all__ = [
    # targeting
    "Usable", "members",
    # the life of a register
    "NEAR", "OWN", "TOLD", "Bar", "Dashboard", "Known", "NotAnEnrolmentRegister", "Waiting", "check_round",
    "dashboard", "enrolment", "enrolment_counts", "enrolment_register", "find_enrolled", "find_known",
    "half_a_year_ago", "has_phone", "letters_due", "never_told", "not_checked_since", "pairs_to_review",
    "register_seen", "report", "requests_of", "visible", "waiting", "with_requests",
    # imports
    "Origin", "absent_persons", "batch_of", "batches", "not_found", "provenance", "provenance_many", "sources",
    # constant tables
    "commune_names", "communes", "first_names", "starting_model",
]  # fmt: skip
