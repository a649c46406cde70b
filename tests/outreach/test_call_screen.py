"""The call screen over HTTP: prepare, call, report; back, twice, late, lost: one attempt, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from entremise.kernel import clock
from entremise.outreach.engine.xlsform import Choice, Item, Model
from entremise.outreach.models import (
    CallAttempt,
    CallCampaign,
    CallEvent,
    CallTask,
    Debrief,
    Emergency,
    OrphanReport,
    ScriptVersion,
)
from entremise.outreach.usecases.calls.checking import promisable
from entremise.referrals.models import Difficulty
from tests.outreach.factories import Member, caller, campaign, register, script, supervisor, tasks, town

pytestmark = pytest.mark.django_db
SignIn = Callable[[Member], Client]
WELL = {"disposition": "reached_complete"}


@pytest.fixture
def ground(signed_in: SignIn) -> tuple[Client, CallCampaign, Member]:
    register()
    town(3, address="3 rue de Fiction, 38000 Grenoble")
    who = caller()
    return signed_in(who), campaign(notes_on=True), who


def take(client: Client, row: CallCampaign) -> str:
    """« Personne suivante »: the address of the sheet."""
    answer = client.post(f"/veille/appeler/{row.public_id}/")
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def held() -> CallTask:
    return CallTask.objects.get(state="claimed")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_says_who_how_and_why_and_nothing_more(ground):
    client, row, _ = ground
    where = take(client, row)
    shown = client.get(where)
    said = text(shown)
    assert shown.status_code == 200
    assert "Fiction" in said
    assert 'href="tel:+33639' in said
    assert ">06 39 98" in said
    assert "Pourquoi cette fiche" in said
    assert "no-store" in shown["Cache-Control"]
    assert "rue de Fiction" not in said  # an address is for an emergency
    assert row.registers[0] not in said  # nor the register it comes from
    assert take(client, row) == where  # a second tab, a double click: the same call


def test_an_all_well_call_is_three_deeds_and_the_next_person_comes(ground):
    client, row, _ = ground
    where = take(client, row)
    first = held()
    answer = client.post(f"{where}rendre-compte/", {**WELL, "then": "next"})
    assert answer.status_code == 302
    assert answer["Location"] != where
    assert "Fiction" in text(client.get(answer["Location"]))
    assert CallAttempt.objects.get().disposition == "reached_complete"
    first.refresh_from_db()
    assert first.state == "done"


def test_back_twice_and_second_tab_show_what_was_recorded_and_count_once(ground):
    client, row, _ = ground
    where = take(client, row)
    for _ in range(3):
        assert client.post(f"{where}rendre-compte/", {**WELL, "then": "stop"}).status_code == 302
    client.post(f"{where}rendre-compte/", {"disposition": "no_answer", "then": "stop"})  # the other tab says otherwise
    assert CallAttempt.objects.get().disposition == "reached_complete"
    back = client.get(where)
    assert back.status_code == 302
    assert "échange complet" in text(client.get(back["Location"]))


def test_an_incomplete_report_is_refused_and_keeps_every_word(ground):
    client, row, _ = ground
    where = take(client, row)
    typed = {"note": "Aime les visites", "message": "Parler fort", "need_note": "Le frigo est vide", "hard": "on"}
    answer = client.post(f"{where}rendre-compte/", typed)
    said = text(answer)
    assert answer.status_code == 422
    assert "Choisissez l’issue de l’appel" in said
    for words in ("Aime les visites", "Parler fort", "Le frigo est vide"):
        assert words in said
    assert CallAttempt.objects.count() == 0
    assert held()


def test_a_promised_call_back_needs_its_hour(ground):
    client, row, _ = ground
    where = take(client, row)
    answer = client.post(f"{where}rendre-compte/", {"disposition": "reached_callback"})
    assert answer.status_code == 422
    assert "Écrivez le jour et l’heure promis" in text(answer)
    wrong = client.post(f"{where}rendre-compte/", {"disposition": "reached_callback", "next_at": "bientôt"})
    assert wrong.status_code == 422
    assert "bientôt" in text(wrong)
    at = clock.now() + timedelta(days=1)
    client.post(f"{where}rendre-compte/", {"disposition": "reached_callback", "next_at": f"{at:%Y-%m-%dT%H:%M}"})
    assert CallTask.objects.filter(wait_reason="callback").count() == 1


def test_a_difficulty_in_the_call_asks_for_consent_and_is_noted_with_it(ground):
    client, row, who = ground
    where = take(client, row)
    asked = {**WELL, "needs": ["food", "loneliness"], "urgency": "today", "need_note": "Plus rien depuis hier"}
    refused = client.post(f"{where}rendre-compte/", asked)
    assert refused.status_code == 422
    assert "Demandez à la personne" in text(refused)
    assert "Plus rien depuis hier" in text(refused)
    answer = client.post(f"{where}rendre-compte/", {**asked, "consent": "yes"})
    assert answer.status_code == 302, text(answer)
    noted = Difficulty.objects.get()
    assert (noted.needs, noted.urgency, noted.consent, noted.author) == (
        ["food", "loneliness"], "today", "yes", who.user,
    )  # fmt: skip
    assert noted.origin_kind == "call"
    assert noted.has_note
    assert noted.share == ["difficulty", "name", "phone"]


def test_a_difficulty_without_consent_is_kept_and_nothing_is_sent(ground):
    client, row, _ = ground
    where = take(client, row)
    client.post(f"{where}rendre-compte/", {**WELL, "needs": ["money"], "consent": "no"})
    noted = Difficulty.objects.get()
    assert (noted.state, noted.share) == ("kept", [])


def test_a_lost_lease_keeps_the_report_for_the_supervisor(ground):
    client, row, who = ground
    where = take(client, row)
    mine = held()
    other = caller()
    CallTask.objects.filter(pk=mine.pk).update(token=2, claimed_by=other.pk)  # taken back, and given to somebody else
    late = client.get(where)
    assert late.status_code == 200
    assert "n’est plus à vous" in text(late)
    assert "Fiction" not in text(late)  # nothing of the person is read any more
    answer = client.post(f"{where}rendre-compte/", {**WELL, "note": "Elle allait bien", "then": "stop"})
    assert answer.status_code == 302
    shown = text(client.get(answer["Location"]))
    assert "La fiche a été reprise ; votre compte rendu est transmis au superviseur" in shown
    assert OrphanReport.objects.get().caller == who.user
    assert CallAttempt.objects.count() == 0


def test_a_report_after_the_lease_counts_when_nobody_called_since(ground):
    client, row, _ = ground
    where = take(client, row)
    CallTask.objects.filter(pk=held().pk).update(lease_until=clock.now() - timedelta(minutes=1))
    assert "n’est plus à vous" in text(client.get(where))
    client.post(f"{where}rendre-compte/", {**WELL, "then": "stop"})
    assert CallAttempt.objects.get().late


def test_the_heartbeat_renews_then_says_it_is_lost_and_stops(ground):
    client, row, _ = ground
    where = take(client, row)
    CallTask.objects.filter(pk=held().pk).update(lease_until=clock.now() + timedelta(minutes=2))
    answer = client.post(f"{where}tenir/", headers={"HX-Request": "true"})
    assert "every 60s" in text(answer)
    assert held().lease_until > clock.now() + timedelta(minutes=10)
    CallTask.objects.filter(pk=held().pk).update(lease_until=clock.now() - timedelta(minutes=1))
    answer = client.post(f"{where}tenir/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "every 60s" not in text(answer)
    assert "n’est plus à vous" in text(answer)


@pytest.mark.parametrize("what", ["live", "expired", "paused", "taken"])
def test_the_red_button_works_with_an_empty_form_whatever_else_is_wrong(ground, run_jobs, what):
    client, row, who = ground
    boss = supervisor()
    where = take(client, row)
    mine = held()
    if what == "expired":
        CallTask.objects.filter(pk=mine.pk).update(lease_until=clock.now() - timedelta(minutes=1))
    elif what == "paused":
        CallCampaign.objects.filter(pk=row.pk).update(state="paused")
    elif what == "taken":
        CallTask.objects.filter(pk=mine.pk).update(token=2, claimed_by=caller().pk)
    answer = client.post(f"{where}danger/")
    said = text(answer)
    assert answer.status_code == 200, said
    made = Emergency.objects.get()
    assert (made.task_id, made.caller) == (mine.pk, who.user)
    for number in ("15", "18", "17", "112", "114", "3114"):
        assert f'href="tel:{number}"' in said
    assert "Restez en ligne" in said
    assert "3 rue de Fiction" in said  # for the rescue
    assert boss.user.label in said  # who is told
    assert Debrief.objects.filter(caller=who.profile, emergency=made).exists()
    run_jobs()
    assert len(mail.outbox) == 1
    again = client.get(where)  # reloaded: the same page
    assert "Restez en ligne" in text(again)


def test_what_was_typed_before_the_red_button_is_still_there_and_its_report_is_taken(ground):
    client, row, _ = ground
    supervisor()
    where = take(client, row)
    said = text(client.post(f"{where}danger/", {"note": "Voix faible", "message": "Sonner chez la voisine"}))
    assert "Voix faible" in said
    assert "Sonner chez la voisine" in said
    done = client.post(f"{where}rendre-compte/", {"disposition": "emergency", "note": "Voix faible", "then": "next"})
    assert "rendu/" in done["Location"]  # no next person after an emergency
    assert CallAttempt.objects.get().disposition == "emergency"
    waiting = text(client.get(f"/veille/appeler/{row.public_id}/"))
    assert "Après une urgence" in waiting
    assert client.post(f"/veille/appeler/{row.public_id}/").status_code == 302
    assert not CallTask.objects.filter(state="claimed").exists()


def test_a_stranger_opens_neither_the_sheet_nor_the_address(ground, signed_in):
    client, row, _ = ground
    supervisor()
    where = take(client, row)
    mine = held()
    other = caller()
    stranger = Client()
    stranger.force_login(other.user)
    assert stranger.get(where).status_code == 403
    assert stranger.post(f"{where}rendre-compte/", WELL).status_code == 403
    pressed = stranger.post(f"{where}danger/")
    assert pressed.status_code == 302
    shown = stranger.get(pressed["Location"])
    assert shown.status_code == 200
    assert "rue de Fiction" not in text(shown)
    assert CallTask.objects.get(pk=mine.pk).state == "needs_supervisor"
    assert CallAttempt.objects.count() == 0


def test_an_empty_queue_says_why_and_what_opens_more(signed_in):
    register()
    town(2)
    row = campaign()
    CallTask.objects.filter(campaign=row).update(complexity=3)
    who = caller(level=1)
    client = signed_in(who)
    page = text(client.get(f"/veille/appeler/{row.public_id}/"))
    assert "2 plus difficiles que votre niveau" in page
    assert "Pour en ouvrir davantage" in page
    assert client.post(f"/veille/appeler/{row.public_id}/")["Location"] == f"/veille/appeler/{row.public_id}/"


def test_a_paused_campaign_says_so(signed_in):
    row = campaign("paused", persons=1)
    page = text(signed_in(caller()).get(f"/veille/appeler/{row.public_id}/"))
    assert "en pause" in page


def test_giving_a_call_back_counts_nothing_and_the_same_person_does_not_return(ground):
    client, row, _ = ground
    where = take(client, row)
    mine = held()
    answer = client.post(f"{where}rendre/", {"reason": "known"})
    assert answer["Location"] != where
    assert held().pk != mine.pk
    assert not CallAttempt.objects.exclude(disposition="aborted").exists()
    assert client.post(f"{where}rendre/", {"reason": "known"}).status_code == 302  # twice: said, no error


def test_the_other_person_of_the_line_is_offered_after_a_contact(signed_in):
    register()
    town(2, phone="+33639981234")
    row = campaign()
    client = signed_in(caller())
    where = take(client, row)
    answer = client.post(f"{where}rendre-compte/", {**WELL, "then": "next"})
    page = text(client.get(answer["Location"]))
    assert "Autre personne à ce numéro" in page
    second = tasks(row)[1]
    taken = client.post(f"/veille/appeler/meme-ligne/{second.public_id}/")
    assert f"/{second.public_id}/" in taken["Location"]


def test_continuing_without_javascript_changes_nothing_but_the_page(ground):
    client, row, _ = ground
    where = take(client, row)
    answer = client.post(f"{where}rendre-compte/", {"more": "1", "note": "Voix claire"})
    assert answer.status_code == 200
    assert "Voix claire" in text(answer)
    assert "Il manque quelque chose" not in text(answer)
    assert CallAttempt.objects.count() == 0


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("tail", ["", "rendre-compte/", "danger/", "tenir/", "rendu/", "suite/"])
def test_an_unknown_sheet_is_no_error_page(ground, method, tail):
    client, _, _ = ground
    answer = getattr(client, method)(f"/veille/appeler/fiche/inconnue/7/{tail}")
    assert answer.status_code in (404, 405)


def test_the_call_reads_and_writes_a_flat_number_of_queries(ground, django_assert_max_num_queries):
    client, row, _ = ground
    where = take(client, row)
    client.get(where)
    with django_assert_max_num_queries(40):
        client.get(where)


def test_nobody_without_a_role_comes_in(client):
    row = campaign(persons=1)
    assert client.get(f"/veille/appeler/{row.public_id}/").status_code in (302, 403)
    assert CallEvent.objects.count() == 0


def scripted() -> dict[str, Any]:
    """A script that branches: a bad night asks why; no food proposes a need; somebody on the floor is an emergency."""
    two = (Choice("oui", {"fr": "Oui"}), Choice("non", {"fr": "Non"}))
    items = (
        Item("select_one", "nuit", label={"fr": "Avez-vous bien dormi ?"}, list="on", required="yes"),
        Item("text", "pourquoi", label={"fr": "Que s’est-il passé ?"}, relevant="${nuit}='non'", required="yes"),
        Item("select_one", "vide", label={"fr": "Le frigo est-il vide ?"}, list="on", need=("food",)),
        Item("select_one", "tombee", label={"fr": "Êtes-vous tombée ?"}, list="on", emergency=True),
    )
    return Model("Essai", "fr", ("fr",), items, {"on": two}).to_json()


@pytest.fixture
def asking(signed_in: SignIn) -> tuple[Client, CallCampaign, Member]:
    register()
    town(2)
    who = caller()
    return signed_in(who), campaign(script=script("nuits", model=scripted()).script), who


def test_the_script_branches_on_the_server_with_and_without_javascript(asking):
    client, row, _ = asking
    where = take(client, row)
    first = text(client.get(where))
    assert "Avez-vous bien dormi" in first
    assert "Que s’est-il passé" not in first
    plain = text(client.post(f"{where}rendre-compte/", {"q-nuit": "non", "more": "1", "note": "Fatiguée"}))
    assert "Que s’est-il passé" in plain
    assert "Fatiguée" in plain
    piece = client.post(f"{where}suite/", {"q-nuit": "non", "q-vide": "oui"}, headers={"HX-Request": "true"})
    assert "Que s’est-il passé" in text(piece)
    assert "<html" not in text(piece)
    assert "D’après ses réponses : courses, alimentation" in text(piece)
    assert 'value="food" id="need-food" checked' in text(piece)
    unticked = {"q-vide": "oui", "offered": "food"}
    again = text(client.post(f"{where}suite/", unticked, headers={"HX-Request": "true"}))
    assert 'value="food" id="need-food">' in again  # what the caller took away stays away
    alarm = text(client.post(f"{where}suite/", {"q-tombee": "oui"}, headers={"HX-Request": "true"}))
    assert "peut être une urgence" in alarm


def test_a_complete_exchange_wants_the_answers_and_loses_none_of_those_given(asking):
    client, row, _ = asking
    where = take(client, row)
    given = {**WELL, "q-nuit": "non", "q-pourquoi": "", "shown": "nuit pourquoi vide tombee", "message": "Après midi"}
    answer = client.post(f"{where}rendre-compte/", given)
    said = text(answer)
    assert answer.status_code == 422
    assert "Que s’est-il passé ? : Répondez à cette question." in said
    assert "Après midi" in said
    assert CallAttempt.objects.count() == 0
    client.post(f"{where}rendre-compte/", {**given, "q-pourquoi": "Trop chaud", "then": "stop"})
    attempt = CallAttempt.objects.get()
    assert attempt.answered
    assert attempt.script_version is not None


def test_who_did_not_answer_is_asked_nothing(asking):
    client, row, _ = asking
    where = take(client, row)
    answer = client.post(f"{where}rendre-compte/", {"disposition": "no_answer", "then": "stop"})
    assert answer.status_code == 302
    assert not CallAttempt.objects.get().answered


def test_a_script_changed_during_the_call_ends_on_its_own_version(asking):
    client, row, _ = asking
    where = take(client, row)
    pinned = held().script_version
    assert pinned is not None
    ScriptVersion.objects.filter(pk=pinned.pk).update(state="retired")
    ScriptVersion.objects.create(
        script=pinned.script, number=2, state="active", file_name="essai.xlsx", source=b"", sha256="1" * 64,
        model=Model("Autre", "fr", ("fr",), (Item("note", "n", label={"fr": "Autre"}),), {}).to_json(),
        languages=["fr"], activated_at=clock.now(),
    )  # fmt: skip
    assert "Avez-vous bien dormi" in text(client.get(where))
    client.post(f"{where}rendre-compte/", {**WELL, "q-nuit": "oui", "then": "stop"})
    assert CallAttempt.objects.get().script_version == pinned


def test_the_script_never_proposes_an_hour_when_nobody_will_call():
    """Tomorrow at ten is the script's word; the campaign calls on one weekday only, another one."""
    row = campaign(persons=1)
    day = (clock.today() + timedelta(days=3)).weekday()
    row.hours = {str(day): [["09:00", "12:00"]]}
    tomorrow = clock.today() + timedelta(days=1)
    wanted = f"{tomorrow:%Y-%m-%d}T10:00"
    assert promisable(row, wanted) == f"{clock.today() + timedelta(days=3):%Y-%m-%d}T09:00"
    row.hours = {str(tomorrow.weekday()): [["09:00", "12:00"]]}
    assert promisable(row, wanted) == ""
    assert promisable(row, "") == promisable(row, "bientôt") == ""
