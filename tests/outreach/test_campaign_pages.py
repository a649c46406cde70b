"""The pages of campaigns: guided, nothing typed is lost, nobody's name, each thing missing with its link."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from entremise import outreach
from entremise.kernel import clock
from entremise.kits.usecases import apply_kit
from entremise.outreach import usecases
from entremise.outreach.models import CallCampaign, CallTask, CampaignDefaults, ScriptVersion
from tests.accounts.factories import agent, habilitate
from tests.outreach.factories import (
    CODE,
    INSTALLATION,
    MACHINE,
    caller,
    campaign,
    on_duty,
    register,
    script,
    supervisor,
    town,
)
from tests.vault.registers import open_apa

pytestmark = pytest.mark.django_db
CANARY = {"names": "Zwqxvlf Quetzalie", "phone": "+33639983377"}


def words(page) -> str:
    return BeautifulSoup(page.content.decode(), "html5lib").get_text(" ", strip=True)


def url(name: str, row: CallCampaign, *more: str) -> str:
    return reverse(f"outreach:{name}", args=[row.public_id, *more])


def fields(page) -> dict[str, str]:
    """What a browser would send if the agent pressed the button: the proposed answers."""
    soup = BeautifulSoup(page.content, "html5lib")
    found: dict[str, str] = {}
    for one in soup.select("main form.form [name]"):
        if one.name == "select":
            chosen = one.select_one("option[selected]") or one.select_one("option")
            found[one["name"]] = chosen["value"] if chosen else ""
        elif one.name == "textarea":
            found[one["name"]] = one.text
        elif one.get("type") in ("checkbox", "radio"):
            if one.has_attr("checked"):
                found[one["name"]] = one.get("value", "on")
        elif one.name == "input":
            found[one["name"]] = one.get("value", "")
    found.pop("csrfmiddlewaretoken", None)
    return found


def test_four_pages_of_proposed_answers_make_a_campaign_that_opens(signed_in, run_jobs):
    apply_kit(INSTALLATION, kit="canicule")
    town(3)
    script()
    boss = supervisor()
    caller(level=1)
    client = signed_in(boss)
    page = client.get(reverse("outreach:campaign_new"))
    said = {**fields(page), "label": "Canicule", "source": f"r:{CODE}", "alert_level": "3"}
    assert said["kit"] == "canicule"
    answer = client.post(reverse("outreach:campaign_new"), said)
    row = CallCampaign.objects.get()
    assert answer.url == url("campaign_settings", row, "quand")
    page = client.get(answer.url)
    said = fields(page)
    assert said["day_6"] == "8:00-20:30"  # level 3 of the kit: every day
    said["script"] = str(script().script_id)
    answer = client.post(answer.url, said)
    assert answer.url == url("campaign_settings", row, "annonce")
    said = {**fields(client.get(answer.url)), "announcement": "sms_letter", "shown_number": "0476000000"}
    answer = client.post(answer.url, said)
    assert answer.url == url("campaign_settings", row, "securite")
    said = {**fields(client.get(answer.url)), "confirmed": "on", "everybody": str(boss.pk)}
    assert "0 800 06 66 66" in said["emergency_numbers"]
    answer = client.post(answer.url, said)
    assert answer.url == url("campaign_page", row)
    run_jobs()
    assert "Un superviseur de permanence" in words(client.get(answer.url))
    on_duty(row, boss, hours=72)
    assert "Tout est prêt" in words(client.get(answer.url))
    client.post(url("campaign_deed", row, "ouvrir"))
    row.refresh_from_db()
    assert (row.state, row.shown_number) == ("open", "04 76 00 00 00")
    assert row.emergency_numbers[0]["label"].startswith("Canicule info service")
    assert CallTask.objects.filter(wait_reason="announced").count() == 3


def test_a_wrong_answer_is_said_beside_its_field_and_nothing_typed_is_lost(signed_in):
    row, client = campaign("draft"), signed_in(supervisor())
    said = fields(client.get(url("campaign_settings", row, "quand")))
    said |= {"day_0": "9h-midi", "day_1": "5:00-9:00", "attempts_max": "77", "languages": "français"}
    answer = client.post(url("campaign_settings", row, "quand"), said)
    assert answer.status_code == 422
    text = words(answer)
    assert "« midi » n’est pas une heure" in text
    assert "Au plus 10" in text
    assert 'value="9h-midi"' in answer.content.decode()
    said |= {"day_0": "9-12", "attempts_max": "3", "languages": "fr"}
    answer = client.post(url("campaign_settings", row, "quand"), said)
    assert answer.status_code == 422
    assert "Le règlement ne permet pas d’appeler avant 8 h" in words(answer)
    assert 'value="5:00-9:00"' in answer.content.decode()
    row.refresh_from_db()
    assert row.hours["1"] != [["05:00", "09:00"]]


def test_each_missing_thing_has_its_link(signed_in):
    row, client = campaign("draft", announcement="", script=None), signed_in(supervisor())
    soup = BeautifulSoup(client.get(url("campaign_page", row)).content, "html5lib")
    links = {one["href"] for one in soup.select(".card.urgent a")}
    steps = {url("campaign_settings", row, step) for step in ("qui", "quand", "annonce", "securite")}
    assert steps <= links
    refused = client.post(url("campaign_deed", row, "ouvrir"), follow=True)
    assert "pas prête" in words(refused)
    assert CallCampaign.objects.get().state == "draft"


def test_the_text_is_counted_as_it_is_typed_and_nothing_is_kept(signed_in):
    row, client = campaign("draft"), signed_in(supervisor())
    typed = {"announcement_text": "Même pas peur " * 9, "shown_number": ""}
    answer = client.post(reverse("outreach:sms_size"), typed)
    assert "70" in words(answer) or "67" in words(answer)
    assert "« ê »" in words(answer)
    assert "L’écrire sans ces signes : 1 SMS" in words(answer)
    page = client.post(url("campaign_settings", row, "annonce"), {**typed, "compter": "1"})
    assert page.status_code == 200
    assert "Même pas peur" in page.content.decode()
    row.refresh_from_db()
    assert "Même" not in row.announcement_text


def test_pause_level_close_and_copy_from_the_page(signed_in):
    row, boss = campaign(persons=2), supervisor()
    client = signed_in(boss)
    refused = client.post(url("campaign_deed", row, "suspendre"), {"reason": ""})
    assert refused.status_code == 422
    client.post(url("campaign_deed", row, "suspendre"), {"reason": "Panne", "public_message": "Reprise lundi"})
    assert "Panne" in words(client.get(url("campaign_page", row)))
    client.post(url("campaign_deed", row, "reprendre"))
    client.post(url("campaign_deed", row, "niveau"), {"level": "4"})
    row.refresh_from_db()
    assert (row.state, row.alert_level) == ("open", 4)
    CallTask.objects.filter(campaign=row).update(state="escalated")
    from entremise.outreach.models import Escalation

    Escalation.objects.create(task=CallTask.objects.first(), campaign=row, alert_level=1)
    busy = client.post(url("campaign_deed", row, "clore"), {"transfer_to": ""})
    assert busy.status_code == 422
    assert "dites qui les reprend" in words(busy)
    client.post(url("campaign_deed", row, "clore"), {"transfer_to": str(boss.pk)})
    row.refresh_from_db()
    assert row.state == "closed"
    answer = client.post(url("campaign_deed", row, "copier"))
    copy = CallCampaign.objects.exclude(pk=row.pk).get()
    assert answer.url == url("campaign_page", copy)
    assert client.get(url("campaign_settings", row, "quand")).url == url("campaign_page", row)


def test_a_spreadsheet_goes_through_a_register_and_comes_back_here(signed_in):
    boss, code = supervisor(), "libre-essai"
    register()
    open_apa(code=code, profile="libre", label="Signalés")
    client = signed_in(boss)
    page = client.get(reverse("outreach:spreadsheet"))
    assert "gestionnaire de registre" in words(page)
    assert reverse("registers:import_new", args=[code]) not in page.content.decode()
    both = supervisor()
    from entremise.accounts.models import Membership
    from tests.accounts.factories import organisation

    Membership.objects.create(user=both.user, organisation=organisation(), role="keeper")
    town(2, code=code)
    page = signed_in(both).get(reverse("outreach:spreadsheet"))
    assert reverse("registers:import_new", args=[code]) in page.content.decode()
    back = f"{reverse('outreach:campaign_new')}?source=r:{code}"
    assert back in page.content.decode()
    assert fields(client.get(back))["source"] == f"r:{code}"


def test_home_by_role(signed_in):
    who, boss = caller(level=1), supervisor()
    row = campaign(persons=1)
    paused = campaign("paused", pause_reason="Panne", tasks=False)
    CallTask.objects.filter(campaign=row).update(state="needs_supervisor", cause="sms_stop")
    on_duty(row, who)
    client = signed_in(who)
    mine = words(client.get(reverse("outreach:home")))
    assert "Ma journée" in mine
    assert row.label in mine
    assert paused.label in mine
    assert "Préparer une campagne" not in mine
    assert "STOP" not in mine
    his = words(signed_in(boss).get(reverse("outreach:home")))
    assert "1 STOP reçu par SMS à comprendre" in his
    assert "Ma journée" not in his
    assert signed_in(SimpleMember(agent("matchmaker"))).get(reverse("outreach:home")).status_code == 403


class SimpleMember:
    def __init__(self, user):
        self.user = user


def test_the_dpo_sees_the_settings_decides_and_can_do_nothing_else(signed_in):
    register("legal-essai", profile="canicule", kind="legal", label="Canicule")
    row = usecases.create_campaign(
        supervisor().actor, label="Lien", purpose="outreach.keep_in_touch", basis="isolation",
        source={"registers": ["legal-essai"]},
    )  # fmt: skip
    client = signed_in(SimpleMember(agent("dpo")))
    page = client.get(url("campaign_page", row))
    assert "Votre décision est attendue" in words(page)
    assert "Conduire la campagne" not in words(page)
    client.post(url("campaign_deed", row, "decider"), {"decision": "Avis 7 du 2 mai"})
    row.refresh_from_db()
    assert row.decision == "Avis 7 du 2 mai"
    assert client.post(url("campaign_deed", row, "ouvrir")).status_code == 403
    assert client.get(url("campaign_settings", row, "quand")).status_code == 403


def test_the_agents_named_by_writing_are_listed_with_their_dates(signed_in):
    register("legal-essai", profile="canicule", kind="legal", label="Canicule", nominative=True)
    row = campaign(code="legal-essai", tasks=False)
    who, other = caller(level=1, label="Camille Désignée"), caller(level=1, label="Autre Appelante")
    habilitate(who.pk, "caller", named_in=["legal-essai"])
    text = words(signed_in(supervisor()).get(url("campaign_page", row)))
    assert "1 agent désigné par écrit" in text
    assert "Camille Désignée" in text
    assert other.user.label not in text
    plain = campaign(tasks=False)
    assert "désigné" not in words(signed_in(supervisor()).get(url("campaign_page", plain)))


def test_what_everybody_reads_names_nobody_and_a_draft_is_not_there(client):
    town(1, **CANARY)
    row = campaign(shown_number="04 76 00 00 00", public_message="<b>Bonjour</b> à tous")
    page = client.get(url("campaign_public", row))
    assert page.status_code == 200
    text = page.content.decode()
    assert "04 76 00 00 00" in text
    assert "&lt;b&gt;Bonjour" in text
    assert "Set-Cookie" not in page.headers
    for value in (row.label, "Zwqxvlf", "83377", str(CallTask.objects.get().person_id), "1 personne"):
        assert value not in text
    draft = campaign("draft", tasks=False)
    assert client.get(url("campaign_public", draft)).status_code == 404
    assert client.get(reverse("outreach:campaign_page", args=[row.public_id])).status_code == 302


def test_no_page_of_a_supervisor_shows_a_name_or_a_number(signed_in):
    town(1, **CANARY)
    row = campaign(announcement="sms_letter", announcement_text="Bonjour", shown_number="0476000000")
    usecases.prepare_announcements(MACHINE, campaign=row)
    client = signed_in(supervisor())
    paths = [
        reverse("outreach:home"), reverse("outreach:campaign_list"), reverse("outreach:campaign_new"),
        url("campaign_page", row), url("announcement", row),
        *(url("campaign_settings", row, step) for step in ("qui", "quand", "annonce", "securite")),
    ]  # fmt: skip
    for path in paths:
        text = client.get(path).content.decode()
        assert "Zwqxvlf" not in text
        assert "83377" not in text


def test_the_letters_come_as_a_pdf_and_stop_is_noted_by_number(signed_in):
    town(1, phone="+33476994433", address="3 rue des Essais, 38000 Grenoble")
    row = campaign(announcement="letter", announcement_text="Bonjour", shown_number="04 76 00 00 00")
    usecases.prepare_announcements(MACHINE, campaign=row)
    client = signed_in(supervisor())
    made = client.post(url("announcement_deed", row, "imprimer"))
    assert made["Content-Type"] == "application/pdf"
    assert "no-store" in made["Cache-Control"]
    late = client.post(url("announcement_deed", row, "postees"), {"posted_on": str(clock.today() + timedelta(days=2))})
    assert late.status_code == 422
    client.post(url("announcement_deed", row, "postees"), {"posted_on": str(clock.today())})
    assert row.announcements.get().state == "sent"
    assert client.post(url("announcement_deed", row, "stop"), {"number": "12"}).status_code == 422
    answer = client.post(url("announcement_deed", row, "stop"), {"number": "04 76 99 44 33"}, follow=True)
    assert "1 fiche" in words(answer)


def test_lists_cost_the_same_however_many_campaigns(signed_in, flat):
    client = signed_in(supervisor())
    flat(lambda: client.get(reverse("outreach:campaign_list")), lambda: campaign(persons=2))
    assert flat(lambda: client.get(reverse("outreach:campaign_list")), lambda: campaign(tasks=False)) < 20


@pytest.mark.parametrize("path", ["reglages/inconnue/", "reglages/quand/"])
def test_an_unknown_campaign_or_page_is_not_found(signed_in, path):
    client = signed_in(supervisor())
    assert client.get(f"/veille/campagnes/nulle/{path}").status_code == 404
    row = campaign()
    assert client.get(f"/veille/campagnes/{row.public_id}/reglages/inconnue/").status_code == 404
    assert client.post(f"/veille/campagnes/{row.public_id}/inconnue/").status_code == 404
    assert client.get(f"/veille/campagnes/{row.public_id}/ouvrir/").status_code == 405


@pytest.mark.parametrize("kit", ["canicule", "confinement"])
def test_the_kits_shipped_fill_a_campaign_at_every_level(kit):
    register()
    apply_kit(INSTALLATION, kit=kit)
    values = CampaignDefaults.objects.get().values
    assert CampaignDefaults.objects.get().kit == kit
    assert set(values["modules"]) <= {one.stem for one in Path(outreach.__file__).parent.glob("data/modules/*.toml")}
    ScriptVersion.objects.filter(script__code=values["scripts"][0]).update(state="retired")
    script(values["scripts"][1])  # only the second one serves: it is the one proposed
    boss = supervisor()
    for level in (1, 2, 3, 4):
        row = usecases.create_campaign(
            boss.actor, label=f"N{level}", purpose="outreach.call", source={"registers": [CODE]}, kit=kit,
            alert_level=level,
        )  # fmt: skip
        assert row.hours
        assert row.ladder
        assert row.script is not None
        assert row.script.code == values["scripts"][1]
        assert "STOP" in row.announcement_text
    apply_kit(INSTALLATION, kit=kit)
    assert CampaignDefaults.objects.count() == 1
