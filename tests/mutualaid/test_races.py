"""Several people do the same thing at the same moment: one wins, the others are told, nothing is lost.

Real threads, each with its own connections, on whichever database the tests run.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from entremise.accounts.queries import actor_of
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import usecases
from entremise.mutualaid.models import ContactRelease, HelperIndex, HelperProfile, Match, Need, Proposal
from entremise.mutualaid.models.matching import PROPOSAL_LIVE
from entremise.mutualaid.usecases.needs import free_codes
from entremise.people.usecases import register_many
from tests.accounts.factories import agent
from tests.mutualaid.factories import category, helper, matchmaker, need, phone
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db(transaction=True)

Outcome = tuple[str, Any]


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Outcome]:
    """Start every deed at the same moment, each in its thread; what each returned or why it was refused.

    Anything but a DomainError (« database is locked », a broken constraint) fails the test.
    """
    gate = threading.Barrier(len(deeds))
    outcomes: list[Outcome] = [("lost", None)] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        try:
            gate.wait(60)
            outcomes[place] = ("done", deed())
        except DomainError as refusal:
            outcomes[place] = (refusal.code, refusal.message)
        except Exception as error:
            outcomes[place] = ("crash", repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, deed)) for place, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    crashes = [told for word, told in outcomes if word in ("crash", "lost")]
    assert not crashes, crashes
    return outcomes


def words(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(word for word, _ in outcomes)


def helpers(count: int) -> list[HelperProfile]:
    """Available profiles with their line of search, straight into the tables: what is tested comes after."""
    town, machine = commune(), Actor.machine("test")
    rows = [{"first_name": "Brahim", "phone": phone()} for _ in range(count)]
    persons = register_many(machine, rows=rows, motive="Personnes inventées pour un test")
    now = clock.now() - timedelta(days=40)
    facts = {"territory": town, "h8": town.h8, "h7": town.h7, "state": "available", "registered_at": now}
    mask = category().mask
    made = HelperProfile.objects.bulk_create(HelperProfile(person=p, categories=mask, **facts) for p in persons)
    HelperIndex.objects.bulk_create(
        HelperIndex(
            helper=row, h8=town.h8, h7=town.h7, cats=mask, slots=row.slots, langs=1, radius_m=5000,
            free_from=now, rested_since=now,
        )
        for row in made
    )  # fmt: skip
    return made


def asked(request: Need, those: Sequence[HelperProfile]) -> list[Proposal]:
    now = clock.now()
    facts = {"need": request, "score": 1, "sent_at": now, "expires_at": now + timedelta(hours=24)}
    Need.objects.filter(pk=request.pk).update(state="proposed")
    request.refresh_from_db()
    return Proposal.objects.bulk_create(Proposal(helper=one, **facts) for one in those)


def by_helper(proposal: Proposal) -> Callable[[], Any]:
    """What a click on the link of the message does: rows read anew by each request."""

    def deed() -> Any:
        row = Proposal.objects.select_related("need__person", "helper__person").get(pk=proposal.pk)
        return usecases.accept_proposal(Actor.person(row.helper.person_id, "web"), proposal=row)

    return deed


def test_of_fifty_who_accept_at_once_one_is_taken_and_the_others_told_when():
    nadia = matchmaker()[1]
    request = need(nadia, consent_mode="delegated")
    proposals = asked(request, helpers(50))
    before = clock.now()
    outcomes = at_once([by_helper(proposal) for proposal in proposals])
    assert words(outcomes) == {"done": 1, "need_taken": 49}
    request.refresh_from_db()
    match = Match.objects.get()
    assert (request.state, request.taken_by) == ("matched", match.proposal)
    moment = timezone.localtime(match.proposal.answered_at)
    assert before <= match.proposal.answered_at <= clock.now()
    told = {sentence for word, sentence in outcomes if word == "need_taken"}
    assert told == {f"Une autre personne a répondu la première, à {moment:%H h %M}. Merci d’avoir répondu."}
    assert not Proposal.objects.filter(state__in=PROPOSAL_LIVE).exists()
    assert Proposal.objects.filter(state="superseded").count() == 49
    assert Entry.objects.filter(action="mutualaid.match.confirmed").count() == 1
    assert first_broken() is None


def test_of_fifty_who_accept_a_request_that_keeps_its_own_say_one_waits_for_the_person():
    request = need(matchmaker()[1])
    proposals = asked(request, helpers(50))
    outcomes = at_once([by_helper(proposal) for proposal in proposals])
    assert words(outcomes) == {"done": 1, "need_taken": 49}
    assert Proposal.objects.filter(state="accepted_by_helper").count() == 1
    assert Proposal.objects.filter(state="sent").count() == 49  # asked again if the person says no
    assert not Match.objects.exists()
    assert first_broken() is None


def test_eight_agents_empty_a_queue_of_two_hundred_without_taking_one_twice():
    nadia = matchmaker()[1]
    first = need(nadia)
    now = clock.now()
    names = ("person_id", "category_id", "territory_id", "origin", "urgency", "state")
    facts = {name: getattr(first, name) for name in names}
    codes = free_codes(199)
    Need.objects.bulk_create(Need(code=code, received_at=now, created_at=now, **facts) for code in codes)
    actors = [actor_of(agent("matchmaker"), "web", True) for _ in range(8)]

    def work(actor: Actor) -> Callable[[], list[int]]:
        def deed() -> list[int]:
            mine = []
            while (row := usecases.claim_next_need(actor)) is not None:
                mine.append(row.pk)
            return mine

        return deed

    outcomes = at_once([work(actor) for actor in actors])
    taken = [pk for _, mine in outcomes for pk in mine]
    assert len(taken) == len(set(taken)) == 200
    for actor, (_, mine) in zip(actors, outcomes, strict=True):
        assert set(Need.objects.filter(claimed_by=actor.user_id).values_list("pk", flat=True)) == set(mine)
    assert first_broken() is None


def test_two_agents_who_ask_the_same_helper_at_once_do_not_pass_the_rest_between_two():
    nadia, karim = matchmaker()[1], matchmaker("Karim")[1]
    one = helper(nadia)
    requests = [need(nadia), need(karim)]

    def ask(actor: Actor, request: Need) -> Callable[[], Any]:
        return lambda: usecases.send_proposal(
            actor, need=Need.objects.get(pk=request.pk), helper=HelperProfile.objects.get(pk=one.pk)
        )

    outcomes = at_once([ask(nadia, requests[0]), ask(karim, requests[1])])
    assert words(outcomes) == {"done": 1, "cap_reached": 1}
    assert Proposal.objects.count() == 1
    assert sorted(Need.objects.values_list("state", flat=True)) == ["open", "proposed"]


def test_ten_agents_who_ask_for_one_request_at_once_stay_within_its_budget():
    nadia = matchmaker()[1]
    request = need(nadia)
    actors = [actor_of(agent("matchmaker"), "web", True) for _ in range(10)]

    def ask(actor: Actor, one: HelperProfile) -> Callable[[], Any]:
        return lambda: usecases.send_proposal(actor, need=Need.objects.get(pk=request.pk), helper=one)

    outcomes = at_once([ask(actor, one) for actor, one in zip(actors, helpers(10), strict=True)])
    assert words(outcomes) == {"done": 3, "solicitation_budget": 7}
    assert Proposal.objects.filter(need=request).count() == 3


def test_a_double_click_on_propose_asks_once():
    nadia = matchmaker()[1]
    request, one = need(nadia), helper(nadia)

    def click() -> Any:
        return usecases.send_proposal(nadia, need=Need.objects.get(pk=request.pk), helper=one)

    outcomes = at_once([click, click])
    assert words(outcomes)["done"] == 1
    assert Proposal.objects.count() == 1


def confirmed(nadia: Actor) -> Match:
    request = need(nadia, consent_mode="delegated")
    usecases.record_phone_answer(nadia, need=request, helper=helper(nadia), answer="yes")
    return Match.objects.get(need=request)


def fresh(match: Match) -> Match:
    return Match.objects.select_related("need__person", "helper__person").get(pk=match.pk)


def test_a_double_click_on_release_transmits_once():
    nadia = matchmaker()[1]
    match = confirmed(nadia)

    def click() -> Any:
        return usecases.release_contact(nadia, match=fresh(match), direction="to_helper")

    outcomes = at_once([click, click, click])
    assert words(outcomes) == {"done": 1, "illegal_transition": 2}
    assert ContactRelease.objects.filter(state="active").count() == 1
    assert first_broken() is None


def test_a_release_and_a_cancellation_at_once_leave_nothing_open_behind_a_closed_request():
    nadia = matchmaker()[1]
    match = confirmed(nadia)
    person = Actor.person(match.need.person_id, "web")
    outcomes = at_once(
        [
            lambda: usecases.release_contact(nadia, match=fresh(match), direction="to_helper"),
            lambda: usecases.cancel_need(person, need=fresh(match).need),
            lambda: usecases.close_need(nadia, need=fresh(match).need, reason="no_follow_up"),
        ]
    )
    assert words(outcomes)["illegal_transition"] >= 1
    match = fresh(match)
    assert (match.need.state, match.state) == ("closed", "failed")
    assert not ContactRelease.objects.filter(state="active").exists()
    assert first_broken() is None


def test_the_yes_of_a_helper_and_the_closing_of_the_request_at_once_agree():
    nadia = matchmaker()[1]
    request = need(nadia, consent_mode="delegated")
    proposals = asked(request, helpers(4))
    deeds = [by_helper(proposal) for proposal in proposals]
    deeds.append(lambda: usecases.close_need(nadia, need=Need.objects.get(pk=request.pk), reason="redirected"))
    at_once(deeds)
    request.refresh_from_db()
    assert request.state == "closed"
    assert not Match.objects.filter(state="confirmed").exists()
    assert not Proposal.objects.filter(state__in=PROPOSAL_LIVE).exists()
    assert first_broken() is None


def test_both_sides_who_say_at_once_that_it_was_done_end_it_once():
    nadia = matchmaker()[1]
    match = confirmed(nadia)
    deeds = [
        lambda side=side: usecases.record_outcome(nadia, match=fresh(match), side=side, outcome="yes")
        for side in ("person", "helper", "person")
    ]
    outcomes = at_once(deeds)
    assert words(outcomes) == {"done": 2, "illegal_transition": 1}
    match = fresh(match)
    assert (match.state, match.need.state) == ("done", "done")


def test_two_noes_at_once_put_the_request_back_in_the_queue():
    nadia = matchmaker()[1]
    match = confirmed(nadia)
    outcomes = at_once(
        [
            lambda side=side: usecases.record_outcome(nadia, match=fresh(match), side=side, outcome="no")
            for side in ("person", "helper")
        ]
    )
    assert words(outcomes) == {"done": 2}
    match = fresh(match)
    assert (match.state, match.need.state) == ("failed", "open")


def test_two_yes_of_the_person_make_one_match():
    nadia = matchmaker()[1]
    request, one = need(nadia), helper(nadia)
    usecases.record_phone_answer(nadia, need=request, helper=one, answer="yes")
    proposal = Proposal.objects.get()

    def click() -> Any:
        row = Proposal.objects.select_related("need__person", "helper__person").get(pk=proposal.pk)
        return usecases.record_person_answer(nadia, proposal=row, answer="yes")

    outcomes = at_once([click, click])
    assert words(outcomes) == {"done": 1, IllegalTransition.code: 1}
    assert Match.objects.count() == 1


def test_two_who_submit_the_last_allowed_request_of_a_person_at_once_do_not_pass_the_limit():
    nadia = matchmaker()[1]
    first = need(nadia)
    need(nadia, person=first.person, values=None)

    def submit() -> Need:
        return need(nadia, person=first.person, values=None, territory=first.territory, category=first.category)

    outcomes = at_once([submit, submit])
    assert words(outcomes) == {"done": 1, "too_many_open_needs": 1}
    assert re.match(r"^[0-9A-Z]{3}-[0-9A-Z]{3}$", next(row for word, row in outcomes if word == "done").code)
