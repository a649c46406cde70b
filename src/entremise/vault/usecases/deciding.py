"""Asking the rules in force, under the lock of the access journal: who may do what with which category.

Above all: whatever is odd is a refusal and an alarm. Reference rules-vault-commons § 7, steps 5 to 8.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import connections

from entremise.kernel.errors import DomainError
from entremise.rules import queries as rules
from entremise.rules.engine import AgentFacts, Asked as Ask, Compiled, Note, RecordFacts, RegisterFacts, Verdict
from entremise.vault.models import Line
from entremise.vault.registry import Asked
from entremise.vault.usecases import fixed
from entremise.vault.usecases.asking import Question
from entremise.vault.usecases.refusals import Busy
from entremise.vault.usecases.situating import Case, Refused, for_field

log = logging.getLogger("entremise.vault")

HOUR = timedelta(hours=1)
COUNTED = ("read", "write", "disclose")
"""The lines that say a record was opened; the first writing of a new one (`collect`) opens nothing."""
SIGN = "/coffre/engagement/"

_SEEN = """SELECT DISTINCT tag FROM vault_line WHERE human = %s AND at > %s AND action IN (%s, %s, %s)
 AND verdict IN ('granted', 'partly')"""
ALIAS = "journal"

NOBODY = Refused("", "Aucune règle ne l’autorise.")
UNKNOWN = Refused("unknown", "Ce dossier n’existe pas ou n’existe plus.")
ODD = "Le coffre n’a pas pu décider avec certitude : dans le doute, c’est non. Une alerte est partie."
BUSY = "Le règlement vient de changer. Recommencez : la demande sera jugée selon le nouveau."


def seen_in_hour(human: str, question: Question) -> frozenset[str]:
    """The marks of the distinct records this human has opened in the last hour. Under the journal's lock."""
    journal = connections[ALIAS]
    since = journal.ops.adapt_datetimefield_value(question.now - HOUR)
    with journal.cursor() as cursor:
        cursor.execute(_SEEN, [human, since, *COUNTED])
        return frozenset(tag for (tag,) in cursor.fetchall())


def deeds_in_hour(human: str, action: str, question: Question) -> int:
    """How many times this human did this in the last hour, this one included. Under the journal's lock."""
    rows = Line.objects.filter(human=human, at__gt=question.now - HOUR, action=action)
    return rows.exclude(verdict="refused").count() + 1


def in_force(asked: Sequence[Ask]) -> tuple[list[Verdict], int]:
    """The verdicts, by one set and its number, which is still in force after them. Busy when it moves twice."""
    for _ in range(2):
        try:
            compiled = rules.compiled()
        except DomainError as error:
            log.error("vault: no decision possible (%s)", error.code)
            return [Verdict(False, (), error.code)] * len(asked), 0
        verdicts = ask(asked, compiled)
        if rules.active_number() == compiled.number:
            return verdicts, compiled.number
    raise Busy(BUSY)


def ask(asked: Sequence[Ask], compiled: Compiled) -> list[Verdict]:
    """The verdicts by this set; an odd one is a refusal, and an alarm without value."""
    verdicts = rules.decide(asked, compiled)
    if len(verdicts) != len(asked):
        verdicts = [Verdict(False, (), "a verdict is missing", (), compiled.number)] * len(asked)
    if odd := sum(bool(verdict.alarm) for verdict in verdicts):
        log.error("vault: %d odd decisions under set %d", odd, compiled.number)
    return verdicts


def refusal(question: Question, verdict: Verdict) -> Refused:
    """Why not, in French: the rule and its article, or that nobody allows it; what to do, and how to contest."""
    if verdict.alarm:
        return Refused("odd", ODD, verdict.contest)
    notes = {note.id: note for note in verdict.notes}
    if "floor-habilitation" in notes:
        return Refused("floor-habilitation", _habilitation(question), verdict.contest)
    if "floor-commitment" in notes:
        return Refused(
            "floor-commitment",
            "Votre engagement de confidentialité n’est pas signé : lisez-le et signez-le.",
            verdict.contest,
            SIGN,
        )
    if not notes:
        return NOBODY
    said = [_said(note) for note in verdict.notes]
    return Refused(verdict.by[0], " ".join(said), verdict.contest)


def _said(note: Note) -> str:
    return f"{note.title} ({note.article or note.id})."


def _habilitation(question: Question) -> str:
    row = question.habilitation
    if row is not None and row.suspended_at is not None:
        return "Votre habilitation est suspendue : adressez-vous au responsable de traitement."
    if row is not None and row.purposes and row.active_until <= question.now:
        return "Votre habilitation est échue : demandez au responsable de traitement de signer la suivante."
    if row is not None and row.purposes:
        return (
            "Votre habilitation ne couvre pas cette finalité : demandez au responsable de traitement de signer votre "
            "habilitation pour elle."
        )
    return "Demandez au responsable de traitement de signer votre habilitation."


def decide_fields(
    question: Question,
    action: str,
    found: Sequence[Case],
    asked: Sequence[Asked],
    seen: frozenset[str],
    *,
    before: int = 0,
) -> int:
    """Fill `granted`, `refused` and `rules` of each case; the number of the set that decided.

    Under the journal's lock: `seen` are the records this human opened in the hour. They count one after the other,
    in order, exactly as if each had been asked alone; those refused do not count. `before`: those that an earlier part
    of the same deed opened. Rules are asked once for each situation, category and level of the count.
    """
    fields: dict[str, list[Asked]] = {}
    for one in asked:
        fields.setdefault(one.register, []).append(one)
    if question.who is None:
        return _without_rules(question, action, found, fields)
    units: dict[tuple[RecordFacts, str, bool], None] = {}
    of: dict[tuple[int, str], tuple[RecordFacts, str, bool]] = {}
    for place, case in enumerate(found):
        if case.facts is None:
            continue
        for one in fields.get(case.register, ()):
            unit = (for_field(question, case, case.facts, one.name), one.category, case.checked)
            units[unit] = None
            of[place, one.name] = unit
    known = sum(case.tag not in seen for case in found)
    for _ in range(2):
        try:
            compiled = rules.compiled()
        except DomainError as error:
            log.error("vault: no decision possible (%s)", error.code)
            return _refuse_all(found, fields)
        levels = sorted({compiled.level(max(1, before + len(seen) + more)) for more in range(known + 1)})
        questions = [(unit, level) for unit in units for level in levels]
        verdicts = ask(
            [
                Ask(question.who, action, facts, question.use(category, count=level, checked=checked))
                for (facts, category, checked), level in questions
            ],
            compiled,
        )
        if rules.active_number() == compiled.number:
            break
    else:
        raise Busy(BUSY)
    table = dict(zip(questions, verdicts, strict=True))
    opened = set(seen)
    why: dict[tuple[str, ...], Refused] = {}
    for place, case in enumerate(found):
        here = fields.get(case.register, ())
        if case.facts is None:
            case.refused = dict.fromkeys((one.name for one in here), UNKNOWN)
            continue
        level = compiled.level(before + len(opened) + (case.tag not in opened))
        for one in here:
            verdict = table[of[place, one.name], level]
            case.rules.update(verdict.by)
            if verdict.allowed:
                case.granted[one.name] = one
                continue
            key = (*verdict.by, verdict.alarm)
            if key not in why:
                why[key] = refusal(question, verdict)
            case.refused[one.name] = why[key]
        if case.granted:
            opened.add(case.tag)
    return compiled.number


def _refuse_all(found: Sequence[Case], fields: dict[str, list[Asked]]) -> int:
    for case in found:
        case.refused = dict.fromkeys((one.name for one in fields.get(case.register, ())), Refused("odd", ODD))
    return 0


def _without_rules(question: Question, action: str, found: Sequence[Case], fields: dict[str, list[Asked]]) -> int:
    """A machine or an anonymous visitor: the fixed acts, and nothing else."""
    for case in found:
        for one in fields.get(case.register, ()):
            if case.facts is None:
                case.refused[one.name] = UNKNOWN
                continue
            why = fixed.may_send(case.facts, question, one.category) if action == "read" else None
            if why == "":
                case.granted[one.name] = one
                case.rules.add(fixed.SEND)
            else:
                case.refused[one.name] = Refused(fixed.SEND, why) if why else NOBODY
    return rules.active_number() or 0


def decide_deed(
    question: Question, action: str, what: RegisterFacts | RecordFacts, *, count: int = 1, rows: int = 1
) -> tuple[Verdict, int]:
    """One deed on a register, or the erasure of a record; the verdict and the set's number."""
    if question.who is None:
        return Verdict(False, ()), rules.active_number() or 0
    verdicts, number = in_force([Ask(question.who, action, what, question.deed(count=count, rows=rows))])
    return verdicts[0], number


def lacks_a_fresh_proof(question: Question, action: str, what: RegisterFacts | RecordFacts, **more: int) -> bool:
    """Whether the same deed would be allowed, had the second factor just been proved: then it is asked again."""
    if question.fresh or not isinstance(question.who, AgentFacts):
        return False
    verdict, _ = decide_deed(question.proved_again(), action, what, **more)
    return verdict.allowed
