"""The heatwave register by the law: anybody who asks is in, at once; a third party writes; a letter within 8 days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.registers import queries, usecases
from entremise.registers.models import Enrolment, LastCheck
from entremise.vault import queries as facts, registry, usecases as vault
from tests.registers.keeping import HEAT, SAID, enrolled, keeper, open_care, open_heat, sealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def sylvie():
    open_heat()
    return keeper()


def test_somebody_enrolled_by_phone_is_in_at_once_with_the_nine_items(sylvie):
    made = enrolled(sylvie)
    assert facts.statuses_in(HEAT, [made.person_id]) == {made.person_id: "active"}
    fields = [f"{HEAT}.{item}" for item in usecases.ITEMS]
    told = vault.open(
        sylvie, person=made.person_id, fields=fields, purpose="registers.keep", motive="Relecture d’essai"
    )
    assert told.values[f"{HEAT}.names"] == "FICTION, Odette"
    assert told.values[f"{HEAT}.phone"] == "+33639981234"
    assert told.values[f"{HEAT}.capacity"] == "65 ans ou plus"
    assert told.values[f"{HEAT}.requested_on"] == clock.today().isoformat()
    assert f"{HEAT}.third_party" not in told.values


def test_the_register_has_the_nine_items_of_the_law_and_nothing_else():
    assert set(registry.profile(HEAT).fields) == set(usecases.ITEMS)
    assert len(usecases.ITEMS) == 9
    assert not registry.profile(HEAT).loose


@pytest.mark.parametrize(("channel", "proof"), [("phone", "2026-114"), ("letter", ""), ("letter", "sa nièce")])
def test_a_third_party_enrols_nobody_without_a_written_request(sylvie, channel, proof):
    with pytest.raises(usecases.ThirdPartyProofMissing):
        enrolled(sylvie, channel=channel, asked_by="third_party", proof=proof, third_party="Paul Feint, neveu")
    assert not Enrolment.objects.exists()
    assert not facts.members(HEAT)


def test_a_third_party_who_wrote_is_named_in_the_ninth_item(sylvie):
    made = enrolled(
        sylvie, channel="letter", asked_by="third_party", proof="2026-114", third_party="Paul Feint, neveu"
    )
    told = vault.open(
        sylvie,
        person=made.person_id,
        fields=[f"{HEAT}.third_party"],
        purpose="registers.keep",
        motive="Relecture d’essai",
    )
    assert told.values == {f"{HEAT}.third_party": "Paul Feint, neveu"}


def test_the_base_itself_refuses_a_third_party_on_the_phone(sylvie):
    made = enrolled(sylvie)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.filter(pk=made.pk).update(asked_by="third_party", proof="2026-1")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"birth_date": "2090-01-01"}, "birth_date"),
        ({"capacity": "d"}, "capacity"),
        ({"address": " "}, "address"),
        ({"last_name": ""}, "last_name"),
    ],
)
def test_a_required_item_that_is_missing_or_wrong_is_named(sylvie, changed, field):
    with pytest.raises(ValidationError) as refused:
        enrolled(sylvie, **changed)
    assert field in refused.value.message_dict


def test_somebody_younger_than_the_law_says_is_enrolled_all_the_same(sylvie):
    """The mayor has no discretion: the capacity is declared, never checked."""
    assert enrolled(sylvie, birth_date="1990-01-01", capacity="a").state == "effective"


def test_the_letter_is_due_eight_days_after_the_request_and_says_so_from_day_five(sylvie):
    today = clock.today()
    made = enrolled(sylvie, received_on=today - timedelta(days=4))
    assert made.due_on == made.received_on + timedelta(days=8)
    assert [made.urgency(made.received_on + timedelta(days=n)) for n in (0, 4, 5, 8, 9)] == [
        "calm", "calm", "soon", "soon", "late",
    ]  # fmt: skip
    assert queries.waiting([HEAT], made.received_on + timedelta(days=9))[HEAT].late == 1
    assert queries.waiting([HEAT], made.received_on + timedelta(days=4))[HEAT].letters == 0


def test_a_request_from_tomorrow_is_a_mistake(sylvie):
    with pytest.raises(ValidationError):
        enrolled(sylvie, received_on=clock.today() + timedelta(days=1))


def test_letters_go_in_one_pdf_and_move_each_enrolment_on(sylvie):
    for n in range(3):
        enrolled(sylvie, phone=f"06 39 98 00 0{n}", first_name=f"Odette {n}")
    batch = usecases.print_acknowledgements(sylvie, register=HEAT)
    assert batch.content.startswith(b"%PDF")
    assert (len(batch.persons), batch.left_out) == (3, 0)
    assert set(Enrolment.objects.values_list("state", "acknowledged_on")) == {("acknowledged", clock.today())}
    with pytest.raises(usecases.NoLetter):
        usecases.print_acknowledgements(sylvie, register=HEAT)


def test_a_reception_is_never_invented(sylvie):
    made = enrolled(sylvie)
    with pytest.raises(IllegalTransition):
        usecases.confirm_receipt(sylvie, enrolment=made, received_on=clock.today())
    usecases.print_acknowledgements(sylvie, register=HEAT)
    made.refresh_from_db()
    for wrong in (clock.today() + timedelta(days=1), made.received_on - timedelta(days=1)):
        with pytest.raises(ValidationError):
            usecases.confirm_receipt(sylvie, enrolment=made, received_on=wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.filter(pk=made.pk).update(state="confirmed")
    usecases.confirm_receipt(sylvie, enrolment=made, received_on=clock.today())
    assert Enrolment.objects.get(pk=made.pk).state == "confirmed"


def test_leaving_is_always_possible_and_immediate_then_one_may_come_back(sylvie):
    made = enrolled(sylvie)
    usecases.remove_enrolment(sylvie, enrolment=made)
    assert facts.statuses_in(HEAT, [made.person_id]) == {made.person_id: "closed"}
    assert not queries.find_enrolled(sylvie, register=HEAT, phone=SAID["phone"])
    with pytest.raises(IllegalTransition):
        usecases.remove_enrolment(sylvie, enrolment=made)
    again = enrolled(sylvie)
    assert again.person_id != made.person_id


def test_the_search_before_creating_finds_who_shares_the_line_and_who_came_by_file(sylvie):
    by_file = sealed(HEAT, 1, phone="+33639981234")[0]
    made = enrolled(sylvie)
    found = {one.person: one.enrolment for one in queries.find_enrolled(sylvie, register=HEAT, phone="0639981234")}
    assert found == {by_file: None, made.person_id: made}


def test_who_came_by_file_is_completed_rather_than_doubled(sylvie):
    by_file = sealed(HEAT, 1)[0]
    made = enrolled(sylvie, person=by_file)
    assert made.person_id == by_file
    assert len(facts.members(HEAT)) == 1
    with pytest.raises(usecases.AlreadyEnrolled):
        enrolled(sylvie, person=by_file)


def test_an_agent_who_is_not_named_in_writing_neither_sees_nor_enrols(sylvie):
    other = keeper(named=())
    assert [one.code for one in queries.visible(other)] == []
    with pytest.raises(NotFound):
        enrolled(other)


@pytest.mark.parametrize("role", ["caller", "desk", "analyst", "controller"])
def test_only_keepers_enrol(sylvie, role):
    with pytest.raises(NotAllowed):
        enrolled(keeper(role))


def test_nobody_enrols_in_a_reused_file(sylvie):
    open_care()
    with pytest.raises(queries.NotAnEnrolmentRegister):
        usecases.enrol(sylvie, register="apa", values=SAID, channel="phone", received_on=clock.today())


def test_an_enrolment_is_a_confirmation_of_what_is_held(sylvie):
    made = enrolled(sylvie)
    row = LastCheck.objects.get(person=made.person_id)
    assert (row.checked_on, row.way) == (made.received_on, "enrolment")
    assert made.person_id not in queries.not_checked_since(HEAT, clock.today())
