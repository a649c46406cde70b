"""Confirmations: freshness rises, answers have their effect once, the clock reminds and deletes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from entremise.kernel import clock
from entremise.kernel.machines import IllegalTransition
from entremise.people.models import Information
from entremise.registers import queries, usecases
from entremise.registers.models import CheckLine, Enrolment, LastCheck, LifeReport, RegisterReview
from entremise.registers.usecases.life.checking import term_of
from entremise.vault import queries as facts, usecases as vault
from tests.registers.keeping import CARE, HEAT, MACHINE, enrolled, keeper, open_care, open_heat, sealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def sylvie():
    open_heat()
    open_care()
    return keeper()


def start(actor, way="call"):
    return usecases.start_check_round(actor, register=HEAT, way=way, since=queries.half_a_year_ago())


def test_a_campaign_takes_those_not_confirmed_since_and_active_only(sylvie):
    fresh, old, never, frozen = sealed(HEAT, 4)
    today = clock.today()
    usecases.note_check(HEAT, fresh, today - timedelta(days=30), "call", None)
    usecases.note_check(HEAT, old, today - timedelta(days=300), "call", None)
    vault.set_record(MACHINE, person=frozen, register=HEAT, status="frozen")
    made = start(sylvie)
    assert set(made.lines.values_list("person", flat=True)) == {old, never}
    with pytest.raises(usecases.NobodyToCheck):  # they are being asked already
        start(sylvie)


def test_each_answer_has_its_effect_once(sylvie):
    sealed(HEAT, 5)
    made = start(sylvie)
    lines = list(made.lines.all())
    for line, answer in zip(lines, ("confirmed", "moved", "deceased", "refuses", "no_answer"), strict=True):
        usecases.answer_check(sylvie, line=line, answer=answer)
    state = facts.statuses_in(HEAT, [line.person_id for line in lines])
    assert [state[line.person_id] for line in lines] == ["active", "frozen", "frozen", "closed", "active"]
    assert LastCheck.objects.get().person_id == lines[0].person_id
    assert sorted(LifeReport.objects.values_list("kind", flat=True)) == ["deceased", "moved"]
    for line in lines[:4]:
        with pytest.raises(IllegalTransition):
            usecases.answer_check(sylvie, line=line, answer="confirmed")
    usecases.answer_check(sylvie, line=lines[4], answer="confirmed")  # reached at the second try
    assert CheckLine.objects.get(pk=lines[4].pk).tries == 2


def test_who_refuses_leaves_the_register_and_their_enrolment_ends(sylvie):
    made = enrolled(sylvie, received_on=clock.today() - timedelta(days=400))
    LastCheck.objects.all().delete()
    line = start(sylvie).lines.get()
    usecases.answer_check(sylvie, line=line, answer="refuses")
    assert Enrolment.objects.get(pk=made.pk).state == "objected"


def test_a_closed_campaign_takes_no_answer(sylvie):
    sealed(HEAT, 1)
    made = start(sylvie)
    usecases.close_check_round(sylvie, check_round=made)
    with pytest.raises(IllegalTransition):
        usecases.answer_check(sylvie, line=made.lines.get(), answer="confirmed")
    with pytest.raises(IllegalTransition):
        usecases.close_check_round(sylvie, check_round=made)


def test_an_older_word_does_not_make_a_record_fresher(sylvie):
    person = sealed(HEAT, 1)[0]
    today = clock.today()
    usecases.note_check(HEAT, person, today, "call", None)
    usecases.note_check(HEAT, person, today - timedelta(days=90), "letter", None)
    assert LastCheck.objects.get().checked_on == today


def test_letters_of_a_campaign_go_by_batches_and_only_to_whom_may_be_written_to(sylvie):
    persons = sealed(HEAT, 5)
    vault.set_stance(MACHINE, person=persons[0], purpose="registers.inform", word="objection", on=True)
    vault.set_record(MACHINE, person=persons[1], register=HEAT, protected=True)
    made = start(sylvie, "letter")
    batch = usecases.print_checks(sylvie, check_round=made)
    assert batch.content.startswith(b"%PDF")
    assert (set(batch.persons), batch.left_out) == (set(persons[2:]), 2)
    assert made.lines.filter(sent_on=clock.today()).count() == 3


def test_letters_of_information_are_noted_person_by_person_and_objectors_wait(sylvie):
    persons = sealed(CARE, 3)
    vault.set_stance(MACHINE, person=persons[0], purpose="registers.inform", word="objection", on=True)
    batch = usecases.print_information(sylvie, register=CARE)
    assert set(batch.persons) == set(persons[1:])
    assert facts.states()[CARE] == {"to_inform": 1, "informed": 2}
    row = Information.objects.first()
    assert (row.way, row.informed_on, row.register) == ("letter", clock.today(), CARE)
    with pytest.raises(usecases.NoLetter):
        usecases.print_information(sylvie, register=CARE)


@pytest.mark.parametrize(
    ("day", "term", "due"),
    [(date(2026, 1, 1), "2026-S1", date(2026, 6, 30)), (date(2026, 6, 30), "2026-S1", date(2026, 6, 30)),
     (date(2026, 7, 1), "2026-S2", date(2026, 12, 31))],
)  # fmt: skip
def test_a_half_year_ends_on_its_last_day(day, term, due):
    assert term_of(day) == (term, due)


def test_the_clock_reminds_twice_a_year_once_per_register_and_deletes_nothing(sylvie):
    sealed(HEAT, 3)
    with time_machine.travel("2026-03-02 08:00:00+00:00"):
        assert usecases.remind_reviews(MACHINE) == 2
        assert usecases.remind_reviews(MACHINE) == 0
    with time_machine.travel("2026-08-02 08:00:00+00:00"):
        usecases.remind_reviews(MACHINE)
    assert sorted(RegisterReview.objects.filter(register=HEAT).values_list("term", flat=True)) == [
        "2026-S1",
        "2026-S2",
    ]
    assert facts.states()[HEAT] == {"active": 3}
    row = usecases.sign_review(sylvie, register=HEAT)
    assert (row.term, row.done_by) == ("2026-S1", sylvie.user_id)
