"""The tokens of the style sheet and the contrasts asked of them (interface reference § 5), read from the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from entremise.territories.engine.colours import contrast

SHEET = Path(__file__).parent / "static" / "site" / "entremise.css"
# ink, ground, ratio asked: 7 for what is read, 4.5 for the rest of the text, 3 for borders
ASKED = [
    ("ink", "paper", 7.0), ("ink", "shade", 7.0), ("soft", "paper", 4.5), ("soft", "shade", 4.5),
    ("edge", "paper", 3.0), ("edge", "shade", 3.0), ("brand", "paper", 4.5), ("brand", "shade", 4.5),
    ("on-brand", "brand", 4.5), ("on-brand", "brand-strong", 4.5), ("brand-strong", "brand-tint", 7.0),
    ("danger", "paper", 4.5), ("danger", "danger-tint", 4.5), ("good", "good-tint", 4.5), ("warn", "warn-tint", 4.5),
    ("ink", "brand-tint", 7.0), ("ink", "good-tint", 7.0), ("ink", "warn-tint", 7.0), ("ink", "danger-tint", 7.0),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A colour on a ground: its ratio in light and in dark, and the ratio asked."""

    ink: str
    ground: str
    asked: float
    light: float
    dark: float


def full(colour: str) -> str:
    """#fff → #ffffff."""
    return "#" + "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour


@lru_cache(maxsize=1)
def tokens() -> tuple[dict[str, str], dict[str, str]]:
    """Colours by token, in light then in dark (what dark does not change stays)."""
    layer = SHEET.read_text(encoding="utf-8").split("@layer tokens {")[1].split("@layer base")[0]
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", part)) for part in layer.split("@media"))
    return light, {**light, **dark}


def pairs() -> list[Pair]:
    light, dark = tokens()
    return [
        Pair(ink, ground, asked, *(contrast(full(t[ink]), full(t[ground])) for t in (light, dark)))
        for ink, ground, asked in ASKED
    ]
