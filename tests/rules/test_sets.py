"""Rule sets in the tables: installed, prepared, put into force, never edited; the values they carry."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.rules import engine, queries, registry, usecases
from entremise.rules.engine import EngineRefused, shipped
from entremise.rules.models import AdoptedValue, RuleSet
from tests.rules.factories import SIGNER, set_point
from tests.rules.world import Worlds

pytestmark = pytest.mark.django_db
KEY = "mutualaid.matching.default_radius_km"
MACHINE = Actor.machine("essais")


@pytest.fixture
def empty():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM rules_ruleset")  # the tests' database has no guard against it
        else:
            cursor.execute("TRUNCATE rules_ruleset CASCADE")


def test_a_first_start_installs_the_shipped_rules_as_provisional(empty):
    row = usecases.install_rules(MACHINE)
    assert (row.number, row.state, row.provisional, row.decision) == (
        1,
        "active",
        True,
        "Règlement provisoire, non voté",
    )
    assert timedelta(days=180) <= row.until - row.effective_at < timedelta(days=181)
    assert (row.schema, row.floor) == (shipped.schema(), shipped.floor())
    assert {form.get("until") for form in queries.forms(row)} == {row.until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert Entry.objects.first().action == "rules.set.installed"
    assert usecases.install_rules(MACHINE) == row
    assert RuleSet.objects.count() == 1


def test_a_provisional_rule_dies_by_itself_after_180_days():
    world = Worlds()
    assert queries.decide([world.call("phone")])[0].by == ("rule-call",)
    with time_machine.travel(clock.now() + timedelta(days=182)):
        verdict = queries.decide([Worlds().call("phone")])[0]
    assert (verdict.allowed, verdict.by, verdict.alarm) == (False, (), "")


def test_without_rules_the_answer_is_no(empty):
    verdict = queries.decide([Worlds().call("phone")])[0]
    assert not verdict.allowed
    assert verdict.alarm == "no_rules"


def test_only_the_controller_with_two_factors_puts_rules_into_force(settings):
    settings.DEMO = False
    for role in ("administrator", "dpo", "matchmaker", "elected"):
        with pytest.raises(NotAllowed):
            usecases.set_value(Actor(1, "x", "web", frozenset({role}), mfa=True), key=KEY, value=7, decision="x")
    with pytest.raises(SecondFactorNeeded):
        usecases.set_value(Actor(1, "x", "web", frozenset({"controller"})), key=KEY, value=7, decision="x")
    assert RuleSet.objects.count() == 1


def test_a_value_is_a_new_set_with_its_history():
    point = registry.declared()[KEY]
    set_point(KEY, 7)
    set_point(KEY, 12)
    assert queries.number_of(point) == 12
    assert [(row.value, row.rule_set.number) for row in queries.history(KEY)] == [(12, 3), (7, 2)]
    assert list(RuleSet.objects.values_list("number", "state")) == [(3, "active"), (2, "past"), (1, "past")]
    assert RuleSet.objects.get(number=3).provisional
    assert set_point(KEY, 12).number == 3


@pytest.mark.parametrize("value", [0, 31, "5", True, None, 5.0])
def test_a_value_outside_its_bounds_is_refused(value):
    with pytest.raises(usecases.OutOfBounds):
        set_point(KEY, value)
    assert RuleSet.objects.count() == 1


def test_a_point_that_nobody_declared_is_refused():
    with pytest.raises(NotFound):
        set_point("nulle.part", 1)


def test_many_values_cost_one_query_whatever_happened_before():
    points = list(registry.declared().values())
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            queries.values_of(*points)
        assert len(seen) == 1
        set_point(KEY, 8)


def test_a_decision_costs_one_query_once_compiled():
    queries.compiled()
    with CaptureQueriesContext(connection) as seen:
        queries.decide([Worlds().call("phone")])
    assert len(seen) == 1


def test_new_rules_are_checked_signed_and_decide_at_once():
    forms = [form for form in queries.forms(queries.active()) if form.id != "rule-call"]
    row = usecases.prepare_rules(SIGNER, forms=forms, decision="Vote du 3 mars", signatures=["maire, 4 mars"])
    assert queries.decide([Worlds().call("phone")])[0].allowed
    usecases.activate_rules(SIGNER, number=row.number)
    verdict = queries.decide([Worlds().call("phone")])[0]
    assert (verdict.allowed, verdict.rule_set) == (False, row.number)
    assert not queries.active().provisional


def test_a_set_written_on_an_older_one_would_undo_and_is_refused():
    first = usecases.prepare_rules(SIGNER, values={KEY: 6}, decision="A")
    second = usecases.prepare_rules(SIGNER, values={KEY: 9}, decision="B")
    usecases.activate_rules(SIGNER, number=first.number)
    with pytest.raises(usecases.OutOfDate):
        usecases.activate_rules(SIGNER, number=second.number)
    with pytest.raises(IllegalTransition):
        usecases.activate_rules(SIGNER, number=first.number)
    with pytest.raises(IllegalTransition):
        usecases.activate_rules(SIGNER, number=1)
    with pytest.raises(NotFound):
        usecases.activate_rules(SIGNER, number=99)
    assert queries.active_number() == first.number


def test_a_listener_that_fails_keeps_the_old_rules(monkeypatch):
    monkeypatch.setattr(registry, "_on_activated", [])

    @registry.on_activated
    def fail(number: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        set_point(KEY, 9)
    assert queries.active_number() == 1


@pytest.mark.parametrize("column", ["rulebook", "floor", "schema", "decision", "fingerprint", "prepared_at"])
def test_a_rule_set_is_never_edited(column):
    value = clock.now() if column == "prepared_at" else "x"
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        RuleSet.objects.filter(number=1).update(**{column: value})


def test_a_past_set_never_returns_and_two_are_never_active_together():
    set_point(KEY, 9)
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        RuleSet.objects.filter(number=1).update(state="active")
    row = usecases.prepare_rules(SIGNER, values={}, decision="C")
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSet.objects.filter(pk=row.pk).update(state="active", effective_at=clock.now())


def test_an_adopted_value_is_only_added():
    set_point(KEY, 9)
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        AdoptedValue.objects.update(value=30)


def test_texts_that_were_tampered_with_decide_nothing(monkeypatch):
    monkeypatch.setattr(queries, "_compiled", {})
    row = RuleSet.objects.get()
    bad = RuleSet(**{f.name: getattr(row, f.name) for f in row._meta.fields if f.name != "id"})
    bad.number, bad.state, bad.fingerprint, bad.effective_at = 2, "prepared", "0" * 64, None
    bad.rulebook = row.rulebook.replace("<= 60", "<= 400")
    bad.save()
    RuleSet.objects.filter(number=1).update(state="past")
    RuleSet.objects.filter(number=2).update(state="active", effective_at=clock.now())
    verdict = queries.decide([Worlds().call("phone")])[0]
    assert (verdict.allowed, verdict.alarm) == (False, "rules_damaged")


def test_a_rulebook_outside_the_grammar_or_the_limits_is_refused():
    form = queries.forms(queries.active())[0]
    with pytest.raises(EngineRefused):
        usecases.prepare_rules(SIGNER, forms=[form, form], decision="deux fois le même")
    many = [engine.Form(f"rule-x-{n:03d}", form.title, "Agent", "caller", ("read",), form.when) for n in range(101)]
    with pytest.raises(EngineRefused):
        usecases.prepare_rules(SIGNER, forms=many, decision="trop de règles")
    assert RuleSet.objects.count() == 1
