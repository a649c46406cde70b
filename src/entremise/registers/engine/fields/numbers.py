"""The social security number (NIR) never enters: a column that holds some is refused, whole.

Loi 78-17 art. 30 and décret 2019-341 list who may use it; crossing registers for calls is not among those uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ENOUGH = 3  # valid values from which a column is refused


def looks_like_nir(cell: object) -> bool:
    """13 or 15 signs of the right shape, and the right key (97 − number mod 97, 2A = 19, 2B = 18) when it is there."""
    if cell is None or isinstance(cell, bool):
        return False
    if isinstance(cell, float) and cell == cell and abs(cell) < 1e16:
        cell = int(cell)
    text = re.sub(r"[\s.\-]", "", str(cell)).upper()
    shape = re.fullmatch(r"([1-478])(\d\d)(0[1-9]|1[0-2]|[2-9]\d)(\d\d|2[AB])(\d{3})(\d{3})(\d\d)?", text, re.ASCII)
    if not shape:
        return False
    number = int(
        text[:13].replace("2A", "19", 1)
        if shape[4] == "2A"
        else text[:13].replace("2B", "18", 1)
        if shape[4] == "2B"
        else text[:13]
    )
    return shape[7] is None or int(shape[7]) == 97 - number % 97


def refuses_column(cells: Iterable[object]) -> bool:
    """Whether at least three cells are such numbers; stops at the third."""
    seen = 0
    for cell in cells:
        seen += looks_like_nir(cell)
        if seen >= ENOUGH:
            return True
    return False
