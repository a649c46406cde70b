"""The kinds of special requests: who may ask, who must agree, within which bounds. Source: reference § 11."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entremise.vault.registry import PURPOSES

Codes = frozenset[str]
BOTH: Final = frozenset({"institutions", "registered"})
LEGAL_ITEMS: Final = frozenset({"name", "birth", "address", "phone", "relatives", "registration"})
CLOSED: Final = frozenset({"health", "free_text"})


@dataclass(frozen=True, slots=True)
class Kind:
    """`colleges`: each must agree; without any, `offices` are the roles whose holder may be the other person.

    `persons`: how many distinct people. `once`: spent by its first use. `days`, `cap`: the most that may be asked.
    `categories`: the only ones the fields may have, empty when any. `shape`: what the form asks beside the motive.
    """

    code: str
    label: str
    askers: Codes
    purposes: tuple[str, ...]
    colleges: Codes = frozenset()
    offices: Codes = frozenset()
    persons: int = 1
    once: bool = True
    days: int = 3
    cap: int = 1
    categories: Codes = frozenset()
    fields: bool = False
    named: bool = False
    secrecy: bool = False
    crisis: bool = False
    minutes: bool = False
    recipients: bool = False
    consequence: str = ""


LISTED = ("outreach.call", "outreach.keep_in_touch", "outreach.visit", "referrals.refer")
KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind("export", "Exporter une liste", frozenset({"dpo"}), LISTED, BOTH, persons=2, cap=2000, fields=True,
             recipients=True, consequence="Le fichier est détruit sept jours après."),
        Kind("prefect", "Communiquer le registre légal au préfet", frozenset({"controller"}), ("registers.prefect",),
             offices=frozenset({"dpo", "keeper", "supervisor", "seat_institutions"}), persons=2, cap=5000,
             categories=LEGAL_ITEMS, fields=True, crisis=True, recipients=True,
             consequence="Seules les rubriques légales sortent, et seulement plan déclenché."),
        Kind("programme", "Rapprocher, repérer ou compter dans le coffre", frozenset({"keeper", "analyst"}),
             ("registers.link", "registers.target", "insights.statistics"), BOTH, persons=2, once=False, days=365,
             cap=12_000_000, fields=True, consequence="Aucune valeur ne sort : le calcul se fait dans le coffre."),
        Kind("health", "Lire santé ou notes libres, pour orienter", frozenset({"referrer"}), ("referrals.refer",),
             BOTH, persons=2, once=False, days=30, cap=500, categories=CLOSED, fields=True, secrecy=True,
             consequence="Chaque lecture est écrite au journal de la personne."),
        Kind("moderation", "Lire un échange signalé", frozenset({"moderator"}), ("mutualaid.moderate",),
             offices=frozenset({"dpo", "controller", "lead_matchmaker", "sensitive_referent", "moderator"}),
             cap=2, categories=frozenset({"message"}), fields=True, named=True,
             consequence="Un seul fil, pendant 72 heures."),
        Kind("erasure", "Effacer une fiche", frozenset({"dpo", "keeper"}), ("people.rights", "registers.keep"),
             offices=frozenset({"dpo", "keeper", "controller", "desk"}), named=True,
             consequence="La clé est détruite : rien ne la rendra lisible."),
        Kind("shredding", "Détruire un registre", frozenset({"controller"}), ("registers.keep",), BOTH, persons=2,
             cap=1, minutes=True, consequence="Toutes les fiches du registre deviennent illisibles, pour toujours."),
        Kind("anchoring", "Reprendre après une restauration", frozenset({"controller"}), ("vault.audit",), BOTH,
             persons=2, cap=1, minutes=True, consequence="Le journal repart d’un point dit et signé."),
    )
}  # fmt: skip
"""Windows and caps are product decisions (PD); a programme: one pass a month over the largest register. The floor asks
its own figures again at each use."""


def _known() -> None:
    if unknown := {p for kind in KINDS.values() for p in kind.purposes} - set(PURPOSES):
        raise ValueError(f"unknown purposes: {sorted(unknown)}")


_known()
