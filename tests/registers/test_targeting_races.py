"""Two start, cancel or freeze at the same moment: one computation, one frozen list, never half of one."""

from __future__ import annotations

import pytest

from entremise.kernel import clock
from entremise.registers import queries, usecases
from entremise.registers.models import Cohort, CohortMember, Targeting
from entremise.registers.usecases.targeting import running
from entremise.vault import usecases as vault
from tests.mutualaid.test_races import at_once, words
from tests.registers.targets import Board, old
from tests.vault.registers import CODE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board():
    made = Board()
    made.people([old(1930 + n) for n in range(6)])
    return made


def test_two_who_ask_at_once_start_one_computation(board):
    told = at_once(
        [lambda: usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE]) for _ in range(3)]
    )
    assert words(told) == {"done": 1, "run_in_progress": 2}
    assert Targeting.objects.count() == 1


def test_two_workers_given_the_same_job_compute_once(board):
    row = usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])
    at_once([lambda: running.run(row.pk)] * 3)
    row.refresh_from_db()
    assert (row.state, row.token) == ("done", 1)
    assert row.counts["persons"] == 6


def test_a_cohort_frozen_twice_at_once_is_frozen_once_and_whole(board):
    draft = board.draft(board.run(), capacity=6)
    told = at_once(
        [lambda: usecases.freeze_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk)) for _ in range(3)]
    )
    assert words(told) == {"done": 1, "illegal_transition": 2}
    assert sorted(CohortMember.objects.values_list("rank", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_freezing_and_withdrawing_at_once_leaves_nobody_to_call(board):
    draft = board.draft(board.run(), capacity=6)
    at_once(
        [
            lambda: usecases.freeze_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk)),
            lambda: usecases.withdraw_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk)),
        ]
    )
    row = Cohort.objects.get(pk=draft.pk)
    assert row.state == "withdrawn"
    assert CohortMember.objects.count() == 0
    assert queries.members(row, clock.now()) == []


def test_an_objection_said_while_it_is_frozen_is_obeyed_at_the_next_use(board):
    draft = board.draft(board.run(), capacity=6)
    people = [entry.person for entry in running.rolls.load(_content(board, draft))]
    at_once(
        [
            lambda: usecases.freeze_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk)),
            lambda: vault.set_stance(
                board.keeper, person=people[0], purpose="outreach.call", word="objection", on=True
            ),
        ]
    )
    row = Cohort.objects.get(pk=draft.pk)
    assert row.state == "frozen"
    assert {one.person for one in queries.members(row, clock.now())} == set(people[1:])


def _content(board: Board, draft: Cohort) -> bytes:
    return vault.open_document(
        board.keeper, document=draft.document, sealed=bytes(draft.sealed), purpose="registers.keep",
        motive="Relire une ébauche de cohorte",
    )  # fmt: skip
