"""Files that come in: received, their columns put right, checked, loaded, withdrawn; what is left, destroyed."""

from __future__ import annotations

from entremise.registers.usecases.imports.asides import (
    Aside,
    aside_table,
    correct_row,
    discard_rows,
    open_asides,
)
from entremise.registers.usecases.imports.checking import (
    check_file,
    choose_sheet,
    reopen_columns,
    set_mapping,
    start_check,
)
from entremise.registers.usecases.imports.ending import forget_files, reject_batch, resume_imports, withdraw_batch
from entremise.registers.usecases.imports.files import (
    FileAlreadyLoaded,
    FileGone,
    FileUnreadable,
    MappingIncomplete,
    open_sample,
    targets_of,
)
from entremise.registers.usecases.imports.loading import load_batch, start_load
from entremise.registers.usecases.imports.receiving import create_source, read_file, receive_file

__all__ = [
    "Aside", "FileAlreadyLoaded", "FileGone", "FileUnreadable", "MappingIncomplete", "aside_table", "check_file",
    "choose_sheet", "correct_row", "create_source", "discard_rows", "forget_files", "load_batch", "open_asides",
    "open_sample", "read_file", "receive_file", "reject_batch", "reopen_columns", "resume_imports", "set_mapping",
    "start_check",
    "start_load", "targets_of", "withdraw_batch",
]  # fmt: skip
