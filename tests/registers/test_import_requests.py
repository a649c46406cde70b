"""A file of the legal register enrols each person at the day it says; a letter is due eight days later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.registers import queries, usecases
from entremise.registers.models import Enrolment, ImportedRow
from entremise.registers.usecases.imports import requests
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.models import Cell
from tests.registers import files
from tests.registers.files import LEGAL, keeper, legal, loaded, told

pytestmark = pytest.mark.django_db
HEAT = "canicule"
THIRD = [*LEGAL, "Tiers demandeur"]


@pytest.fixture
def odile():
    files.register()
    return keeper()[1]


def ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def asked(days: int) -> str:
    return f"{ago(days):%d/%m/%Y}"


def states() -> dict[str, int]:
    return queries.enrolment_counts(HEAT)


def test_each_person_is_enrolled_at_the_day_of_the_file_and_a_letter_is_due_eight_days_later(odile):
    batch = loaded(odile, [legal(1, asked=asked(1)), legal(2, asked=asked(6)), legal(3, asked=asked(9))])
    rows = list(Enrolment.objects.order_by("-received_on"))
    assert [one.received_on for one in rows] == [ago(1), ago(6), ago(9)]
    assert [one.due_on for one in rows] == [ago(1 - 8), ago(6 - 8), ago(9 - 8)]
    assert [one.urgency(clock.today()) for one in rows] == ["calm", "soon", "late"]
    assert {(one.channel, one.asked_by, one.state, one.batch_id) for one in rows} == {
        ("file", "unsaid", "effective", batch.pk)
    }
    waits = queries.waiting([HEAT])[HEAT]
    assert (waits.letters, waits.late, waits.to_complete) == (2, 1, 0)
    assert facts.states()[HEAT] == {"active": 3}


def test_without_a_day_the_request_waits_and_no_day_is_invented(odile):
    loaded(odile, [legal(1, asked=""), legal(2, asked="bientôt"), legal(3, asked=asked(2))])
    assert states() == {"to_complete": 2, "effective": 1}
    waiting = Enrolment.objects.filter(state="to_complete")
    assert set(waiting.values_list("received_on", "due_on")) == {(None, None)}
    assert queries.waiting([HEAT])[HEAT].to_complete == 2
    assert facts.states()[HEAT] == {"active": 3}, "in the register all the same: the mayor has no discretion"
    with pytest.raises(IllegalTransition):
        usecases.print_acknowledgements(odile, register=HEAT, enrolments=[waiting[0]])
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(state="effective")


def test_the_day_is_completed_by_whoever_knows_it_and_becomes_the_eighth_item(odile):
    loaded(odile, [legal(1, asked="")])
    one = Enrolment.objects.get()
    for wrong in (None, clock.today() + timedelta(days=1), date(26, 3, 12)):
        with pytest.raises(ValidationError):
            usecases.complete_enrolment(odile, enrolment=one, received_on=wrong)
    usecases.complete_enrolment(odile, enrolment=one, received_on=ago(7))
    one = Enrolment.objects.get()
    assert (one.state, one.received_on, one.due_on) == ("effective", ago(7), ago(-1))
    assert told(odile, one.person_id)["requested_on"] == ago(7).isoformat()
    with pytest.raises(IllegalTransition):
        usecases.complete_enrolment(odile, enrolment=one, received_on=ago(3))
    assert len(usecases.print_acknowledgements(odile, register=HEAT).persons) == 1


def test_only_a_keeper_named_in_writing_completes(odile):
    loaded(odile, [legal(1, asked="")])
    one = Enrolment.objects.get()
    stranger = keeper("autre", label="Paul")[1]
    with pytest.raises(NotFound):
        usecases.complete_enrolment(stranger, enrolment=one, received_on=ago(3))
    with pytest.raises(NotAllowed):
        usecases.complete_enrolment(Actor.machine("essai"), enrolment=one, received_on=ago(3))
    assert Enrolment.objects.get().state == "to_complete"


def test_a_third_partys_request_waits_for_the_number_of_its_letter(odile):
    loaded(odile, [[*legal(1, asked=asked(3)), "Paul Feint, neveu"]], headings=THIRD)
    one = Enrolment.objects.get()
    assert (one.state, one.asked_by, one.received_on) == ("to_complete", "third_party", ago(3))
    for wrong in ("", "son neveu"):
        with pytest.raises(ValidationError):
            usecases.complete_enrolment(odile, enrolment=one, proof=wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.filter(pk=one.pk).update(state="effective")
    usecases.complete_enrolment(odile, enrolment=one, received_on=ago(1), proof="2026-114")
    one = Enrolment.objects.get()
    assert (one.state, one.received_on, one.proof) == ("effective", ago(3), "2026-114"), "the day of the file stays"


def test_a_corrected_file_gives_the_day_that_the_first_left_out_and_doubles_nobody(odile):
    first = [legal(1, asked=""), legal(2, asked=asked(3)), legal(3, asked=asked(20))]
    loaded(odile, first)
    sent = Enrolment.objects.get(received_on=ago(20))
    usecases.print_acknowledgements(odile, register=HEAT, enrolments=[sent])
    loaded(odile, [legal(1, asked=asked(2)), legal(2, asked=asked(4)), legal(3, asked=asked(1)), legal(4, asked="")])
    rows = Enrolment.objects.order_by("pk")
    assert [(one.state, one.received_on) for one in rows] == [
        ("effective", ago(2)),
        ("effective", ago(4)),
        ("acknowledged", ago(20)),  # the letter left quotes that day
        ("to_complete", None),
    ]
    assert [one.due_on for one in rows][:2] == [ago(2 - 8), ago(4 - 8)]


def test_a_day_completed_by_hand_is_not_lost_to_a_file_that_says_nothing_of_it(odile):
    loaded(odile, [legal(1, asked="")])
    usecases.complete_enrolment(odile, enrolment=Enrolment.objects.get(), received_on=ago(4))
    loaded(odile, [legal(1, asked="", phone="06 39 98 77 77")])
    one = Enrolment.objects.get()
    assert (one.state, one.received_on) == ("effective", ago(4))
    assert told(odile, one.person_id)["requested_on"] == ago(4).isoformat()


def test_persons_loaded_before_enrolments_came_by_file_are_enrolled_by_their_next_file(odile):
    loaded(odile, [legal(1), legal(2)])
    Enrolment.objects.all().delete()
    loaded(odile, [legal(1), legal(2), legal(3)])
    assert Enrolment.objects.count() == 3


def test_a_reused_file_and_a_safeguard_plan_enrol_nobody(odile):
    files.register("apa", "service")
    agent = keeper("apa", label="Anne")[1]
    of = files.source(agent, "apa", origin="existing")
    loaded(agent, [files.person(1)], of=of, headings=files.HEADINGS)
    assert not Enrolment.objects.exists()


def test_a_row_put_right_is_enrolled_like_the_others(odile):
    batch = loaded(odile, [legal(1, last="M. et Mme DURAND", first="Jean et Marie", asked=asked(2)), legal(2)])
    assert Enrolment.objects.count() == 1
    one = usecases.open_asides(odile, batch=batch)[0]
    persons = usecases.correct_row(
        odile, batch=batch, number=one.number, parts=[one.said | part for part in one.proposals]
    )
    made = Enrolment.objects.filter(person__in=persons)
    assert {(row.state, row.received_on) for row in made} == {("effective", ago(2))}
    assert len(made) == 2


def test_a_file_loaded_by_mistake_leaves_no_letter_to_send_but_keeps_who_asked_since(odile):
    batch = loaded(odile, [legal(1, asked=""), legal(2, asked=asked(2)), legal(3, asked="")])
    person = Enrolment.objects.filter(state="to_complete").order_by("pk")[0].person_id
    said = {
        "last_name": "FICTION", "first_name": "Odette", "birth_date": "1941-03-07", "capacity": "a",
        "address": "2 rue des Essais, 38000 Grenoble", "phone": "06 39 98 12 34",
    }  # fmt: skip
    usecases.enrol(odile, register=HEAT, values=said, channel="phone", received_on=clock.today(), person=person)
    assert Enrolment.objects.get(person=person).state == "effective", "completed, not doubled"
    usecases.withdraw_batch(odile, batch=batch)
    assert states() == {"withdrawn": 2, "effective": 1}
    assert facts.statuses_in(HEAT, [person]) == {person: "active"}
    assert queries.waiting([HEAT])[HEAT].to_complete == 0
    loaded(odile, [legal(2, asked=asked(2))])
    assert states() == {"withdrawn": 2, "effective": 2}, "sent again, the request counts again"


def test_somebody_who_left_is_not_enrolled_again_by_the_next_file(odile):
    loaded(odile, [legal(1, asked=asked(2))])
    usecases.remove_enrolment(odile, enrolment=Enrolment.objects.get())
    loaded(odile, [legal(1, asked=asked(1)), legal(2, asked=asked(1))])
    assert states() == {"objected": 1, "effective": 1}


def test_letters_that_cannot_leave_do_not_stop_those_behind_them(odile, monkeypatch):
    rows = [legal(n, address="", cp="", town="", asked=asked(30)) for n in range(1, 7)]
    loaded(odile, [*rows, legal(7, asked=asked(3))])
    frozen = Enrolment.objects.filter(received_on=ago(30)).first()
    vault.set_record(odile, person=frozen.person_id, register=HEAT, status="frozen")
    monkeypatch.setattr("entremise.registers.usecases.life.letters.BATCH", 2)
    monkeypatch.setattr("entremise.registers.queries.life.LOOKED_AT", 2)
    batch = usecases.print_acknowledgements(odile, register=HEAT)
    assert batch.persons == (Enrolment.objects.get(received_on=ago(3)).person_id,)
    assert states() == {"effective": 6, "acknowledged": 1}
    assert queries.waiting([HEAT])[HEAT].late == 6, "they stay late, in sight"


def test_the_letter_says_what_the_file_says_and_no_more(odile):
    loaded(odile, [legal(1, asked="12/03/2026")])
    row = facts.register(HEAT)
    from entremise.registers.usecases.life.letters import _received

    text = " ".join(_received(Enrolment.objects.get(), row))
    assert "le 12 mars 2026" in text
    assert "ou votre représentant légal" in text


@pytest.mark.parametrize("size", [40, 400])
def test_so_many_queries_for_five_thousand_whatever_the_file(odile, size):
    batch = loaded(odile, [legal(n, asked=asked(n % 9)) for n in range(size)])
    persons = list(Enrolment.objects.values_list("person", flat=True))
    Enrolment.objects.all().delete()
    said = {person: requests.Request(ago(n % 9) if n % 3 else None, False, True) for n, person in enumerate(persons)}
    with CaptureQueriesContext(connection) as made:
        requests.enrol_requests(batch, said)
    assert len(made) <= 4
    said = {person: requests.Request(ago(5), False, True) for person in persons}
    with CaptureQueriesContext(connection) as dated:
        requests.enrol_requests(batch, said)
    assert len(dated) <= 5
    assert set(Enrolment.objects.values_list("state", "received_on")) == {("effective", ago(5))}


def test_nothing_in_clear_but_the_day(odile):
    loaded(odile, [[*legal(1, asked=asked(3)), "Paul Feint, neveu"]], headings=THIRD)
    table = Enrolment._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        said = repr(cursor.fetchall())
    for word in ("Feint", "neveu", "FICTION", "Odette", "Essais", "639980001"):
        assert word not in said
    assert Cell.objects.filter(field="third_party").count() == 1


def test_the_pages_show_what_waits_and_complete_it(client):
    files.register()
    user, odile = keeper()
    batch = loaded(odile, [legal(1, asked=""), legal(2, asked=asked(9))])
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": clock.now().timestamp(), "type": "totp"}]
    session.save()
    said = client.get(reverse("registers:import_page", args=[batch.public_id])).content.decode()
    assert "1 demande à compléter" in said
    listed = client.get(reverse("registers:enrolments", args=[HEAT]), {"etat": "to_complete"}).content.decode()
    one = Enrolment.objects.get(state="to_complete")
    assert "date de demande à compléter" in listed
    assert one.public_id in listed
    address = reverse("registers:enrolment_deed", args=[one.public_id, "completer"])
    empty = client.post(address, {"received_on": ""})
    assert empty.status_code == 422
    assert "Indiquez cette date." in empty.content.decode()
    assert client.post(address, {"received_on": ago(2).isoformat()}).status_code == 302
    one.refresh_from_db()
    assert (one.state, one.received_on) == ("effective", ago(2))
    again = client.post(address, {"received_on": ago(3).isoformat()}, follow=True)
    assert "Ce n’est plus possible" in again.content.decode()
    assert ImportedRow.objects.filter(effect="new").count() == 2


SENT = [*LEGAL, "Accusé envoyé le"]


def test_a_letter_that_left_before_is_not_sent_again(odile):
    rows = [
        [*legal(1, asked=asked(90)), asked(85)],
        [*legal(2, asked=asked(90)), ""],
        [*legal(3, asked=asked(90)), asked(95)],  # before the request: it proves nothing
        [*legal(4, asked=asked(90)), "oui"],
        [*legal(5, asked=""), asked(80)],
    ]
    batch = loaded(odile, rows, headings=SENT)
    assert "acknowledged_on" in batch.mapping
    found = Enrolment.objects.order_by("pk").values_list("state", "acknowledged_on")
    assert list(found) == [
        ("acknowledged", ago(85)),
        ("effective", None),
        ("effective", None),
        ("effective", None),
        ("to_complete", None),
    ]
    assert batch.problems["acknowledged_before"] == 2
    assert batch.problems["acknowledged_unreadable"] == 1
    assert queries.waiting([HEAT])[HEAT].late == 3
    assert "acknowledged_on" not in told(odile, Enrolment.objects.order_by("pk")[0].person_id), "never a tenth item"


def test_the_next_file_says_that_a_letter_left_and_the_day_an_agent_noted_stays(odile):
    rows = [legal(1, asked=asked(9)), legal(2, asked=asked(9)), legal(3, asked="")]
    loaded(odile, [[*row, ""] for row in rows], headings=SENT)
    first = Enrolment.objects.order_by("pk")[0]
    usecases.print_acknowledgements(odile, register=HEAT, enrolments=[first])
    rows[2] = legal(3, asked=asked(6))
    loaded(odile, [[*row, asked(5)] for row in rows], headings=SENT)
    found = Enrolment.objects.order_by("pk").values_list("state", "acknowledged_on")
    assert list(found) == [("acknowledged", clock.today()), ("acknowledged", ago(5)), ("acknowledged", ago(5))]
