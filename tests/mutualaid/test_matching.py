"""From a proposal to the end of the help: double yes, caps, releases that expire."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import ContactRelease, HelperIndex, Match, Need, Proposal
from entremise.mutualaid.usecases.proposals import NotEligible, TooManyWaiting
from entremise.vault.usecases import open as open_vault
from tests.mutualaid.factories import category, helper, matchmaker, need, proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia():
    return matchmaker()[1]


def matched(nadia, **more):
    asked = need(nadia, consent_mode="delegated", **more)
    sent = proposal(nadia, need=asked)
    usecases.accept_proposal(Actor.person(sent.helper.person_id), proposal=sent)
    return Match.objects.select_related("need", "helper", "proposal").get(proposal=sent)


def read(actor, person, *fields):
    opening = open_vault(
        actor, person=person, fields=list(fields), purpose="mutualaid.contact", motive="Lecture pour un essai"
    )
    return dict(opening.values)


def test_the_whole_way_from_a_call_to_a_help_done(nadia):
    asked = need(nadia)
    sent = proposal(nadia, need=asked)
    assert (asked.state, sent.state) == ("proposed", "sent")
    usecases.accept_proposal(Actor.person(sent.helper.person_id), proposal=sent)
    assert sent.state == "accepted_by_helper"
    assert not Match.objects.exists(), "one yes is not two"
    match = usecases.record_person_answer(nadia.speaking_for(asked.person_id, "phone"), proposal=sent, answer="yes")
    release = usecases.release_contact(nadia, match=match, direction="to_helper")
    helper_view = Actor.person(match.helper.person_id)
    assert read(helper_view, asked.person_id, "entraide.phone")
    usecases.record_outcome(helper_view, match=match, side="helper", outcome="yes", minutes=45)
    usecases.record_outcome(Actor.person(asked.person_id), match=match, side="person", outcome="yes", again=True)
    assert (match.state, Need.objects.get(pk=asked.pk).state) == ("done", "done")
    assert release.state == "active"


def test_a_delegated_yes_confirms_at_once(nadia):
    match = matched(nadia)
    assert (match.state, match.need.state) == ("confirmed", "matched")


def test_the_contact_is_read_by_nobody_before_the_release_nor_after_its_end(nadia):
    with time_machine.travel("2026-07-01 10:00+00:00", tick=False) as moment:
        match = matched(nadia)
        helper_view = Actor.person(match.helper.person_id)
        assert read(helper_view, match.need.person_id, "entraide.phone") == {}
        usecases.release_contact(nadia, match=match, direction="to_helper", fields=("first_name", "phone"))
        assert set(read(helper_view, match.need.person_id, "entraide.phone", "entraide.last_name")) == {
            "entraide.phone"
        }
        other = Actor.person(helper(nadia).person_id)
        assert read(other, match.need.person_id, "entraide.phone") == {}
        moment.shift(timedelta(days=15))
        assert read(helper_view, match.need.person_id, "entraide.phone") == {}
        assert usecases.expire_releases(Actor.machine("délais")) == 1
        assert ContactRelease.objects.get().state == "expired"
        with pytest.raises(usecases.ReleaseExpired):
            usecases.revoke_contact(nadia, release=ContactRelease.objects.get())


def test_a_release_is_opened_once_per_direction_and_only_by_who_may(nadia):
    match = matched(nadia)
    with pytest.raises(NotAllowed):
        usecases.release_contact(Actor.person(match.helper.person_id), match=match, direction="to_helper")
    usecases.release_contact(nadia, match=match, direction="to_helper")
    with pytest.raises(IllegalTransition):
        usecases.release_contact(nadia, match=match, direction="to_helper")
    with pytest.raises(ValidationError):
        usecases.release_contact(nadia, match=match, direction="to_person", fields=("birth",))


def test_revoking_hides_at_once(nadia):
    match = matched(nadia)
    release = usecases.release_contact(nadia, match=match, direction="to_helper")
    usecases.revoke_contact(Actor.person(match.need.person_id), release=release)
    assert read(Actor.person(match.helper.person_id), match.need.person_id, "entraide.phone") == {}


def test_caps_and_rests_are_kept_even_when_the_agent_insists(nadia):
    with time_machine.travel("2026-07-01 10:00+00:00", tick=False) as moment:
        brahim = helper(nadia, monthly_max=2)
        usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
        with pytest.raises(usecases.CapReached):
            usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
        moment.shift(timedelta(hours=25))
        usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
        moment.shift(timedelta(days=8))
        with pytest.raises(usecases.CapReached):
            usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
        assert HelperIndex.objects.get().free_from > clock.now()
        assert queries.shortlist(need(nadia)).suggestions == []


def test_a_need_does_not_wake_the_whole_town(nadia):
    asked = need(nadia)
    for _ in range(3):
        usecases.send_proposal(nadia, need=asked, helper=helper(nadia))
    with pytest.raises(TooManyWaiting):
        usecases.send_proposal(nadia, need=asked, helper=helper(nadia))


def test_no_answer_gives_the_need_back_and_the_second_silence_pauses(nadia):
    with time_machine.travel("2026-07-01 10:00+00:00", tick=False) as moment:
        brahim = helper(nadia)
        for turn in (1, 2):
            asked = need(nadia)
            usecases.send_proposal(nadia, need=asked, helper=brahim)
            moment.shift(timedelta(hours=24, minutes=1))
            assert usecases.expire_proposals(Actor.machine("délais")) == 1
            assert Need.objects.get(pk=asked.pk).state == "open"
            brahim.refresh_from_db()
            assert (brahim.unanswered, brahim.state) == (turn, "paused" if turn == 2 else "available")
        late = Proposal.objects.latest("pk")
        with pytest.raises(IllegalTransition):
            usecases.accept_proposal(Actor.person(brahim.person_id), proposal=late)


def test_a_refusal_is_free_and_the_need_goes_on(nadia):
    sent = proposal(nadia)
    usecases.decline_proposal(Actor.person(sent.helper.person_id), proposal=sent)
    assert (sent.state, sent.need.state) == ("declined", "open")


def test_somebody_elses_proposal_cannot_be_answered(nadia):
    sent = proposal(nadia)
    with pytest.raises(NotAllowed):
        usecases.accept_proposal(Actor.person(helper(nadia).person_id), proposal=sent)


def test_the_person_may_prefer_someone_else(nadia):
    sent = proposal(nadia)
    usecases.accept_proposal(Actor.person(sent.helper.person_id), proposal=sent)
    usecases.record_person_answer(Actor.person(sent.need.person_id), proposal=sent, answer="no")
    asked = Need.objects.get()
    assert (asked.state, asked.taken_by) == ("open", None)
    other = usecases.send_proposal(nadia, need=asked, helper=helper(nadia))
    usecases.accept_proposal(Actor.person(other.helper.person_id), proposal=other)
    assert other.state == "accepted_by_helper"


def test_whoever_comes_second_is_told_when_the_first_answered(nadia):
    asked = need(nadia, consent_mode="delegated")
    first, second = (proposal(nadia, need=asked) for _ in range(2))
    usecases.accept_proposal(Actor.person(first.helper.person_id), proposal=first)
    second.refresh_from_db()
    with pytest.raises(usecases.NeedTaken, match="need_taken") as refusal:
        usecases.accept_proposal(Actor.person(second.helper.person_id), proposal=second)
    assert "la première, à" in refusal.value.message
    assert Match.objects.count() == 1


def test_the_answer_heard_on_the_phone_counts_like_the_link(nadia):
    asked = need(nadia, consent_mode="delegated")
    usecases.record_phone_answer(nadia, need=asked, helper=helper(nadia), answer="yes")
    assert Match.objects.get().need == asked


def test_a_delicate_need_is_proposed_to_screened_helpers_only(nadia):
    asked = need(nadia, category=category("homework", sensitive=True))
    newcomer = helper(nadia, categories=[category("homework")])
    with pytest.raises(NotEligible):
        usecases.send_proposal(nadia, need=asked, helper=newcomer)
    assert queries.shortlist(asked).suggestions == []
    usecases.screen_helper(nadia, helper=newcomer)
    assert [s.helper_id for s in queries.shortlist(asked).suggestions] == [newcomer.pk]
    usecases.send_proposal(nadia, need=asked, helper=newcomer)


def test_a_failed_match_reopens_with_its_date_and_hides_the_contacts(nadia):
    match = matched(nadia)
    received = match.need.received_at
    usecases.release_contact(nadia, match=match, direction="to_helper")
    usecases.fail_match(nadia, match=match, reason="helper_absent")
    asked = Need.objects.get()
    assert (asked.state, asked.received_at, asked.taken_by) == ("open", received, None)
    assert read(Actor.person(match.helper.person_id), asked.person_id, "entraide.phone") == {}


def test_withdrawing_ends_everything_at_once(nadia):
    match = matched(nadia)
    usecases.release_contact(nadia, match=match, direction="to_person")
    usecases.withdraw_helper(Actor.person(match.helper.person_id), helper=match.helper)
    assert not HelperIndex.objects.exists()
    assert ContactRelease.objects.get().state == "revoked"
    assert Need.objects.get().state == "open"


def test_closing_a_need_tells_the_waiting_proposals_it_is_over(nadia):
    sent = proposal(nadia)
    usecases.close_need(nadia, need=sent.need, reason="cancelled")
    sent.refresh_from_db()
    assert sent.state == "superseded"
    with pytest.raises(IllegalTransition):
        usecases.accept_proposal(Actor.person(sent.helper.person_id), proposal=sent)


def test_the_message_says_no_name_no_phone_no_place_and_its_link_works(nadia, run_jobs, client):
    brahim = helper(nadia, values={"first_name": "Brahim", "email": "brahim@fiction.test"})
    asked = need(nadia, values={"first_name": "Odette", "last_name": "Canari", "phone": "06 39 98 77 66"})
    with time_machine.travel(clock.now(), tick=False) as moment:
        usecases.send_proposal(nadia, need=asked, helper=brahim)
        moment.shift(timedelta(seconds=11))
        run_jobs()
    text = mail.outbox[-1].subject + mail.outbox[-1].body
    for secret in ("Odette", "Canari", "7766", "77 66"):
        assert secret not in text
    assert "/entraide/proposition/" in text
    assert Proposal.objects.get().channel == "email"


def test_a_proposal_taken_back_within_ten_seconds_never_leaves_and_does_not_count(nadia, run_jobs):
    brahim = helper(nadia, values={"first_name": "Brahim", "email": "brahim@fiction.test"})
    sent = usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
    usecases.withdraw_proposal(nadia, proposal=sent)
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        run_jobs()
        assert not [m for m in mail.outbox if "/entraide/proposition/" in m.body]
        usecases.send_proposal(nadia, need=need(nadia), helper=brahim)
