"""Attempt 13: a rule adopted while requests run. The next one is decided by it, and no line bears a dead set.

The switch between real workers, under load, is in `tests/rules/test_switch.py`.
"""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from entremise.accounts.queries import actor_of
from entremise.rules import queries as rules
from entremise.rules.usecases import activate_rules, prepare_rules
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.accounts.factories import agent
from tests.people.factories import person
from tests.rules.factories import SIGNER

WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}


def forbid_reading() -> int:
    """The same rules without that of matchmakers."""
    forms = [form for form in rules.forms(rules.active()) if form.id != "rule-match"]
    row = prepare_rules(SIGNER, decision="Essai", forms=forms)
    return activate_rules(SIGNER, number=row.number).number


@pytest.mark.django_db
def test_the_very_next_opening_is_decided_by_the_new_rules(acting):
    nadia, who = acting("matchmaker"), person().pk
    asked = {"person": who, "fields": ["entraide.phone"], **WHY}
    first = vault.open(nadia, **asked)
    assert first.values
    number = forbid_reading()
    second = vault.open(nadia, **asked)
    assert not second.values
    assert (first.rule_set, second.rule_set) == (1, number)
    assert list(Line.objects.order_by("-number").values_list("rule_set", "verdict")[:2]) == [
        (number, "refused"), (1, "granted"),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_openings_that_run_meanwhile_bear_the_set_that_decided_them():
    nadia, who = actor_of(agent("matchmaker"), "web", True), person().pk
    stop, got, wrong = threading.Event(), [], []

    def read():
        try:
            while not stop.is_set():
                opened = vault.open(nadia, person=who, fields=["entraide.phone"], **WHY)
                got.append((opened.number, opened.rule_set, bool(opened.values)))
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=read)
    thread.start()
    while len(got) < 3 and not wrong:
        stop.wait(0.01)
    number = forbid_reading()
    seen = len(got)
    while len(got) < seen + 4 and not wrong:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert not wrong
    assert {opened for _, rule_set, opened in got if rule_set == 1} == {True}
    assert {opened for _, rule_set, opened in got if rule_set == number} == {False}
    sets = [rule_set for _, rule_set, _ in sorted(got)]
    assert sets == sorted(sets)
