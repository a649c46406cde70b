"""Templates keep to what the content security policy and HTML allow, and none is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import entremise

SRC = Path(entremise.__file__).parent
TEMPLATES = sorted(SRC.glob("*/templates/**/*.html"))
CODE = "\n".join(p.read_text(encoding="utf-8") for p in SRC.rglob("*.py"))


def name(path: Path) -> str:
    return path.as_posix().split("/templates/", 1)[1]


BY_NAME = {name(path): path.read_text(encoding="utf-8") for path in TEMPLATES}


@pytest.mark.parametrize("template", BY_NAME)
def test_a_template_has_neither_style_nor_script_in_line(template):
    text = BY_NAME[template]
    assert not re.search(r"<[^>]*\sstyle=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<[^>]*\son[a-z]+=", text)


@pytest.mark.parametrize("template", BY_NAME)
def test_htmx_attributes_are_valid_html(template):
    assert not re.search(r"(?<!data-)\bhx-[a-z]", BY_NAME[template])


@pytest.mark.parametrize("template", BY_NAME)
def test_loads_are_sorted(template):
    for words in re.findall(r"{% load ([\w ]+) %}", BY_NAME[template]):
        assert words.split() == sorted(words.split())


@pytest.mark.parametrize("template", BY_NAME)
def test_every_form_says_its_method(template):
    for form in re.findall(r"<form[^>]*>", BY_NAME[template]):
        assert 'method="' in form, form


@pytest.mark.parametrize("template", BY_NAME)
def test_a_form_that_writes_carries_its_token(template):
    posts = len(re.findall(r'<form[^>]*method="post"', BY_NAME[template]))
    assert BY_NAME[template].count("{% csrf_token %}") >= posts


def test_no_template_is_unused():
    foreign = ("django/", "account/", "mfa/", "allauth/", "socialaccount/")  # called by libraries
    texts = "\n".join(BY_NAME.values()) + CODE
    called = {f"{status}.html" for status in (400, 403, 404, 409, 410, 422, 429, 500, 503)} | {"_error_summary.html"}
    unused = {t for t in BY_NAME if f'"{t}"' not in texts and t not in called and not t.startswith(foreign)}
    unused -= {t for t in unused if t.startswith("components/")}  # held by the style guide's own test
    assert unused == set()


@pytest.mark.django_db
def test_every_component_is_in_the_style_guide(client):
    page = client.get("/guide-de-style/").content.decode()
    shown = set(re.findall(r'data-component="(\w+)"', page))
    there = {Path(t).stem for t in BY_NAME if t.startswith("components/") and not Path(t).stem.startswith("_")}
    assert there == shown
