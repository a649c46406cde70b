"""Scripts written as XLSForm workbooks, run by our own small engine. Plain Python.

`importing.understand(name, bytes, needs)` reads a file into a `Model` and the list of its `Problem`s;
`evaluate(model, answers, now, zone)` says what is shown, wrong, complete and saved; `export.workbook` writes a model
back. Source: reference outreach-and-referrals § 5; explained in docs/explanation/scripts.md.
"""

from __future__ import annotations

from entremise.outreach.engine.xlsform.answers import PREFIX, SHOWN, posted
from entremise.outreach.engine.xlsform.evaluate import Page, Shown, Uncomputable, evaluate
from entremise.outreach.engine.xlsform.model import Choice, Item, Model, canonical, fingerprint

__all__ = [
    "PREFIX", "SHOWN", "Choice", "Item", "Model", "Page", "Shown", "Uncomputable", "canonical", "evaluate",
    "fingerprint", "posted",
]  # fmt: skip
