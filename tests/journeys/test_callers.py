"""From the sign-up to the first level in a real browser, on a wide screen and on a telephone; then the team's pages.

`ENTREMISE_SHOTS=/a/folder` keeps a picture of each page, to be looked at.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.models import CallerProfile, Debrief, Emergency, LevelChange, Shift, ShiftSeat, TrainingStep
from entremise.outreach.queries.modules import modules
from entremise.referrals.models import Difficulty
from tests.accounts.factories import agent
from tests.outreach.factories import caller, campaign, mentor, script, supervisor, tasks
from tests.outreach.test_complexity import attempt
from tests.outreach.test_path import MEALS, sealed_report

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SIZES = pytest.mark.parametrize("width", [1280, 320])


def seen(page, axe, width, name):
    """No accessibility fault, nothing that overflows; a picture when asked."""
    if folder := os.environ.get("ENTREMISE_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    assert axe(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} overflows"


@SIZES
def test_from_the_sign_up_to_a_quiz_passed(open_page, axe, width):
    user = agent("caller", label="Lina")
    page = open_page("/veille/parcours/", user=user, width=width)
    page.get_by_role("heading", name="S’inscrire pour appeler").wait_for()
    page.get_by_role("button", name="M’inscrire").click()
    seen(page, axe, width, "inscription-erreur")
    page.get_by_label("Bénévole").check()
    page.get_by_role("button", name="M’inscrire").click()
    page.get_by_role("heading", name="Mon parcours").wait_for()
    seen(page, axe, width, "parcours-nouveau")
    page.get_by_role("link", name="Lire et signer la charte").click()
    page.get_by_role("button", name="Je signe").wait_for()
    seen(page, axe, width, "charte")
    page.get_by_role("button", name="Je signe").click()
    page.get_by_role("link", name="Prendre des nouvelles", exact=True).click()
    page.get_by_role("button", name="J’ai lu").wait_for()
    seen(page, axe, width, "module")
    page.get_by_role("button", name="J’ai lu").click()
    page.get_by_role("button", name="Vérifier mes réponses").click()
    seen(page, axe, width, "quiz-erreur")
    for n, question in enumerate(modules()["nouvelles"].quiz):
        page.locator(f"input[name=q{n}]").nth(question.right if n else (question.right + 1) % 3).check()
    page.get_by_role("button", name="Vérifier mes réponses").click()
    page.get_by_role("heading", name="80 % de bonnes réponses").wait_for()
    seen(page, axe, width, "quiz-corrige")
    assert CallerProfile.objects.get(user=user).charter_signed_at


def worked(guide, level=2):
    """A caller with a past: conversations, returns, a debrief, a seat."""
    who = caller(level=level, mentor=guide, label="Amina")
    row = campaign(persons=3, label="Canicule 2026")
    past = clock.now() - timedelta(days=40)
    for n in range(1, level + 1):
        LevelChange.objects.create(
            caller=who.profile, kind="promoted", before=n - 1, after=n, at=past, decided_by=guide.user
        )
    calls = [attempt(task, "reached_complete", who, n, minutes=9) for task in tasks(row) for n in range(9)]
    Difficulty.objects.create(
        person=tasks(row)[0].person, needs=["food"], consent="yes", origin_kind="call", origin_id=calls[-1].public_id,
        author=who.user,
    )  # fmt: skip
    TrainingStep.objects.create(caller=who.profile, kind="module", code="situations", version="1")
    usecases.review_report(guide.actor, attempt=calls[0].public_id, complete=True, note="Belle reformulation.")
    marks = dict.fromkeys(("opening", "listening", "facts", "consent"), "yes")
    usecases.note_listening(
        guide.actor, caller=who.profile, marks={**marks, "closing": "partly"}, note="Dire la suite."
    )
    alarm = Emergency.objects.create(task=tasks(row)[0], campaign=row, caller=who.user)
    Debrief.objects.create(caller=who.profile, cause="emergency", emergency=alarm, mentor=guide.user)
    now = clock.now()
    shift = Shift.objects.create(campaign=row, starts_at=now, ends_at=now + timedelta(hours=3), seats=4)
    ShiftSeat.objects.create(shift=shift, user=who.user)
    return who, row


@SIZES
def test_the_path_of_somebody_who_calls(open_page, axe, width):
    who, row = worked(mentor(label="Maïté"))
    page = open_page("/veille/parcours/", user=who.user, width=width)
    seen(page, axe, width, "parcours")
    page.get_by_role("button", name="J’ai lu ces 2 retours").click()
    assert page.get_by_role("button", name="J’ai lu").count() == 0
    page.get_by_role("link", name="Le refuser, par écrit").click()
    seen(page, axe, width, "refus")
    page.get_by_label("Pourquoi").fill("J’en ai parlé avec une collègue.")
    page.get_by_role("button", name="Je refuse").click()
    page.get_by_role("button", name="Revenir au niveau 1").click()
    page.get_by_role("heading", name="Mon parcours").wait_for()
    who.profile.refresh_from_db()
    assert who.profile.level == 1
    page.get_by_role("link", name="Voir la semaine").click()
    seen(page, axe, width, "permanences")
    page.get_by_role("button", name="Je suis là").click()
    page.get_by_text("arrivé·e").wait_for()
    assert row.label in page.content()


@SIZES
def test_the_desk_of_a_mentor(open_page, axe, width):
    guide = mentor(label="Maïté")
    script(model=MEALS)
    who = caller(mentor=guide, label="Bilal")
    sealed_report(who)
    worked(guide)
    page = open_page("/veille/appelants/", user=guide.user, width=width)
    seen(page, axe, width, "bureau")
    page.get_by_role("link", name="Bilal").first.click()
    seen(page, axe, width, "compte-rendu-ferme")
    page.get_by_role("button", name="Ouvrir les réponses").click()
    page.get_by_text("Mange-t-elle à sa faim ?").wait_for()
    page.get_by_role("button", name="Enregistrer le retour").click()
    seen(page, axe, width, "compte-rendu-erreur")
    page.get_by_text("Mange-t-elle à sa faim ?").wait_for()
    page.get_by_label("dit tout ce qu’il faut").check()
    page.get_by_role("button", name="Enregistrer le retour").click()
    page.get_by_role("heading", name="Mes appelants").wait_for()
    page.get_by_role("link", name="Il a eu lieu").click()
    seen(page, axe, width, "debriefing")
    page.get_by_role("button", name="Le débriefing a eu lieu").click()
    page.get_by_role("link", name="Amina").last.click()
    seen(page, axe, width, "appelante")


@SIZES
def test_a_supervisor_takes_somebody_in_and_opens_a_shift(open_page, axe, width):
    boss, guide = supervisor(label="Bruno"), mentor(label="Maïté")
    campaign(label="Canicule 2026")
    user = agent("caller", label="Karima", habilitated=False)
    row = CallerProfile.objects.create(
        user=user, kind="reassigned", manager="Direction des sports", languages=["fr", "ar"], share=50,
        available_until=clock.today() + timedelta(days=60),
    )  # fmt: skip
    page = open_page("/veille/appelants/", user=boss.user, width=width)
    seen(page, axe, width, "equipe")
    page.get_by_role("link", name="Karima").click()
    seen(page, axe, width, "inscription-a-accepter")
    page.get_by_role("button", name="Noter l’accord").click()
    page.get_by_role("button", name="Accepter dans l’équipe").click()
    page.get_by_label("Référent d’appel").select_option(label="Maïté")
    page.get_by_role("button", name="Donner ce référent").click()
    page.get_by_role("heading", name="Reste à signer").wait_for()
    seen(page, axe, width, "reste-a-signer")
    row.refresh_from_db()
    assert (row.state, row.mentor, row.agreed_by) == ("active", guide.user, boss.user)
    page.goto(page.url.replace(f"/veille/appelants/{row.public_id}/", "/veille/permanences/nouvelle/"))
    page.get_by_label("De", exact=True).fill("00:00")
    page.get_by_label("À", exact=True).fill("00:00")
    page.get_by_role("button", name="Ouvrir", exact=True).click()
    seen(page, axe, width, "permanence-erreur")
    page.get_by_label("De", exact=True).fill("12:00")
    page.get_by_label("À", exact=True).fill("23:59")
    page.get_by_role("button", name="Ouvrir", exact=True).click()
    page.get_by_role("heading", name="Permanences").wait_for()
    seen(page, axe, width, "semaine-superviseur")
    assert Shift.objects.get().seats == 10
