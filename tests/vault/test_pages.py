"""The pages of requests, habilitations and registers: no person, constant queries, nothing by GET."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages

from entremise.accounts.models import User
from entremise.kernel import clock, navigation
from entremise.vault import usecases as vault
from entremise.vault.models import Approval, Habilitation, Register, SpecialRequest
from entremise.vault.usecases.kinds import KINDS
from tests.accounts.factories import agent
from tests.vault.granting import Town, yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    return Town()


@pytest.fixture
def enter(client):
    def enter(who):
        client.force_login(User.objects.get(pk=who.user_id) if not isinstance(who, User) else who)
        return client

    return enter


def words(answer):
    return answer.content.decode()


def test_what_waits_for_me_comes_first_then_an_answer_in_one_click(town, enter):
    row = town.export()
    page = words(enter(town.house).get("/coffre/demandes/"))
    assert f"/coffre/demandes/{row.public_id}/" in page
    assert "<title>(1) Demandes spéciales" in page
    told = words(enter(town.house).get(f"/coffre/demandes/{row.public_id}/"))
    assert "collège des collectivités" in told
    answer = enter(town.house).post(f"/coffre/demandes/{row.public_id}/accorder/", {"fingerprint": row.fingerprint})
    assert answer.status_code == 302
    assert "Rien n’attend votre réponse" in words(enter(town.house).get("/coffre/demandes/"))
    enter(town.listed).post(f"/coffre/demandes/{row.public_id}/accorder/", {"fingerprint": row.fingerprint})
    row.refresh_from_db()
    assert row.state == "granted"
    assert "vous pouvez l’utiliser" in words(enter(town.dpo).get(f"/coffre/demandes/{row.public_id}/"))


def test_the_page_counts_who_is_concerned_and_names_nobody(town, enter):
    row = town.erasure()
    told = words(enter(town.dpo).get(f"/coffre/demandes/{row.public_id}/"))
    assert "1 fiche désignée" in told
    assert row.persons[0] not in told


@pytest.mark.parametrize("deed", ["accorder", "refuser", "reprendre", "retirer", "avis"])
def test_nothing_is_answered_by_get(town, enter, deed):
    row = town.export()
    assert enter(town.house).get(f"/coffre/demandes/{row.public_id}/{deed}/").status_code == 405
    assert not Approval.objects.exists()


def test_a_refusal_without_reason_comes_back_with_its_error(town, enter):
    row = town.export()
    asked = {"fingerprint": row.fingerprint, "reason": "non"}
    answer = enter(town.house).post(f"/coffre/demandes/{row.public_id}/refuser/", asked)
    assert answer.status_code == 422
    assert "Écrivez une raison en 10 à 300 caractères" in words(answer)
    row.refresh_from_db()
    assert row.state == "asked"


def test_who_is_not_concerned_does_not_learn_that_a_request_exists(town, enter):
    row = town.export()
    assert enter(town.keeper).get(f"/coffre/demandes/{row.public_id}/").status_code == 404
    assert enter(agent("matchmaker")).get("/coffre/demandes/").status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_asked_in_a_guided_form_that_fits_it(enter, kind):
    shape = KINDS[kind]
    client = enter(agent(sorted(shape.askers)[0]))
    page = client.get(f"/coffre/demandes/nouvelle/{kind}/", {"registre": "entraide"})
    assert page.status_code == 200
    assert shape.label in words(page)
    assert enter(agent("matchmaker")).get(f"/coffre/demandes/nouvelle/{kind}/").status_code == 403
    assert client.get("/coffre/demandes/nouvelle/inconnue/").status_code == 404


def test_an_export_is_asked_in_the_form_and_a_wrong_one_says_where(town, enter):
    client = enter(town.dpo)
    address = "/coffre/demandes/nouvelle/export/?registre=entraide"
    wrong = client.post(address, {"motive": "court", "cap": 3000})
    assert wrong.status_code == 422
    asked = {"motive": "Liste pour la plateforme de soutien", "purpose": "referrals.refer", "cap": 100,
             "fields_asked": ["entraide.phone"], "recipients": "CCAS"}  # fmt: skip
    answer = client.post(address, asked)
    row = SpecialRequest.objects.get()
    assert answer.url == f"/coffre/demandes/{row.public_id}/"
    assert (row.cap, row.fields, row.days) == (100, ["entraide.phone"], 3)


def test_an_erasure_of_something_that_is_no_reference_is_refused(town, enter):
    asked = {"motive": "Demande reçue par lettre", "purpose": "people.rights", "persons": "Madame D."}
    answer = enter(town.keeper).post("/coffre/demandes/nouvelle/erasure/?registre=entraide", asked)
    assert answer.status_code == 422
    assert "Une référence a 36 signes" in words(answer)


def test_the_list_costs_the_same_for_one_request_and_for_many(town, enter, django_assert_max_num_queries):
    client = enter(town.dpo)
    for number in (1, 12):
        for _ in range(number):
            town.export()
        with django_assert_max_num_queries(14):
            client.get("/coffre/demandes/")


# habilitations


def test_the_controller_signs_all_those_who_wait_in_one_click(town, enter):
    Habilitation.objects.all().delete()
    for role in ("caller", "keeper", "matchmaker"):
        agent(role)
    Habilitation.objects.all().delete()
    client = enter(town.controller)
    page = words(client.get("/coffre/habilitations/"))
    assert "à signer" in page
    until = (clock.today() + timedelta(days=200)).isoformat()
    assert client.post("/coffre/habilitations/signer/", {"until": until}).status_code == 302
    rows = Habilitation.objects.all()
    assert rows.count() >= 5
    assert all(row.purposes and row.commitment_until is None for row in rows)
    assert "Signer" not in words(client.get("/coffre/habilitations/")).replace("signer", "")


def test_only_the_controller_signs_and_only_proved_again(town, enter, settings):
    other = agent("caller")
    address = f"/coffre/habilitations/{other.public_id}/"
    asked = {"purposes": ["outreach.call"], "level": 2, "until": (clock.today() + timedelta(days=20)).isoformat()}
    assert enter(town.dpo).post(address, asked).status_code == 403
    assert enter(agent("matchmaker")).get("/coffre/habilitations/").status_code == 403
    client = enter(town.controller)
    assert client.post(address, {**asked, "until": ""}).status_code == 422
    assert client.post(address, asked).status_code == 302
    assert Habilitation.objects.get(user=other.pk).level == 2
    settings.DEMO = False
    assert "/comptes/" in client.post(address, asked).url


def test_an_access_is_stopped_with_a_reason_and_given_back(town, enter):
    other = agent("caller")
    vault.habilitate(town.controller, user=other, purposes=["outreach.call"],
                     active_until=clock.now() + timedelta(days=9))  # fmt: skip
    client, address = enter(town.dpo), f"/coffre/habilitations/{other.public_id}/"
    assert client.post(f"{address}suspendre/", {"reason": "vu"}).status_code == 422
    client.post(f"{address}suspendre/", {"reason": "Téléphone perdu hier soir"})
    assert "Téléphone perdu hier soir" in words(client.get(address))
    client.post(f"{address}retablir/")
    assert Habilitation.objects.get(user=other.pk).suspended_at is None


def test_the_list_of_habilitations_costs_the_same_for_few_and_many(town, enter, django_assert_max_num_queries):
    client = enter(town.controller)
    for number in (1, 12):
        for _ in range(number):
            agent("caller", "keeper")
        with django_assert_max_num_queries(14):
            client.get("/coffre/habilitations/")


def test_the_commitment_is_signed_then_one_is_back_where_one_was(enter):
    user = agent("caller")
    client = enter(user)
    Habilitation.objects.filter(user=user.pk).delete()
    assert "/entraide/" in words(client.get("/coffre/engagement/?next=/entraide/"))
    assert client.post("/coffre/engagement/", {"next": "/entraide/"}).url == "/entraide/"
    assert Habilitation.objects.get(user=user.pk).commitment_until > clock.now()


@pytest.mark.parametrize("back", ["https://ailleurs.example/", "//ailleurs.example", "javascript:alert(1)", "\\x"])
def test_the_commitment_never_leads_elsewhere(enter, back):
    answer = enter(agent("caller")).post("/coffre/engagement/", {"next": back})
    assert answer.url == "/comptes/"
    assert list(get_messages(answer.wsgi_request))


# registers


def test_a_register_is_read_acted_upon_and_closed(town, enter):
    vault.create_register(
        town.controller, code="canicule-2026", kind="legal", label="Canicule 2026",
        expires_at=clock.now() + timedelta(90), bases={"outreach.call": "legal_obligation"},
    )  # fmt: skip
    client, address = enter(town.controller), "/coffre/registres/canicule-2026/"
    page = words(client.get(address))
    assert "n’est pas signée" in page
    assert "plan déclenché seulement" in page
    assert client.post(f"{address}analyse/", {"risks": "x"}).status_code == 422
    parts = dict.fromkeys(("processing", "necessity", "risks", "measures"), "Ce qui a été pesé.")
    assert client.post(f"{address}analyse/", parts).status_code == 302
    for deed in ("ouvrir", "crise", "fin-de-crise", "suspendre", "clore"):
        assert client.get(f"{address}{deed}/").status_code == 405
        assert client.post(f"{address}{deed}/").status_code == 302
    assert Register.objects.get(pk="canicule-2026").status == "closed"
    assert "demander sa destruction" in words(client.get(address))
    assert client.post(f"{address}inconnu/").status_code == 404
    assert client.post(f"{address}ouvrir/").status_code == 409


def test_the_dpo_reads_registers_and_only_stops_them(town, enter):
    client = enter(town.dpo)
    assert "Entraide" in words(client.get("/coffre/registres/"))
    assert client.post("/coffre/registres/entraide/clore/").status_code == 403
    assert client.post("/coffre/registres/entraide/suspendre/").status_code == 302
    assert enter(agent("keeper")).get("/coffre/registres/").status_code == 403


def test_the_first_page_of_the_vault_leads_everywhere(town, enter):
    yes(town.house, town.export())
    page = words(enter(town.controller).get("/coffre/"))
    for address in ("/coffre/demandes/", "/coffre/habilitations/", "/coffre/registres/", "/regles/qui-pourrait/"):
        assert address in page
    assert "1</span> demande spéciale en cours" in page
    assert enter(agent("administrator")).get("/coffre/").status_code == 403


@pytest.mark.parametrize(
    "role", ["dpo", "controller", "keeper", "analyst", "referrer", "moderator", "seat_registered", "seat_institutions"]
)
def test_the_menu_of_each_role_keeps_to_six_words(actor, role):
    entries = [entry.url_name for entry in navigation.menu(actor(role))]
    assert "vault:request_list" in entries
    assert len(entries) <= navigation.MOST
