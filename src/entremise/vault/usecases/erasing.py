"""Erasing by destroying keys: a person, a register; and the mark that refuses to bring somebody back."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.rules.engine import AgentFacts
from entremise.vault import engine
from entremise.vault.models import BlindIndex, Cell, Envelope, Mark, Record, RecordKey, Register, Release, Shredding
from entremise.vault.usecases import cells, deciding, journal, keyring, situating
from entremise.vault.usecases.agreements import standing
from entremise.vault.usecases.asking import motive_given, purpose_known, question
from entremise.vault.usecases.destroying import destroy, destroy_register
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.situating import Case
from entremise.vault.usecases.standing import with_request

ERASED = declare("vault.person.erased", "a effacé les données d’une personne")
SHREDDED = declare("vault.register.shredded", "a détruit les clés d’un registre, pour toujours")

SWEPT_AT_ONCE = 2_000
MARKED = ("first_name", "last_name", "birth", "phone", "names", "birth_date")


@transaction.atomic
def erase(actor: Actor, *, person: UUID, purpose: str, motive: str, request: str = "") -> int:
    """Destroy the keys of a person's records, then sweep what they sealed; the number of records erased.

    It takes two: `request` is one of kind `erasure` that somebody else agreed to, and names the registers.

    The keys go at once and for good, even if the caller rolls back: the cells are unreadable from then on, in an
    older copy of the data too. Copies of the base of keys end after 30 days. A mark stays, without any value, so
    that an import does not bring the person back. Raises NotAllowed, NotFound, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    asker, ring = question(actor, purpose), keyring.load(())
    rows = Record.objects.select_for_update().filter(person=person)
    if (granted := standing(request, actor, now=asker.now).request) is not None:
        rows = rows.filter(register__in=granted.registers)
    records = list(rows.order_by("pk"))
    codes = sorted({record.register for record in records})
    if request:
        asker = with_request(asker, request, registers=codes, persons=[person])
    where = situating.registers(asker, codes)
    found = [Case(person, record.register, record, None, tag=ring.tag(record.pk)) for record in records]
    situating.situate(asker, where, found)
    refused, by, number = None, set[str](), 0
    for case in found:
        if case.facts is not None:
            verdict, number = deciding.decide_deed(asker, "erase", case.facts, rows=len(found))
            by |= set(verdict.by)
            refused = refused or (None if verdict.allowed else deciding.refusal(asker, verdict))
    if not found and not (isinstance(asker.who, AgentFacts) and asker.who.roles & {"dpo", "keeper"}):
        refused = deciding.NOBODY
    marks = [(case.register, case.tag) for case in found] or [("", "")]
    write_lines(
        ring, actor, marks, purpose, motive, granted=refused is None, rules=tuple(sorted(by)), request=request,
        rule_set=number,
    )  # fmt: skip
    if refused is not None:
        raise NotAllowed(f"Cette fiche ne peut pas être effacée ainsi. {refused.reason}")
    if not records:
        raise NotFound("Cette personne est inconnue, ou déjà effacée.")
    _keep(_marks_of(records))
    pks = [record.pk for record in records]
    destroy(pks)
    Release.objects.filter(giver=person, revoked_at=None).update(revoked_at=clock.now())
    sweep(pks)
    jobs.enqueue("vault.wipe_keys")
    trace(actor, ERASED, Record(pk=pks[0]), records=len(pks))
    return len(pks)


@transaction.atomic
def shred(actor: Actor, *, register: str, motive: str, request: str) -> None:
    """Destroy the keys of a register: none of its records opens any more, whatever their number, in any copy.

    One mark in the base of keys, nothing for each record; a job sweeps what the keys sealed. The code never serves
    again. Raises NotAllowed, NotFound (unknown, or already destroyed), and as `erase`.
    """
    motive = motive_given(motive)
    row = Register.objects.select_for_update().filter(pk=register).exclude(status="shredded").first()
    if row is None:
        raise NotFound("Ce registre n’existe pas, ou ses clés sont déjà détruites.")
    ring, asker = keyring.load(()), question(actor, "registers.keep")
    if request:
        asker = with_request(asker, request, registers=[register])
    verdict, number = deciding.decide_deed(asker, "shred", situating.register_facts(row, asker))
    write_lines(
        ring, actor, [(register, "")], "registers.keep", motive, action="shred", granted=verdict.allowed,
        rules=verdict.by, request=request, rule_set=number,
    )  # fmt: skip
    if not verdict.allowed:
        raise NotAllowed(f"Ce registre ne peut pas être détruit ainsi. {deciding.refusal(asker, verdict).reason}")
    destroy_register(register)
    row.status, row.closed_at = "shredded", clock.now()
    row.save(update_fields=["status", "closed_at"])
    jobs.enqueue("vault.sweep_registers")
    jobs.enqueue("vault.wipe_keys")
    trace(actor, SHREDDED, row, request=request)


def write_lines(
    ring: Keyring,
    actor: Actor,
    marks: Sequence[tuple[str, str]],
    purpose: str,
    motive: str,
    *,
    action: str = "erase",
    granted: bool = True,
    rules: tuple[str, ...] = (),
    request: str = "",
    rule_set: int = 0,
) -> int:
    """Lines about keys that go, one for each (register, tag), sealed under the journal's key: they outlive them."""
    lines = [
        journal.Draft(
            action=action,
            purpose=purpose,
            register=register,
            verdict="granted" if granted else "refused",
            rules=rules,
            tag=tag,
            record="",
            box=ring.box,
            secret={"motive": motive},
            rule_set=rule_set,
            request=request,
        )
        for register, tag in marks
    ]
    return journal.append(ring, actor, lambda: lines)


def sweep(records: list[UUID]) -> None:
    """Delete the rows that a destroyed key sealed. Inside the transaction of the caller."""
    for model in (BlindIndex, Cell, Envelope):
        model.objects.filter(record__in=records).delete()
    Record.objects.filter(pk__in=records).delete()


def sweep_registers() -> int:
    """Delete what is left of destroyed registers, in batches; the number of records. Stopped, it goes on next time."""
    swept = 0
    for code in Shredding.objects.values_list("register", flat=True):
        while pks := list(Record.objects.filter(register=code).values_list("pk", flat=True)[:SWEPT_AT_ONCE]):
            with transaction.atomic():
                sweep(pks)
            swept += len(pks)
        while pks := list(RecordKey.objects.filter(register=code).values_list("pk", flat=True)[:SWEPT_AT_ONCE]):
            RecordKey.objects.filter(pk__in=pks).delete()
    return swept


# marks


def plain(text: str) -> str:
    """Without accents, case, hyphens or spaces: two ways of writing one name are equal."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


@sensitive_variables()
def erasure_mark(values: Mapping[str, str]) -> frozenset[str]:
    """What stands for somebody: keys `first_name`, `last_name`, `birth` (ISO date), `phone` (E.164), those one has;
    a register's `names` (`DUPONT née MARTIN, Jeanne`), `birth_date`, several telephones are read as these.

    `p:` the phone alone (a shared line: it may be somebody else), `c:` phone and name, `i:` name and birth date.
    """
    return _digests(keyring.load(()), values)


@sensitive_variables()
def _digests(ring: Keyring, values: Mapping[str, str]) -> frozenset[str]:
    last, _, first = values.get("names", "").partition(",")
    name = plain(values.get("last_name", last)) + "|" + plain(values.get("first_name", first))
    phone = values.get("phone", "").split(cells.BETWEEN)[0]
    birth = values.get("birth") or values.get("birth_date", "")
    birth = birth if len(birth) == len("1938-03-12") else ""  # a year alone is nobody's
    parts: dict[str, tuple[str, ...]] = {}
    if phone:
        parts["p"] = (phone,)
    if phone and len(name) > 1:
        parts["c"] = (phone, name)
    if birth and len(name) > 1:
        parts["i"] = (name, birth)
    return frozenset(f"{kind}:{engine.mark(ring.erasure, kind, *said)}" for kind, said in parts.items())


def _keep(marks: frozenset[str]) -> None:
    now = clock.now()
    Mark.objects.bulk_create([Mark(digest=mark, at=now) for mark in marks], ignore_conflicts=True)


@sensitive_variables()
def _marks_of(records: list[Record]) -> frozenset[str]:
    """The marks of what these records hold; an altered or already unreadable one gives none."""
    gone = set(Shredding.objects.values_list("register", flat=True))
    alive = [record for record in records if record.register not in gone]
    ring = keyring.load({record.register for record in alive})
    found = cells.read(ring, {record.pk: MARKED for record in alive})
    marks = [_digests(ring, values) for values in found.values() if values]
    return frozenset().union(*marks)


def keep_mark(*, person: UUID) -> int:
    """Mark somebody who objects, so that no import brings them in again; how many marks. Nothing is shown.

    Called by the use case that records the objection, and traced by it.
    """
    marks = _marks_of(list(Record.objects.filter(person=person)))
    _keep(marks)
    return len(marks)


@sensitive_variables()
def forget_mark(values: Mapping[str, str]) -> int:
    """Lift the marks of somebody who comes back by themselves; how many there were."""
    return Mark.objects.filter(digest__in=erasure_mark(values)).delete()[0]


@sensitive_variables()
def is_marked(*rows: Mapping[str, str]) -> list[str]:
    """For each row of an import: `person` (erased, or objected: leave it out), `phone` (the same line: ask), or ``.

    Two queries, whatever the number of rows.
    """
    if not Mark.objects.exists():
        return [""] * len(rows)
    ring = keyring.load(())
    wanted = [_digests(ring, row) for row in rows]
    every = sorted(frozenset().union(*wanted))
    known: set[str] = set()
    for start in range(0, len(every), 500):
        known |= set(Mark.objects.filter(pk__in=every[start : start + 500]).values_list("pk", flat=True))
    return [_word(marks & known) for marks in wanted]


def _word(found: frozenset[str]) -> str:
    if any(not mark.startswith("p:") for mark in found):
        return "person"
    return "phone" if found else ""
