"""Two readers at once: one decides, the other is told. Real threads, on whichever database the tests run."""

from __future__ import annotations

import pytest

from entremise.audit.queries import first_broken
from entremise.people.models import PersonAlias
from entremise.registers import usecases
from entremise.registers.models import Decision, Move, Pair, Reading
from tests.mutualaid.test_races import at_once, words
from tests.registers.reviewing import FILE, LEGAL, Review, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    return Review()


def test_readers_who_ask_for_the_next_pair_at_once_never_get_the_same(desk):
    for _ in range(2):
        desk.pair()
    told = at_once([lambda r=reader: usecases.claim_pair(r) for reader in (desk.rose, desk.mehdi, desk.ines)])
    taken = [pair.pk for _, pair in told if pair is not None]
    assert len(taken) == len(set(taken)) == 2


def test_one_reader_in_two_windows_decides_once(desk):
    held = usecases.claim_pair(desk.mehdi, pair=desk.pair())
    answers = ["same", "different", "same"]

    def say(answer):
        pair = Pair.objects.get(pk=held.pk)
        return usecases.decide_pair(desk.mehdi, pair=pair, answer=answer, token=held.token)

    told = words(at_once([lambda a=answer: say(a) for answer in answers]))
    assert told == {"done": 1, "pair_already_decided": 2}
    assert (Decision.objects.count(), Reading.objects.count()) == (1, 1)
    assert first_broken() is None


def test_a_lease_that_changes_hands_while_the_first_reader_answers_gives_one_decision(desk):
    pair = desk.pair()
    held = usecases.claim_pair(desk.mehdi, pair=pair)
    Pair.objects.update(lease_until=None)

    def other():
        taken = usecases.claim_pair(desk.ines, pair=Pair.objects.get(pk=pair.pk))
        return usecases.decide_pair(desk.ines, pair=taken, answer="different", token=taken.token)

    def first():
        row = Pair.objects.get(pk=pair.pk)
        return usecases.decide_pair(desk.mehdi, pair=row, answer="same", token=held.token)

    told = words(at_once([first, other]))
    assert told["done"] == 1
    assert set(told) <= {"done", "pair_not_held", "pair_already_decided"}
    assert Decision.objects.count() == 1
    assert Move.objects.count() == Decision.objects.filter(verdict="must").count()


def test_two_who_join_the_same_persons_by_two_pairs_at_once_join_them_once_and_lose_nothing(desk):
    a, b, c = record(LEGAL), record(FILE), record(LEGAL)
    one = usecases.claim_pair(desk.mehdi, pair=desk.pair(a, b))
    other = usecases.claim_pair(desk.ines, pair=desk.pair(b, c))

    def say(reader, held):
        return usecases.decide_pair(reader, pair=Pair.objects.get(pk=held.pk), answer="same", token=held.token)

    told = words(at_once([lambda: say(desk.mehdi, one), lambda: say(desk.ines, other)]))
    assert told == {"done": 2}
    assert PersonAlias.objects.filter(closed_at=None).count() == Move.objects.count() == 2


def test_an_answer_taken_back_twice_at_once_is_taken_back_once(desk):
    said = desk.says(desk.mehdi, desk.pair(), "same").reading
    told = words(at_once([lambda: usecases.undo_reading(desk.mehdi, reading=Reading.objects.get(pk=said.pk))] * 3))
    assert told == {"done": 1, "illegal_transition": 2}
    assert Move.objects.filter(together=False).count() == 1
    assert not PersonAlias.objects.filter(closed_at=None).exists()


def test_contradictory_answers_at_once_leave_no_triangle(desk):
    """A = B is decided; B ≠ C and A = C come at the same moment: one of the two is told."""
    a, b, c = record(LEGAL), record(FILE), record(LEGAL)
    desk.says(desk.rose, desk.pair(a, b), "same")
    one = usecases.claim_pair(desk.mehdi, pair=desk.pair(b, c))
    other = usecases.claim_pair(desk.ines, pair=desk.pair(a, c))

    def say(reader, held, answer):
        return usecases.decide_pair(reader, pair=Pair.objects.get(pk=held.pk), answer=answer, token=held.token)

    told = words(at_once([lambda: say(desk.mehdi, one, "different"), lambda: say(desk.ines, other, "same")]))
    assert told == {"done": 1, "contradictory_decisions": 1}
