"""The pages of a run: a tired keeper starts one, watches it, reads what it found; no record is named."""

from __future__ import annotations

import pytest

from entremise.accounts.models import User
from entremise.people.models import Person
from entremise.registers.models import LinkageModel, LinkageRun, Pair
from entremise.registers.usecases.linkage import models
from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, WHY, Linking, sealed, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def linking():
    return Linking()


@pytest.fixture
def enter(client):
    def enter(who):
        client.force_login(User.objects.get(pk=who.user_id))
        return client

    return enter


def words(answer):
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def test_a_keeper_starts_a_run_with_a_motive_and_sees_how_far_it_is(linking, enter):
    client = enter(linking.keeper)
    page = client.get("/registres/rapprocher/")
    assert "Rapprocher maintenant" in words(page)
    reference = linking.grant.public_id
    start = f"/registres/rapprocher/{reference}/lancer/"
    wrong = client.post(start, {f"{reference}-mode": "full", f"{reference}-motive": ""})
    assert wrong.status_code == 422
    assert "Écrivez pourquoi" in words(wrong)
    answer = client.post(start, {f"{reference}-mode": "full", f"{reference}-motive": WHY})
    row = LinkageRun.objects.get()
    assert answer.headers["Location"] == f"/registres/rapprochements/{row.public_id}/"
    page = client.get(answer.headers["Location"])
    assert "<progress" in words(page)
    part = client.get(answer.headers["Location"], headers={"HX-Request": "true"})
    assert "<html" not in words(part)
    again = client.post(start, {f"{reference}-mode": "full", f"{reference}-motive": WHY})
    assert (again.status_code, "déjà en cours" in words(again)) == (422, True)
    client.post(f"/registres/rapprochements/{row.public_id}/arreter/")
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert client.get(f"/registres/rapprochements/{row.public_id}/").status_code == 200


def test_the_page_of_a_finished_run_counts_and_names_nobody(linking, enter):
    sealed(LEGAL, *(somebody(n) for n in range(20)), JEANNINE)
    sealed(FILE, *(somebody(n) for n in range(10, 30)), JEANINE)
    row = linking.run()
    client = enter(linking.keeper)
    page = client.get(f"/registres/rapprochements/{row.public_id}/")
    assert page.headers["Cache-Control"].find("no-store") > 0
    said = words(page)
    assert "42</span> fiches comparées" in said
    assert f"{row.counts['merged']}</span> réunies" in said
    assert "GOFF" not in said
    named = {str(pk) for pk in Person.objects.values_list("pk", flat=True)} | {
        str(pk) for pk in Pair.objects.values_list("left", flat=True)
    }
    assert not [one for one in named if one in said]
    failed = LinkageRun.objects.create(
        request="x", registers=[LEGAL], motive=WHY, asked_by=1, proved_at=row.proved_at, state="failed",
        failure="memory_exceeded",
    )  # fmt: skip
    assert "La mémoire a manqué" in words(client.get(f"/registres/rapprochements/{failed.public_id}/"))


def test_a_keeper_activates_a_model_and_goes_back(linking, enter, mailoutbox, run_jobs):
    models.install_model(linking.keeper)
    learned = models.propose(linking.keeper, [(2, 1, 0.9, 0.0004)], 0.001, 20_000, 6.0, 0.0)
    client = enter(linking.keeper)
    assert "20 000 fiches" in words(client.get("/registres/modeles/"))
    client.post(f"/registres/modeles/{learned.version}/activer/")
    assert LinkageModel.objects.get(state="active") == learned
    run_jobs()
    assert [linking.town.dpo.user_id] == [User.objects.get(email=mail.to[0]).pk for mail in mailoutbox]
    client.post("/registres/modeles/1/activer/")
    assert LinkageModel.objects.get(state="active").version == 1
    reader = enter(linking.town.dpo)
    assert "Activer" not in words(reader.get("/registres/modeles/"))
    assert "Rapprocher maintenant" not in words(reader.get("/registres/rapprocher/"))


def test_the_list_of_runs_costs_the_same_however_many(linking, enter, flat):
    client = enter(linking.keeper)

    def more():
        for _ in range(4):
            LinkageRun.objects.create(
                request="x", registers=[LEGAL], motive=WHY, asked_by=linking.keeper.user_id, state="done",
                proved_at=linking.grant.asked_at, counts={"fed": 3, "merged": 1, "asked": 0},
            )  # fmt: skip

    flat(lambda: client.get("/registres/rapprocher/"), more)


def test_others_see_the_door_closed(linking, enter):
    row = linking.start()
    stranger = enter(linking.town.house)
    for place in ("rapprocher/", f"rapprochements/{row.public_id}/", "modeles/"):
        assert stranger.get(f"/registres/{place}").status_code == 403
    assert stranger.post(f"/registres/rapprochements/{row.public_id}/arreter/").status_code in (302, 403)
    row.refresh_from_db()
    assert row.state == "ready"
