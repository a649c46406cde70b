"""Letters set by Typst: tagged, in French, fonts inside, and nothing a person typed is a command."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings, strategies as st
from pypdf import PdfReader

from entremise.kernel import pdf

SOURCE = """#import "letter.typ": letter
#show: letter.with(title: data.title, from: data.from, to: data.to, place: data.place, large: data.large)
#for line in data.lines [#par(line)]
"""
DATA = {
    "title": "Réponse à votre demande",
    "from": ["Ville de Fiction"],
    "to": ["Aline Fiction", "1 rue des Essais"],
    "place": "Fiction, le 24 novembre 2026",
    "large": False,
}


def page(made: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(made))


def test_a_letter_is_tagged_in_french_and_carries_its_fonts():
    read = page(pdf.render(SOURCE, {**DATA, "lines": ["Où l’œuvre naît : « ça » coûte 12 €."]}))
    root = read.trailer["/Root"]
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"]
    assert read.metadata is not None
    assert read.metadata.title == "Réponse à votre demande"
    assert "Où l’œuvre naît : « ça » coûte 12 €." in read.pages[0].extract_text().replace("\u00a0", " ")
    fonts = [font.get_object() for font in read.pages[0]["/Resources"]["/Font"].values()]
    inner = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert inner
    assert all({"/FontFile2", "/FontFile3"} & set(one) for one in inner)


def test_large_print_is_larger():
    small, large = (pdf.render(SOURCE, {**DATA, "large": size, "lines": ["mot " * 900]}) for size in (False, True))
    assert len(page(large).pages) > len(page(small).pages)


@settings(max_examples=25)
@example("Aline 中文")
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=60))
def test_what_somebody_typed_is_never_a_command(text):
    pdf.render(SOURCE, {**DATA, "lines": [text]})


@pytest.mark.parametrize("text", ["#panic()", '#import "x"', "$x^2$", "*gras*", "= Titre", "// rien", "`code`"])
def test_marks_are_printed_as_they_were_typed(text):
    assert text in page(pdf.render(SOURCE, {**DATA, "lines": [text]})).pages[0].extract_text()


@pytest.mark.parametrize("source", ['#import "@preview/x:1.0.0"', '#import "@local/x:1.0.0"'])
def test_a_source_fetches_nothing(source):
    with pytest.raises(ValueError, match="package"):
        pdf.render(source, {})


@pytest.mark.parametrize("source", ["#nothing", '#read("/etc/passwd")', '#read("../pdf.py")'])
def test_a_bad_source_says_nothing_of_its_data(source):
    with pytest.raises(pdf.PdfFailed) as refusal:
        pdf.render(source, {"secret": "Aline"})
    assert "Aline" not in repr(refusal.value)
    assert refusal.value.__suppress_context__
