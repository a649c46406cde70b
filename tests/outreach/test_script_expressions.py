"""Expressions: the table of semantics (reference § 5.5), properties, and libxml2 as a second opinion.

The differences with XPath 1.0 are asserted too: docs/explanation/scripts.md lists them.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from lxml import etree

from entremise.outreach.engine.xlsform.computing import Scene, Value, compute, text, truth
from entremise.outreach.engine.xlsform.expressions import DEEPEST, FUNCTIONS, MOST_LETTERS, read
from entremise.outreach.engine.xlsform.patterns import why_unsafe

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 7, 20, 22, 30, tzinfo=UTC)  # the 21st, half past midnight, in Paris


def worth(said: str, own: str = "", now: datetime = NOW, **values: str) -> Value:
    found = read(said)
    assert found.tree is not None, found.faults
    assert not found.faults
    return compute(found.tree, Scene(values, now, PARIS, own))


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("${temp} > 35", False),  # unanswered: a comparison of nothing is false…
        ("${temp} != 3", True),  # … but one
        ("${temp} != '' and ${temp} != 3", False),
        ("not(${temp})", True),
        ("'10' = '10.0'", False),
        ("'10' = 10.0", True),
        ("1 div 0 > 5", False),
        ("0 div 0 = 0 div 0", False),
        ("selected('courses sante', 'sant')", False),
        ("selected('courses sante', 'sante')", True),
        ("selected('courses', '')", False),
        ("true() = 'no'", True),  # boolean if one side is boolean
        ("'2026-07-20' > '2026-07-01'", True),
        ("'2026-07-21' = today()", True),
        ("today() + 1 = '2026-07-22'", True),  # a number beside a text: the text is a day
        ("date(today() + 1) = '2026-07-22'", True),
        ("'2026-07-21T00:31' > now()", True),
        ("'2026-07-21T00:29' > now()", False),
        ("'18:30' > '09:00'", True),
        ("1 + 2 * 3 = 7", True),
        ("-2 - -3 = 1", True),
        ("7 mod -3 = 1 and -7 mod 3 = -1", True),
        ("1 = 1 = 1", True),
        ("2 > 1 > 0", True),
        ("1 = 2 or 1 = 1 and 2 = 2", True),
        ("if('', 'a', 'b') = 'b'", True),
        ("coalesce('', '', 'c') = 'c'", True),
        ("concat('a', 1, 2.50, true()) = 'a12.5true'", True),
        ("substr('bonjour', 0, 3) = 'bon' and substr('bonjour', -4) = 'jour'", True),
        ("regex('0612', '06')", False),  # the whole text
        ("regex('0639981234', '0[1-9][0-9]{8}')", True),
        ("round(2.5) = 3 and round(-2.5) = -2 and round(2.345, 2) = 2.35", True),
        ("int(-2.9) = -2 and int('') != 0", True),
        ("string-length('été') = 3", True),
        ("count-selected(' a  b ') = 2", True),
        ("min(3, '2') = 2 and max(3, '2') = 3 and sum(1, '2', 3) = 6", True),
        ("sum(1, '') = 1", False),  # nothing is no number: coalesce(${x}, 0)
        ("number('1e3') = 1000", False),
        ("number(' 12 ') = 12", True),
    ],
)
def test_the_table_of_semantics(said: str, result: bool) -> None:
    assert truth(worth(said)) is result


def test_a_day_is_that_of_the_zone_and_an_hour_that_of_the_wall() -> None:
    assert worth("today()") == "2026-07-21"
    assert truth(worth(". > today()", own="2026-07-22", now=datetime(2026, 7, 21, 12, tzinfo=UTC)))
    assert truth(worth(". > today()", own="2026-07-21T09:00"))
    # the night when the clock goes back: both are read on the wall
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert truth(worth("'2026-10-25T02:31' > now()", now=autumn))


@pytest.mark.parametrize(
    ("said", "code", "position"),
    [
        ("relevant = (((", "expression_syntax", 1),
        ("${a} = “oui”", "expression_syntax", 8),
        ("${a} = ‘oui’", "expression_syntax", 8),
        ("${ a } = 1", "reference_malformed", 1),
        ("$a = 1", "reference_malformed", 1),
        ("1 + ${", "reference_malformed", 5),
        ("${a} = 'oui", "expression_syntax", 8),
        ("(1 + 2", "expression_syntax", 1),
        ("1 + 2)", "expression_syntax", 6),
        ("${a} > 3,5", "expression_syntax", 9),
        ("1 +", "expression_syntax", 4),
        ("", "expression_syntax", 1),
        ("../a", "expression_syntax", 3),
        ("a/b", "expression_syntax", 2),
        ("1 = pulldata('x')", "unknown_function", 5),
        ("not()", "arity", 1),
        ("if(1, 2)", "arity", 1),
        ("selected('a', 'b', 'c')", "arity", 1),
        ("regex(., '(a+)+b')", "regex_unsafe", 1),
        ("regex(., ${p})", "regex_unsafe", 1),
    ],
)
def test_a_fault_is_named_at_its_place(said: str, code: str, position: int) -> None:
    faults = read(said).faults
    assert [(fault.code, fault.position) for fault in faults][:1] == [(code, position)]


def test_all_unknown_functions_of_an_expression_are_said_at_once() -> None:
    found = read("pulldata('a') + once(2) + indexed-repeat(3)")
    assert [fault.position for fault in found.faults] == [1, 17, 27]
    assert found.tree is not None


def test_length_and_depth_are_bounded() -> None:
    assert read("(" * DEEPEST + "1" + ")" * DEEPEST).tree is not None
    assert read("(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1)).tree is None
    assert read("1" + "+1" * 1_999).tree is not None
    assert worth("1" + "+1" * 1_999) == 2000.0
    assert read("-" * (MOST_LETTERS - 1) + "1").tree is not None
    assert read("1" * (MOST_LETTERS + 1)).faults[0].code == "expression_syntax"


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|aa)*", "(a*)*b", "a?" * 40 + "a" * 40, "(.*a){25}", "a*a*a*a*b", r"(a)\1", "(?=a)a",
                "x" * 201, "[", "(" * 60 + "a" + "+)" * 60]
)  # fmt: skip
def test_a_pattern_that_could_keep_a_processor_busy_is_refused(pattern: str) -> None:
    assert why_unsafe(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(\+33|0)[1-9]( ?\d{2}){4}", r"[a-z]+@[a-z.]+\.[a-z]{2,6}", "[0-9]{5}", "", ".*", "oui|non"]
)
def test_a_pattern_of_everyday_is_accepted(pattern: str) -> None:
    assert not why_unsafe(pattern)


def test_an_accepted_pattern_ends_soon_on_the_worst_answer() -> None:
    start = time.process_time()
    for pattern in (".*.*.*b", r"[a-z]+@[a-z.]+\.[a-z]{2,6}", r"(\+33|0)[1-9]( ?\d{2}){4}"):
        assert not why_unsafe(pattern)
        assert not truth(worth(f"regex(., '{pattern}')", own="a" * 200))
    assert not truth(worth("regex(., 'a*')", own="a" * 201))  # a longer answer matches nothing
    assert time.process_time() - start < 2


# --- properties --------------------------------------------------------------------------------------------------

TEXTS = st.text("abc019 .-:'éœ\n", max_size=8).filter(lambda said: "'" not in said or '"' not in said)
NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(float), st.floats(-1e6, 1e6, allow_nan=False).map(lambda one: round(one, 3))
)


def spelled(one: str | float) -> str:
    if isinstance(one, str):
        return f'"{one}"' if "'" in one else f"'{one}'"
    return text(one) if one >= 0 else f"({text(one)})"


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["or", "and", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "div", "mod"])
    names = st.sampled_from([name for name in FUNCTIONS if name != "regex"])
    calls = st.tuples(names, st.lists(inner, min_size=4, max_size=4)).map(
        lambda said: f"{said[0]}({', '.join(said[1][: min(4, FUNCTIONS[said[0]][1])])})"
    )
    return st.one_of(
        st.tuples(inner, signs, inner).map(lambda said: f"({said[0]} {said[1]} {said[2]})"),
        inner.map(lambda said: f"-({said})"),
        calls,
    )


ATOMS = st.one_of(
    NUMBERS.map(spelled), TEXTS.map(spelled), st.sampled_from(["${a}", "${b}", ".", "today()", "now()", "true()"])
)
TREES = st.recursive(ATOMS, _grown, max_leaves=8)
"""Any expression our grammar accepts, over two references."""


@given(TREES, TEXTS, TEXTS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_accepted_has_a_value(said: str, one: str, two: str) -> None:
    value = worth(said, own=two, a=one, b=two)
    assert isinstance(value, str | float | bool)
    assert isinstance(text(value), str)
    assert worth(said, own=two, a=one, b=two) == value or value != value


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_reading_never_fails_and_a_fault_stands_in_the_text(said: str) -> None:
    found = read(said)
    assert (found.tree is None) <= bool(found.faults)
    assert all(1 <= fault.position <= len(said) + 1 for fault in found.faults)


@given(NUMBERS)
def test_a_number_survives_its_text(one: float) -> None:
    assert Scene({}, NOW, PARIS).number(text(one)) == one


# --- a second opinion --------------------------------------------------------------------------------------------

EMPTY = etree.Element("vide")
SIGNS = ["=", "!=", "<", "<=", ">", ">="]


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda said: f"({' '.join(said)})")


def called(name: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda said: f"{name}({', '.join(said)})")


@cache
def shared(kind: str, depth: int) -> st.SearchStrategy[str]:
    """Expressions that mean the same in XPath 1.0: no order between texts, no date, no name of ours."""
    number = NUMBERS.map(spelled)
    words = st.text("abcé ", max_size=6).map(spelled)  # nothing that counts as a date
    if not depth:
        return {"number": number, "text": words, "truth": st.sampled_from(["true()", "false()"])}[kind]
    numbers, texts, truths = (shared(one, depth - 1) for one in ("number", "text", "truth"))
    if kind == "number":
        return st.one_of(
            number,
            joined(numbers, st.sampled_from(["+", "-", "*"]), numbers),
            # never by zero: ours is NaN, theirs infinity, as asserted below
            joined(numbers, st.sampled_from(["div", "mod"]), NUMBERS.filter(bool).map(spelled)),
            numbers.map(lambda one: f"-{one}"),
            called("round", numbers),
            called("string-length", texts),
            called("number", st.one_of(texts, numbers)),
        )
    if kind == "text":
        return st.one_of(words, called("concat", texts, texts), called("string", texts))
    return st.one_of(
        joined(numbers, st.sampled_from(SIGNS), numbers),
        joined(st.one_of(texts, numbers), st.sampled_from(["=", "!="]), st.one_of(texts, numbers, truths)),
        joined(truths, st.sampled_from(["and", "or"]), truths),
        called("not", st.one_of(truths, texts, numbers)),
        called("contains", texts, texts),
        called("starts-with", texts, texts),
    )


@given(st.one_of(shared("number", 3), shared("text", 2), shared("truth", 3)))
@settings(max_examples=300, deadline=None)
def test_libxml2_agrees_where_the_two_must(said: str) -> None:
    theirs = etree.XPath(said)(EMPTY)
    ours = worth(said)
    if isinstance(theirs, bool):
        assert ours is theirs, said
    elif isinstance(theirs, str):
        assert ours == theirs, said
    elif math.isnan(theirs):
        assert isinstance(ours, float), said
        assert math.isnan(ours), said
    else:
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9), said


@pytest.mark.parametrize(
    ("said", "xpath", "ours"),
    [
        ("'2026-07-20' > '2026-07-01'", False, True),  # dates count as days
        ("'18:30' > '09:00'", False, True),  # hours too
        ("1 div 0 > 5", True, False),  # infinity, there
        ("1 div 0 = 1 div 0", True, False),
    ],
)
def test_where_we_differ_from_xpath_is_known(said: str, xpath: bool, ours: bool) -> None:
    assert etree.XPath(said)(EMPTY) is xpath
    assert worth(said) is ours


def test_an_empty_node_is_true_in_xpath_and_an_empty_answer_is_not_here() -> None:
    form = etree.fromstring("<form><temp/></form>")
    assert etree.XPath("boolean(temp)")(form) is True
    assert truth(worth("${temp}")) is False
    assert etree.XPath("not(temp)")(form) is False
    assert worth("not(${temp})") is True
