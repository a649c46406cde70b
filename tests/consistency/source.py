"""The product's own source, read as text and as syntax trees: what the consistency tests look at."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import entremise

SRC = Path(entremise.__file__).parent
ROOT = SRC.parents[1]
DOCS = ROOT / "docs" / "reference"


def contexts() -> list[str]:
    return sorted(p.parent.name for p in SRC.glob("*/__init__.py"))


def files(room: str) -> list[Path]:
    """The modules of a room in every context: `usecases.py`, or each module of the package `usecases/`."""
    return sorted([*SRC.glob(f"*/{room}.py"), *SRC.glob(f"*/{room}/**/*.py")])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def public_functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def headings(page: str) -> set[str]:
    """The headings of a page of docs/reference, without their backquotes."""
    text = (DOCS / page).read_text(encoding="utf-8") if (DOCS / page).is_file() else ""
    return {line.lstrip("# ").strip("` ") for line in text.splitlines() if line.startswith("##")}


def tracked() -> list[Path]:
    """What the repository holds; nothing where there is none, such as an unpacked archive."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


WORD = re.compile(r"\w+")
