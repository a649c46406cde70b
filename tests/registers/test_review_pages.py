"""The pages where pairs are read: what they show, to whom, and what they never show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

import entremise
from entremise.audit.models import Entry
from entremise.registers import usecases
from entremise.registers.models import Decision, Pair, Reading
from entremise.vault import usecases as vault
from entremise.vault.models import Habilitation, Line, Register
from tests.accounts.factories import agent
from tests.registers.reviewing import FILE, JEANINE, JEANNINE, LABELS, LEGAL, Review, person_of, record, user

pytestmark = pytest.mark.django_db
CANARY = {**JEANNINE, "names": "QUETZALCOATL, Zébuline", "address": "77 rue du Canari, 38000 Grenoble"}


@pytest.fixture
def desk():
    return Review()


@pytest.fixture
def mehdi(client, desk):
    client.force_login(user(desk.mehdi))
    return client


def page_of(pair):
    return reverse("registers:pair_page", args=[pair.pk])


def answer(client, pair, said, **more):
    pair.refresh_from_db()
    return client.post(
        reverse("registers:pair_answer", args=[pair.pk]), {"answer": said, "token": pair.token, **more}, follow=True
    )


def take(client):
    return client.post(reverse("registers:review_next"), follow=True)


def test_the_page_shows_both_records_guards_first_and_no_weight(mehdi, desk):
    desk.pair(guards=["birth_differs"], levels=[3, 2, 0, 5], weight=17.25)
    shown = take(mehdi)
    soup = BeautifulSoup(shown.content, "html5lib")
    main = soup.main
    assert main is not None
    text = main.get_text().replace("\u200b", "")
    assert text.index("Attention") < text.index("Jeannine")
    for said in ("Jeannine", "Jeanine", "12/03/1938", "03/12/1938", "06 39 98 00 01", "≠ différent", "= pareil"):
        assert said in text
    assert "17,2" not in shown.content.decode()
    assert "17.2" not in shown.content.decode()
    assert not soup.select("svg[role=img]")
    assert [mark.get_text() for mark in soup.select("mark")]
    assert shown["Cache-Control"] == "no-store"
    assert "Jeannine" not in soup.title.get_text()
    assert {b["data-key"]: b.get_text(" ", strip=True) for b in soup.select("button[data-key]")} == {
        "1": "Même personne 1", "2": "Deux personnes 2", "3": "Je ne sais pas 3",
    }  # fmt: skip
    section = soup.select_one("[data-keys]")
    assert section is not None
    assert "screen-only" in section["class"]
    assert section.select_one("form[data-answers] button[data-key]")


def test_what_is_missing_is_said_and_what_is_written_stands_above_what_is_compared(mehdi, desk):
    left = record(LEGAL, **{**JEANNINE, "birth_date": "", "phone~": "06.39.98.00.01", "names~": "Mme LE GOFF"})
    desk.pair(left, record(FILE, **JEANINE))
    rows = BeautifulSoup(take(mehdi).content, "html5lib").select("[data-keys] tbody tr")
    lines = {row.th.get_text("|", strip=True): [cell.get_text("|", strip=True) for cell in row("td")] for row in rows}
    assert lines["Naissance|absent"][0] == "absent"
    assert lines["Téléphone|≠ différent"][0].startswith("06.39.98.00.01|06 39 98 00 0")
    assert lines["Nom reçu"] == ["Mme LE GOFF", "LEGOFF, Jeanine"]


def test_the_answer_leads_to_the_next_pair_and_its_own_page_then_explains_the_weight(mehdi, desk):
    first, second = desk.pair(rank=1), desk.pair(rank=2)
    take(mehdi)
    shown = answer(mehdi, first, "different", reason="namesake")
    assert shown.request["PATH_INFO"] == page_of(second)
    assert "C’est noté" in shown.content.decode()
    undo = reverse("registers:reading_undo", args=[Reading.objects.get().pk])
    assert undo in shown.content.decode()
    explained = BeautifulSoup(mehdi.get(page_of(first)).content, "html5lib")
    assert explained.select_one("svg[role=img] title")
    weights = [cell.get_text() for cell in explained.select("details td.number")]
    assert len(weights) == len(explained.select("svg[role=img] rect")) == 6
    assert "homonymes" in explained.main.get_text()
    assert "Jeannine" not in explained.main.get_text()  # a decided pair opens nothing until it is asked
    before = Line.objects.count()
    again = mehdi.get(page_of(first) + "?voir=1").content.decode()
    assert "Jeannine" in again
    assert Line.objects.count() == before + 2
    back = mehdi.post(undo, follow=True)
    assert back.request["PATH_INFO"] == page_of(first)
    assert "Est-ce la même personne" in back.content.decode()


def test_a_reason_that_is_missing_is_asked_without_losing_the_pair(mehdi, desk):
    pair = desk.pair(guards=["twins_possible"])
    take(mehdi)
    wrong = answer(mehdi, pair, "same")
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert "dites pourquoi c’est la même personne" in text
    assert "Jeannine" in text
    assert "<title>Erreur" in text
    assert answer(mehdi, pair, "same", reason="same_document").status_code == 200
    assert Pair.objects.get(pk=pair.pk).state == "second"


def test_a_contradiction_shows_the_triangle_with_authors_and_dates(mehdi, desk):
    a, b, c = record(LEGAL), record(FILE), record(FILE)
    desk.says(desk.ines, desk.pair(a, b), "same")
    desk.says(desk.ines, desk.pair(b, c), "different")
    last = desk.pair(a, c)
    take(mehdi)
    shown = answer(mehdi, last, "same")
    text = BeautifulSoup(shown.content, "html5lib").main.get_text(" ", strip=True)
    assert shown.status_code == 422
    assert "Ces décisions se contredisent" in text
    assert text.count(user(desk.ines).label) == 2
    assert re.search(r"[AB] = C|C = [AB]", text)
    assert re.search(r"[AB] ≠ C|C ≠ [AB]", text)


def test_a_pair_that_decisions_bar_shows_them_before_the_answer(mehdi, desk):
    a, b, c = record(LEGAL), record(FILE), record(FILE)
    desk.says(desk.ines, desk.pair(a, b), "same")
    desk.says(desk.ines, desk.pair(b, c), "different")
    desk.pair(a, c, refusal="cannot_link")
    text = take(mehdi).content.decode()
    assert "Des décisions sont déjà prises" in text
    assert user(desk.ines).label in text


def test_an_answer_that_comes_second_is_told_and_not_kept(mehdi, desk):
    pair = desk.pair()
    take(mehdi)
    Pair.objects.update(lease_until=None)
    desk.says(desk.ines, pair, "different")
    told = answer(mehdi, pair, "same")
    assert "vient d’être jugée" in told.content.decode()
    assert Reading.objects.count() == 1


def test_two_humans_separate_from_the_page_of_a_pair(mehdi, desk, client):
    pair = desk.pair()
    desk.says(desk.ines, pair, "same")
    wrong = mehdi.post(reverse("registers:pair_separate", args=[pair.pk]))
    assert wrong.status_code == 422
    done = mehdi.post(reverse("registers:pair_separate", args=[pair.pk]), {"reason": "parent_child"}, follow=True)
    assert "Une autre personne lira la paire" in done.content.decode()
    told = mehdi.post(reverse("registers:pair_claim", args=[pair.pk]), follow=True)
    assert "Vous avez déjà lu cette paire" in told.content.decode()
    client.force_login(user(desk.ines))
    assert take(client).request["PATH_INFO"] == page_of(pair)
    answer(client, pair, "different", reason="parent_child")
    assert list(Decision.objects.order_by("pk").values_list("verdict", "state")) == [
        ("must", "revoked"), ("cannot", "open"),
    ]  # fmt: skip


def test_decisions_are_listed_filtered_and_reopened(mehdi, desk):
    pair = desk.pair()
    desk.says(desk.mehdi, pair, "different", "twins")
    desk.says(desk.mehdi, desk.pair(), "same")
    page = reverse("registers:decisions")
    text = mehdi.get(page).content.decode()
    assert "2 décisions" in text
    assert "1 décision<" in mehdi.get(page + "?verdict=cannot").content.decode()
    row = Decision.objects.get(verdict="cannot")
    mehdi.post(reverse("registers:decision_undo", args=[row.pk]))
    assert Pair.objects.get(pk=pair.pk).state == "to_review"
    assert "annulée" in mehdi.get(page + "?etat=all").content.decode()
    Decision.objects.filter(verdict="must").update(state="to_confirm")
    again = Decision.objects.get(verdict="must")
    assert "1 décision à confirmer" in mehdi.get(page).content.decode()
    shown = mehdi.post(reverse("registers:decision_reread", args=[again.pk]), follow=True)
    assert "Est-ce la même personne" in shown.content.decode()


def test_a_register_is_named_only_to_who_may_know_it(mehdi, desk):
    desk.pair()
    signed = Habilitation.objects.filter(user=desk.mehdi.user_id)
    signed.update(purposes=["registers.link"])  # reads pairs, keeps no register
    text = take(mehdi).content.decode()
    assert not any(label in text for label in LABELS.values())
    assert "A · fichier A" in text
    assert "B · fichier B" in text
    signed.update(purposes=["registers.link", "registers.keep"])
    assert LABELS[FILE] in mehdi.get(page_of(Pair.objects.get())).content.decode()


def test_a_register_of_named_agents_opens_to_nobody_else(mehdi, desk):
    desk.pair()
    Register.objects.filter(pk=FILE).update(nominative=True)
    text = take(mehdi).content.decode()
    assert "ne peut pas être lue" in text
    assert LABELS[FILE] not in text


def test_a_person_who_objects_is_no_longer_read_nor_joined(mehdi, desk):
    pair = desk.pair()
    vault.set_stance(desk.town.dpo, person=person_of(pair.left), purpose="registers.link", word="objection", on=True)
    text = take(mehdi).content.decode()
    assert "ne peut pas être lue" in text
    assert 'value="same"' not in text
    assert answer(mehdi, pair, "unsure").status_code == 200


def test_the_hundred_and_twenty_first_pair_of_an_hour_stays_closed(mehdi, desk, monkeypatch):
    """240 records an hour (rule-link-review): counted by the vault, whatever the page."""
    from entremise.vault.usecases import deciding

    desk.pair()
    monkeypatch.setattr(deciding, "seen_in_hour", lambda human, asker: frozenset(f"t{n}" for n in range(240)))
    text = take(mehdi).content.decode()
    assert "ne peut pas être lue" in text
    assert "JEAN" not in text


@pytest.mark.parametrize("roles", [(), ("caller",), ("matchmaker",), ("analyst",), ("dpo",), ("controller",)])
def test_no_value_reaches_who_does_not_read_pairs(client, desk, roles, caplog):
    pair = desk.pair(record(LEGAL, **CANARY), record(FILE, **CANARY))
    joined = desk.pair(record(LEGAL, **CANARY), record(FILE, **CANARY))
    desk.says(desk.ines, joined, "same")
    usecases.claim_pair(desk.mehdi, pair=pair)
    if roles:
        client.force_login(agent(*roles))
    for name, pk in [
        *((name, one.pk) for name in ("pair_page", "pair_claim", "pair_leave", "pair_answer", "pair_separate")
          for one in (pair, joined)),
        ("reading_undo", Reading.objects.get().pk),
        ("decision_undo", Decision.objects.get().pk),
        ("decision_reread", Decision.objects.get().pk),
    ]:  # fmt: skip
        address = reverse(f"registers:{name}", args=[pk])
        for response in (client.get(address + "?voir=1"), client.post(address, {"answer": "same", "token": 1})):
            assert response.status_code in (302, 403, 405), (name, response.status_code)
            assert not re.search(r"QUETZAL|Zébuline|Canari", response.content.decode(), re.IGNORECASE)
    assert Reading.objects.count() == 1
    everywhere = caplog.text + repr(list(Entry.objects.values())) + repr(list(Pair.objects.values()))
    assert not re.search(r"QUETZAL|Zébuline|Canari", everywhere, re.IGNORECASE)


def test_who_controls_sees_counts_and_no_way_to_read(client, desk):
    desk.pair(record(LEGAL, **CANARY), record(FILE, **CANARY))
    client.force_login(agent("dpo"))
    text = client.get(reverse("registers:review")).content.decode()
    assert "à lire" in text
    assert reverse("registers:review_next") not in text
    assert "QUETZAL" not in text


def test_the_page_says_when_nobody_could_be_the_second_reader(mehdi, desk):
    page = reverse("registers:review")
    desk.says(desk.mehdi, desk.pair(guards=["given_differs"]), "same", "other")
    assert "Il manque une personne" not in mehdi.get(page).content.decode()
    ines = user(desk.ines)
    ines.is_active = False
    ines.save()
    assert "Il manque une personne" in mehdi.get(page).content.decode()


def test_when_no_grant_holds_the_page_says_where_to_ask(mehdi, desk):
    pair = desk.pair()
    vault.withdraw(desk.town.listed, request=desk.grant.public_id)
    assert "Aucun rapprochement n’est accordé" in mehdi.get(reverse("registers:review")).content.decode()
    assert mehdi.get(page_of(pair)).status_code == 409


@pytest.mark.parametrize("page", ["review", "decisions"])
def test_the_queue_and_the_decisions_cost_the_same_however_many(mehdi, desk, flat, page):
    def more():
        for _ in range(3):
            desk.says(desk.ines, desk.pair(), "different")
            desk.pair(guards=["given_differs"])

    assert flat(lambda: mehdi.get(reverse(f"registers:{page}")), more) < 40


def test_the_household_is_shown_on_demand_and_what_a_reunion_joins_always(mehdi, desk):
    a, b, c = record(LEGAL, **JEANNINE), record(FILE, **JEANINE), record(FILE, names="VOISIN, Armand")
    other = record(LEGAL, names="CONJOINT, Robert")
    desk.says(desk.ines, desk.pair(a, other), "same")
    desk.pair(a, c, weight=1.0, rank=4)
    pair = desk.pair(a, b, rank=0)
    text = take(mehdi).content.decode()
    assert "Ce que la réunion joindrait aussi" in text
    assert "Robert CONJOINT" in text
    assert "Armand VOISIN" not in text
    assert "Armand VOISIN" in mehdi.get(page_of(pair) + "?foyer=1").content.decode()


def test_no_screen_of_splink_is_ever_made():
    """Its studio and dashboards write every pair's values into one file (reference linkage § 12)."""
    forbidden = re.compile(
        r"cluster_studio|comparison_viewer|labelling_tool|_dashboard\w*\(|waterfall_chart|save_offline|\.save\([^)]*html"
    )
    source = Path(entremise.__file__).parent / "registers"
    found = [
        f"{path.name}: {hit[0]}"
        for path in source.rglob("*.py")
        for hit in forbidden.finditer(path.read_text("utf-8"))
    ]
    assert not found
    assert not re.search(r"import pickle|joblib|cPickle", "".join(p.read_text("utf-8") for p in source.rglob("*.py")))
