"""The points of the vault that a vote may move."""

from __future__ import annotations

from entremise.rules.registry import RulePoint, declare

JOURNAL_MONTHS = declare(
    RulePoint(
        "vault.journal_months",
        "Âge au-delà duquel les lignes du journal des accès sont détruites",
        default=12,
        minimum=6,
        maximum=12,
        loosens="down",
        unit="mois",
    )
)
"""CNIL, délibération 2021-122: six months to one year."""
