"""Putting rules into force: installation, preparation with every check, activation in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.rules import engine, policies, queries, registry
from entremise.rules.engine import EngineRefused, Form, Problem, shipped
from entremise.rules.engine.form import rulebook as write_rulebook
from entremise.rules.engine.lint import LONGEST
from entremise.rules.models import RULE_SET, AdoptedValue, RuleSet
from entremise.rules.registry import Value

INSTALLED = declare("rules.set.installed", "a installé le règlement provisoire, non voté")
PREPARED = declare("rules.set.prepared", "a préparé un règlement")
ACTIVATED = declare("rules.set.activated", "a mis un règlement en vigueur")
PROLONGED = declare("rules.set.prolonged", "a prolongé le règlement provisoire")
PROVISIONAL_DAYS = 180  # a territory starts in minutes, and must vote (reference § 4)
PROVISIONAL = "Règlement provisoire, non voté"


class OutOfDate(DomainError):
    """Written on a set that is no longer in force: activating it would undo what came since."""

    code = "rules_out_of_date"


class NotProvisional(DomainError):
    code = "rules_not_provisional"


class OutOfBounds(DomainError):
    code = "value_out_of_bounds"


def _row(
    rulebook: str,
    values: Mapping[str, Value],
    *,
    number: int,
    decision: str,
    signatures: Sequence[str] = (),
    based_on: int | None = None,
    now: datetime,
) -> RuleSet:
    schema, floor = shipped.schema(), shipped.floor()
    said = json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
    parts = [engine.digest(text) for text in (schema, floor, rulebook, said)]
    return RuleSet(
        number=number,
        schema=schema,
        floor=floor,
        rulebook=rulebook,
        values=dict(values),
        schema_sha256=parts[0],
        floor_sha256=parts[1],
        rulebook_sha256=parts[2],
        values_sha256=parts[3],
        fingerprint=engine.digest("\n".join(parts)),
        decision=decision,
        signatures=list(signatures),
        based_on=based_on,
        prepared_at=now,
    )


def provisional_set(now: datetime, values: Mapping[str, Value] | None = None) -> RuleSet:
    """Set 1, not saved: the shipped rulebook, each rule lapsing by itself 180 days later, at the end of the day."""
    until = _term(now)
    forms = [engine.to_form(policy).lapsing(engine.as_until(until)) for policy in engine.tree(shipped.rulebook())]
    row = _row(write_rulebook(forms), values or {}, number=1, decision=PROVISIONAL, now=now)
    row.state, row.effective_at, row.until, row.provisional = "active", now, until, True
    return row


@transaction.atomic
def install_rules(actor: Actor) -> RuleSet:
    """The rules of a first start: the shipped ones, provisional. Where rules are installed already, does nothing.

    Raises NotAllowed; EngineRefused when the self-test of the engine fails.
    """
    policies.require_signature(actor)
    if RuleSet.objects.exists():
        return RuleSet.objects.first()  # type: ignore[return-value]
    known = registry.declared()
    older = {row.key: row.value for row in AdoptedValue.objects.order_by("pk")}
    values = {key: value for key, value in older.items() if key in known and known[key].accepts(value)}
    row = provisional_set(clock.now(), values)
    engine.compile(row.schema, row.floor, row.rulebook)
    row.full_clean()
    row.save(force_insert=True)
    record(actor, INSTALLED, row, number=row.number, sha256=row.fingerprint)
    return row


@transaction.atomic
def prolong_rules(actor: Actor) -> RuleSet:
    """The provisional rules, the same, for 180 days from today: a town's vault must not close in silence.

    By the controller, with a second factor proved again; the date is said wherever the rules are read. Raises
    NotAllowed, SecondFactorNeeded, NotProvisional (voted rules have their own terms), NoRules, OutOfDate.
    """
    policies.require_fresh_signature(actor)
    current, now = queries.active(), clock.now()
    if current is None:
        raise queries.NoRules("Aucun règlement n’est installé. Installez d’abord le règlement provisoire.")
    if not current.provisional or current.until is None:
        raise NotProvisional("Ce règlement est voté : ses termes ne se prolongent que par un vote.")
    until = _term(now)
    old, new = (engine.as_until(moment) for moment in (current.until, until))
    forms = [form.until(new) if form.get("until") == old else form for form in queries.forms(current)]
    text, last = check_forms(forms), RuleSet.objects.values_list("number", flat=True).first() or 0
    said = f"{PROVISIONAL}, prolongé le {engine.said_date(now.date().isoformat())}"
    row = _row(text, dict(current.values), number=last + 1, decision=said, based_on=current.number, now=now)
    row.provisional, row.until = True, until
    row.full_clean()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise OutOfDate("Un autre règlement vient d’être préparé. Recommencez.") from None
    row = activate_rules(actor, number=row.number)
    record(actor, PROLONGED, row, number=row.number, days=PROVISIONAL_DAYS)
    return row


def _term(now: datetime) -> datetime:
    return (now + timedelta(days=PROVISIONAL_DAYS)).replace(hour=23, minute=59, second=59, microsecond=0)


def check_forms(forms: Sequence[Form]) -> str:
    """The rulebook's text once every check of § 15 passed. Raises EngineRefused with what to correct."""
    texts = [engine.to_cedar(form) for form in forms]
    for text in texts:
        if problem := engine.lint(text):
            raise EngineRefused(problem)
    text = write_rulebook(forms)
    if forms and (problems := engine.check(text, shipped.schema(), longest=LONGEST * engine.MOST)):
        raise EngineRefused(*problems)
    if forms and [engine.to_form(policy) for policy in engine.tree(text)] != list(forms):
        raise EngineRefused(Problem("round_trip", "Le texte appliqué ne dit pas la même chose que le formulaire."))
    engine.compile(shipped.schema(), shipped.floor(), text)
    return text


@transaction.atomic
def prepare_rules(
    actor: Actor,
    *,
    decision: str,
    forms: Sequence[Form] | None = None,
    values: Mapping[str, Value] | None = None,
    signatures: Sequence[str] = (),
) -> RuleSet:
    """A rule set ready to enter into force, with every check done: lint, reading apart, round trip, self-test.

    `forms` and `values` are the whole rulebook and the whole table; left out, they stay as they are in force.
    `signatures` are offices and dates, never names of inhabitants. Raises NotAllowed, SecondFactorNeeded,
    EngineRefused, OutOfBounds, OutsideGrammar, NoRules.
    """
    policies.require_signature(actor)
    current = queries.active()
    if current is None:
        raise queries.NoRules("Aucun règlement n’est installé. Installez d’abord le règlement provisoire.")
    chosen = dict(current.values) if values is None else dict(values)
    for key, value in chosen.items():
        _accept(key, value)
    text = current.rulebook if forms is None else check_forms(forms)
    now, last = clock.now(), RuleSet.objects.values_list("number", flat=True).first()
    number = (last or 0) + 1
    row = _row(text, chosen, number=number, decision=decision, signatures=signatures, based_on=current.number, now=now)
    if forms is None:  # the same rules, voted or not: changing a value does not ratify the provisional rulebook
        row.provisional, row.until = current.provisional, current.until if current.provisional else None
    row.full_clean()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise OutOfDate("Un autre règlement vient d’être préparé. Recommencez.") from None
    record(actor, PREPARED, row, number=number, sha256=row.fingerprint)
    return row


@transaction.atomic
def activate_rules(actor: Actor, *, number: int) -> RuleSet:
    """Put a prepared set into force: the old row ends, the new one begins, in one transaction.

    The next decision of every worker is taken by it. Raises NotAllowed, SecondFactorNeeded, NotFound, OutOfDate,
    IllegalTransition (already in force, or past), EngineRefused.
    """
    policies.require_signature(actor)
    row = RuleSet.objects.filter(number=number).first()
    if row is None:
        raise NotFound("Ce règlement n’existe pas.")
    engine.compile(row.schema, row.floor, row.rulebook, number=number)
    before = queries.active()
    if before is not None and row.state == "prepared" and row.based_on != before.number:
        raise OutOfDate(
            f"Ce règlement modifie le n° {row.based_on}, qui n’est plus en vigueur. Préparez-le de nouveau."
        )
    now = clock.now()
    if before is not None and row.state == "prepared":
        RULE_SET.move(before, "retire", until=now)
    RULE_SET.move(row, "activate", effective_at=now)
    old = before.values if before is not None else {}
    for key in sorted(set(old) | set(row.values)):
        if old.get(key) != row.values.get(key):
            value = row.values.get(key, registry.declared()[key].default if key in registry.declared() else None)
            change = AdoptedValue(key=key, value=value, rule_set=row, adopted_at=now, decision=row.decision)
            change.full_clean()
            change.save(force_insert=True)
    for deed in registry.activated():
        deed(number)
    record(actor, ACTIVATED, row, number=number, replaced=row.based_on, sha256=row.fingerprint)
    return row


def _accept(key: str, value: object) -> None:
    point = registry.declared().get(key)
    if point is None:
        raise NotFound(f"Le réglage « {key} » n’existe pas.")
    if not point.accepts(value):
        low_high = f"de {point.minimum} à {point.maximum} {point.unit}".strip()
        allowed = " ou ".join(point.choices) or ("oui ou non" if isinstance(point.default, bool) else low_high)
        raise OutOfBounds(f"« {point.label} » accepte : {allowed}.")


@transaction.atomic
def set_value(actor: Actor, *, key: str, value: Value, decision: str) -> RuleSet:
    """Give one rule point another value, inside its bounds: a new rule set, the same texts, in force at once.

    Given the value it has already, it changes nothing. Raises NotAllowed, SecondFactorNeeded, NotFound (no such
    point), OutOfBounds, NoRules, OutOfDate.
    """
    policies.require_signature(actor)
    _accept(key, value)
    current = queries.active()
    if current is None:
        raise queries.NoRules("Aucun règlement n’est installé. Installez d’abord le règlement provisoire.")
    if queries.value_of(registry.declared()[key]) == value:
        return current
    row = prepare_rules(actor, decision=decision, values={**current.values, key: value})
    return activate_rules(actor, number=row.number)
