"""The rules of reading, without a database: when an answer decides, what the two columns show."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from entremise.registers.engine.explain import Step
from entremise.registers.engine.reading import bars, compare, in_short, marked, rank_of, settle, twice

TODAY = date(2026, 11, 24)


def one_reader(answer):
    return False


def two_readers(answer):
    return True


def only_to_join(answer):
    return answer == "same"


@pytest.mark.parametrize(
    ("answers", "two", "deed"),
    [
        (["same"], one_reader, "accept"),
        (["different"], one_reader, "refuse"),
        (["unsure"], one_reader, "wait"),
        (["unsure", "unsure"], one_reader, "wait"),
        (["unsure", "unsure", "unsure"], one_reader, "doubt"),
        (["unsure", "same"], one_reader, "accept"),
        (["same"], only_to_join, "pass_on"),
        (["different"], only_to_join, "refuse"),
        (["same", "different"], only_to_join, "pass_on"),
        (["same", "same"], only_to_join, "accept"),
        (["same", "different", "same"], only_to_join, "accept"),
        (["same", "different", "different"], only_to_join, "refuse"),
        (["same", "different", "unsure"], two_readers, "doubt"),
        (["different"], two_readers, "pass_on"),
        (["different", "different"], two_readers, "refuse"),
    ],
)
def test_what_answers_do(answers, two, deed):
    assert settle(answers, two) == deed


@given(st.lists(st.sampled_from(["same", "different", "unsure"]), min_size=1, max_size=6))
def test_nobody_joins_against_as_many_who_say_different(answers):
    assert settle(answers, only_to_join) != "accept" or answers.count("same") > max(1, answers.count("different"))


@given(st.uuids(), st.uuids())
def test_a_pair_is_always_or_never_read_twice(left, right):
    assert twice(left, right) == twice(str(left), str(right))


def test_about_one_control_pair_in_ten_is_read_twice():
    assert 60 < sum(twice(n, n + 1) for n in range(1000)) < 140


def test_the_order_of_the_queue():
    order = [
        rank_of([], "two_known_persons"),
        rank_of(["given_differs"]),
        rank_of([]),
        rank_of([], distance=4.0),
        rank_of([], distance=9.0),
        rank_of(["birth_differs"]),
    ]
    assert order == sorted(set(order))
    assert rank_of([], "contradictory_decisions") == order[0]
    assert rank_of([], "torn") == rank_of(["sex_differs"]) == rank_of(["given_differs", "sex_differs"]) == order[-1]


def lines(left, right):
    return {row.label: row for row in compare(left, right, today=TODAY)}


def test_two_ways_of_writing_one_thing_are_the_same():
    left = {"names": "LE GOFF, Jeannine", "birth_date": "12 mars 1938", "phone": "06.39.98.00.01"}
    right = {"first_name": "Jeannine", "last_name": "Legoff", "birth_date": "1938-03-12", "phone": "+33639980001"}
    found = lines(left, right)
    assert {label: row.state for label, row in found.items()} == {
        "Prénom": "same", "Nom": "same", "Naissance": "same", "Téléphone": "same",
    }  # fmt: skip
    assert (found["Naissance"].left.raw, found["Naissance"].left.prepared) == ("12 mars 1938", "12/03/1938")
    assert found["Téléphone"].right.raw == "06 39 98 00 01"


def test_a_name_in_common_is_neither_the_same_nor_different():
    found = lines({"names": "DUPONT née LE GOFF, Anne"}, {"names": "LEGOFF, Anne"})
    assert found["Nom"].state == "partly"


def test_what_one_side_lacks_is_missing_and_what_both_lack_is_not_shown():
    found = lines({"names": "FICTION, Anne", "birth_date": "1938-03-12"}, {"names": "FICTION, Anne", "birth_date": ""})
    assert found["Naissance"].state == "missing"
    assert "Téléphone" not in found


def test_what_cannot_be_read_is_shown_as_written_and_not_compared():
    row = lines({"birth_date": "inconnue"}, {"birth_date": "1938-03-12"})["Naissance"]
    assert (row.state, row.left.raw, row.left.pieces) == ("missing", "inconnue", ())


@given(st.text(max_size=30), st.text(max_size=30))
def test_marks_lose_no_letter_and_the_rest_is_common(one, other):
    left, right = marked(one, other)
    assert "".join(piece.text for piece in left) == one
    assert "".join(piece.text for piece in right) == other
    if one and one == other:
        assert not any(piece.marked for piece in (*left, *right))


CELLS = st.dictionaries(
    st.sampled_from(
        ["names", "names~", "first_name", "last_name", "birth_date", "phone", "phone~", "email", "address"]
    ),
    st.text(max_size=40),
)


@given(CELLS, CELLS)
def test_no_text_breaks_the_page(left, right):
    for row in compare(left, right, today=TODAY):
        assert row.left.raw or row.right.raw
    in_short(left, today=TODAY)


def test_the_bars_start_where_the_one_before_ended_and_stay_in_the_drawing():
    steps = [Step("avant de comparer", -16, 0, -16), Step("prénom\u00a0: même prénom", 30, -16, 14),
             Step("naissance\u00a0: différente", -6, 14, 8), Step("total", 8, 0, 8)]  # fmt: skip
    drawn, zero, height = bars(steps)
    assert [bar.label for bar in drawn] == ["avant de comparer", "même prénom", "différente", "total"]
    assert drawn[0].x == drawn[1].x == 0
    assert drawn[1].x + drawn[1].width == pytest.approx(drawn[2].x + drawn[2].width, abs=0.2) == pytest.approx(320)
    assert drawn[3].x == zero
    assert [bar.said for bar in drawn] == ["−16,0", "+30,0", "−6,0", "+8,0"]
    assert [bar.effect for bar in drawn][:3] == ["sépare fortement", "rapproche fortement", "sépare fortement"]
    assert height == 4 * 38
