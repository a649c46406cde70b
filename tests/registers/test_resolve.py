"""Grouping under constraints: whatever the order, no constraint is broken, and ids stay."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given, settings, strategies as st

from entremise.registers.engine.incremental import seeds, settle
from entremise.registers.engine.resolve import assign, group, may_be_one

BIRTHS = st.sampled_from([None, "19400101", "19400112", "19650714", "19380312", "19381203"])


@st.composite
def graphs(draw):
    size = draw(st.integers(2, 9))
    births = {n: draw(BIRTHS) for n in range(size)}
    ends = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] != pair[1])
    pairs = draw(st.lists(ends, max_size=14, unique_by=lambda pair: frozenset(pair)))
    edges = [(float(draw(st.integers(0, 30))), *pair) for pair in pairs]
    must = draw(st.lists(ends, max_size=2, unique_by=lambda pair: frozenset(pair)))
    taken = {frozenset(pair) for pair in must}
    cannot = [pair for pair in draw(st.lists(ends, max_size=3)) if frozenset(pair) not in taken]
    known = {n: f"p{draw(st.integers(0, 3))}" for n in range(size) if draw(st.booleans())}
    return births, edges, must, cannot, known


@settings(max_examples=600)
@given(graphs(), st.randoms(use_true_random=False))
def test_grouping_does_not_depend_on_the_order_of_edges_nor_of_their_ends(graph, chance):
    births, edges, must, cannot, known = graph
    usual = group(births, edges, must, cannot, known=known)
    turned = [(w, b, a) if chance.random() < 0.5 else (w, a, b) for w, a, b in edges]
    chance.shuffle(turned)
    other = group(births, turned, [pair[::-1] for pair in must], cannot[::-1], known=known)
    assert usual[0] == other[0]
    assert sorted(map(str, usual[1])) == sorted(map(str, other[1]))


@settings(max_examples=600)
@given(graphs())
def test_no_group_breaks_a_constraint(graph):
    births, edges, must, cannot, known = graph
    root, refused = group(births, edges, must, cannot, known=known)
    for a, b in cannot:
        assert root[a] != root[b]
    told = {frozenset((a, b)) for why, _, a, b in refused if why == "contradictory_decisions"}
    for a, b in must:
        assert root[a] == root[b] or frozenset((a, b)) in told
    groups = defaultdict(list)
    for record, at in root.items():
        groups[at].append(record)
    joined = {frozenset(pair) for pair in must}
    for members in groups.values():
        if any(frozenset(pair) in joined for pair in itertools.combinations(members, 2)):
            continue  # a human joined them
        assert all(may_be_one(births[a], births[b]) for a, b in itertools.combinations(members, 2))
        assert len({known[one] for one in members if one in known}) <= 1


def test_a_dateless_record_between_father_and_son_joins_neither():
    births = {1: "19400504", 2: "19700921", 3: None}
    root, refused = group(births, [(14.0, 1, 3), (13.0, 2, 3)])
    assert len(set(root.values())) == 3
    assert {why for why, *_ in refused} == {"torn"}


def test_a_much_heavier_tie_decides_for_the_dateless_record():
    root, _ = group({1: "19400504", 2: "19700921", 3: None}, [(25.0, 1, 3), (10.0, 2, 3)])
    assert root[1] == root[3] != root[2]


def test_two_known_persons_are_only_proposed():
    root, refused = group({1: None, 2: None}, [(30.0, 1, 2)], known={1: "a", 2: "b"})
    assert root[1] != root[2]
    assert refused == [("two_known_persons", 30.0, 1, 2)]


def test_contradictory_decisions_are_told_and_the_first_ones_hold():
    root, refused = group({1: None, 2: None, 3: None}, [], must=[(1, 2), (2, 3)], cannot=[(1, 3)])
    assert root[1] == root[2] != root[3]
    assert refused == [("contradictory_decisions", None, 2, 3)]


def test_a_run_without_news_changes_no_id():
    known = {1: "a", 2: "a", 3: "b"}
    owner, absorbed, split, _ = settle(dict.fromkeys(known), [(9.0, 1, 2)], known, iter("xyz").__next__)
    assert (owner, absorbed, split) == (known, {}, [])


def test_a_new_record_joins_the_person_and_others_are_born():
    owner, _, _, _ = settle(dict.fromkeys([1, 2, 3, 4]), [(9.0, 3, 1)], {1: "a", 2: "b"}, iter("xyz").__next__)
    assert owner == {1: "a", 2: "b", 3: "a", 4: "x"}


def test_a_human_merge_names_the_person_absorbed_and_a_split_keeps_the_id_on_the_larger_part():
    assert assign({1: 1, 2: 1, 3: 1}, {1: "a", 2: "a", 3: "b"}, iter("x").__next__)[1] == {"b": "a"}
    owner, _, split = assign({1: 1, 2: 1, 3: 3}, dict.fromkeys([1, 2, 3], "a"), iter("x").__next__)
    assert (owner, split) == ({1: "a", 2: "a", 3: "x"}, ["a"])


def test_seeds_hold_each_known_person_together():
    assert seeds({3: "a", 1: "a", 2: "b", 7: "a"}) == [(1, 3), (1, 7)]
