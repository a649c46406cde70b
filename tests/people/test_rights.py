"""Requests of rights: a clock that no calendar fools, one closing, reasons, and the deed behind the word."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from hypothesis import given, strategies as st

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.people import queries, usecases
from entremise.people.engine import terms
from entremise.people.models import RightsRequest
from entremise.people.models.rights import REQUEST_LIFE
from entremise.vault import queries as facts, usecases as vault
from tests.people.factories import desk, oneself, person, request

pytestmark = pytest.mark.django_db
NOON = "2026-11-24T12:00:00+01:00"


@pytest.mark.parametrize(("received", "due", "extended"), [
    (date(2026, 11, 24), date(2026, 12, 24), date(2027, 2, 24)),
    (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
    (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
    (date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 30)),
    (date(2026, 12, 31), date(2027, 1, 31), date(2027, 3, 31)),
    (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
])  # fmt: skip
def test_a_month_ends_where_the_calendar_lets_it(received, due, extended):
    assert terms.due(received) == due
    assert terms.due(received, extended=True) == extended


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_a_term_is_never_shorter_than_february_nor_longer_than_a_month(received):
    days = (terms.due(received) - received).days
    assert 28 <= days <= 31
    assert terms.urgency(received, terms.due(received), received) == "calm"
    assert terms.urgency(received, terms.due(received), received + timedelta(days=20)) == "soon"
    assert terms.urgency(received, terms.due(received), terms.due(received)) == "late"


def test_a_request_made_to_anybody_starts_the_clock(actor):
    with time_machine.travel(NOON, tick=False):
        row = usecases.receive_request(actor("caller", user_id=9), kind="access", received_on=date(2026, 11, 20))
    assert (row.state, row.due_on, row.recorded_by) == ("received", date(2026, 12, 20), 9)
    assert row.person is None


def test_a_request_is_of_today_or_before(actor):
    agent = actor("caller", user_id=9)
    for day in (clock.today() + timedelta(days=1), clock.today() - timedelta(days=400)):
        with pytest.raises(ValidationError):
            usecases.receive_request(agent, kind="access", received_on=day)
    with pytest.raises(ValidationError):
        usecases.receive_request(agent, kind="dance")
    with pytest.raises(NotAllowed):
        usecases.receive_request(Actor(None, "anonyme", "web"), kind="access")
    with pytest.raises(ValidationError):
        usecases.receive_request(agent, kind="object", purpose="people.rights")


def test_the_person_asks_for_themself_once_and_is_identified_by_their_code():
    who = person()
    row = usecases.receive_request(oneself(who), kind="erase", person=who)
    assert (row.state, row.identity_how, row.channel) == ("identified", "letter_code", "web")
    assert usecases.receive_request(oneself(who), kind="erase", person=who).pk == row.pk
    one_proof = Actor.person(who.pk)
    assert usecases.receive_request(one_proof, kind="access", person=who).state == "received"
    with pytest.raises(NotAllowed):
        usecases.receive_request(oneself(person(first_name="Bruno")), kind="access", person=who)


def test_an_identity_is_checked_before_anything_is_done():
    agent, who = desk(), person()
    row = request(agent)
    with pytest.raises(usecases.RequestNotDone):
        usecases.finish_request(agent, request=row)
    with pytest.raises(IllegalTransition):
        usecases.examine_request(agent, request=row)
    usecases.identify_request(agent, request=row, person=who, how="document")
    usecases.examine_request(agent, request=row)
    usecases.finish_request(agent, request=row)
    row.refresh_from_db()
    assert (row.state, row.person_id, row.identity_how, row.closed_by) == ("done", who.pk, "document", agent.user_id)
    with pytest.raises(IllegalTransition):
        usecases.identify_request(agent, request=row, person=who, how="document")


def test_a_request_does_not_change_hands():
    agent = desk()
    row = request(agent, who=person())
    usecases.identify_request(agent, request=row, person=row.person, how="letter_code")  # again, the next day
    with pytest.raises(usecases.NotIdentified):
        usecases.identify_request(agent, request=row, person=person(first_name="Bruno"), how="document")


def test_of_two_agents_who_close_one_request_one_does():
    one, two = desk(), desk()
    row = request(one, who=person())
    stale = RightsRequest.objects.get(pk=row.pk)
    usecases.finish_request(one, request=row)
    for deed in (
        lambda: usecases.finish_request(two, request=stale),
        lambda: usecases.refuse_request(two, request=stale, reason="unknown"),
    ):
        with pytest.raises(IllegalTransition):
            deed()
    assert Entry.objects.filter(action="people.request.done").count() == 1


def test_closing_an_objection_or_a_freeze_does_it():
    agent, who = desk(), person()
    usecases.finish_request(agent, request=request(agent, "object", who, purpose="outreach.call"))
    assert facts.stances_of(who.pk)["objection"] == {"outreach.call"}
    usecases.finish_request(agent, request=request(agent, "restrict", who))
    assert {record.status for record in facts.records_of(who.pk)} == {"frozen"}


def test_an_answer_is_never_untrue():
    agent, who = desk(), person()
    with pytest.raises(usecases.RequestNotDone):
        usecases.finish_request(agent, request=request(agent, "erase", who))
    row = request(agent, "rectify", who)
    with pytest.raises(usecases.RequestNotDone):
        usecases.finish_request(agent, request=row)
    assert usecases.tell_recipients(agent, request=row) is True
    assert usecases.tell_recipients(agent, request=row) is False
    usecases.finish_request(agent, request=row)


def test_a_term_is_extended_once_before_it_is_over():
    with time_machine.travel(NOON, tick=False):
        agent = desk()
        row = request(agent, received_on=date(2026, 10, 31))
        usecases.extend_request(agent, request=row, reason="complex")
        assert row.due_on == date(2027, 1, 31)
        with pytest.raises(usecases.RequestExtended):
            usecases.extend_request(agent, request=row, reason="many")
        late = request(agent, received_on=date(2026, 10, 20))
        with pytest.raises(usecases.RequestExtended):
            usecases.extend_request(agent, request=late, reason="many")
        with pytest.raises(ValidationError):
            usecases.extend_request(agent, request=request(agent), reason="tired")


def test_a_refusal_has_a_reason_of_the_law():
    agent = desk()
    row = request(agent)
    with pytest.raises(ValidationError):
        usecases.refuse_request(agent, request=row, reason="busy")
    usecases.refuse_request(agent, request=row, reason="not_identified")
    assert (row.state, row.refusal) == ("refused", "not_identified")
    objection = request(agent, "object", person(), purpose="outreach.call")
    with pytest.raises(ValidationError):
        usecases.refuse_request(agent, request=objection, reason="obligation")


def test_the_desk_alone_answers(actor):
    agent, who = desk(), person()
    row = request(agent, who=who)
    for stranger in (actor("caller", user_id=9), oneself(who), actor("machine")):
        for deed in (
            lambda me: usecases.identify_request(me, request=row, person=who, how="document"),
            lambda me: usecases.examine_request(me, request=row),
            lambda me: usecases.finish_request(me, request=row),
            lambda me: usecases.extend_request(me, request=row, reason="many"),
            lambda me: usecases.refuse_request(me, request=row, reason="unknown"),
            lambda me: usecases.tell_recipients(me, request=row),
            lambda me: usecases.erase_person(me, request=row, motive="Demande au guichet"),
            lambda me: queries.desk_queue(me),
            lambda me: queries.desk_counts(me),
            lambda me: queries.request_of(me, row.public_id),
        ):
            with pytest.raises(NotAllowed):
                deed(stranger)


def test_a_request_is_found_by_its_address_or_by_its_spoken_code():
    agent = desk()
    row = request(agent)
    assert queries.request_of(agent, row.public_id) == row
    assert queries.request_of(agent, row.code.lower()) == row
    with pytest.raises(NotFound):
        queries.request_of(agent, "nulle-part")


def test_the_queue_comes_by_term_and_is_counted_in_one_query(django_assert_num_queries):
    with time_machine.travel(NOON, tick=False):
        agent = desk()
        days = [date(2026, 11, 20), date(2026, 10, 1), date(2026, 11, 1)]
        rows = [request(agent, received_on=day) for day in days]
        usecases.refuse_request(agent, request=request(agent), reason="unknown")
        assert list(queries.desk_queue(agent)) == [rows[1], rows[2], rows[0]]
        with django_assert_num_queries(1):
            assert queries.desk_counts(agent) == {"open": 3, "late": 1, "soon": 1, "unknown": 3}


def test_a_request_is_called_back_at_the_twentieth_day_then_at_the_term_once_each():
    machine = Actor.machine("délais")
    with time_machine.travel(NOON, tick=False):
        agent = desk()
        request(agent, received_on=date(2026, 11, 24))
        usecases.refuse_request(agent, request=request(agent, received_on=date(2026, 11, 1)), reason="unknown")
        assert usecases.remind_requests(machine) == {"soon": 0, "late": 0}
    for day, told in [("2026-12-13", (0, 0)), ("2026-12-14", (1, 0)), ("2026-12-15", (0, 0)), ("2026-12-24", (0, 1)),
                      ("2026-12-25", (0, 0))]:  # fmt: skip
        with time_machine.travel(f"{day}T07:00:00+01:00", tick=False):
            assert usecases.remind_requests(machine) == {"soon": told[0], "late": told[1]}, day
    assert Entry.objects.filter(action="people.requests.warned").count() == 2


def test_the_states_of_a_request_are_those_of_the_reference():
    assert REQUEST_LIFE.final == {"done", "refused"}


# Freezing, correcting, informing


def test_a_freeze_is_one_tap_and_comes_back_where_it_stood():
    who = person()
    assert usecases.freeze(oneself(who), person=who) == 1
    assert usecases.freeze(oneself(who), person=who) == 0
    assert usecases.unfreeze(oneself(who), person=who) == 1
    assert facts.records_of(who.pk)[0].status == "active"
    with pytest.raises(NotFound):
        usecases.freeze(oneself(who), person=who, register="canicule")


def test_a_caller_may_freeze_for_who_asks_but_not_undo_it(actor):
    who = person()
    caller = actor("caller", user_id=9)
    usecases.freeze(caller, person=who)
    with pytest.raises(NotAllowed):
        usecases.unfreeze(caller, person=who)


def test_what_a_person_was_told_opens_their_record_and_a_no_closes_it():
    agent, yes, no = desk(), person(), person(first_name="Bruno")
    told = {
        "register": "entraide",
        "way": "letter",
        "text_version": "information-2026-11",
        "informed_on": clock.today(),
    }
    for who, answer, status in ((yes, "yes", "active"), (no, "no", "closed")):
        vault.set_record(agent, person=who.pk, register="entraide", status="frozen")
        vault.set_record(agent, person=who.pk, register="entraide", status="to_inform")
        row = usecases.record_information(agent, person=who, **told)
        assert facts.records_of(who.pk)[0].status == "informed"
        usecases.record_answer(agent, information=row, answer=answer)
        assert facts.records_of(who.pk)[0].status == status
    assert queries.has_refused(no.pk, "entraide")
    assert not queries.has_refused(yes.pk, "entraide")
    with pytest.raises(ValidationError):
        usecases.record_answer(agent, information=row, answer="maybe")
    with pytest.raises(ValidationError):
        usecases.record_information(agent, person=yes, **{**told, "informed_on": clock.today() + timedelta(days=1)})
    with pytest.raises(NotFound):
        usecases.record_information(agent, person=yes, **{**told, "register": "canicule"})
