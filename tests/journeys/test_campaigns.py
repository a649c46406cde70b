"""A campaign of calls opened in a morning: four pages already filled, then one button. Keyboard, axe, no script."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from entremise.kernel import clock
from entremise.kits.usecases import apply_kit
from entremise.outreach import usecases
from entremise.outreach.models import Announcement, CallCampaign, CallTask
from tests.outreach.factories import INSTALLATION, MACHINE, caller, campaign, on_duty, script, supervisor, town

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("ENTREMISE_SHOTS", "")


STEPS = ("qui", "quand", "annonce", "securite")


def shot(page, name: str) -> None:
    """A picture to look at, when somebody asks for them."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_supervisor_opens_a_campaign_from_a_register_without_a_script(open_page, axe, run_jobs):
    apply_kit(INSTALLATION, kit="confinement")
    town(12)
    script()
    boss = supervisor(label="Bruno Fiction")
    caller(level=1)
    page = open_page("/veille/", user=boss.user, javascript=False)
    page.get_by_role("link", name="Préparer une campagne").click()
    page.get_by_label("Nom de la campagne").fill("Confinement, novembre")
    page.get_by_label("Registre « Essai »").check()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Script d’appel").select_option(label="Script essai")
    for day in ("Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi", "Dimanche"):
        page.get_by_label(day, exact=False).fill("8h-21h")
    page.get_by_label("Ouverte aussi les jours fériés").check()
    page.get_by_role("button", name="Enregistrer et continuer").click()
    page.get_by_label("SMS, sinon lettre").check()
    page.get_by_label("Numéro qui s’affichera").fill("0476000000")
    page.get_by_label("Texte du SMS").fill("Bonjour, la mairie vous appellera même lundi")
    page.get_by_role("button", name="Compter les signes").click()
    assert "« ê »" in page.locator("#size").inner_text()
    assert CallCampaign.objects.get().shown_number == ""  # counting keeps nothing
    page.get_by_role("button", name="Enregistrer et continuer").click()
    page.get_by_label("J’ai composé ou vérifié").check()
    page.get_by_label("Qui répond de la recherche").select_option(label="Bruno Fiction")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    row = CallCampaign.objects.get()
    run_jobs()
    page.reload()
    assert "superviseur de permanence" in page.inner_text("main")
    on_duty(row, boss, hours=72)
    page.reload()
    page.get_by_role("button", name="Ouvrir la campagne").click()
    assert "La campagne est ouverte" in page.inner_text("main")
    run_jobs()
    assert CallTask.objects.filter(state="scheduled", wait_reason="announced").count() == 12
    assert Announcement.objects.count() == 12


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_of_campaigns_have_no_barrier_and_fit_the_screen(open_page, axe, width):
    apply_kit(INSTALLATION, kit="confinement")
    town(3, phone="+33476991234", address="3 rue des Essais, 38000 Grenoble")
    boss = supervisor(label="Bruno Fiction")
    who = caller(level=1)
    row = campaign(
        persons=5, kit="confinement", announcement="sms_letter", shown_number="04 76 00 00 00",
        announcement_text="{house} : appel du {number} bientôt.", label="Confinement, novembre",
        hours={str(day): [["09:00", "12:00"], ["14:00", "18:00"]] for day in range(5)},
        public_message="Nous appelons toutes les personnes inscrites.",
    )  # fmt: skip
    usecases.prepare_announcements(MACHINE, campaign=row)
    CallTask.objects.filter(campaign=row, line="").update(state="needs_supervisor", cause="no_valid_number")
    draft = campaign("draft", label="Grand froid, en préparation", tasks=False, filling={"state": "done"})
    closing = clock.today() + timedelta(days=20)
    CallCampaign.objects.filter(pk=draft.pk).update(ends_on=closing)
    pages = {
        "accueil": ("/veille/", boss.user), "journee": ("/veille/", who.user),
        "liste": ("/veille/campagnes/", boss.user),
        "nouvelle": ("/veille/campagnes/nouvelle/", boss.user), "tableur": ("/veille/campagnes/tableur/", boss.user),
        "preparee": (f"/veille/campagnes/{draft.public_id}/", boss.user),
        "ouverte": (f"/veille/campagnes/{row.public_id}/", boss.user),
        **{step: (f"/veille/campagnes/{row.public_id}/reglages/{step}/", boss.user) for step in STEPS},
        "envois": (f"/veille/campagnes/{row.public_id}/annonce/", boss.user),
        "publique": (f"/veille/campagnes/{row.public_id}/public/", None),
    }  # fmt: skip
    for name, (path, user) in pages.items():
        page = open_page(path, user=user, width=width)
        shot(page, f"{name}-{width}")
        assert axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
