"""The personal access journal: who opened what of somebody, for which purpose, under which rule, adopted when.

The service and the role are shown, never the agent (CJUE C-579/21); the motive stays sealed. Reading it is a line too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entremise.accounts.models import Organisation
from entremise.accounts.policies import proved_enough
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.rules import queries as rules
from entremise.rules.engine import (
    NEVER,
    AgentFacts,
    Asked,
    Consult,
    MandateFacts,
    PersonFacts,
    RecordFacts,
    RegisterFacts,
)
from entremise.rules.engine.vocabulary import ROLES, typographic
from entremise.rules.models import RuleSet
from entremise.vault import engine, registry
from entremise.vault.engine import merkle
from entremise.vault.models import Checkpoint, Habilitation, Line, Record, RecordKey, Register, Segment
from entremise.vault.usecases import checkpoints, journal, keyring
from entremise.vault.usecases.asking import purpose_known
from entremise.vault.usecases.keyring import Keyring

SETS = 8
MOST = 500
"""Lines shown at once, the newest; the letter of once a year and the copy of the rights desk take them in turn."""
CHANNELS = {
    "web": "site", "api": "programme", "phone": "téléphone", "sms": "SMS", "mail": "courriel", "paper": "papier",
    "counter": "guichet", "cli": "commande du serveur", "task": "envoi automatique",
}  # fmt: skip
VERDICTS = {
    "granted": "accordé", "partly": "accordé en partie", "refused": "refusé", "failed": "arrêté : fiche altérée",
}  # fmt: skip
ACTIONS = {
    "read": "lecture", "write": "écriture", "collect": "inscription", "search": "recherche", "erase": "effacement",
    "disclose": "transmission à un service", "print": "liste imprimée", "export": "export", "compute": "calcul",
    "shred": "destruction du registre", "read_trail": "lecture de ce journal", "send": "envoi d’un message",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that decided: its title, the set it stood in, when that set was adopted and by which decision."""

    id: str
    title: str
    rule_set: int
    adopted_at: datetime | None
    decision: str


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One access as the person reads it. `service` and `role` say who, without name; `categories` what of them."""

    number: int
    at: datetime
    service: str
    role: str
    action: str
    categories: tuple[str, ...]
    register: str
    purpose: str
    rules: tuple[Rule, ...]
    rule_set: int
    channel: str
    verdict: str
    allowed: bool


def trail(actor: Actor, *, person: UUID, purpose: str = "people.rights") -> list[TrailLine]:
    """The accesses to somebody's records, refused ones included, the newest first; at most 500.

    Decided by the rules (`read_trail`): the person, their mandate, the delegate. The reading is written first.
    The same number of queries, however many lines. Raises NotAllowed (also written), NotFound, PurposeUnknown,
    VaultSealed, JournalUnavailable.
    """
    ring, records = _opened(actor, person, purpose)
    marks = _marks(ring, person, records)
    lines = list(Line.objects.filter(tag__in=marks).defer("link", "seal_hash")[:MOST])
    keys = RecordKey.objects.in_bulk([record.pk for record in records])
    by_tag = {ring.tag(record.pk): record for record in records}
    houses = Organisation.objects.in_bulk({line.organisation for line in lines if line.organisation})
    sets = {row.number: row for row in RuleSet.objects.filter(number__in={line.rule_set for line in lines})}
    labels = dict(Register.objects.values_list("code", "label"))
    own = f"person:{ring.tag(person)}"
    return [
        TrailLine(
            number=line.number,
            at=line.at,
            service=service_of(line, houses, own),
            role=role_of(line, own),
            action=ACTIONS.get(line.action, line.action),
            categories=_categories(ring, line, by_tag.get(line.tag), keys),
            register=labels.get(line.register, line.register),
            purpose=registry.PURPOSES.get(line.purpose, line.purpose),
            rules=tuple(rule_of(str(code), sets.get(line.rule_set), line.rule_set) for code in line.rules),
            rule_set=line.rule_set,
            channel=CHANNELS.get(line.channel, line.channel),
            verdict=VERDICTS.get(line.verdict, line.verdict),
            allowed=line.verdict in ("granted", "partly"),
        )
        for line in lines
    ]


def proof(actor: Actor, *, person: UUID, number: int, purpose: str = "people.rights") -> dict[str, Any]:
    """What « Télécharger la preuve » gives for one line: line, path, signed point, witnesses' signatures.

    `scripts/verify_proof.py` verifies it off line. A point is signed at once when none covers the line yet.
    Raises NotFound for a line about somebody else, or whose month is gone; otherwise as `trail`.
    """
    ring, records = _opened(actor, person, purpose)
    line = Line.objects.filter(pk=number, tag__in=_marks(ring, person, records)).first()
    if line is None:
        raise NotFound("Cette ligne n’est pas dans votre journal.")
    return proof_of(line)


def proof_of(line: Line) -> dict[str, Any]:
    """The proof of a line, by whoever may read it. NotFound when its month is gone."""
    point = _covering(line)
    if point is None:
        checkpoints.checkpoint(Actor.machine("journal"))
        point = _covering(line)
    if point is None:
        raise NotFound("Le mois de cette ligne a été détruit à son terme.")
    segment = point.segment
    index = line.number - segment.first_number
    before = Line.objects.filter(pk=line.number - 1).values_list("link", flat=True).first()
    if before is None:
        earlier = Segment.objects.filter(last_number=line.number - 1).values_list("last_link", flat=True).first()
        before = earlier or "0" * 64
    path = merkle.inclusion(checkpoints.leaves(segment), index, point.size)
    witnesses = [str(entry["signature"]) for entry in point.sent if entry.get("signature")]
    return {
        "form": "entremise-preuve-1",
        "line": line.body(),
        "previous": before,
        "link": line.link,
        "index": index,
        "path": [base64.b64encode(step).decode() for step in path],
        "checkpoint": point.note + "".join(f"{text}\n" for text in witnesses),
        "key": point.key,
    }


def _covering(line: Line) -> Checkpoint | None:
    """The point that signs this line: one that a witness holds, if there is one."""
    segment = Segment.objects.filter(first_number__lte=line.number, last_number__gte=line.number).first()
    if segment is None:
        return None
    points = Checkpoint.objects.filter(segment=segment, size__gt=line.number - segment.first_number)
    found = list(points.select_related("segment").order_by("size")[:200])
    return next((point for point in found if point.acknowledged), found[0] if found else None)


def _marks(ring: Keyring, person: UUID, records: Sequence[Record]) -> list[str]:
    return [ring.tag(person), *(ring.tag(record.pk) for record in records)]


# deciding


def _opened(actor: Actor, person: UUID, purpose: str) -> tuple[Keyring, list[Record]]:
    """The records whose trail this actor may read, once the reading (or its refusal) is written."""
    purpose_known(purpose)
    records = list(Record.objects.filter(person=person).defer("manifest").order_by("register"))
    ring = keyring.load(record.register for record in records)
    answers, ruled, number = decide_trail(actor, records, purpose)
    lines = [
        journal.Draft(
            action="read_trail",
            purpose=purpose,
            register=record.register if record else "",
            verdict="granted" if allowed else "refused",
            rules=by,
            tag=ring.tag(record.pk if record else person),
            record="",
            box=ring.box,  # not the record's key: the reading outlives it
            secret={},
            rule_set=number,
        )
        for record, allowed, by in (zip(records, answers, ruled, strict=True) if records else [(None, False, ())])
    ]
    journal.add(ring, actor, *lines)
    kept = [record for record, allowed in zip(records, answers, strict=True) if allowed]
    if records and not kept:
        raise NotAllowed(
            "Ce journal se lit par la personne concernée, par qui la représente, ou par la personne déléguée à la "
            "protection des données. Adressez-vous à elle pour contester."
        )
    if not records:
        raise NotFound("Cette personne est inconnue, ou a demandé son effacement.")
    return ring, kept


def decide_trail(
    actor: Actor, records: Sequence[Record], purpose: str
) -> tuple[list[bool], list[tuple[str, ...]], int]:
    """What the rules in force say of reading the journal of each record: verdicts, rules that decided, set."""
    who = _who(actor)
    if who is None or not records:
        return [False] * len(records), [()] * len(records), rules.active_number() or 0
    # Where two factors are asked of nobody (a demonstration), working roles count as having proved both.
    mfa = actor.mfa or (isinstance(who, AgentFacts) and proved_enough(actor))
    rows = Register.objects.in_bulk({record.register for record in records})
    known = frozenset(registry.PURPOSES)
    asked = []
    for record in records:
        row = rows.get(record.register)
        if row is None:
            return [False] * len(records), [()] * len(records), 0
        where = RegisterFacts(
            row.code,
            _recipients(row, who),
            frozenset(row.bases) & known,
            row.expires_at,
            nominative=row.nominative,
            status="closed" if row.status == "shredded" else row.status,
            impact_assessment_signed=row.assessment_signed_at is not None,
            k_threshold=row.k_threshold,
        )
        facts = RecordFacts("record", where, str(record.person), record.status, protected=record.protected)
        asked.append(Asked(who, "read_trail", facts, Consult(purpose, clock.now(), mfa=mfa)))
    verdicts = rules.decide(asked)
    return [v.allowed for v in verdicts], [tuple(v.by) for v in verdicts], rules.active_number() or 0


def _recipients(row: Register, who: AgentFacts | PersonFacts | MandateFacts) -> frozenset[str]:
    given = frozenset(map(str, row.recipients))
    own = who.organisation if isinstance(who, AgentFacts) else ""
    return frozenset({own} - {""}) if "*" in given else given


def _who(actor: Actor) -> AgentFacts | PersonFacts | MandateFacts | None:
    if actor.mandate_id is not None:
        ask = getattr(registry, "mandate", None)
        return ask(actor.mandate_id) if ask else None
    if actor.person_id is not None:
        return PersonFacts(str(actor.person_id))
    if actor.user_id is None:
        return None
    row = Habilitation.objects.filter(user=actor.user_id).first()
    return AgentFacts(
        str(actor.user_id),
        frozenset(actor.roles & ROLES.keys()),
        str(actor.organisation_id or ""),
        frozenset(registry.PURPOSES).intersection(row.purposes if row else ()),
        row.active_until if row else NEVER,
        (row.commitment_until if row else None) or NEVER,
        frozenset(row.named_in if row else ()),
        suspended=row is not None and row.suspended_at is not None,
    )


# saying


def service_of(line: Line, houses: Mapping[int, Organisation], own: str) -> str:
    if line.human == own:
        return "vous-même"
    if line.human == "machine":
        return "le logiciel"
    house = houses.get(line.organisation or 0)
    return house.name if house else "habitant·e" if line.human.startswith("person:") else "service non indiqué"


def role_of(line: Line, own: str) -> str:
    if line.human == own:
        return "personne concernée"
    labels = [ROLES[code] for code in line.roles.split(",") if code in ROLES]
    if not labels:
        return "envoi automatique" if line.human == "machine" else "personne à qui un contact a été transmis"
    return typographic(", ".join(labels))


def _categories(ring: Keyring, line: Line, record: Record | None, keys: Mapping[UUID, RecordKey]) -> tuple[str, ...]:
    """What of the person was asked: the names of fields are sealed under the record's key, the motive stays there."""
    if record is None or (key := keys.get(record.pk)) is None:
        return ()
    try:
        parts = ("seal", ring.instance, line.register, record.pk, line.number)
        said = json.loads(ring.unwrap(key).unseal(bytes(line.seal), *parts))
    except (engine.InvalidTag, ValueError):
        return ()
    names = said.get("allowed") or said.get("refused") or said.get("fields") or ()
    found = []
    for name in names:
        try:
            found.append(registry.CATEGORIES[registry.asked(str(name)).category])
        except KeyError:
            continue
    return tuple(dict.fromkeys(found))


_known: dict[str, dict[str, str]] = {}  # fingerprint of a set: its texts never change


def _titles(row: RuleSet) -> dict[str, str]:
    """The French title of each rule, right and prohibition of one set."""
    if row.fingerprint not in _known:
        if len(_known) >= SETS:
            _known.clear()
        notes = [*rules.prohibitions(row), *rules.rights(row)]
        _known[row.fingerprint] = {form.id: form.title for form in rules.forms(row)} | {n.id: n.title for n in notes}
    return _known[row.fingerprint]


FIXED = {
    "hourly_cap": "Plafond de fiches ouvertes en une heure",
    "unknown": "Dossier inconnu",
    "tampered": "Fiche altérée",
}


def rule_of(code: str, row: RuleSet | None, number: int) -> Rule:
    if row is None:
        return Rule(code, FIXED.get(code, code), number, None, "")
    title = _titles(row).get(code) or FIXED.get(code, code)
    return Rule(code, typographic(title), row.number, row.effective_at, row.decision)
