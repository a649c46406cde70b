"""Cells of a CSV file that a spreadsheet would run as a formula."""

from __future__ import annotations


def safe(text: str) -> str:
    """The text, with an apostrophe before it when it begins as a formula would."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
