"""The anatomy of a field: label, hint, error, input, tied together for a screen reader."""

from __future__ import annotations

from bs4 import BeautifulSoup
from django.utils.datastructures import MultiValueDict

from entremise.site.styleguide.parts import ExampleForm
from entremise.site.templatetags.interface import mistakes


def drawn(form):
    return BeautifulSoup(str(form), "html5lib")


def wrong():
    return ExampleForm({"slot": "9", "text": "x" * 501}, MultiValueDict())


def test_a_wrong_field_names_its_hint_and_its_error():
    page = drawn(wrong())
    box = page.select_one("#id_postcode")
    assert box["aria-invalid"] == "true"
    for part in box["aria-describedby"].split():
        assert page.select_one(f"#{part}").text
    inside = [tag.name for tag in box.parent.find_all(recursive=False)]
    assert inside == ["label", "span", "span", "input"]
    assert page.select_one("#id_postcode_error").text.startswith("Erreur\xa0: ")


def test_a_group_is_a_fieldset_with_its_legend_hint_and_error():
    group = drawn(wrong()).select_one("#id_kinds").find_parent("fieldset")
    assert group.legend.text == "Que pouvez-vous faire ?"
    assert group["aria-describedby"] == "id_kinds_helptext id_kinds_error"
    assert len(group.select("label.choice > input")) == 3


def test_the_summary_follows_the_order_of_the_fields_and_leads_to_inputs():
    form = wrong()
    page = drawn(form)
    links = [mistake["href"] for mistake in mistakes(form)]
    order = [f"#{tag['id']}" for tag in page.select("input, select, textarea") if tag.get("id")]
    assert links == sorted(links, key=order.index)
    assert "#id_channel_0" in links


def test_optional_is_said_and_required_is_not_starred():
    page = drawn(ExampleForm())
    assert "(facultatif)" in page.select_one('label[for="id_text"]').text
    assert "*" not in page.text
    assert "(facultatif)" not in page.select_one('label[for="id_postcode"]').text


def test_many_choices_are_grouped():
    assert [p.text for p in drawn(ExampleForm()).select("#id_many .family")] == ["À la maison", "Dehors", "À distance"]


def test_a_long_text_says_its_limit_and_a_lone_box_is_a_row():
    page = drawn(ExampleForm())
    assert page.select_one('[data-counter="id_text"]').text == "500 caractères au plus."
    assert page.select_one("label.choice #id_agrees")


def test_what_is_wrong_nowhere_gives_no_summary():
    assert mistakes(ExampleForm()) == []
