"""What calls leave in the vault: answers to the script, the message for the next caller, notes, late reports."""

from __future__ import annotations

from typing import Final

from entremise.vault.registry import Profile, declare

REGISTER: Final = "veille"
VEILLE = declare(
    Profile(
        REGISTER,
        "Comptes rendus d’appels",
        {
            "message": "preferences",
            "answers": "call_report",
            "orphan": "call_report",
            "note": "free_text",
        },
        repeated=frozenset({"answers", "orphan", "note"}),
        labels={
            "message": "message pour le prochain appel",
            "answers": "réponses au script",
            "orphan": "compte rendu en attente",
            "note": "note libre",
        },
    )
)
"""`answers#<attempt>`, `note#<attempt>`, `orphan#<report>`; `message` replaces the one before."""
