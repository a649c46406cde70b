"""Two agree, use or take back at the same moment: one grant, one use."""

from __future__ import annotations

import pytest

from entremise.accounts.models import Membership
from entremise.vault import usecases as vault
from entremise.vault.models import Approval, SpecialRequest
from tests.mutualaid.test_races import at_once, words
from tests.vault.granting import Town, yes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town():
    return Town()


def test_two_colleges_that_agree_at_once_grant_once(town):
    row = town.export()
    told = at_once([lambda s=seat: yes(s, row) for seat in (town.house, town.listed)])
    assert words(told) == {"done": 2}
    assert SpecialRequest.objects.get(pk=row.pk).state == "granted"
    assert Approval.objects.count() == 2


def test_one_person_who_agrees_twice_at_once_agrees_once(town):
    row = town.export()
    told = at_once([lambda: yes(town.house, row)] * 3)
    assert words(told) == {"done": 1, "already_answered": 2}


def test_a_request_used_twice_at_once_is_used_once(town):
    row = town.granted(town.export())
    told = at_once([lambda: vault.use(town.dpo, request=row.public_id, rows=120)] * 6)
    assert words(told) == {"done": 1, "request_spent": 5}
    assert SpecialRequest.objects.get(pk=row.pk).rows_used == 120


def test_a_cap_is_not_passed_however_many_read_at_once(town):
    row = town.granted(
        vault.ask(
            town.keeper, kind="programme", purpose="registers.link", motive="Rapprocher deux fichiers du service",
            registers=["entraide"], fields=["entraide.phone"], days=20, cap=5,
        )
    )  # fmt: skip
    told = at_once([lambda: vault.use(town.keeper, request=row.public_id, rows=2)] * 6)
    assert words(told) == {"done": 2, "request_spent": 4}
    assert SpecialRequest.objects.get(pk=row.pk).rows_used == 4


def test_an_agreement_taken_back_while_it_serves_either_comes_too_late_or_stops_it(town):
    row = town.granted(town.export())
    told = at_once(
        [
            lambda: vault.use(town.dpo, request=row.public_id),
            lambda: vault.withdraw(town.listed, request=row.public_id),
        ]
    )
    spent, taken = (word for word, _ in told)
    assert (spent, taken) in {("done", "illegal_transition"), ("request_spent", "done")}
    state = SpecialRequest.objects.get(pk=row.pk).state
    assert state == ("used" if spent == "done" else "gathering")
    assert Membership.objects.filter(user=town.listed.user_id).exists()
