"""The shapes of registers: each field has exactly one category, on which rules decide.

A register (a row, `vault.models.Register`) has a shape, its profile: `canicule-2026` has the profile `canicule`.
Purposes and categories are closed vocabularies: reference rules-vault-commons § 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from entremise.rules.engine import MandateFacts

PURPOSES: Mapping[str, str] = {
    "outreach.call": "appel de veille",
    "outreach.keep_in_touch": "appel de lien, hors crise",
    "outreach.visit": "visite à domicile",
    "outreach.rescue": "secours",
    "referrals.refer": "orientation",
    "mutualaid.contact": "mise en relation",
    "mutualaid.meet": "rencontre convenue",
    "mutualaid.geocode_fix": "adresse à corriger",
    "mutualaid.refund": "remboursement",
    "mutualaid.moderate": "signalement",
    "registers.inform": "information sur le registre",
    "registers.keep": "tenue du registre",
    "registers.link": "rapprochement",
    "registers.target": "repérage",
    "registers.prefect": "communication au préfet",
    "people.rights": "exercice des droits",
    "insights.statistics": "statistique",
    "vault.audit": "contrôle du coffre",
}
CATEGORIES: Mapping[str, str] = {
    "name": "nom et prénoms",
    "birth": "naissance",
    "phone": "téléphone et courriel",
    "address": "adresse",
    "position": "point exact",
    "preferences": "langue, créneau, précisions pratiques",
    "relatives": "proches",
    "housing": "logement",
    "social": "situation sociale",
    "benefits": "aides",
    "health": "santé",
    "difficulty": "difficulté repérée",
    "registration": "qualité, date, tiers",
    "call_report": "réponses au script",
    "message": "échanges relayés",
    "free_text": "note libre",
    "linkage_key": "numéro d’origine",
    "payment": "RIB, reçus",
}
COMPULSORY: Final = frozenset({"people.rights", "registers.keep", "outreach.rescue", "vault.audit"})
"""Every register serves these, whatever it is for."""
NO_OBJECTION: Final = COMPULSORY | {"registers.prefect"}
"""Nobody can object to these: the law commands them."""
BASES: Final[Mapping[str, str]] = {
    "consent": "consentement (RGPD 6.1.a)",
    "legal_obligation": "obligation légale (RGPD 6.1.c)",
    "vital_interest": "sauvegarde de la vie (RGPD 6.1.d et 9.2.c)",
    "public_interest": "mission d’intérêt public (RGPD 6.1.e)",
    "social_care": "soins et protection sociale (RGPD 9.2.h)",
}
USUAL: Final[Mapping[str, str]] = {
    "outreach.call": "public_interest",
    "outreach.keep_in_touch": "consent",
    "outreach.visit": "public_interest",
    "outreach.rescue": "vital_interest",
    "referrals.refer": "public_interest",
    "mutualaid.contact": "consent",
    "mutualaid.meet": "consent",
    "mutualaid.geocode_fix": "public_interest",
    "mutualaid.refund": "consent",
    "mutualaid.moderate": "public_interest",
    "registers.inform": "public_interest",
    "registers.keep": "public_interest",
    "registers.link": "public_interest",
    "registers.target": "public_interest",
    "registers.prefect": "legal_obligation",
    "people.rights": "legal_obligation",
    "insights.statistics": "public_interest",
    "vault.audit": "legal_obligation",
}
"""The usual legal basis of each purpose (reference § 3)."""
INDEXABLE: Final = frozenset({"phone", "identity", "linkage_key"})
"""The only values that may have a blind index (§ 8): the others have too few modalities to stay blind."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`fields`: code → category; an empty category is `free_text`, the most closed.

    `repeated`: the codes that exist several times, written `code#subject`. `loose`: any other code is accepted, as
    free text. `labels`: code → French, the code itself by default.
    """

    code: str
    label: str
    fields: Mapping[str, str]
    repeated: frozenset[str] = field(default=frozenset())
    indexed: frozenset[str] = field(default=frozenset())
    labels: Mapping[str, str] = field(default_factory=dict)
    loose: bool = False

    def category(self, code: str) -> str:
        """KeyError for a field this profile cannot hold."""
        code = code.removesuffix(RECEIVED)
        if code in self.fields:
            return self.fields[code] or "free_text"
        if self.loose and _CODE.fullmatch(code):
            return "free_text"
        raise KeyError(code)


RECEIVED: Final = "~"
"""`phone~`: what a file said before cleaning, when it said it otherwise. Same category, same rules, same person."""


_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REGISTER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_profiles: dict[str, Profile] = {}


def declare(profile: Profile) -> Profile:
    """Add a profile; ValueError for a duplicate, a hyphen in its code, an unknown category, an index that the vault
    must not keep."""
    if profile.code in _profiles:
        raise ValueError(f"profile {profile.code!r} is declared twice")
    if not _CODE.fullmatch(profile.code):
        raise ValueError(f"the profile {profile.code!r} needs a plain word for code")
    if unknown := set(profile.fields.values()) - set(CATEGORIES) - {""}:
        raise ValueError(f"unknown categories: {sorted(unknown)}")
    if wrong := profile.indexed - INDEXABLE:
        raise ValueError(f"no blind index on {sorted(wrong)}")
    _profiles[profile.code] = profile
    return profile


def profiles() -> Mapping[str, Profile]:
    return _profiles


def profile(register: str) -> Profile:
    """The shape of a register by its code, `<profile>` or `<profile>-<suffix>`; KeyError when nobody declared it."""
    if not _REGISTER.fullmatch(register) or len(register) > 40:
        raise KeyError(register)
    return _profiles[register.partition("-")[0]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as it is asked: `entraide.note#x` is field `note#x` of register `entraide`."""

    name: str
    register: str
    field: str
    category: str


def asked(name: str) -> Asked:
    """KeyError when the register or the field does not exist, or its subject is missing or superfluous."""
    code, _, cell = name.partition(".")
    where = profile(code)
    base, mark, subject = cell.partition("#")
    if (base in where.repeated) != bool(mark and subject) or len(cell) > 80:
        raise KeyError(name)
    return Asked(name, code, cell, where.category(base))


# Computations: what an upper context may do with values inside the vault, in memory, without seeing them.


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a computation sees it: its opaque id, its register, the values of the fields it declared.

    `digest`: a keyed number of those values as they are now (63 bits): it says that they changed, and nothing else.
    """

    record: UUID
    register: str
    values: Mapping[str, str]
    digest: int = 0


Cell = UUID | int | float | str
Compute = Callable[..., Iterable[Sequence[Cell]]]
"""`run(rows)`, or `run(rows, given)` when facts that are not values were given with the question."""


@dataclass(frozen=True, slots=True)
class Computation:
    """`fields`: codes of fields it reads, in whichever register has them. `codes`: the only words it may answer with;
    with record ids and numbers, nothing else comes out.

    `streamed`: rows come one by one, and never all stand in memory. `partial`: a field that the request or the rules
    leave out is missing from the row; otherwise a row serves whole or not at all.
    """

    name: str
    label: str
    purpose: str
    fields: tuple[str, ...]
    codes: frozenset[str]
    run: Compute
    streamed: bool = False
    partial: bool = False


_computations: dict[str, Computation] = {}


def computation(
    name: str,
    *,
    label: str,
    purpose: str,
    fields: Iterable[str],
    codes: Iterable[str] = (),
    streamed: bool = False,
    partial: bool = False,
) -> Callable[[Compute], Compute]:
    """Declare a computation of an upper context. ValueError for a duplicate, an unknown purpose, no field."""

    def declared(run: Compute) -> Compute:
        if name in _computations or purpose not in PURPOSES or not tuple(fields):
            raise ValueError(f"the computation {name!r} is declared twice, or badly")
        shape = (tuple(fields), frozenset(codes), run, streamed, partial)
        _computations[name] = Computation(name, label, purpose, *shape)
        return run

    return declared


def computation_of(name: str) -> Computation:
    """KeyError when nobody declared it."""
    return _computations[name]


# What `people`, above, tells the vault: who acts for whom.

MandateOf = Callable[[UUID], MandateFacts | None]
_mandate_of: list[MandateOf] = []


def declare_mandates(ask: MandateOf) -> None:
    """Declared by `people`: the facts of a mandate by its id, None when there is none. ValueError if twice."""
    if _mandate_of:
        raise ValueError("the mandates are declared twice")
    _mandate_of.append(ask)


def mandate(pk: UUID) -> MandateFacts | None:
    """The facts of a mandate, its end included; None when nobody knows it: then it opens nothing."""
    return _mandate_of[0](pk) if _mandate_of else None


# What `outreach`, above, tells the vault: whom an agent holds by a live claim, and how far they are on their path.

Holders = Callable[[int, Collection[UUID], str, datetime], Collection[UUID]]
LevelOf = Callable[[int], int | None]
_holders: list[Holders] = []
_level_of: list[LevelOf] = []


def declare_holders(ask: Holders) -> None:
    """`ask(user, persons, purpose, now)`: those of these persons that this agent holds by a live claim. A claim counts
    as an assignment in every register, and ends with its lease. ValueError if twice."""
    if _holders:
        raise ValueError("the holders are declared twice")
    _holders.append(ask)


def held(user: int, persons: Collection[UUID], purpose: str, now: datetime) -> Collection[UUID]:
    """Those of these persons that the agent holds now; nobody while no context declared claims."""
    return _holders[0](user, persons, purpose, now) if _holders and persons else ()


def declare_levels(ask: LevelOf) -> None:
    """`ask(user)`: the level of a caller, None for who is on no path (the signed one counts). ValueError if twice."""
    if _level_of:
        raise ValueError("the levels are declared twice")
    _level_of.append(ask)


def level(user: int, signed: int) -> int:
    """The level that rules look at: that of the path, else the one that was signed."""
    known = _level_of[0](user) if _level_of else None
    return signed if known is None else known


# The shapes shipped with the product, declared once everything above exists.
from entremise.vault.registry.shapes import APA, CANICULE, ENTRAIDE, LIBRE, PCS, TRANSPORT  # noqa: E402

SHIPPED = (ENTRAIDE, CANICULE, APA, TRANSPORT, PCS, LIBRE)
