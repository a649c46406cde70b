#!/usr/bin/env python3
"""Write the pages of docs/reference that are lists: what exists in the code, with its own words.

    python scripts/reference.py          # write
A test (tests/consistency/test_reference.py) fails when something has no heading, and says to run this.
Headings that people completed by hand keep their text: only what is missing is added, what is gone is removed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from tests.consistency.reference import PAGES, write  # noqa: E402

if __name__ == "__main__":
    for page in PAGES:
        write(page)
        print(f"docs/reference/{page.name}")
