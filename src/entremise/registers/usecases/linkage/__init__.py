"""Linkage as it is governed: a run under a grant, in a process of its own, its results all or none."""

from __future__ import annotations

from entremise.registers.usecases.linkage.computing import Given
from entremise.registers.usecases.linkage.models import activate_model, checked, install_model
from entremise.registers.usecases.linkage.refusals import (
    FAILURES,
    ModelMismatch,
    RegisterNotOpen,
    RunImpossible,
    RunInProgress,
)
from entremise.registers.usecases.linkage.runs import cancel_run, start_run

__all__ = [
    "FAILURES",
    "Given",
    "ModelMismatch",
    "RegisterNotOpen",
    "RunImpossible",
    "RunInProgress",
    "activate_model",
    "cancel_run",
    "checked",
    "install_model",
    "start_run",
]
