"""Patterns of `regex()`: which are refused because an answer could keep a processor busy. Plain Python."""

from __future__ import annotations

import re
from typing import Any, Final

from re import _constants as codes, _parser as parser  # type: ignore[attr-defined]  # isort: skip

MOST_LETTERS: Final = 200
MOST_MATCHED: Final = 200
"""A longer answer matches no pattern: it bounds the work of those that are accepted."""
MOST_WORK: Final = float((MOST_MATCHED + 1) ** 3)
"""Three open-ended repetitions side by side, at the worst."""


def why_unsafe(pattern: str) -> str:
    """Why this pattern is refused, in French; "" when it is not."""
    if len(pattern) > MOST_LETTERS:
        return f"il dépasse {MOST_LETTERS} signes"
    try:
        tree = parser.parse(pattern)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return "il est mal écrit"
    try:
        work = _work(tree)
    except _Banned as banned:
        return str(banned)
    return "une répétition en contient une autre, ou trop de répétitions se suivent" if work > MOST_WORK else ""


class _Banned(Exception):
    pass


def _work(tree: Any) -> float:
    """The number of ways this part of a pattern may match one answer: what backtracking may have to try."""
    total = 1.0
    for code, said in tree:
        total *= _ways(code, said)
        if total > MOST_WORK:
            return total
    return total


def _ways(code: Any, said: Any) -> float:
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, getattr(codes, "POSSESSIVE_REPEAT", None)):
        least, most, body = said
        most = float(min(int(most), MOST_MATCHED))
        inside = _work(body)
        if inside > MOST_WORK or (inside > 1 and most > 20):
            return float("inf")
        return float(inside**most) * (most - min(int(least), MOST_MATCHED) + 1)
    if code is codes.BRANCH:
        return float(sum(_work(branch) for branch in said[1]))
    if code is codes.SUBPATTERN:
        return _work(said[-1])
    if code in (codes.GROUPREF, codes.GROUPREF_EXISTS, codes.ASSERT, codes.ASSERT_NOT):
        raise _Banned("il regarde en avant, en arrière ou ce qui précède : écrivez-le plus simplement")
    if code is getattr(codes, "ATOMIC_GROUP", None):
        return _work(said)
    return 1.0
