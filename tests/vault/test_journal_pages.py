"""The delegate's pages of the journal."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from entremise.vault.models import Line, Verification
from tests.accounts.factories import agent
from tests.vault.lines import own, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def delegate(client):
    user = agent("dpo", label="Dominique")
    client.force_login(user)
    return user


def soup(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html5lib")


def test_reading_a_page_is_written_before_it_is_shown(client, delegate):
    for _ in range(2):
        client.get(reverse("vault:journal"))
    lines = Line.objects.filter(action="browse", human=f"user:{delegate.pk}")
    assert (lines.count(), lines[0].purpose) == (2, "vault.audit")


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"finalite": "outreach.call"}, 2),
        ({"decision": "refused"}, 2),
        ({"decision": "refused", "finalite": "mutualaid.contact"}, 0),
        ({"geste": "read"}, 5),
        ({"ligne": "2"}, 1),
        ({"geste": "read", "du": "2020-01-01", "au": "2100-01-01"}, 5),
        ({"au": "2020-01-01"}, 0),
        ({"registre": "entraide"}, 5),
        ({"geste": "read", "du": "pas une date", "ligne": "rien"}, 5),
    ],
)
def test_filters_find(client, delegate, chosen, found):
    write(3)
    write(2, purpose="outreach.call", verdict="refused")
    page = soup(client.get(reverse("vault:journal"), chosen))
    caption = page.select_one("#lines-caption")
    assert (int(caption.text.split()[0]) if caption else 0) == found


def test_older_lines_follow_by_number_without_a_hole(client, delegate):
    write(60)
    seen, address = [], reverse("vault:journal") + "?geste=read"
    while address:
        page = soup(client.get(address))
        seen += [int(link.text) for link in page.select("tbody th a")]
        more = page.select_one("a[rel=next]")
        address = reverse("vault:journal") + more["href"] if more else ""
    assert seen == list(range(60, 0, -1))


def test_the_page_costs_the_same_number_of_queries(client, delegate, flat):
    flat(lambda: client.get(reverse("vault:journal")), lambda: write(10))


def test_a_line_says_its_rules_and_gives_its_proof(client, delegate):
    write(3, rule_set=1)
    page = soup(client.get(reverse("vault:journal_line", args=[2])))
    assert "Porter secours n’attend pas un vote" in page.text
    answer = client.get(reverse("vault:journal_proof", args=[2]))
    assert json.loads(answer.content)["line"]["number"] == 2
    assert answer["Cache-Control"] == "no-store"
    assert client.get(reverse("vault:journal_line", args=[9999])).status_code == 404


def test_a_verification_goes_on_in_a_job_and_says_what_it_found(client, delegate, run_jobs):
    write(4)
    answer = client.post(reverse("vault:journal_verify"), follow=True)
    assert "va commencer" in answer.content.decode()
    client.post(reverse("vault:journal_verify"))
    assert Verification.objects.count() == 1
    assert run_jobs() == ["vault.verify_journal"]
    address = answer.redirect_chain[-1][0]
    assert "Journal intact" in client.get(address).content.decode()
    own("UPDATE vault_line SET verdict = 'x' WHERE number = 2")
    client.post(reverse("vault:journal_verify"))
    run_jobs()
    assert (
        "La ligne 2 a été modifiée"
        in client.get(reverse("vault:verification", args=[Verification.objects.first().pk])).content.decode()
    )
    assert "journal altéré" in client.get(reverse("vault:journal")).content.decode()


def test_the_fragment_of_progress_is_the_page_s(client, delegate, swap):
    client.post(reverse("vault:journal_verify"))
    address = reverse("vault:verification", args=[Verification.objects.get().pk])
    page, fragment = client.get(address), client.get(address, headers={"HX-Request": "true"})
    assert swap(page, "#verification", fragment).select_one("progress") is not None


def test_the_menu_leads_the_delegate_there(client, delegate):
    assert soup(client.get("/")).select_one(f'a[href="{reverse("vault:journal")}"]') is not None
