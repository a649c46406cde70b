"""The pages of a register's life: calm, flat, nothing written by a GET, nobody named where counts are enough."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.registers import usecases
from entremise.registers.models import CheckRound, Enrolment, ImportBatch, LifeReport
from entremise.vault import queries as facts
from entremise.vault.models import Line
from tests.registers.keeping import CARE, HEAT, enrolled, keeper, open_care, open_heat, sealed

pytestmark = pytest.mark.django_db
PLACES = ("", "r/canicule/", "r/canicule/inscrire/", "r/canicule/inscriptions/", "r/canicule/signaler/",
          "r/canicule/confirmations/", "r/canicule/prefet/", "r/apa/", "r/apa/informer/", "signalements/")  # fmt: skip


@pytest.fixture
def sylvie():
    open_heat()
    open_care()
    return keeper()


@pytest.fixture
def enter(client):
    def enter(who):
        client.force_login(User.objects.get(pk=who.user_id))
        return client

    return enter


def words(answer):
    return answer.content.decode()


@pytest.mark.parametrize("place", PLACES)
def test_every_page_opens_on_empty_registers_and_on_full_ones(sylvie, enter, place):
    client = enter(sylvie)
    assert client.get(f"/registres/{place}").status_code == 200
    enrolled(sylvie)
    sealed(CARE, 3)
    assert client.get(f"/registres/{place}").status_code == 200


@pytest.mark.parametrize("place", ["", "r/canicule/", "r/canicule/inscriptions/", "signalements/", "r/apa/informer/"])
def test_pages_that_count_name_nobody(sylvie, enter, place):
    enrolled(sylvie, last_name="ZYZOMYS", address="12 rue Zyzomys, 38000 Grenoble")
    sealed(CARE, 2, names="ZYZOMYS, Odette")
    page = words(enter(sylvie).get(f"/registres/{place}"))
    assert "zyzomys" not in page.lower()
    assert "39981234" not in page.replace(" ", "")


def test_the_page_of_a_register_says_who_acts_in_it_and_what_the_law_allows(sylvie, enter):
    page = words(enter(sylvie).get("/registres/r/canicule/"))
    user = User.objects.get(pk=sylvie.user_id)
    assert user.label in page
    assert "Neuf rubriques" in page
    assert "mission d’intérêt public" in page


def test_an_agent_not_named_sees_neither_the_register_nor_its_pages(sylvie, enter):
    client = enter(keeper(named=()))
    assert "Registre canicule" not in words(client.get("/registres/"))
    for place in ("r/canicule/", "r/canicule/inscrire/", "r/canicule/prefet/"):
        assert client.get(f"/registres/{place}").status_code == 404


@pytest.mark.parametrize("role", ["caller", "matchmaker", "desk"])
def test_other_roles_are_told_where_to_go(sylvie, enter, role):
    assert enter(keeper(role)).get("/registres/").status_code == 403


def test_enrolling_takes_two_screens_and_the_second_repeats_nothing(sylvie, enter):
    client = enter(sylvie)
    asked = {"asked_by": "self", "channel": "phone", "received_on": clock.today().isoformat(), "phone": "0639981234",
             "proof": "", "third_party": ""}  # fmt: skip
    second = words(client.post("/registres/r/canicule/inscrire/", asked))
    assert "Personne n’est au registre sous ce numéro" in second
    assert second.count('<label for="id_') + second.count("<legend>") <= 9
    person = {"last_name": "FICTION", "first_name": "Odette", "birth_date": "07/03/1941", "capacity": "a",
              "address": "12 rue des Essais, 38000 Grenoble", "home_service": "", "emergency_contact": "",
              "inscrire": "1"}  # fmt: skip
    answer = client.post("/registres/r/canicule/inscrire/", asked | person)
    made = Enrolment.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/registres/inscriptions/{made.public_id}/")
    assert "Imprimer la lettre" in words(client.get(answer["Location"]))
    again = words(client.post("/registres/r/canicule/inscrire/", asked))
    assert "Ce numéro est déjà au registre" in again


def test_a_third_party_on_the_phone_is_told_why_not_and_nothing_is_lost(sylvie, enter):
    asked = {"asked_by": "third_party", "channel": "phone", "received_on": clock.today().isoformat(),
             "phone": "0639981234", "proof": "", "third_party": "Paul Feint, neveu"}  # fmt: skip
    answer = enter(sylvie).post("/registres/r/canicule/inscrire/", asked)
    assert answer.status_code == 422
    assert "par écrit" in words(answer)
    assert 'value="Paul Feint, neveu"' in words(answer)


def test_no_page_offers_to_refuse_somebody_nor_to_send_a_proof(sylvie, enter):
    page = words(enter(sylvie).get("/registres/r/canicule/inscrire/"))
    assert "refuser l’inscription" not in page.lower()
    assert 'type="file"' not in page


def test_the_whole_life_of_an_enrolment_by_its_page(sylvie, enter):
    client, made = enter(sylvie), enrolled(sylvie)
    address = f"/registres/inscriptions/{made.public_id}/"
    letter = client.post(address + "lettre/")
    assert letter["Content-Type"] == "application/pdf"
    assert letter["Cache-Control"] == "no-store"
    wrong = client.post(address + "recue/", {"received_on": (clock.today() + timedelta(days=2)).isoformat()})
    assert wrong.status_code == 422
    client.post(address + "recue/", {"received_on": clock.today().isoformat()})
    made.refresh_from_db()
    assert made.state == "confirmed"
    client.post(address + "retirer/")
    made.refresh_from_db()
    assert made.state == "objected"
    assert client.get(address).status_code == 200


def test_a_death_takes_two_humans_and_the_number_on_the_notice(sylvie, enter):
    enrolled(sylvie)
    client, paul = enter(sylvie), keeper()
    found = words(client.post("/registres/r/canicule/signaler/", {"phone": "0639981234"}))
    person = Enrolment.objects.get().person_id
    assert str(person) in found
    said = {"phone": "0639981234", "person": str(person), "kind": "deceased", "source": "registry", "signaler": "1"}
    assert client.post("/registres/r/canicule/signaler/", said)["Location"] == "/registres/signalements/"
    row = LifeReport.objects.get()
    address = f"/registres/signalements/{row.public_id}/"
    assert "une autre personne doit confirmer" in words(client.get(address + "confirmer/"))
    assert client.post(address + "confirmer/", {"phone": "0639981234"}).status_code == 422
    client = enter(paul)
    assert client.post(address + "confirmer/", {"phone": "0639980000"}).status_code == 422
    assert client.post(address + "confirmer/", {"phone": "06 39 98 12 34"}).status_code == 302
    client.post(address + "annuler/")
    row.refresh_from_db()
    assert row.state == "undone"


def test_a_campaign_by_call_goes_from_one_person_to_the_next(sylvie, enter):
    sealed(HEAT, 3)
    client = enter(sylvie)
    answer = client.post("/registres/r/canicule/confirmations/", {"since": clock.today().isoformat(), "way": "call"})
    row = CheckRound.objects.get()
    assert answer["Location"] == f"/registres/confirmations/{row.public_id}/"
    page = words(client.get(f"/registres/confirmations/{row.public_id}/1/"))
    called = re.search(r"FICTION, \w+", page)  # the order of persons born in one millisecond is nobody's
    assert called
    assert "06 39 98 00 0" in page
    answer = client.post(f"/registres/confirmations/{row.public_id}/1/", {"answer": "confirmed"})
    assert answer["Location"] == f"/registres/confirmations/{row.public_id}/2/"
    found = client.get(f"/registres/confirmations/{row.public_id}/", {"reference": f"{row.public_id}-3"})
    assert found["Location"] == f"/registres/confirmations/{row.public_id}/3/"
    closed = client.get(f"/registres/confirmations/{row.public_id}/1/")
    assert called[0] not in words(closed)


def test_letters_of_information_leave_and_the_persons_are_informed(sylvie, enter):
    sealed(CARE, 3)
    client = enter(sylvie)
    letters = client.post("/registres/r/apa/informer/")
    assert letters.content.startswith(b"%PDF")
    assert facts.states()[CARE] == {"informed": 3}
    assert "Tout le monde a été informé" in words(client.get("/registres/r/apa/informer/"))


@pytest.mark.parametrize("size", [2, 30])
def test_lists_cost_the_same_whatever_their_length(sylvie, enter, size, django_assert_max_num_queries):
    for code in (HEAT, CARE):
        sealed(code, size)
    Enrolment.objects.bulk_create(
        Enrolment(register=HEAT, person_id=pk, channel="phone", received_on=clock.today(),
                  due_on=clock.today() + timedelta(days=8))
        for pk in facts.members(HEAT)
    )  # fmt: skip
    client = enter(sylvie)
    for place in ("", "r/canicule/", "r/canicule/inscriptions/", "signalements/", "r/canicule/confirmations/"):
        with django_assert_max_num_queries(40):
            client.get(f"/registres/{place}")


def test_a_parcel_opens_by_its_button_only(client):
    assert client.get("/remise/nimportequoi/").status_code == 200
    assert client.post("/remise/nimportequoi/").status_code == 404


def test_an_enrolment_is_read_as_people_speak_and_each_reading_is_journalled(sylvie, enter):
    made = enrolled(sylvie)
    before = Line.objects.count()
    page = words(enter(sylvie).get(f"/registres/inscriptions/{made.public_id}/"))
    assert "7 mars 1941" in page
    assert "06 39 98 12 34" in page
    assert Line.objects.count() == before + 1


def test_files_that_wait_and_their_sources_are_told_without_a_name(sylvie, enter):
    source = usecases.create_source(
        sylvie, register=CARE, label="Extraction mensuelle", giver="Département de fiction",
        legal_basis="RGPD, art. 6.1.e", origin="existing",
    )  # fmt: skip
    ImportBatch.objects.create(
        source=source, agent_id=sylvie.user_id, state="checked", received_on=clock.today(), size=1, digest=b"x" * 16
    )
    assert "1 fichier à vérifier ou à charger" in words(enter(sylvie).get("/registres/"))
    page = words(enter(sylvie).get("/registres/r/apa/"))
    assert "Extraction mensuelle" in page
    assert "Les voir" in page
