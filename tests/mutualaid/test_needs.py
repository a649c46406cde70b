"""A request for help from the first word to its end: the accidents of real life, refused or repaired."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.claims import LeaseLost
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import NEED_LIFE, Need
from entremise.mutualaid.usecases.needs import FollowLocked
from entremise.people.models import Consent
from tests.accounts.factories import agent
from tests.mutualaid.factories import category, matchmaker, need, phone
from tests.rules.factories import set_point
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db
ANYONE = Actor(None, "anonyme", "web")


def asked(**more):
    facts = {
        "category": category(),
        "territory": commune(),
        "urgency": "days",
        "origin": "web",
        "values": {"first_name": "Odette", "phone": phone()},
    }
    return {**facts, **more}


def test_a_phone_request_is_open_at_once_with_a_code_a_consent_and_one_trace():
    user, nadia = matchmaker()
    found = need(nadia.through("phone"))
    assert found.state == "open"
    assert len(found.code) == 7
    assert found.agent == user
    consent = Consent.objects.get(person=found.person)
    assert (consent.answer, consent.channel, consent.text_version) == ("yes", "phone", "intake-1")
    entry = Entry.objects.get(action="mutualaid.need.submitted")
    assert (entry.channel, entry.on_behalf_of) == ("phone", found.person_id)
    assert first_broken() is None


def test_a_code_already_given_is_never_given_twice(monkeypatch):
    first = usecases.submit_need(ANYONE, **asked())
    drawn = iter([first.code, first.code, "H6K-347", "H6K-347"])
    monkeypatch.setattr("entremise.kernel.ids.spoken", lambda: next(drawn))
    assert usecases.submit_need(ANYONE, **asked()).code == "H6K-347"


def test_a_web_request_waits_for_an_agent_and_needs_no_account():
    found = usecases.submit_need(ANYONE, **asked(note="Deux sacs, troisième étage"))
    assert found.state == "submitted"
    assert found.has_note


def test_nothing_is_written_without_the_persons_yes():
    with pytest.raises(usecases.ConsentMissing):
        usecases.submit_need(matchmaker()[1], **asked(consent="no"))
    assert not Need.objects.exists()


def test_what_a_neighbour_asks_waits_for_the_person_concerned():
    nadia = matchmaker()[1]
    found = usecases.submit_need(nadia, **asked(requester_kind="neighbour"))
    assert found.state == "qualified"
    with pytest.raises(usecases.ConsentMissing):
        usecases.open_need(nadia, need=found)
    usecases.open_need(nadia, need=found, consented=True)
    assert found.state == "open"


def test_the_direct_rule_opens_ordinary_requests_but_not_delicate_ones():
    set_point("mutualaid.need.moderation", "direct")
    assert usecases.submit_need(ANYONE, **asked()).state == "open"
    homework = category("homework", sensitive=True)
    assert usecases.submit_need(ANYONE, **asked(category=homework)).state == "submitted"
    assert usecases.submit_need(ANYONE, **asked(note="Un mot libre")).state == "submitted"


def test_a_paper_keeps_the_date_of_its_stamp_and_its_place_in_the_queue():
    nadia = matchmaker()[1]
    later = need(nadia)
    stamp = clock.now() - timedelta(days=2)
    paper = need(nadia, origin="paper", received_at=stamp, paper_ref="P-12")
    assert list(queries.queue(nadia)) == [paper, later]
    with pytest.raises(ValidationError):
        need(nadia, received_at=clock.now() + timedelta(days=1))


def test_one_person_cannot_have_more_open_requests_than_the_rules_say():
    nadia = matchmaker()[1]
    first = need(nadia)
    for _ in range(2):
        need(nadia, person=first.person, values={})
    with pytest.raises(usecases.IntakeRefused):
        need(nadia, person=first.person, values={})


@pytest.mark.parametrize("role", ["caller", "budget_holder", "administrator", "elected"])
def test_who_does_not_match_cannot_read_the_queue(role):
    from entremise.accounts.queries import actor_of

    stranger = actor_of(agent(role), "web", True)
    with pytest.raises(NotAllowed):
        queries.queue(stranger)
    with pytest.raises(NotFound):
        queries.need(stranger, need().public_id)


def test_two_agents_never_hold_the_same_request():
    nadia, karim = matchmaker()[1], matchmaker("Karim")[1]
    found = need(nadia)
    assert usecases.claim_next_need(nadia) == found
    assert usecases.claim_next_need(karim) is None
    with pytest.raises(LeaseLost):
        usecases.claim_need_file(karim, need=Need.objects.get())
    with pytest.raises(LeaseLost):
        usecases.close_need(karim, need=found, reason="unmet")
    usecases.release_need_file(nadia, need=found)
    assert usecases.claim_next_need(karim) == found


def test_a_lease_that_is_over_gives_the_request_back():
    nadia, karim = matchmaker()[1], matchmaker("Karim")[1]
    with time_machine.travel("2026-07-01 10:00+00:00", tick=False) as moment:
        found = need(nadia)
        usecases.claim_next_need(nadia)
        moment.shift(timedelta(minutes=31))
        assert usecases.claim_next_need(karim) == found
        found.refresh_from_db()
        assert found.token == 2


def test_a_promise_comes_back_by_itself_and_never_waits_more_than_two_weeks():
    nadia = matchmaker()[1]
    with time_machine.travel("2026-07-01 10:00+00:00", tick=False) as moment:
        found = need(nadia)
        with pytest.raises(ValidationError):
            usecases.hold_need(nadia, need=found, until=clock.now() + timedelta(days=15))
        usecases.hold_need(nadia, need=found, until=clock.now() + timedelta(days=2))
        assert not queries.queue(nadia).exists()
        moment.shift(timedelta(days=2, minutes=1))
        assert list(queries.queue(nadia)) == [found]
        usecases.resume_need(nadia, need=found)
        assert (found.state, found.follow_up_at) == ("open", None)


def test_closing_needs_a_reason_and_a_duplicate_needs_the_other_request():
    nadia = matchmaker()[1]
    one, other = need(nadia), need(nadia)
    with pytest.raises(ValidationError):
        usecases.close_need(nadia, need=one, reason="bof")
    with pytest.raises(ValidationError):
        usecases.close_need(nadia, need=one, reason="duplicate", duplicate_of=one)
    usecases.close_need(nadia, need=one, reason="duplicate", duplicate_of=other)
    assert one.state == "closed"
    usecases.reopen_need(nadia, need=one)
    assert (one.state, one.received_at) == ("open", Need.objects.get(pk=one.pk).received_at)


def test_the_database_itself_refuses_a_closure_without_reason():
    found = need()
    with pytest.raises(IntegrityError), transaction.atomic():
        Need.objects.filter(pk=found.pk).update(state="closed", closed_at=clock.now())


def test_every_verb_moves_from_its_states_and_from_no_other():
    """The table, walked: 9 states × 14 verbs, a refusal where no row exists, and nothing changed."""
    found = need()
    closed = {"closed_at": clock.now(), "closed_reason": "unmet"}
    not_closed = {"closed_at": None, "closed_reason": ""}
    for state in NEED_LIFE.states:
        for verb, (sources, target) in NEED_LIFE.verbs.items():
            fill = {"state": state, "follow_up_at": clock.now(), **(closed if state == "closed" else not_closed)}
            Need.objects.filter(pk=found.pk).update(**fill)
            found.refresh_from_db()
            changes = closed if target == "closed" else not_closed
            if state in sources:
                NEED_LIFE.move(found, verb, **changes)
                assert Need.objects.get().state == target, (state, verb)
            else:
                with pytest.raises(IllegalTransition):
                    NEED_LIFE.move(found, verb, **changes)
                assert Need.objects.get().state == state, (state, verb)


def test_following_by_code_needs_the_right_digits_and_stops_guessing():
    found = need(values={"first_name": "Odette", "phone": "06 39 98 12 34"})
    assert usecases.check_follow_up(ANYONE, code=found.code, digits="1234") == found
    assert usecases.check_follow_up(ANYONE, code="222-22A", digits="1234") is None
    for _ in range(5):
        assert usecases.check_follow_up(ANYONE, code=found.code, digits="0000") is None
    with pytest.raises(FollowLocked):
        usecases.check_follow_up(ANYONE, code=found.code, digits="1234")


def test_the_person_cancels_and_nobody_else_without_a_role():
    found = need()
    with pytest.raises(NotAllowed):
        usecases.cancel_need(ANYONE, need=found)
    usecases.cancel_need(Actor.person(found.person_id), need=found)
    assert (found.state, found.closed_reason) == ("closed", "cancelled")


def test_a_link_opens_its_own_request_and_no_other():
    found = need()
    assert queries.need_of_link(queries.link_of("need", found.public_id)) == found
    for token in (queries.link_of("helper", found.public_id), "rien", queries.link_of("need", "aucune") + "x"):
        with pytest.raises(NotFound):
            queries.need_of_link(token)
    with time_machine.travel(clock.now() + timedelta(days=91)), pytest.raises(NotFound):
        queries.need_of_link(queries.link_of("need", found.public_id)[:-1])
