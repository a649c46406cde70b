"""Reading doubtful pairs: who may, who decides, what is undone. The accidents of reference linkage § 20 (6 to 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.people.queries import current, together
from entremise.people.usecases import MergeNotLast, merge_persons, restore_merge
from entremise.registers import usecases
from entremise.registers.engine.reading import twice
from entremise.registers.models import CallQuestion, Decision, Move, Pair, Reading
from entremise.registers.queries import proof
from entremise.registers.usecases.review.refusals import TooLate
from entremise.vault import usecases as vault
from tests.accounts.factories import agent
from tests.registers.reviewing import FILE, LEGAL, Review, person_of, record
from tests.vault.granting import proved

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return Review()


def one_person(pair):
    ends = current([person_of(pair.left), person_of(pair.right)])
    return len(set(ends.values())) == 1


def test_same_joins_and_different_keeps_apart_for_every_later_run(desk):
    joined, apart = desk.pair(), desk.pair()
    assert desk.says(desk.mehdi, joined, "same").deed == "accept"
    assert desk.says(desk.mehdi, apart, "different", "same_household").deed == "refuse"
    assert one_person(joined)
    assert not one_person(apart)
    must, cannot = Decision.objects.order_by("pk")
    assert (must.verdict, must.author, must.second_reader, must.state) == ("must", desk.mehdi.user_id, None, "open")
    assert (cannot.verdict, cannot.reason) == ("cannot", "same_household")
    move = Move.objects.get()
    assert (move.together, move.cause, move.decision) == (True, "decision", must)
    assert Pair.objects.get(pk=joined.pk).state == "accepted"


def test_only_the_one_who_holds_the_pair_answers_and_an_old_page_changes_nothing(desk):
    pair = desk.pair()
    held = usecases.claim_pair(desk.mehdi, pair=pair)
    with pytest.raises(usecases.PairNotHeld):
        usecases.claim_pair(desk.ines, pair=Pair.objects.get(pk=pair.pk))
    with pytest.raises(usecases.PairNotHeld):
        usecases.decide_pair(desk.ines, pair=pair, answer="same", token=held.token)
    Pair.objects.filter(pk=pair.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    taken = usecases.claim_pair(desk.ines, pair=Pair.objects.get(pk=pair.pk))
    with pytest.raises(usecases.PairNotHeld):
        usecases.decide_pair(desk.mehdi, pair=pair, answer="same", token=held.token)
    usecases.decide_pair(desk.ines, pair=taken, answer="different", token=taken.token)
    with pytest.raises(usecases.PairAlreadyDecided):
        usecases.decide_pair(desk.mehdi, pair=pair, answer="same", token=held.token)
    assert Reading.objects.count() == 1
    assert not Move.objects.exists()


def test_a_late_answer_still_counts_when_nobody_took_the_pair_meanwhile(desk):
    pair = desk.pair()
    held = usecases.claim_pair(desk.mehdi, pair=pair)
    Pair.objects.filter(pk=pair.pk).update(lease_until=clock.now() - timedelta(hours=2))
    assert usecases.decide_pair(desk.mehdi, pair=held, answer="different", token=held.token).deed == "refuse"


def test_under_a_guard_joining_needs_a_reason_and_a_second_human(desk):
    pair = desk.pair(guards=["sex_differs"])
    held = usecases.claim_pair(desk.mehdi, pair=pair)
    with pytest.raises(ValidationError) as wrong:
        usecases.decide_pair(desk.mehdi, pair=held, answer="same", token=held.token)
    assert "reason" in wrong.value.message_dict
    with pytest.raises(ValidationError):
        usecases.decide_pair(desk.mehdi, pair=held, answer="same", reason="twins", token=held.token)
    done = usecases.decide_pair(desk.mehdi, pair=held, answer="same", reason="same_document", token=held.token)
    assert done.deed == "pass_on"
    assert not one_person(pair)
    assert not Decision.objects.exists()
    # neither the same reader, nor the same human under another account, nor whoever asked for the linkage
    with pytest.raises(usecases.SecondReaderRequired):
        desk.says(desk.mehdi, pair, "same", "same_document")
    other = agent("keeper", label=User.objects.get(pk=desk.mehdi.user_id).label)
    with pytest.raises(usecases.SecondReaderRequired):
        desk.says(proved(other), pair, "same", "same_document")
    with pytest.raises(usecases.SecondReaderRequired):
        desk.says(desk.rose, pair, "same", "same_document")
    assert desk.says(desk.ines, pair, "same", "same_person_known").deed == "accept"
    row = Decision.objects.get()
    assert (row.author, row.second_reader) == (desk.mehdi.user_id, desk.ines.user_id)
    assert one_person(pair)


def test_saying_different_under_a_guard_is_decided_by_one(desk):
    assert desk.says(desk.mehdi, desk.pair(guards=["twins_possible"]), "different", "twins").deed == "refuse"


def test_two_known_persons_are_joined_by_two_humans_only(desk):
    pair = desk.pair(refusal="two_known_persons", rank=1)
    assert desk.says(desk.mehdi, pair, "same").deed == "pass_on"
    assert desk.says(desk.ines, pair, "same").deed == "accept"


def test_readers_who_disagree_wait_for_a_third(desk):
    pair = desk.pair(guards=["given_differs"])
    assert desk.says(desk.mehdi, pair, "same", "other").deed == "pass_on"
    assert desk.says(desk.ines, pair, "different").deed == "pass_on"
    assert not Decision.objects.exists()
    third = proved(agent("keeper"))
    assert desk.says(third, pair, "different").deed == "refuse"
    assert Decision.objects.get().verdict == "cannot"


def test_three_doubts_leave_a_question_for_the_next_call_and_nothing_else(desk):
    pair = desk.pair()
    assert desk.says(desk.rose, pair, "unsure", "not_enough_information").deed == "wait"
    assert desk.says(desk.mehdi, pair, "unsure").deed == "wait"
    assert desk.says(desk.ines, pair, "unsure").deed == "doubt"
    assert Pair.objects.get(pk=pair.pk).state == "unsure"
    asked = {person_of(pair.left), person_of(pair.right)}
    assert set(CallQuestion.objects.filter(state="open").values_list("person", flat=True)) == asked
    assert not Decision.objects.exists()


def test_where_nobody_else_could_read_one_doubt_is_enough(desk):
    User.objects.filter(pk__in=[desk.rose.user_id, desk.ines.user_id]).update(is_active=False)
    assert desk.says(desk.mehdi, desk.pair(), "unsure").deed == "doubt"


def test_a_contradiction_is_refused_and_the_triangle_is_told(desk):
    a, b, c = record(LEGAL), record(FILE), record(FILE)
    desk.says(desk.mehdi, desk.pair(a, b), "same")
    desk.says(desk.mehdi, desk.pair(b, c), "different")
    last = desk.pair(a, c)
    with pytest.raises(usecases.ContradictoryDecisions) as refusal:
        desk.says(desk.ines, last, "same")
    told = {(one.verdict, frozenset((one.left, one.right))) for one in refusal.value.decisions}
    assert told == {("must", frozenset((a, b))), ("cannot", frozenset((b, c)))}
    assert "restent en vigueur" in refusal.value.message
    assert Decision.objects.count() == 2
    assert desk.says(desk.ines, last, "different").deed == "refuse"


def test_what_decisions_make_one_person_is_not_said_to_be_two(desk):
    a, b, c = record(LEGAL), record(FILE), record(LEGAL)
    desk.says(desk.mehdi, desk.pair(a, b), "same")
    desk.says(desk.mehdi, desk.pair(b, c), "same")
    with pytest.raises(usecases.ContradictoryDecisions) as refusal:
        desk.says(desk.ines, desk.pair(a, c), "different")
    assert len(refusal.value.decisions) == 2


def test_an_answer_taken_back_undoes_what_it_did_and_leaves_both_traces(desk):
    pair = desk.pair()
    done = desk.says(desk.mehdi, pair, "same")
    assert one_person(pair)
    usecases.undo_reading(desk.mehdi, reading=done.reading)
    assert not one_person(pair)
    pair.refresh_from_db()
    assert pair.state == "to_review"
    row = Decision.objects.get()
    assert (row.state, row.revoked_by) == ("revoked", desk.mehdi.user_id)
    assert Reading.objects.get().undone_at is not None
    assert list(Move.objects.order_by("pk").values_list("together", "cause")) == [(True, "decision"), (False, "undo")]
    with pytest.raises(IllegalTransition):
        usecases.undo_reading(desk.mehdi, reading=done.reading)
    assert desk.says(desk.mehdi, pair, "different").deed == "refuse"


def test_an_hour_later_or_after_another_answer_nobody_takes_back_alone(desk):
    pair = desk.pair(guards=["given_differs"])
    first = desk.says(desk.mehdi, pair, "same", "other").reading
    desk.says(desk.ines, pair, "same", "other")
    with pytest.raises(TooLate):
        usecases.undo_reading(desk.mehdi, reading=first)
    alone = desk.says(desk.ines, desk.pair(), "same").reading
    Reading.objects.filter(pk=alone.pk).update(at=clock.now() - timedelta(hours=1, seconds=1))
    alone.refresh_from_db()
    with pytest.raises(TooLate):
        usecases.undo_reading(desk.ines, reading=alone)


def test_the_second_reader_who_takes_back_leaves_the_first_answer_waiting(desk):
    pair = desk.pair(guards=["given_differs"])
    desk.says(desk.mehdi, pair, "same", "other")
    second = desk.says(desk.ines, pair, "same", "other").reading
    usecases.undo_reading(desk.ines, reading=second)
    pair.refresh_from_db()
    assert pair.state == "second"
    assert not one_person(pair)


def test_a_reunion_is_separated_by_two_persons_and_no_run_makes_it_again(desk):
    pair = desk.pair()
    desk.says(desk.mehdi, pair, "same")
    Reading.objects.update(at=clock.now() - timedelta(days=3))
    pair.refresh_from_db()
    with pytest.raises(usecases.SecondReaderRequired):
        usecases.undo_decision(desk.mehdi, decision=Decision.objects.get())
    with pytest.raises(ValidationError):
        usecases.ask_separation(desk.mehdi, pair=pair, reason="same_document")
    usecases.ask_separation(desk.mehdi, pair=pair, reason="parent_child")
    assert one_person(pair)
    pair.refresh_from_db()
    assert (pair.state, pair.rank) == ("second", 0)
    with pytest.raises(usecases.SecondReaderRequired):
        desk.says(desk.mehdi, pair, "different")
    assert desk.says(desk.ines, pair, "different").deed == "refuse"
    assert not one_person(pair)
    must, cannot = Decision.objects.order_by("pk")
    assert (must.state, cannot.verdict, cannot.state) == ("revoked", "cannot", "open")
    assert (cannot.author, cannot.second_reader) == (desk.mehdi.user_id, desk.ines.user_id)


def test_a_separation_that_the_second_reader_contests_changes_nothing(desk):
    pair = desk.pair()
    desk.says(desk.mehdi, pair, "same")
    pair.refresh_from_db()
    asked = usecases.ask_separation(desk.ines, pair=pair, reason="namesake")
    usecases.undo_reading(desk.ines, reading=asked)
    pair.refresh_from_db()
    assert pair.state == "accepted"
    assert one_person(pair)
    assert Decision.objects.get().state == "open"


def test_what_a_run_joined_alone_is_separated_by_two_and_the_others_stay(desk):
    a, b, c = record(LEGAL), record(FILE), record(LEGAL)
    pair = desk.pair(a, b, state="auto", outcome="auto", weight=20.0, control=True)
    event = merge_persons(desk.rose, absorbed=person_of(b), kept=person_of(a))
    merge_persons(desk.rose, absorbed=person_of(c), kept=person_of(a), event=event)
    assert desk.says(desk.mehdi, pair, "different").deed == "pass_on"
    assert one_person(pair)
    assert desk.says(desk.ines, pair, "different").deed == "refuse"
    assert not one_person(pair)
    assert together(person_of(a)) == {person_of(a), person_of(c)}


def test_two_chained_reunions_are_taken_back_in_either_order(desk):
    for order in ((0, 1), (1, 0)):
        a, b, c = record(LEGAL), record(FILE), record(FILE)
        first, second = desk.pair(a, b), desk.pair(b, c)
        said = [desk.says(desk.mehdi, one, "same").reading for one in (first, second)]
        assert together(person_of(a)) == {person_of(one) for one in (a, b, c)}
        for n in order:
            usecases.undo_reading(desk.mehdi, reading=said[n])
        assert [together(person_of(one)) for one in (a, b, c)] == [{person_of(one)} for one in (a, b, c)]


def test_a_corrected_record_waits_to_be_confirmed_and_one_reader_confirms(desk):
    pair = desk.pair()
    desk.says(desk.mehdi, pair, "same")
    Decision.objects.update(state="to_confirm", left_digest=4)
    row = Decision.objects.get()
    held = usecases.reread_decision(desk.ines, decision=row)
    assert (held.claimed_by_id, held.state) == (desk.ines.user_id, "to_review")
    Pair.objects.update(left_digest=5)  # what the run that found the change had read
    usecases.decide_pair(desk.ines, pair=held, answer="same", token=held.token)
    row.refresh_from_db()
    assert (row.state, row.author, row.left_digest) == ("open", desk.ines.user_id, 5)
    assert one_person(pair)
    with pytest.raises(IllegalTransition):
        usecases.reread_decision(desk.ines, decision=row)


def test_a_refusal_to_confirm_still_stands_in_the_way(desk):
    a, b, c = record(LEGAL), record(FILE), record(FILE)
    desk.says(desk.mehdi, desk.pair(b, c), "different")
    Decision.objects.update(state="to_confirm")
    desk.says(desk.mehdi, desk.pair(a, b), "same")
    with pytest.raises(usecases.ContradictoryDecisions):
        desk.says(desk.mehdi, desk.pair(a, c), "same")


def test_a_refusal_is_reopened_by_one_and_read_anew(desk):
    pair = desk.pair()
    desk.says(desk.mehdi, pair, "different")
    usecases.undo_decision(desk.ines, decision=Decision.objects.get())
    pair.refresh_from_db()
    assert pair.state == "to_review"
    assert desk.says(desk.mehdi, pair, "same").deed == "accept"
    assert sorted(Decision.objects.values_list("verdict", "state")) == [("cannot", "revoked"), ("must", "open")]


def test_without_the_grant_nothing_is_taken_answered_nor_undone(desk):
    pair, joined = desk.pair(), desk.pair()
    held = usecases.claim_pair(desk.mehdi, pair=pair)
    said = desk.says(desk.ines, joined, "same").reading
    vault.withdraw(desk.town.listed, request=desk.grant.public_id)
    for deed in (
        lambda: usecases.claim_pair(desk.ines, pair=pair),
        lambda: usecases.decide_pair(desk.mehdi, pair=held, answer="same", token=held.token),
        lambda: usecases.undo_reading(desk.ines, reading=said),
        lambda: usecases.undo_decision(desk.ines, decision=Decision.objects.get()),
        lambda: usecases.ask_separation(desk.ines, pair=joined, reason="twins"),
    ):
        with pytest.raises(usecases.GrantMissing):
            deed()
    assert usecases.claim_pair(desk.ines) is None


@pytest.mark.parametrize("role", ["analyst", "dpo", "controller", "caller", "matchmaker"])
def test_only_keepers_read_pairs(desk, role):
    with pytest.raises(NotAllowed):
        usecases.claim_pair(proved(agent(role)))


def test_the_queue_follows_the_order_of_the_reference_and_never_gives_the_same_pair_twice(desk):
    held, near, far, given, known = (
        desk.pair(rank=4, weight=30.0, guards=["birth_differs"]),
        desk.pair(rank=3, weight=11.0),
        desk.pair(rank=3, weight=2.0),
        desk.pair(rank=2, guards=["given_differs"]),
        desk.pair(rank=1, refusal="two_known_persons"),
    )
    seen = []
    while (pair := usecases.claim_pair(desk.mehdi)) is not None:
        assert usecases.claim_pair(desk.mehdi).pk == pair.pk  # asked again, it is the pair already held
        pair.refresh_from_db()
        seen.append(pair.pk)
        usecases.decide_pair(desk.mehdi, pair=pair, answer="unsure", token=pair.token)
    assert seen == [one.pk for one in (known, given, near, far, held)]
    assert usecases.claim_pair(desk.ines).pk == known.pk


def test_one_pair_in_four_is_a_control_pair_while_there_are_some(desk):
    drawn = {desk.pair(control=True, state="auto", outcome="auto", weight=20.0).pk for _ in range(2)}
    for _ in range(7):
        desk.pair()
    order = []
    for _ in range(9):
        pair = usecases.claim_pair(desk.mehdi)
        order.append(pair.pk in drawn)
        usecases.decide_pair(desk.mehdi, pair=pair, answer="unsure", token=pair.token)
    assert order == [False, False, False, True] * 2 + [False]


def test_what_a_suspended_run_found_is_read_and_a_decision_keeps_what_was_compared(desk):
    pair = desk.pair(state="auto", outcome="auto", weight=20.0, left_digest=11, right_digest=12)
    assert usecases.claim_pair(desk.mehdi) is None
    desk.run.counts = {"suspended": True}
    desk.run.save()
    held = usecases.claim_pair(desk.mehdi)
    assert held == pair
    usecases.decide_pair(desk.mehdi, pair=held, answer="same", token=held.token)
    row = Decision.objects.get()
    assert (row.left_digest, row.right_digest) == (11, 12)


def drawn_twice(desk, **facts):
    """A control pair that chance gives to two readers."""
    while True:
        pair = desk.pair(control=True, **facts)
        if twice(pair.left, pair.right):
            return pair


def test_some_control_pairs_are_read_twice_and_measure_agreement(desk, monkeypatch):
    pair = drawn_twice(desk)
    assert desk.says(desk.mehdi, pair, "same").deed == "pass_on"
    assert proof.agreement().pairs == 0
    assert desk.says(desk.ines, pair, "same").deed == "accept"
    assert (proof.agreement().pairs, proof.agreement().kappa) == (1, 1.0)
    assert not proof.agreement().suspended  # one pair says nothing
    other = drawn_twice(desk)
    desk.says(desk.mehdi, other, "different")
    desk.says(desk.ines, other, "unsure")
    assert proof.agreement().kappa < 0.8
    monkeypatch.setattr(proof, "AGREEMENT_FROM", 2)
    assert proof.automatic_merging_suspended()


def test_a_restoration_made_elsewhere_is_not_undone_twice(desk):
    pair = desk.pair()
    said = desk.says(desk.mehdi, pair, "same").reading
    restore_merge(desk.rose, event=Move.objects.get().event)
    with pytest.raises(MergeNotLast):
        usecases.undo_reading(desk.mehdi, reading=said)
