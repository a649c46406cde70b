"""The rights desk: found by phone, identified, answered; nothing shown before, nothing in an address."""

from __future__ import annotations

import io
from datetime import date

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from entremise.accounts.models import User
from entremise.people import queries, usecases
from entremise.people.models import LetterCode, Mandate, RightsRequest
from entremise.vault import queries as facts
from tests.accounts.factories import agent
from tests.people.factories import desk, oneself, person, request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("common", "quick")]
WHO = {"first_name": "Quetzalie", "last_name": "Zyrbanski", "address": "9 rue Xylophone, 38000 Grenoble"}
BORN = date(1941, 3, 7)


@pytest.fixture
def nadia(client):
    actor = desk()
    client.force_login(User.objects.get(pk=actor.user_id))
    return actor


@pytest.fixture
def who():
    return person(**WHO)


def soup(answer):
    return BeautifulSoup(answer.content, "html5lib")


def text(answer):
    return soup(answer).find("main").get_text(" ", strip=True)


def letter(answer):
    assert answer["Content-Type"] == "application/pdf", text(answer)
    assert "no-store" in answer["Cache-Control"]
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split()).replace("\u00a0", " ")


def identified(client, nadia, who, kind="access", **more):
    row = request(nadia, kind, **more)
    client.post(f"/droits/{row.public_id}/identite/", {"person": str(who.pk), "how": "document"})
    row.refresh_from_db()
    assert row.state == "identified"
    return row


def test_a_request_is_written_down_in_three_answers(client, nadia):
    said = {"kind": "access", "channel": "phone", "received_on": "2026-01-01"}
    said["received_on"] = str(RightsRequest().created_at.date())
    page = text(client.post("/droits/nouvelle/", said, follow=True))
    row = RightsRequest.objects.get()
    assert row.code in page
    assert "Retrouvez la personne" in page
    assert (
        client.post(
            "/droits/nouvelle/", {"kind": "object", **{k: said[k] for k in ("channel", "received_on")}}
        ).status_code
        == 422
    )
    assert client.post("/droits/nouvelle/", {}).status_code == 422


@pytest.mark.parametrize("path", ["", "nouvelle/"])
def test_the_desk_is_for_the_desk(client, path):
    client.force_login(agent("caller"))
    assert client.get(f"/droits/{path}").status_code == 403


def test_the_queue_costs_the_same_however_long(client, nadia, flat):
    flat(lambda: client.get("/droits/"), lambda: [request(nadia) for _ in range(3)])


def test_a_person_is_found_by_phone_without_a_name_or_a_number_on_the_page(client, nadia, who):
    person(first_name="Bruno", last_name="Zyrbanski")
    row = request(nadia)
    answer = client.post(
        f"/droits/{row.public_id}/personne/", {"phone": "06 39 98 12 34", "names": "quetzalie zyrbanski"}
    )
    page = soup(answer)
    choices = page.select("input[name=person][type=radio]")
    assert [choice["value"] for choice in choices][0] == str(who.pk)
    assert len(choices) == 2, "a shared line gives several persons"
    assert "connus" in choices[0].parent.text
    assert "Xylophone" not in answer.content.decode()
    assert "Quetzalie" not in text(answer)
    assert client.post(f"/droits/{row.public_id}/personne/", {"phone": "zéro"}).status_code == 422


def test_a_threatened_person_is_found_like_an_unknown_one(client, nadia, who):
    usecases.protect(nadia, person=who, on=True)
    pages = set()
    for number in ("06 39 98 12 34", "06 39 98 99 99"):
        row = request(nadia, channel="phone")
        answer = client.post(f"/droits/{row.public_id}/personne/", {"phone": number})
        pages.add(soup(answer).select_one(".note.warn").text)
    assert len(pages) == 1
    with pytest.raises(usecases.NotIdentified):
        usecases.identify_request(nadia, request=row, person=who, how="known")
    counter = request(nadia, channel="counter")
    answer = client.post(f"/droits/{counter.public_id}/personne/", {"phone": "06 39 98 12 34"})
    assert soup(answer).select("input[name=person][type=radio]")


def test_nothing_is_shown_before_the_identity_and_all_after(client, nadia, who):
    row = request(nadia)
    assert "Quetzalie" not in client.get(f"/droits/{row.public_id}/").content.decode()
    for path in ("corriger/", "lettre/reponse.pdf", "copie.json", "mandat/"):
        assert client.get(f"/droits/{row.public_id}/{path}").status_code == 404
    row = identified(client, nadia, who)
    page = text(client.get(f"/droits/{row.public_id}/"))
    assert "Quetzalie" in page
    assert "9 rue Xylophone" in page


def test_a_code_told_on_the_phone_identifies_who_tells_it(client, nadia, who):
    code = usecases.issue_codes(nadia, births=[(who.pk, BORN)])[0].code
    row = request(nadia, channel="phone")
    said = {"person": str(who.pk), "how": "letter_code", "code": code}
    assert client.post(f"/droits/{row.public_id}/identite/", said).status_code == 422
    wrong = client.post(f"/droits/{row.public_id}/identite/", {**said, "birth": "08/03/1941"})
    assert wrong.status_code == 422
    client.post(f"/droits/{row.public_id}/identite/", {**said, "birth": "07/03/1941"})
    row.refresh_from_db()
    assert (row.state, row.identity_how) == ("identified", "letter_code")


def test_an_access_is_printed_handed_over_and_closed(client, nadia, who):
    row = identified(client, nadia, who)
    said = letter(client.get(f"/droits/{row.public_id}/lettre/reponse.pdf"))
    for word in ("Quetzalie Zyrbanski", "9 rue Xylophone", row.code, "CNIL"):
        assert word in said
    assert b"Quetzalie" in client.get(f"/droits/{row.public_id}/copie.json").content
    page = text(client.post(f"/droits/{row.public_id}/terminer/", follow=True))
    assert "C’est fini" in page
    assert client.get(f"/droits/{row.public_id}/lettre/autre.pdf").status_code == 404


@pytest.mark.parametrize(("kind", "more", "done"), [
    ("object", {"purpose": "outreach.call"}, lambda pk: facts.stances_of(pk)["objection"] == {"outreach.call"}),
    ("restrict", {}, lambda pk: facts.records_of(pk)[0].status == "frozen"),
])  # fmt: skip
def test_a_right_is_done_in_one_button(client, nadia, who, kind, more, done):
    row = identified(client, nadia, who, kind, **more)
    client.post(f"/droits/{row.public_id}/terminer/")
    row.refresh_from_db()
    assert row.state == "done"
    assert done(who.pk)


def test_a_correction_warns_is_written_then_told(client, nadia):
    who = person(**WHO, email="q@exemple.fr")
    row = identified(client, nadia, who, "rectify")
    page = soup(client.get(f"/droits/{row.public_id}/corriger/"))
    form = {box["name"]: box.get("value", "") for box in page.select("main form input[name^=entraide]")}
    form["entraide__phone"] = "06 39 98 00 09"
    assert "C’est corrigé" in text(client.post(f"/droits/{row.public_id}/corriger/", form, follow=True))
    assert "06 39 98 00 09" in text(client.get(f"/droits/{row.public_id}/"))
    assert "Prévenez d’abord" in text(client.post(f"/droits/{row.public_id}/terminer/", follow=True))
    client.post(f"/droits/{row.public_id}/prevenir/")
    client.post(f"/droits/{row.public_id}/terminer/")
    row.refresh_from_db()
    assert row.state == "done"


def test_without_mail_or_mobile_the_letter_leaves_first(client, nadia):
    who = person(**WHO, phone="01 99 00 00 01")
    row = identified(client, nadia, who, "rectify")
    form = {"entraide__phone": "06 39 98 00 09", "entraide__first_name": "Quetzalie",
            "entraide__last_name": "Zyrbanski", "entraide__address": WHO["address"]}  # fmt: skip
    answer = client.post(f"/droits/{row.public_id}/corriger/", form)
    assert answer.status_code == 422
    assert "lettre" in soup(answer).select_one(".summary").text
    assert "9 rue Xylophone" in letter(client.get(f"/droits/{row.public_id}/lettre/avertissement.pdf"))
    assert "C’est corrigé" in text(
        client.post(f"/droits/{row.public_id}/corriger/", {**form, "lettre": "1"}, follow=True)
    )


def test_a_term_is_extended_or_a_request_refused_with_its_letter(client, nadia, who):
    row = identified(client, nadia, who, "rectify")
    assert client.post(f"/droits/{row.public_id}/prolonger/", {}).status_code == 422
    client.post(f"/droits/{row.public_id}/prolonger/", {"extend-reason": "complex"})
    assert "Il nous faut plus de temps" in letter(client.get(f"/droits/{row.public_id}/lettre/reponse.pdf"))
    assert client.post(f"/droits/{row.public_id}/refuser/", {"refuse-reason": "x"}).status_code == 422
    client.post(f"/droits/{row.public_id}/refuser/", {"refuse-reason": "others"})
    said = letter(client.get(f"/droits/{row.public_id}/lettre/reponse.pdf?grand=1"))
    for word in ("droits d’autres personnes", "CNIL", "tribunal administratif", "délégué à la protection des données"):
        assert word in said
    client.post(f"/droits/{row.public_id}/prevenir/")
    client.post(f"/droits/{row.public_id}/terminer/")
    row.refresh_from_db()
    assert row.state == "refused"
    assert client.post(f"/droits/{row.public_id}/danser/").status_code == 404


def test_codes_are_printed_in_one_batch_to_the_addresses_held(client, nadia, who):
    other = person(first_name="Odile", address="2 place des Essais, 38000 Grenoble")
    for one in (who, other):
        usecases.identify_request(nadia, request=request(nadia), person=one, how="document")
        usecases.record_birth_date(nadia.speaking_for(one.pk), person=one, birth=BORN, motive="Date dite au guichet")
        usecases.receive_request(oneself_by_link(one), kind="access", person=one)
    said = letter(client.post("/droits/codes.pdf", {"grand": "1"}))
    for word in ("9 rue Xylophone", "2 place des Essais", "Votre code"):
        assert word in said
    assert LetterCode.objects.filter(state="issued").count() == 2
    assert "Personne n’attend" in text(client.post("/droits/codes.pdf", follow=True))


def oneself_by_link(who):
    from entremise.kernel.actors import Actor

    return Actor.person(who.pk)


def test_a_code_needs_an_address_and_a_birth_date(client, nadia, who):
    row = request(nadia)
    page = text(client.post(f"/droits/{row.public_id}/code.pdf", {"person": str(who.pk)}, follow=True))
    assert "date de naissance" in page
    nowhere = person(first_name="Bruno")
    page = text(client.post(f"/droits/{row.public_id}/code.pdf", {"person": str(nowhere.pk)}, follow=True))
    assert "aucune lettre ne peut partir" in page
    assert not LetterCode.objects.exists()


def test_a_killed_code_is_told_by_letter_once(client, nadia, who):
    code = usecases.issue_codes(nadia, births=[(who.pk, BORN)])[0]
    for _ in range(5):
        with pytest.raises(usecases.CodeRefused):
            usecases.use_code(oneself_by_link(who), code=code.code, birth=date(1941, 3, 8))
    assert "Codes annulés" in text(client.get("/droits/"))
    path = f"/droits/codes/{code.row.public_id}/annulation.pdf"
    assert "5 erreurs" in letter(client.post(path))
    assert client.post(path).status_code == 404
    assert "Codes annulés" not in text(client.get("/droits/"))


def test_a_mandate_is_noted_on_a_proof_that_was_seen(client, nadia, who):
    proxy = person(first_name="Odile", phone="06 39 98 00 03")
    row = identified(client, nadia, who)
    said = {"phone": "06 39 98 00 03", "names": "Odile Fiction", "proof": "written", "scope": "read"}
    far = {**said, "until": "2099-01-01"}
    assert client.post(f"/droits/{row.public_id}/mandat/", far).status_code == 422
    assert client.post(f"/droits/{row.public_id}/mandat/", {**far, "names": "Personne"}).status_code == 422
    near = {**said, "until": str(row.due_on)}
    page = text(client.post(f"/droits/{row.public_id}/mandat/", near, follow=True))
    mandate = Mandate.objects.get()
    assert (mandate.state, mandate.proxy_id) == ("verified", proxy.pk)
    assert "Mandat écrit" in page
    client.post(f"/droits/{row.public_id}/mandat/{mandate.public_id}/retirer/")
    mandate.refresh_from_db()
    assert mandate.state == "revoked"


def test_other_telephones_and_close_ones_are_sealed_and_shown_to_the_person(nadia, who):
    usecases.identify_request(nadia, request=request(nadia), person=who, how="document")
    me = oneself(who)
    line = usecases.add_phone(me, person=who, phone="01 99 00 00 77", shared=True, motive="Ajout par la personne")
    assert (line.kind, line.shared, line.field) == ("fixed", True, "personne.phone#1")
    close = usecases.add_trusted_contact(
        me, person=who, full_name="Wenceslas Kwiatkol", phone="06 39 98 00 04", relation="neighbour",
        may_be_called="unreachable", may_know="wellbeing", motive="Ajout par la personne",
    )  # fmt: skip
    copy = usecases.copy_of(me, person=who, motive="Essai de copie")
    values = {item.name: item.value for section in copy.sections for item in section.items}
    assert values["personne.phone#1"] == "01 99 00 00 77"
    assert values[close.fields["full_name"]] == "Wenceslas Kwiatkol"
    usecases.remove_phone(me, line=line, motive="Retrait par la personne")
    assert usecases.remove_trusted_contact(me, contact=close, motive="Retrait par la personne") is True
    assert usecases.remove_trusted_contact(me, contact=close, motive="Retrait par la personne") is False
    copy = usecases.copy_of(me, person=who, motive="Essai de copie")
    assert not [item for section in copy.sections if section.register == "personne" for item in section.items]


def test_a_number_that_several_share_finds_them_all_wherever_it_is_written(nadia, who):
    other = person(first_name="Bruno", phone="06 39 98 00 05")
    for one, number in ((who, "01 99 00 00 70"), (other, "01 99 00 00 71"), (other, "06 39 98 12 34")):
        usecases.add_phone(oneself(one), person=one, phone=number, shared=True, motive="Ajout par la personne")
    found = queries.find_candidates(nadia, phone="06 39 98 12 34", motive="Demande de droits", remote=True)
    assert {one.person for one in found} == {who, other}
    found = queries.find_candidates(nadia, phone="01 99 00 00 71", motive="Demande de droits", remote=True)
    assert [one.person for one in found] == [other]
    usecases.remove_phone(oneself(other), line=other.lines.get(rank=2), motive="Retrait par la personne")
    found = queries.find_candidates(nadia, phone="06 39 98 12 34", motive="Demande de droits", remote=True)
    assert [one.person for one in found] == [who]


def test_a_person_has_ten_telephones_at_most(who):
    me = oneself(who)
    for n in range(9):
        usecases.add_phone(me, person=who, phone=f"01 99 00 00 1{n}", motive="Ajout par la personne")
    with pytest.raises(usecases.TooManyLines):
        usecases.add_phone(me, person=who, phone="01 99 00 00 20", motive="Ajout par la personne")


def test_erasing_is_asked_by_the_dpo_done_at_two_and_leaves_the_objection(client):
    actor = desk("dpo")
    client.force_login(User.objects.get(pk=actor.user_id))
    who = person(**WHO)
    usecases.record_objection(oneself(who), person=who, purpose="mutualaid.contact")
    row = identified(client, actor, who, "erase")
    page = text(client.post(f"/droits/{row.public_id}/demander-effacement/", follow=True))
    row.refresh_from_db()
    assert row.special_request
    assert row.special_request in page
    assert usecases.ask_erasure(actor, request=row, motive="Demande une seconde fois") == row.special_request
    assert queries.request_of(actor, row.public_id).state == "identified"


def test_the_copy_holds_what_entraide_keeps(nadia):
    from tests.mutualaid.factories import category, need
    from tests.territories.factories import commune

    commune()
    category()
    asked = need(values={"first_name": "Odette", "phone": "06 39 98 12 34"}, note="Deux sacs, 3e étage")
    copy = usecases.copy_of(oneself(asked.person), person=asked.person, motive="Essai de copie")
    assert [row["Demande d’aide"] for _, rows in copy.rooms for row in rows] == [
        f"{asked.category.label}, {asked.code}"
    ]
    assert "Deux sacs, 3e étage" in {item.value for section in copy.sections for item in section.items}
