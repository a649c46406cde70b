"""Which way a rulebook moves: the stronger majority depends on it, so a doubt is a loosening."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, strategies as st

from entremise.rules import engine
from entremise.rules.engine import shipped
from entremise.rules.engine.direction import direction
from entremise.rules.engine.vocabulary import CATEGORIES, LIMITS, PURPOSES, ROLES


@cache
def shipped_forms():
    return tuple(engine.to_form(policy) for policy in engine.tree(shipped.rulebook()))


def some(codes, most=3):
    return st.lists(st.sampled_from(sorted(codes)), min_size=1, max_size=most, unique=True).map(tuple)


@st.composite
def forms(draw):
    when = [("purpose", draw(some(PURPOSES))), ("category", draw(some(CATEGORIES)))]
    for key, (_, low, high, _) in LIMITS.items():
        if key in ("level", "records_in_hour", "approvers") and draw(st.booleans()):
            when.append((key, draw(st.integers(low, high))))
    for key in ("assigned", "context.mfa", "context.motive_given"):
        if draw(st.booleans()):
            when.append((key, True))
    if draw(st.booleans()):
        when.append(("until", f"20{draw(st.integers(27, 40))}-01-01T00:00:00Z"))
    if draw(st.booleans()):
        when.append(("approvals", draw(some(["institutions", "registered", "staff"]))))
    return engine.Form("rule-test", "Une règle", "Agent", draw(st.sampled_from(sorted(ROLES))), ("read",), tuple(when))


books = st.lists(forms(), max_size=4)


@given(books)
def test_the_same_rules_in_another_order_change_nothing(book):
    assert direction(book, list(reversed(book))) == "neutral"


@given(books, forms())
def test_adding_a_rule_never_tightens_and_removing_one_never_loosens(book, more):
    assert direction(book, [*book, more]) in ("loosening", "neutral")
    assert direction([*book, more], book) in ("tightening", "neutral")


@given(books, books)
def test_there_and_back_are_opposite(one, other):
    back = {"loosening": "tightening", "tightening": "loosening", "mixed": "mixed", "neutral": "neutral"}
    assert direction(other, one) == back[direction(one, other)]


@given(forms(), st.data())
def test_one_condition_less_is_a_loosening(form, data):
    bounds = [key for key, _ in form.when if key not in ("purpose", "category")]
    if not bounds:
        return
    key = data.draw(st.sampled_from(bounds))
    looser = replace(form, when=tuple((k, v) for k, v in form.when if k != key))
    zero = key == "level" and form.get("level") == 0
    assert direction([form], [looser]) == ("loosening" if not zero else direction([form], [looser]))
    assert direction([looser], [form]) != "loosening"


def changed(rule, key, value):
    def one(form):
        if form.id != rule:
            return form
        when = tuple((k, value if k == key else v) for k, v in form.when)
        return replace(form, when=when if form.get(key) is not None else (*form.when, (key, value)))

    return [one(form) for form in shipped_forms()]


@pytest.mark.parametrize(
    ("rule", "key", "value", "way"),
    [
        ("rule-call-context", "level", 1, "loosening"),  # proposal A of reference § 14
        ("rule-refer", "context.fresh_mfa", True, "tightening"),  # proposal B
        ("rule-call", "records_in_hour", 120, "loosening"),
        ("rule-call", "records_in_hour", 30, "tightening"),
        ("rule-call", "category", ("name", "address"), "mixed"),
        ("rule-call", "until", "2030-01-01T00:00:00Z", "tightening"),
        ("rule-call", "registers", ("canicule",), "tightening"),
        ("rule-moderate", "approvers", 2, "tightening"),
        ("rule-export", "approvals", ("registered",), "loosening"),
        ("rule-print", "rows", 120, "loosening"),
    ],
)
def test_the_table_of_the_reference_holds_on_the_shipped_rules(rule, key, value, way):
    assert direction(shipped_forms(), changed(rule, key, value)) == way
    assert direction(shipped_forms(), shipped_forms()) == "neutral"


def test_a_register_more_loosens_what_was_bound_to_one():
    one = changed("rule-call", "registers", ("canicule",))
    two = changed("rule-call", "registers", ("canicule", "apa"))
    assert direction(one, two) == "loosening"
    assert direction(one, shipped_forms()) == "loosening"
