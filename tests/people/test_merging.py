"""Two identities found to be one person: said by an alias, undone in any order, never a knot, no word lost."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra.django import TestCase

from entremise.audit.models import Entry
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import queries, registry, usecases
from entremise.people.models import Objection, Person, PersonAlias
from entremise.vault import queries as facts
from tests.mutualaid.test_races import at_once, words

MACHINE = Actor.machine("essais")


def persons(count):
    return [person.pk for person in Person.objects.bulk_create(Person() for _ in range(count))]


def merge(absorbed, kept, **more):
    return usecases.merge_persons(MACHINE, absorbed=absorbed, kept=kept, **more)


def objects(person, purpose="outreach.call"):
    return purpose in facts.stances_of(person)["objection"]


@pytest.mark.django_db
def test_who_is_absorbed_is_read_as_the_other_until_it_is_restored():
    a, b, c = persons(3)
    event = merge(a, b, registers=["apa", "canicule"], request="h6k")
    assert queries.current([a, b, c]) == {a: b, b: b, c: c}
    assert queries.together(a) == queries.together(b) == {a, b}
    with pytest.raises(usecases.AlreadyTogether):
        merge(b, a)
    (sides,) = usecases.restore_merge(MACHINE, event=event)
    assert (sides.apart, sides.others) == ({a}, {b})
    assert queries.current([a, b]) == {a: a, b: b}
    assert PersonAlias.objects.get().cause == "restored"
    said = list(Entry.objects.order_by("seq").values_list("action", flat=True))
    assert said == ["people.person.merged", "people.person.restored"]
    with pytest.raises(usecases.MergeNotLast):
        usecases.restore_merge(MACHINE, event=event)
    with pytest.raises(NotFound):
        usecases.restore_merge(MACHINE, event=uuid4())


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_chained_merges_are_restored_in_any_order(order):
    a, b, c = persons(3)
    events = [merge(a, b), merge(b, c)]
    assert queries.current([a]) == {a: c}
    usecases.restore_merge(MACHINE, event=events[order[0]])
    left = {0: {a: a, b: c, c: c}, 1: {a: b, b: b, c: c}}[order[0]]
    assert queries.current([a, b, c]) == left
    usecases.restore_merge(MACHINE, event=events[order[1]])
    assert queries.current([a, b, c]) == {a: a, b: b, c: c}


@pytest.mark.django_db
def test_a_later_act_about_the_same_persons_is_undone_first():
    a, b, c = persons(3)
    first = merge(a, b)
    later = merge(a, c)  # said of a and c: without a, nothing says that b and c are one
    assert queries.current([a, b]) == {a: c, b: c}
    with pytest.raises(usecases.MergeNotLast) as refusal:
        usecases.restore_merge(MACHINE, event=first)
    assert str(later) in refusal.value.message
    usecases.restore_merge(MACHINE, event=later)
    usecases.restore_merge(MACHINE, event=first)
    assert queries.current([a, b, c]) == {a: a, b: b, c: c}


@pytest.mark.django_db
def test_an_objection_said_on_either_side_holds_on_both_and_after_a_restoration():
    a, b, c = persons(3)
    agent = Actor(7, "Camille", "phone", frozenset({"caller"}))
    usecases.record_objection(agent, person=a, purpose="outreach.call")
    usecases.record_consent(agent, person=b, purpose="mutualaid.contact", answer="yes", text_version="v1")
    event = merge(a, b)
    assert objects(b)
    assert "mutualaid.contact" not in facts.stances_of(a)["consent"]
    merge(b, c)
    assert objects(c)
    usecases.record_objection(agent, person=c, purpose="registers.target")
    assert all(objects(who, "registers.target") for who in (a, b, c))
    usecases.restore_merge(MACHINE, event=event)
    assert all(objects(who) and objects(who, "registers.target") for who in (a, b, c))
    assert set(Objection.objects.filter(person=b).values_list("source", flat=True)) == {"united"}


@pytest.mark.django_db
def test_an_objection_taken_back_falls_where_it_was_only_echoed():
    a, b = persons(2)
    agent = Actor(7, "Camille", "counter", frozenset({"desk"}), mfa=True, fresh_mfa=True)
    usecases.record_objection(agent, person=a, purpose="outreach.call")
    usecases.record_objection(agent, person=b, purpose="registers.target")
    merge(a, b)
    usecases.withdraw_objection(agent, person=a, purpose="outreach.call")
    assert not objects(a)
    assert not objects(b)
    usecases.withdraw_objection(agent, person=a, purpose="registers.target")
    assert objects(b, "registers.target"), "b said it, in another file: only b takes it back"


@pytest.mark.django_db
def test_following_aliases_costs_the_same_for_one_and_for_many():
    first = persons(3)
    merge(first[0], first[1])
    merge(first[1], first[2])
    counts = []
    for many in (first[:1], [*first, *persons(60)]):
        with CaptureQueriesContext(connection) as asked:
            queries.current(many)
        counts.append(len(asked))
    assert max(counts) <= 3
    others = persons(40)
    usecases.merge_many(MACHINE, merges=[usecases.Merge(one, first[2]) for one in others])
    with CaptureQueriesContext(connection) as asked:
        assert len(queries.together(first[0])) == 43
    assert len(asked) <= 6


@pytest.mark.django_db
def test_a_run_unites_many_in_a_flat_number_of_queries_and_one_trace():
    counts = []
    for size in (4, 40):
        kept, *others = persons(size)
        with CaptureQueriesContext(connection) as asked:
            usecases.merge_many(MACHINE, merges=[usecases.Merge(one, kept) for one in others])
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert Entry.objects.filter(action="people.persons.merged").count() == 2


@pytest.mark.django_db
def test_ten_merges_one_upon_the_other_and_not_eleven():
    chain = persons(12)
    for one, other in zip(chain[:10], chain[1:11], strict=True):
        merge(one, other)
    assert queries.current([chain[0]]) == {chain[0]: chain[10]}
    with pytest.raises(usecases.MergeTooDeep):
        merge(chain[10], chain[11])


@pytest.mark.django_db
def test_who_is_told_apart_leaves_the_others_united():
    head, *others = persons(5)
    event = merge(others[0], head)
    for one in others[1:]:
        merge(one, head)
    sides = usecases.split_person(MACHINE, person=head, leaving=[others[0]])
    assert sides.apart == {head, others[0]}
    assert queries.together(head) == {head, others[0]}
    assert queries.together(others[3]) == set(others[1:])
    usecases.restore_merge(MACHINE, event=event)
    assert queries.together(head) == {head}
    with pytest.raises(NotFound):
        usecases.split_person(MACHINE, person=head)


@pytest.mark.django_db
def test_a_request_that_ended_leaves_no_alias_between_its_registers_and_keeps_those_inside_one():
    a, b, c, d = persons(4)
    merge(a, b, request="fini", registers=["apa", "canicule"])
    merge(a, c, request="fini", registers=["apa"])  # held through b: said of a and c
    merge(d, c, request="encore", registers=["apa", "canicule"])
    both = ["apa", "canicule"]
    assert usecases.lapse_merges(MACHINE, live={"encore": ["apa", "pcs"], "neuf": both}) == 0, "renewed by another"
    assert usecases.lapse_merges(MACHINE, live={"encore": ["apa", "pcs"]}) == 1
    assert queries.together(b) == {b}
    assert queries.together(a) == {a, c, d}
    assert usecases.lapse_merges(MACHINE, live={"encore": ["apa", "pcs"]}) == 0


@pytest.mark.django_db
def test_only_those_who_keep_registers_unite_persons():
    a, b = persons(2)
    for roles, allowed in ((("caller",), False), (("keeper",), True)):
        who = Actor(7, "Camille", "web", frozenset(roles))
        if allowed:
            usecases.merge_persons(who, absorbed=a, kept=b)
        else:
            with pytest.raises(NotAllowed):
                usecases.merge_persons(who, absorbed=a, kept=b)


@pytest.mark.django_db
def test_whoever_asked_is_told_once_for_each_act(monkeypatch):
    heard = []
    monkeypatch.setattr(registry, "_told", [])
    registry.on_merged(heard.append)
    a, b, c = persons(3)
    event = uuid4()
    usecases.merge_many(MACHINE, merges=[usecases.Merge(a, c), usecases.Merge(b, c)], event=event)
    usecases.restore_merge(MACHINE, event=event)
    assert [[(one.absorbed, one.together) for one in act] for act in heard] == [
        [(a, True), (b, True)],
        [(a, False), (b, False)],
    ]


def undo(event) -> bool:
    try:
        usecases.restore_merge(MACHINE, event=event)
    except usecases.MergeNotLast:
        return False
    return True


class Histories(TestCase):
    databases = "__all__"

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(acts=st.lists(st.tuples(st.sampled_from("mmmrs"), st.integers(0, 5), st.integers(0, 5)), max_size=12))
    def test_whatever_the_history_everybody_has_one_head_and_all_can_be_undone(self, acts):
        """Merges, restorations and splits in any order: a forest, and each open act still holds those it is about."""
        who, events = persons(6), []
        for verb, one, other in acts:
            try:
                if verb == "m" and one != other:
                    events.append(merge(who[one], who[other]))
                elif verb == "r" and events:
                    usecases.restore_merge(MACHINE, event=events[one % len(events)])
                elif verb == "s":
                    usecases.split_person(MACHINE, person=who[one], leaving=[who[other]])
            except (usecases.AlreadyTogether, usecases.MergeNotLast, usecases.MergeTooDeep, NotFound):
                continue
            heads = queries.current(who)
            assert all(heads[head] == head for head in heads.values())
            for row in PersonAlias.objects.filter(closed_at=None):
                assert heads[row.said_absorbed] == heads[row.said_kept]
                assert queries.together(row.absorbed_id) == {p for p in who if heads[p] == heads[row.absorbed_id]}
        whole = set(PersonAlias.objects.filter(closed_at=None).values_list("event", flat=True))
        whole -= set(PersonAlias.objects.exclude(closed_at=None).values_list("event", flat=True))
        while whole:  # some act can always be undone: the one that no other leans on
            undone = {event for event in whole if undo(event)}
            assert undone
            whole -= undone


@pytest.mark.django_db(transaction=True)
def test_two_who_unite_the_same_persons_both_ways_at_once_make_one_alias_and_no_knot():
    a, b, c = persons(3)
    told = at_once([lambda: merge(a, b), lambda: merge(b, a), lambda: merge(b, c), lambda: merge(c, a)])
    assert words(told) == {"done": 2, "already_together": 2}
    heads = queries.current([a, b, c])
    assert len(set(heads.values())) == 1
    assert PersonAlias.objects.filter(closed_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_objection_said_during_a_merge_holds_on_both_sides():
    a, b = persons(2)
    agent = Actor(7, "Camille", "phone", frozenset({"caller"}))
    at_once(
        [
            lambda: merge(a, b),
            lambda: usecases.record_objection(agent, person=a, purpose="outreach.call"),
        ]
    )
    assert objects(a)
    assert objects(b)
