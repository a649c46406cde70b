"""The style sheet holds its promises: weight, contrasts, no trick."""

import re

import pytest

from entremise.site import palette

CSS = palette.SHEET.read_text(encoding="utf-8")


def test_the_style_sheet_stays_light():
    assert len(CSS.encode()) <= 20 * 1024


@pytest.mark.parametrize("pair", palette.pairs(), ids=lambda pair: f"{pair.ink} on {pair.ground}")
def test_a_colour_reads_on_its_ground_in_light_and_in_dark(pair):
    assert pair.light >= pair.asked
    assert pair.dark >= pair.asked


def test_dark_gives_every_colour_but_the_focus():
    light, dark = palette.tokens()
    layer = CSS.split("@media (prefers-color-scheme: dark)")[1].split("@layer base")[0]
    assert {name for name in light if f"--{name}:" not in layer} == {"focus"}
    assert dark["focus"] == light["focus"]


def test_layers_come_in_their_order_and_all_rules_are_in_one():
    assert re.findall(r"@layer (\w+) \{", CSS) == ["reset", "tokens", "base", "layout", "components", "print"]


def test_nothing_comes_from_elsewhere_nor_shouts():
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "!important" not in CSS
    assert "000091" not in CSS  # the blue of the State
    assert not re.search(r"\.fr-|Marianne", CSS)


def test_focus_is_never_taken_away_without_another_sign():
    lost = re.findall(r"([^{}]+)\{[^{}]*outline: 0[^{}]*\}", CSS)
    assert [rule.strip() for rule in lost] == ["main:focus, main:focus-visible", ".choice :focus-visible"]
