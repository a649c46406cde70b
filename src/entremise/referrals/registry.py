"""What a difficulty leaves in the vault, and who is told what became of it."""

from __future__ import annotations

from typing import Final

from entremise.vault.registry import Profile, declare

REGISTER: Final = "orientation"
ORIENTATION = declare(
    Profile(
        REGISTER,
        "Difficultés repérées",
        {"note": "difficulty"},
        repeated=frozenset({"note"}),
        labels={"note": "difficulté, avec les mots de la personne"},
    )
)
"""`note#<difficulty>`."""
