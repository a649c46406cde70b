"""Every public page before a real browser: access, reflow, weight, keyboard, no script."""

from __future__ import annotations

import pytest

from entremise.kernel import navigation

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PAGES = [
    "/", "/guide-de-style/", "/accessibilite/", "/mentions-legales/", "/donnees-personnelles/", "/signaler/",
    "/danger/", "/regles/", "/regles/reglages/", "/nulle-part/",
]  # fmt: skip
STATUS = {"/nulle-part/": 404}
LIGHT = [path for path in PAGES if path != "/guide-de-style/"]
SMALL = """[...document.querySelectorAll('a.button,button,a.call,.nav a,select,textarea,.choice,'
  + 'input:not([type=checkbox],[type=radio],[type=hidden])')]
  .filter(e => e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 60))"""
SPACED = """() => { const s = new CSSStyleSheet(); s.replaceSync(
  '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }'
  + 'p { margin-block-end: 2em !important }'); document.adoptedStyleSheets = [s];
  return [...document.querySelectorAll('main *')].filter(e => getComputedStyle(e).overflowX === 'hidden'
    && !e.classList.contains('hidden') && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 60)) }"""


@pytest.fixture(autouse=True)
def _figures(monkeypatch):
    """The home page as it is with its figures, whatever the contexts declare."""
    monkeypatch.setattr(navigation, "_figures", {})
    navigation.figure("a", lambda: 2450, lambda n: "personnes prêtes à aider")
    navigation.figure("b", lambda: 38, lambda n: "besoins en cours")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody(open_page, axe, path):
    """One page, looked at wide and narrow, by day and by night, then with the text spaced out (WCAG 1.4.12)."""
    page = open_page(path, status=STATUS.get(path, 200))
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert axe(page) == [], (width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, scheme
        assert page.evaluate(SMALL) == [], width
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SPACED) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_is_light(open_page):
    for path in LIGHT:
        page = open_page("/danger/", status=STATUS.get(path, 200))
        cdp = page.context.new_cdp_session(page)
        loaded: list[float] = []
        cdp.on("Network.loadingFinished", lambda event, loaded=loaded: loaded.append(event["encodedDataLength"]))
        cdp.send("Network.enable")
        cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(page.url.replace("/danger/", path), wait_until="load")
        assert 2 <= len(loaded) <= 5, path
        assert sum(loaded) <= 60_000, path
        assert page.evaluate("document.querySelectorAll('*').length") <= 700, path


@pytest.mark.parametrize("path", LIGHT)
def test_the_keyboard_meets_the_skip_link_first_then_sees_each_stop(open_page, path):
    page = open_page(path, status=STATUS.get(path, 200))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tops = []
    for _ in range(40):
        seen = page.evaluate(
            """() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
            return e === document.body ? null : [r.height > 0 && r.left >= 0, s.outlineStyle !== 'none'
              || getComputedStyle(e.parentElement).outlineStyle !== 'none', r.top + scrollY] }"""
        )
        if seen is None:
            break
        assert seen[:2] == [True, True], page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        tops.append(seen[2])
        page.keyboard.press("Tab")
    assert len(tops) > 5


def test_the_skip_link_leads_to_the_content(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_says_what_stopped_them(open_page, javascript):
    page = open_page("/danger/", javascript=javascript, width=320)
    page.get_by_role("link", name="Signaler un problème d’accès").click()
    page.get_by_role("button", name="Envoyer").click()
    assert page.title().startswith("Erreur\xa0: ")
    summary = page.get_by_role("heading", name="Il y a 1 réponse à corriger")
    assert summary.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Le numéro ne se lit pas")
    page.get_by_role("button", name="Envoyer").click()
    page.get_by_role("heading", name="C’est noté, merci").wait_for()


def test_the_language_changes_for_the_public(open_page):
    page = open_page("/danger/")
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Danger: who to call").wait_for()
    page.get_by_role("button", name="Français").click()
    page.get_by_role("heading", name="Danger : qui appeler").wait_for()


def test_a_printed_page_keeps_the_phone_and_drops_the_menus(open_page):
    page = open_page("/donnees-personnelles/")
    page.emulate_media(media="print")
    assert page.locator("a.phone").is_visible()
    assert not page.locator(".banner nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
