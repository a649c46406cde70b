from entremise.outreach.usecases.calls import (
    claim_call,
    claim_for_paper,
    claim_same_line,
    claim_task,
    continue_with,
    decide_orphan,
    expire_leases,
    hand_over_persons,
    open_sheet,
    record_incoming,
    release_claim,
    release_tasks,
    renew_claim,
    report_call,
    supervisor_decision,
)
from entremise.outreach.usecases.campaigns.filling import fill_tasks
from entremise.outreach.usecases.installing import install_register

__all__ = [
    "claim_call",
    "claim_for_paper",
    "claim_same_line",
    "claim_task",
    "continue_with",
    "decide_orphan",
    "expire_leases",
    "fill_tasks",
    "hand_over_persons",
    "install_register",
    "open_sheet",
    "record_incoming",
    "release_claim",
    "release_tasks",
    "renew_claim",
    "report_call",
    "supervisor_decision",
]
