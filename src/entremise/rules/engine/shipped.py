"""The three texts shipped with the software: schema, floor, starting rulebook."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


@cache
def schema() -> str:
    return (DATA / "schema.cedarschema").read_text("utf-8")


@cache
def floor() -> str:
    return (DATA / "floor.cedar").read_text("utf-8")


@cache
def rulebook() -> str:
    return (DATA / "rulebook.cedar").read_text("utf-8")
