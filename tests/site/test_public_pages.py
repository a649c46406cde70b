"""What every public page owes: a title, one heading, the phone number, the emergency line, its duties."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from entremise.territories.models import Theme

PUBLIC = [
    "/", "/guide-de-style/", "/accessibilite/", "/mentions-legales/", "/donnees-personnelles/", "/signaler/",
    "/danger/", "/nulle-part/",
]  # fmt: skip
pytestmark = pytest.mark.django_db


def soup(client, path, **more):
    return BeautifulSoup(client.get(path, **more).content, "html5lib")


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_has_a_title_a_heading_and_the_phone(client, path):
    page = soup(client, path)
    assert re.fullmatch(r".+ - Entremise", page.title.text)
    assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
    assert page.h1.text.strip()
    assert page.html["lang"] == "fr"
    for part in (page.select_one("header.banner"), page.select_one("footer")):
        assert part.select_one('a[href="tel:+33199000000"]')
    for number in ("tel:15", "tel:112", "sms:114"):
        assert page.footer.select_one(f'a[href="{number}"]')
    assert "Accessibilité\xa0: non conforme" in page.footer.text


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_carries_no_script_and_asks_no_other_host(client, path):
    page = soup(client, path)
    assert page.find_all("script") == []
    for tag, attribute in (("img", "src"), ("link", "href"), ("source", "srcset")):
        assert [t[attribute] for t in page.find_all(tag) if t[attribute].startswith(("http", "//"))] == []


def test_titles_and_headings_are_unique(client):
    pages = [soup(client, path) for path in PUBLIC]
    assert len({page.title.text for page in pages}) == len({page.h1.text for page in pages}) == len(PUBLIC)


def test_the_territory_s_name_phone_and_colour_are_everywhere(client):
    Theme.objects.create(
        name="Ville d’Exemple", phone="01 99 00 12 34", phone_hours="de 9 h à 17 h", colour="#e2001a", host="Hôte"
    )
    page = soup(client, "/mentions-legales/")
    assert page.title.text == "Mentions légales - Ville d’Exemple"
    assert page.select_one('a.phone[href="tel:+33199001234"]')
    sheet = page.select('link[rel="stylesheet"]')[-1]["href"]
    assert sheet.startswith("/theme.css?v=")
    answer = client.get(sheet)
    assert answer["Content-Type"].startswith("text/css")
    assert b"#e2001a" in answer.content
    assert "immutable" in answer["Cache-Control"]


def test_a_logo_is_an_image_that_runs_nothing(client):
    Theme.objects.create(name="X", logo_svg="<svg xmlns='http://www.w3.org/2000/svg'></svg>", logo_text="Ville X")
    page = soup(client, "/")
    image = page.select_one(".brand img")
    assert image["alt"] == "Ville X"
    answer = client.get(image["src"])
    assert answer["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_what_is_missing_is_said_as_missing_never_invented(client):
    assert "non indiqué" in soup(client, "/mentions-legales/").main.text
    declaration = soup(client, "/accessibilite/").main.text
    assert "Aucun audit n’a encore été fait" in declaration
    assert "À compléter" not in declaration


def test_a_page_is_english_when_asked(client):
    answer = client.post("/langue/", {"language": "en", "next": "/danger/"})
    assert answer.status_code == 302
    page = soup(client, "/danger/")
    assert page.html["lang"] == "en"
    assert page.h1.text == "Danger: who to call"


def test_the_home_page_costs_a_constant_number_of_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        client.get("/")
