"""Attempt 20: approving oneself, collusion in one college, an agreement re-used, expired, of somebody who left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.accounts.models import Membership, User
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.vault import usecases as vault
from entremise.vault.models import Approval, SpecialRequest
from entremise.vault.usecases.agreements import NOTHING
from tests.accounts.factories import agent
from tests.vault.granting import Town, proved, worth, yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    return Town()


def seat(college, **more):
    return proved(agent(f"seat_{college}", **more))


def test_nobody_approves_what_they_ask_even_with_a_seat():
    me = proved(agent("dpo", "seat_institutions", label="Maud"))
    town = Town(dpo=me)
    row = town.export()
    with pytest.raises(NotAllowed):
        yes(me, row)


@pytest.mark.parametrize(
    "other", [{"label": "Maud Test"}, {"email": "maud+siege@exemple.test"}], ids=["same name", "same mailbox"]
)
def test_a_second_account_of_the_requester_counts_for_nothing(other):
    me = proved(agent("dpo", label="Maud Test", email="maud@exemple.test"))
    town = Town(dpo=me)
    twin = seat("institutions", **other)
    row = town.export()
    with pytest.raises(NotAllowed):
        yes(twin, row)
    # and an agreement given before the two were known to be one person falls at the use
    Approval.objects.create(request=row, user=twin.user_id, college="institutions", answer="yes",
                            fingerprint=row.fingerprint)  # fmt: skip
    assert yes(town.listed, row).state == "gathering"


def test_two_accounts_of_one_human_in_two_colleges_count_once(town):
    row = town.export()
    yes(seat("institutions", label="Jean Deux-Comptes"), row)
    assert yes(seat("registered", label="jean  deux-comptes"), row).state == "gathering"
    assert yes(town.listed, row).state == "granted"


def test_one_college_however_many_agree_is_one_college(town):
    row = town.export()
    for _ in range(4):
        row = yes(seat("registered"), row)
    assert row.state == "gathering"
    with pytest.raises(vault.AlreadyAnswered):
        yes(town.listed, yes(town.listed, row))


def test_a_college_that_is_not_asked_does_not_answer(town):
    row = town.export()
    for wrong in (town.staff, seat("contributors"), proved(agent("seat_institutions", "seat_registered"))):
        with pytest.raises(NotAllowed):
            yes(wrong, row)


def test_an_agreement_is_to_the_words_that_were_read(town):
    row = town.export()
    with pytest.raises(vault.RequestChanged):
        vault.approve(town.house, request=row.public_id, fingerprint="0" * 64)
    assert not Approval.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"cap": 2000},
        {"fields": ["entraide.address"]},
        {"registers": ["entraide", "apa"]},
        {"persons": ["0190d2f0-0000-7000-8000-000000000000"]},
        {"recipients": "Une autre structure"},
        {"motive": "Un tout autre motif que celui-là"},
        {"purpose": "outreach.call"},
        {"days": 2},
        {"minutes": "PV 12"},
        {"requester": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_voids_every_agreement(town, change):
    row = town.granted(town.export())
    SpecialRequest.objects.filter(pk=row.pk).update(**change)
    who = town.dpo if "requester" not in change else proved(User.objects.first())
    if "requester" in change:
        SpecialRequest.objects.filter(pk=row.pk).update(requester=who.user_id)
        if who.user_id == town.dpo.user_id:
            who = town.keeper
            SpecialRequest.objects.filter(pk=row.pk).update(requester=who.user_id)
    assert worth(row, who) is NOTHING
    with pytest.raises(vault.RequestSpent):
        vault.use(who, request=row.public_id)
    assert SpecialRequest.objects.get(pk=row.pk).rows_used == 0


def test_a_fingerprint_rewritten_with_its_row_leaves_the_agreements_behind(town):
    from entremise.vault.usecases.agreements import fingerprint_of

    row = town.granted(town.export())
    row.cap = 2000
    row.fingerprint = fingerprint_of(row)
    row.save()
    assert worth(row, town.dpo) is NOTHING


def test_an_agreement_serves_one_request_and_one_requester(town):
    first, second = town.granted(town.export()), town.export()
    assert worth(second, town.dpo) is NOTHING
    assert worth(first, town.keeper) is NOTHING
    with pytest.raises(NotFound):
        vault.use(town.keeper, request=first.public_id)
    with pytest.raises(vault.RequestSpent):
        vault.use(town.dpo, request=second.public_id)


def test_who_lost_the_seat_no_longer_counts(town):
    row = town.granted(town.export())
    Membership.objects.filter(user=town.listed.user_id).update(
        starts_on=clock.today() - timedelta(days=9), ends_on=clock.today()
    )
    assert worth(row, town.dpo) is NOTHING
    with pytest.raises(vault.RequestSpent):
        vault.use(town.dpo, request=row.public_id)
    assert SpecialRequest.objects.get(pk=row.pk).state == "granted"


def test_who_moved_to_another_college_no_longer_speaks_for_the_first(town):
    row = town.granted(town.export())
    Membership.objects.filter(user=town.listed.user_id).update(role="seat_contributors")
    assert worth(row, town.dpo) is NOTHING


def test_a_closed_account_no_longer_counts(town):
    row = town.erasure()
    yes(town.dpo, row)
    User.objects.filter(pk=town.dpo.user_id).update(is_active=False)
    assert worth(row, town.keeper) is NOTHING


def test_an_agreement_taken_back_reopens_what_was_granted(town):
    row = town.granted(town.export())
    assert vault.withdraw(town.house, request=row.public_id).state == "gathering"
    assert worth(row, town.dpo) is NOTHING
    with pytest.raises(NotFound):
        vault.withdraw(town.house, request=row.public_id)
    assert yes(town.house, row).state == "granted"
    vault.use(town.dpo, request=row.public_id)
    with pytest.raises(IllegalTransition):
        vault.withdraw(town.house, request=row.public_id)


def test_an_agreement_older_than_a_week_lapses_while_others_are_awaited(town):
    row = town.export()
    yes(town.house, row)
    Approval.objects.filter(request=row).update(at=clock.now() - timedelta(days=7, minutes=1))
    assert yes(town.listed, row).state == "gathering"
    assert yes(town.house, row).state == "granted", "who agreed long ago may agree again"


def test_once_granted_the_window_alone_counts(town):
    row = town.granted(town.export())
    assert worth(row, town.dpo, hours=71).approvers == 2
    assert worth(row, town.dpo, hours=72) is NOTHING


def test_nothing_is_worth_without_a_request_or_an_account(town, actor):
    row = town.granted(town.export())
    for reference, who in (("", town.dpo), ("NOPE-000", town.dpo), (row.public_id, actor("dpo"))):
        assert vault.standing(reference, who, now=clock.now()) is NOTHING
