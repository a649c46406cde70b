"""The plan as a supervisor reads it, and sheets of paper typed with the keyboard alone."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from entremise.kernel import clock
from entremise.outreach import usecases
from entremise.outreach.engine import codes
from entremise.outreach.models import CallAttempt, CallSheet, CallTask
from entremise.outreach.usecases.plans import working
from tests.outreach.factories import caller, campaign, supervisor, tasks

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
HOURS = {str(day): [["09:00", "12:00"], ["14:00", "18:00"]] for day in range(7)}
WIDTHS = (1280, 320)


def look(page, axe, name):
    """No fault of access, nothing wider than the screen; a picture where ENTREMISE_SHOTS names a folder."""
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("ENTREMISE_SHOTS"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)


def test_a_supervisor_reads_the_plan_in_a_minute(open_page, axe):
    row, boss = campaign(persons=14, hours=HOURS, languages=["fr", "ar"], label="Canicule 2026"), supervisor()
    team = [caller(level=1, weekly_calls=1, label="Zoé Martin"), caller(level=2, weekly_calls=1, label="Nour Haddad")]
    for place, one in enumerate(tasks(row)):
        changed = {"fragility": place % 4, "complexity": 1 + place % 3, "language": "ar" if place % 5 == 0 else "fr"}
        CallTask.objects.filter(pk=one.pk).update(**changed, previous_caller=team[place % 2].user, slot_mask=1)
    plan = usecases.ask_plan(boss.actor, campaign=row)
    held = working.take(plan.pk)
    assert working.work(held.pk, held.token) == working.DONE
    for width in WIDTHS:
        page = open_page(f"/veille/plans/{row.public_id}/", user=boss.user, width=width)
        assert page.get_by_text("optimum prouvé").is_visible()
        for summary in page.locator("main details summary").all():
            summary.click()
        look(page, axe, "plan")
        one = tasks(row)[0]
        page = open_page(f"/veille/plans/{row.public_id}/fiches/{one.public_id}/", user=boss.user, width=width)
        look(page, axe, "plan-fiche")


def test_sheets_are_typed_with_the_keyboard_alone(open_page, axe):
    row, boss, who = campaign(persons=3), supervisor(), caller(level=2, label="Zoé Martin")
    until = clock.now() + timedelta(hours=6)
    usecases.print_sheets(boss.actor, campaign=row, caller=who.user, count=3, until=until)
    one, two, three = CallSheet.objects.order_by("pk")
    for width in WIDTHS:
        page = open_page("/veille/feuilles/", user=boss.user, width=width)
        look(page, axe, "feuilles")
        page = open_page(f"/veille/feuilles/donner/{row.public_id}/", user=boss.user, width=width)
        look(page, axe, "feuilles-donner")
        page = open_page(f"/veille/feuilles/saisir/{three.code}/", user=boss.user, width=width)
        look(page, axe, "feuille")
    page = open_page("/veille/feuilles/saisir/", user=boss.user, javascript=False)
    for sheet in (one, two):
        page.keyboard.type(codes.shown(sheet.code).lower())
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{sheet.code}/")
        page.get_by_label("Comment l’appel s’est passé").select_option(label="Pas de réponse")
        page.get_by_label("Comment l’appel s’est passé").focus()
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Enregistrer cette feuille").press("Enter")
        page.wait_for_url("**/saisir/")
    assert CallAttempt.objects.exclude(disposition="aborted").count() == 2
    page = open_page(f"/veille/feuilles/saisir/{one.code}/", user=boss.user, width=320)
    assert page.get_by_role("heading", name="déjà saisie").is_visible()
    look(page, axe, "feuille-deja")
