from entremise.outreach.usecases.plans.asking import (
    NothingToPlan,
    PlanInProgress,
    ask_plan,
    cancel_plan,
    plan_campaigns,
)
from entremise.outreach.usecases.plans.working import resume_plans, run_plan

__all__ = [
    "NothingToPlan", "PlanInProgress", "ask_plan", "cancel_plan", "plan_campaigns", "resume_plans", "run_plan",
]  # fmt: skip
