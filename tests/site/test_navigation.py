from __future__ import annotations

import pytest

from entremise.kernel import navigation


@pytest.fixture(autouse=True)
def _apart(monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})
    monkeypatch.setattr(navigation, "_figures", {})


def test_a_role_sees_its_words_first_and_six_at_most(actor):
    for n in range(5):
        navigation.entry(f"public {n}", f"p{n}", order=n)
    for n in range(4):
        navigation.entry(f"agent {n}", f"a{n}", roles=("matchmaker",), order=n)
    words = [entry.url_name for entry in navigation.menu(actor("matchmaker"))]
    assert words == ["a0", "a1", "a2", "a3", "p0", "p1"]
    assert [entry.url_name for entry in navigation.menu(actor())] == ["p0", "p1", "p2", "p3", "p4"]


def test_a_word_and_a_figure_are_declared_once():
    navigation.entry("x", "x")
    navigation.figure("x", lambda: 1, lambda n: "x")
    with pytest.raises(ValueError, match="twice"):
        navigation.entry("y", "x")
    with pytest.raises(ValueError, match="twice"):
        navigation.figure("x", lambda: 1, lambda n: "x")


@pytest.mark.django_db
def test_figures_are_on_the_home_page(client):
    navigation.figure("helpers", lambda: 2450, lambda n: "personnes prêtes à aider")
    page = client.get("/").content.decode()
    assert "personnes prêtes à aider" in page
    assert "2\u202f450" in page or "2\xa0450" in page
