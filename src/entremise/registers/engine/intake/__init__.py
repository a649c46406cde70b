"""From the cells of a file to the cells of a register: which column says what, what a row says, what is wrong with it.

Plain Python: no database, no file, no key. Everything it is compared with is an argument.
"""

from __future__ import annotations

from entremise.registers.engine.intake.cleaning import Cleaned, Cleaner, Settings
from entremise.registers.engine.intake.columns import (
    NOTHING,
    allowed,
    faults,
    guess_heading,
    label,
    looks_like,
    months_first,
    propose,
)
from entremise.registers.engine.intake.problems import PROBLEMS, Problem, outcome_of, worst
from entremise.registers.engine.intake.scrubbing import has_nir, scrubbed

__all__ = [
    "NOTHING", "PROBLEMS", "Cleaned", "Cleaner", "Problem", "Settings", "allowed", "faults", "guess_heading",
    "has_nir", "label", "looks_like", "months_first", "outcome_of", "propose", "scrubbed", "worst",
]  # fmt: skip
