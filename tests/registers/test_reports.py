"""Whoever is said dead: frozen by one, closed by another with the notice in hand, brought back for thirty days."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import IntegrityError, connections, transaction

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.people.usecases import merge_persons
from entremise.registers import usecases
from entremise.registers.models import LifeReport
from entremise.vault import queries as facts, usecases as vault
from tests.people.factories import me
from tests.registers.keeping import CARE, HEAT, MACHINE, enrolled, keeper, open_care, open_heat, sealed

pytestmark = pytest.mark.django_db
NUMBER = "+33639981234"


@pytest.fixture
def sylvie():
    open_heat()
    open_care()
    return keeper()


@pytest.fixture
def armelle(sylvie):
    return keeper()


def status(person):
    return {one.register: one.status for one in facts.records_of(person)}


def dead(actor, made, **more):
    return usecases.report_death(actor, person=made.person_id, register=HEAT, source="registry", **more)


def test_one_reports_the_record_freezes_another_confirms_it_closes(sylvie, armelle):
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    assert status(made.person_id) == {HEAT: "frozen"}
    told = vault.open(
        sylvie, person=made.person_id, fields=[f"{HEAT}.phone"], purpose="registers.keep", motive="Un appel de veille"
    )
    assert not told.values
    usecases.confirm_report(armelle, report=row, phone=NUMBER)
    assert status(made.person_id) == {HEAT: "closed"}
    assert (row.state, row.decided_by) == ("confirmed", armelle.user_id)


def test_the_same_human_cannot_confirm_even_under_another_account(sylvie):
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    label = User.objects.get(pk=sylvie.user_id).label
    for same in (sylvie, keeper(label=label)):
        with pytest.raises(usecases.SameHuman):
            usecases.confirm_report(same, report=row, phone=NUMBER)
    assert status(made.person_id) == {HEAT: "frozen"}
    with pytest.raises(IntegrityError), transaction.atomic():
        LifeReport.objects.filter(pk=row.pk).update(state="confirmed", decided_by=sylvie.user_id)


@pytest.mark.parametrize("number", ["", "+33639980000"])
def test_a_notice_about_somebody_else_confirms_nothing(sylvie, armelle, number):
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    with pytest.raises(usecases.ReportMismatch):
        usecases.confirm_report(armelle, report=row, phone=number)
    assert LifeReport.objects.get(pk=row.pk).state == "reported"


def test_a_record_without_telephone_is_confirmed_by_the_second_human_alone(sylvie, armelle):
    person = sealed(HEAT, 1, phone="")[0]
    row = usecases.report_death(sylvie, person=person, register=HEAT, source="family")
    usecases.confirm_report(armelle, report=row)
    assert status(person) == {HEAT: "closed"}


def test_the_rights_of_the_person_go_on_all_along(sylvie, armelle):
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    asked = {
        "person": made.person_id,
        "fields": [f"{HEAT}.names"],
        "purpose": "people.rights",
        "motive": "Mes données",
    }
    assert vault.open(me(made.person_id), **asked).values
    usecases.confirm_report(armelle, report=row, phone=NUMBER)
    assert vault.open(me(made.person_id), **asked).values


def test_a_death_freezes_every_register_and_a_departure_only_its_own(sylvie):
    made = enrolled(sylvie)
    vault.write(
        MACHINE, person=made.person_id, values={f"{CARE}.names": "FICTION, Odette"}, purpose="registers.keep",
        motive="Une fiche d’un autre fichier",
    )  # fmt: skip
    gone = usecases.report_move(sylvie, person=made.person_id, register=HEAT, source="mail")
    assert status(made.person_id) == {HEAT: "frozen", CARE: "to_inform"}
    usecases.dismiss_report(sylvie, report=gone)
    assert status(made.person_id) == {HEAT: "active", CARE: "to_inform"}
    row = dead(sylvie, made)
    assert status(made.person_id) == {HEAT: "frozen", CARE: "frozen"}
    usecases.dismiss_report(sylvie, report=row)
    assert status(made.person_id) == {HEAT: "active", CARE: "to_inform"}


def test_a_wrong_death_is_undone_for_thirty_days_each_record_back_where_it_stood(sylvie, armelle):
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    usecases.confirm_report(armelle, report=row, phone=NUMBER)
    with time_machine.travel(clock.now() + timedelta(days=31)), pytest.raises(usecases.TooLateToUndo):
        usecases.undo_report(keeper(), report=row)
    usecases.undo_report(sylvie, report=row)
    assert status(made.person_id) == {HEAT: "active"}
    with pytest.raises(IllegalTransition):
        usecases.undo_report(sylvie, report=row)
    dead(sylvie, made)  # and may be reported again


def test_said_twice_it_is_one_report_and_a_stranger_is_unknown(sylvie, armelle):
    made = enrolled(sylvie)
    dead(sylvie, made)
    with pytest.raises(usecases.ReportOpen):
        dead(armelle, made)
    with pytest.raises(NotFound):
        usecases.report_move(sylvie, person=made.person_id, register=CARE, source="mail")
    with pytest.raises(NotAllowed):
        usecases.report_death(keeper("caller"), person=made.person_id, register=HEAT, source="call")


def test_what_the_person_froze_themself_stays_frozen_when_the_report_falls(sylvie):
    made = enrolled(sylvie)
    vault.set_record(MACHINE, person=made.person_id, register=HEAT, status="frozen")
    row = dead(sylvie, made)
    usecases.dismiss_report(sylvie, report=row)
    assert status(made.person_id) == {HEAT: "frozen"}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_does_and_of_confirm_and_dismiss_one_wins():
    open_heat()
    sylvie, others = keeper(), [keeper(), keeper()]
    made = enrolled(sylvie)
    row = dead(sylvie, made)
    barrier, said = Barrier(2), []

    def confirm(actor):
        barrier.wait()
        try:
            usecases.confirm_report(actor, report=LifeReport.objects.get(pk=row.pk), phone=NUMBER)
            said.append("done")
        except DomainError as error:
            said.append(error.code)
        finally:
            connections.close_all()

    threads = [Thread(target=confirm, args=(actor,)) for actor in others]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert said.count("done") == 1, said
    assert status(made.person_id) == {HEAT: "closed"}


def test_somebody_known_under_two_identities_dies_once(sylvie, armelle):
    made = enrolled(sylvie)
    other = sealed(CARE, 1)[0]
    merge_persons(MACHINE, absorbed=other, kept=made.person_id, registers=(HEAT, CARE))
    row = dead(sylvie, made)
    assert (status(made.person_id), status(other)) == ({HEAT: "frozen"}, {CARE: "frozen"})
    usecases.confirm_report(armelle, report=row, phone=NUMBER)
    assert status(other) == {CARE: "closed"}
    usecases.undo_report(sylvie, report=row)
    assert (status(made.person_id), status(other)) == ({HEAT: "active"}, {CARE: "to_inform"})
