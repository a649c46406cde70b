"""Calls: taking one, keeping it, giving it back, saying what came of it (reference outreach-and-referrals §§ 8–13)."""

from __future__ import annotations

from entremise.outreach.usecases.calls.choosing import claim_for_paper, claim_same_line, claim_task
from entremise.outreach.usecases.calls.claiming import Claim, Nothing, claim_call
from entremise.outreach.usecases.calls.deciding import decide_orphan, hand_over_persons, supervisor_decision
from entremise.outreach.usecases.calls.dialling import CallSheetView, continue_with, open_sheet
from entremise.outreach.usecases.calls.holding import expire_leases, release_claim, release_tasks, renew_claim
from entremise.outreach.usecases.calls.incoming import record_incoming
from entremise.outreach.usecases.calls.listening import person_said, persons_merged
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.reporting import Reported, report_call

__all__ = [
    "CallSheetView", "Claim", "Nothing", "Reported", "claim_call", "claim_for_paper", "claim_same_line", "claim_task",
    "continue_with", "decide_orphan", "expire_leases", "hand_over_persons", "move", "open_sheet", "person_said",
    "persons_merged", "record_incoming", "release_claim", "release_tasks", "renew_claim", "report_call",
    "supervisor_decision",
]  # fmt: skip
