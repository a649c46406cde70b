"""English for every sentence the public may read; the French catalogue is the identity."""

from __future__ import annotations

import re
from gettext import GNUTranslations
from pathlib import Path

import pytest

import entremise

SRC = Path(entremise.__file__).parent
LOCALE = SRC / "locale"
AGENTS = {"access_reports.html"}  # French only (interface reference § 11)
PUBLIC = [SRC / "site" / "templates", SRC / "mutualaid" / "templates" / "mutualaid" / "public"]
"""Where pages without account live; a folder that does not exist yet holds nothing."""
TRANSLATE = re.compile(r'{% translate "((?:[^"\\]|\\.)*)"(?: context "(\w+)")?')
BLOCK = re.compile(r"{% blocktranslate\b([^%]*)%}(.*?)(?:{% plural %}.*?)?{% endblocktranslate %}", re.DOTALL)
VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")


def catalogue(language: str) -> GNUTranslations:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        return GNUTranslations(file)


def sentences() -> list[tuple[str, str]]:
    found = set()
    for path in (path for folder in PUBLIC for path in folder.rglob("*.html")):
        if path.name in AGENTS:
            continue
        text = path.read_text(encoding="utf-8")
        found |= set(TRANSLATE.findall(text))
        for options, said in BLOCK.findall(text):
            said = " ".join(line.strip() for line in said.strip().splitlines()) if "trimmed" in options else said
            found.add((VARIABLE.sub(r"%(\1)s", said.replace("%", "%%")), ""))
    return sorted(found)


def test_there_are_sentences_to_translate():
    assert len(sentences()) > 150


@pytest.mark.parametrize(("sentence", "context"), sentences())
def test_the_public_reads_english(sentence, context):
    english = catalogue("en")._catalog  # type: ignore[attr-defined]
    key = f"{context}\x04{sentence}" if context else sentence
    assert english.get(key) or english.get((key, 0))


def test_the_french_catalogue_is_the_identity():
    for key, value in catalogue("fr")._catalog.items():  # type: ignore[attr-defined]
        if isinstance(key, str) and key:
            assert value == key.split("\x04")[-1]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_compiled_catalogue_says_what_its_source_says(language):
    source = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    kept = {t for t in re.findall(r'^msgid "(.+)"$', source, re.M) if "\\" not in t}
    known = {str(k[0] if isinstance(k, tuple) else k).split("\x04")[-1] for k in catalogue(language)._catalog}  # type: ignore[attr-defined]
    untranslated = set() if language == "fr" else set(re.findall(r'^msgid "(.+)"\nmsgstr ""$', source, re.M))
    assert kept - untranslated <= known | {""}


NARROW = re.compile(r"[\wéèà)»%] [:;?!](?=[\s<]|$)|« | »")


@pytest.mark.parametrize("sentence", [s for s, _ in sentences()])
def test_french_punctuation_is_bound_to_its_word(sentence):
    assert not NARROW.search(sentence)
    assert "'" not in sentence
