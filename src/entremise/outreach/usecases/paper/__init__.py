"""Calls without a screen: sheets of paper and workbooks, out and back (reference § 14)."""

from __future__ import annotations

from entremise.outreach.usecases.paper.entering import (
    CodeUnknown,
    CodeWrong,
    Entered,
    SheetEntered,
    enter_sheet,
    find_sheet,
    lose_sheet,
    overdue_sheets,
)
from entremise.outreach.usecases.paper.giving import Given, MediumClosed, NothingToGive
from entremise.outreach.usecases.paper.printing import print_sheets
from entremise.outreach.usecases.paper.reading import (
    Applied,
    Workbook,
    WorkbookUnreadable,
    apply_workbook,
    read_workbook,
)
from entremise.outreach.usecases.paper.workbook import export_workbook, refused_workbook

__all__ = [
    "Applied", "CodeUnknown", "CodeWrong", "Entered", "Given", "MediumClosed", "NothingToGive", "SheetEntered",
    "Workbook", "WorkbookUnreadable", "apply_workbook", "enter_sheet", "export_workbook", "find_sheet", "lose_sheet",
    "overdue_sheets", "print_sheets", "read_workbook", "refused_workbook",
]  # fmt: skip
