"""Reading: the only way from a sealed cell to a value. Reference rules-vault-commons § 7, step by step."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_second_factor
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import engine, policies, registry
from entremise.vault.models import BlindIndex, Record, RecordKey, Release
from entremise.vault.registry import Asked
from entremise.vault.usecases import cells, journal, keyring
from entremise.vault.usecases.asking import fields_known, motive_given, purpose_known
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import FieldUnknown, Tampered, TooManyRows

log = logging.getLogger("entremise.vault")

FORGET = timedelta(minutes=5)
"""How long a screen shows an opening (PD, reference § 7)."""
MOST_FOUND = 5


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a field stays closed: `rule` (empty: nothing allows it), a French reason, how to contest."""

    rule: str
    reason: str
    contest: str = "Demander une règle, ou contester : /communs/"


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What was opened. Its values are to be shown or used at once: neither cached, queued, logged nor pickled."""

    number: int
    rule_set: int
    values: Mapping[str, str]
    refused: Mapping[str, Refused]
    until: datetime

    def __repr__(self) -> str:
        return f"<Opening {self.number} {sorted(self.values)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opening is neither cached, queued nor pickled")


@dataclass(slots=True)
class Verdict:
    """What was decided on one record (or on its absence)."""

    person: UUID
    register: str
    record: Record | None
    box: engine.Box | None
    granted: dict[str, Asked] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    tag: str = ""


NOBODY = Refused("", "Aucune règle ne l’autorise.")
UNKNOWN = Refused("unknown", "Ce dossier n’existe pas ou n’existe plus.")
CAP = Refused(
    "hourly_cap",
    f"Vous avez déjà ouvert {policies.PER_HOUR} fiches en une heure, le plafond. Attendez, ou demandez à un collègue.",
)
ALTERED = Refused("tampered", "Cette fiche a été modifiée hors du logiciel : elle reste fermée. L’alerte est donnée.")


@sensitive_variables()
def open(actor: Actor, *, person: UUID, fields: Sequence[str], purpose: str, motive: str) -> Opening:
    """Open fields of one person, after a line in the access journal.

    The fields that no rule allows are in `refused`, with their reason; a field without value is in neither.
    Raises PurposeUnknown, MotiveMissing, FieldUnknown, VaultSealed, JournalUnavailable (nothing was decrypted),
    accounts.policies.SecondFactorNeeded (an agent without a second factor, outside the demonstration),
    Tampered (an altered record gives no value at all), NotFound (unknown or erased person).
    """
    verdicts, opened = _read(actor, [person], fields, purpose, motive)
    if all(verdict.record is None for verdict in verdicts):
        raise NotFound("Cette personne est inconnue, ou a demandé son effacement.")
    opening = opened[person]
    if ALTERED in opening.refused.values():
        raise Tampered(ALTERED.reason + " Prévenez la personne qui administre le serveur.")
    return opening


@sensitive_variables()
def open_many(
    actor: Actor, *, persons: Collection[UUID], fields: Sequence[str], purpose: str, motive: str
) -> dict[UUID, Opening]:
    """Open the same fields of several persons: one page. One journal transaction, the same number of queries for
    1 or 200 persons, one decision per distinct situation.

    Every person asked is in the answer; an unknown, erased or altered one has no value and its reason in `refused`.
    Raises TooManyRows above policies.MOST_AT_ONCE, otherwise as `open`.
    """
    if len(persons) > policies.MOST_AT_ONCE:
        raise TooManyRows(f"Trop de fiches à la fois : demandez-en {policies.MOST_AT_ONCE} au plus.")
    if not persons:
        return {}
    return _read(actor, list(dict.fromkeys(persons)), fields, purpose, motive)[1]


@sensitive_variables()
def _read(
    actor: Actor, persons: Sequence[UUID], names: Sequence[str], purpose: str, motive: str
) -> tuple[list[Verdict], dict[UUID, Opening]]:
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    asked = fields_known(names)
    if not asked:
        raise FieldUnknown("Demandez au moins un champ.")
    ring = keyring.load({one.register for one in asked})
    verdicts = facts(ring, persons, asked)
    decide(actor, verdicts, asked, purpose, releases_of(actor, persons, purpose))
    number = write_lines(ring, actor, verdicts, asked, purpose, motive)
    allowed = {
        verdict.record.pk: [one.field for one in verdict.granted.values()]
        for verdict in verdicts
        if verdict.record is not None and verdict.granted
    }
    values = cells.read(ring, allowed)
    altered = [v for v in verdicts if v.record is not None and values.get(v.record.pk, {}) is None]
    if altered:
        alarm(ring, actor, altered, purpose, motive)
    return verdicts, give(verdicts, values, number)


def facts(ring: Keyring, persons: Sequence[UUID], asked: Sequence[Asked]) -> list[Verdict]:
    """The records asked and their keys: two queries. An unknown person takes the same path, without record."""
    registers = list(dict.fromkeys(one.register for one in asked))
    found = Record.objects.filter(person__in=persons, register__in=registers).defer("manifest")
    records = {(record.person, record.register): record for record in found}
    keys = RecordKey.objects.in_bulk([record.pk for record in records.values()])
    verdicts = []
    for person in persons:
        for register in registers:
            record = records.get((person, register))
            key = keys.get(record.pk) if record else None
            box = None
            if key is None:  # never written, or its key was destroyed
                record = None
            else:
                try:
                    box = ring.unwrap(key)
                except engine.InvalidTag:  # an altered key: found again, and refused, when the cells are read
                    box = None
            tag = ring.tag(record.pk if record else person)
            verdicts.append(Verdict(person, register, record, box, tag=tag))
    return verdicts


def releases_of(actor: Actor, persons: Sequence[UUID], purpose: str) -> dict[UUID, frozenset[str]]:
    """The fields that each person has given to this actor for this purpose, and has not taken back."""
    if actor.person_id is None:
        return {}
    now = clock.now()
    rows = Release.objects.filter(receiver=actor.person_id, giver__in=persons, purpose=purpose)
    rows = rows.filter(revoked_at=None, at__lte=now, until__gt=now)
    given: dict[UUID, frozenset[str]] = {}
    for giver, fields in rows.values_list("giver", "fields"):
        given[giver] = given.get(giver, frozenset()) | frozenset(fields)
    return given


def decide(
    actor: Actor,
    verdicts: Sequence[Verdict],
    asked: Sequence[Asked],
    purpose: str,
    given: Mapping[UUID, frozenset[str]],
) -> None:
    """Fill the verdicts: one decision per distinct (relations, category); records in equal situations share it."""
    known: dict[tuple[frozenset[str], str], policies.Grant | None] = {}
    for verdict in verdicts:
        mine = {"self"} if actor.person_id == verdict.person else set()
        for one in asked:
            if one.register != verdict.register:
                continue
            if verdict.record is None:
                verdict.refused[one.name] = UNKNOWN
                continue
            relations = frozenset(mine | {"released"} if one.name in given.get(verdict.person, ()) else mine)
            situation = relations, one.category
            if situation not in known:
                known[situation] = policies.decide(
                    actor, action="read", purpose=purpose, category=one.category, relations=relations
                )
            if grant := known[situation]:
                verdict.granted[one.name] = one
                verdict.rules.add(grant.id)
            else:
                verdict.refused[one.name] = NOBODY


def write_lines(
    ring: Keyring, actor: Actor, verdicts: Sequence[Verdict], asked: Sequence[Asked], purpose: str, motive: str
) -> int:
    """One line per record, granted or refused, committed before anything is decrypted; the number of the first.

    The hourly cap is applied here, under the journal's lock: records beyond it are refused.
    """

    def drafts(seen: frozenset[str]) -> list[journal.Draft]:
        read = set(seen)
        lines = []
        for verdict in verdicts:
            if verdict.granted and policies.is_counted(actor) and verdict.tag not in read:
                if len(read) >= policies.PER_HOUR:
                    verdict.refused |= dict.fromkeys(verdict.granted, CAP)
                    verdict.granted, verdict.rules = {}, {CAP.rule}
                else:
                    read.add(verdict.tag)
            lines.append(_draft(ring, verdict, "read", purpose, _word(verdict), motive))
        return lines

    return journal.append(ring, actor, drafts, counted=policies.is_counted(actor))


def _word(verdict: Verdict) -> str:
    if not verdict.granted:
        return "refused"
    return "partly" if verdict.refused else "granted"


def _draft(ring: Keyring, verdict: Verdict, action: str, purpose: str, word: str, motive: str) -> journal.Draft:
    return journal.Draft(
        action=action,
        purpose=purpose,
        register=verdict.register,
        verdict=word,
        rules=tuple(sorted(verdict.rules)),
        tag=verdict.tag,
        record=str(verdict.record.pk) if verdict.record else "",
        box=verdict.box or ring.box,
        secret={"allowed": sorted(verdict.granted), "refused": sorted(verdict.refused), "motive": motive},
    )


def alarm(ring: Keyring, actor: Actor, altered: Sequence[Verdict], purpose: str, motive: str) -> None:
    """Journal the records that were altered, and tell whoever watches the server. Ids only."""
    lines = [_draft(ring, verdict, "read", purpose, "failed", motive) for verdict in altered]
    number = journal.append(ring, actor, lambda seen: lines, counted=False)
    for offset, verdict in enumerate(altered):
        if verdict.record is not None:
            log.error("tampered record %s, journal line %d", verdict.record.pk, number + offset)


@sensitive_variables()
def give(
    verdicts: Sequence[Verdict], values: Mapping[UUID, Mapping[str, str] | None], number: int
) -> dict[UUID, Opening]:
    """The openings, person by person."""
    until = clock.now() + FORGET
    numbers: dict[UUID, int] = {}
    given: dict[UUID, dict[str, str]] = {}
    refused: dict[UUID, dict[str, Refused]] = {}
    for offset, verdict in enumerate(verdicts):
        person = verdict.person
        numbers.setdefault(person, number + offset)
        here = refused.setdefault(person, {})
        here |= verdict.refused
        out = given.setdefault(person, {})
        found = values.get(verdict.record.pk, {}) if verdict.record else {}
        if found is None:
            here |= dict.fromkeys(verdict.granted, ALTERED)
            continue
        out |= {name: found[one.field] for name, one in verdict.granted.items() if one.field in found}
    return {
        person: Opening(numbers[person], policies.RULE_SET, given[person], refused[person], until)
        for person in numbers
    }


@sensitive_variables()
def find(actor: Actor, *, register: str, by: str, value: str, purpose: str, motive: str) -> list[UUID]:
    """The persons of a register who have this normalised value (`by`: `phone`, in E.164), at most 5, never values.

    A shared phone line is normal: several persons may answer. Raises TooManyRows beyond 5, NotAllowed, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    try:
        where = registry.profile(register)
        category = where.fields[by]
    except KeyError:
        raise FieldUnknown("Ce registre ne se recherche pas par ce champ.") from None
    if by not in where.indexed:
        raise FieldUnknown("Ce registre ne se recherche pas par ce champ.")
    ring = keyring.load({register})
    grant = policies.decide(actor, action="search", purpose=purpose, category=category, relations=frozenset())
    draft = journal.Draft(
        action="search",
        purpose=purpose,
        register=register,
        verdict="granted" if grant else "refused",
        rules=(grant.id,) if grant else (),
        tag="",
        record="",
        box=ring.box,
        secret={"by": by, "motive": motive},
    )
    journal.append(ring, actor, lambda seen: [draft], counted=False)
    if grant is None:
        raise NotAllowed("Aucune règle ne vous autorise à chercher une personne pour cette finalité.")
    digest = engine.blind(ring.indexes[register], by, value)
    rows = BlindIndex.objects.filter(register=register, by=by, digest=digest).order_by("record_id")
    found = list(rows.values_list("record__person", flat=True)[: MOST_FOUND + 1])
    if len(found) > MOST_FOUND:
        raise TooManyRows("Trop de réponses : précisez, par exemple par le nom ou la commune.")
    return found


__all__ = ["Opening", "Refused", "find", "open", "open_many"]
