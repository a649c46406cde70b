from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from entremise.territories.engine import areas, cells, colours, logos, names

LAT, LON = st.floats(-21.5, 51.2), st.floats(-5.2, 9.6)


@given(LAT, LON, st.sampled_from([7, 8]), st.integers(1, 4), st.floats(-0.06, 0.06), st.floats(-0.06, 0.06))
@settings(max_examples=150, deadline=None)
def test_a_disk_holds_every_cell_within_the_distance_it_promises(lat, lon, res, k, north, east):
    here, there = cells.cell(lat, lon, res), cells.cell(lat + north, lon + east, res)
    if cells.distance_m(here, there) <= cells.sure_m(here, k):
        assert there in cells.disk(here, k)


@given(LAT, LON)
@settings(max_examples=60, deadline=None)
def test_a_cell_is_a_signed_64_bit_number_under_its_parent(lat, lon):
    h8 = cells.cell(lat, lon, 8)
    assert 0 < h8 < 2**63
    assert h8 in cells.children(cells.parent(h8, 7), 8)
    assert cells.resolution(cells.parent(h8, 7)) == 7


def test_grenoble_has_the_cells_of_the_reference():
    h8 = cells.cell(45.1885, 5.7245, 8)
    found = [cells.text(cells.parent(h8, res)) for res in (8, 7, 6, 5)]
    assert found == ["881f9ed923fffff", "871f9ed92ffffff", "861f9ed97ffffff", "851f9edbfffffff"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("L’Haÿ-les-Roses", "hay les roses"),
        ("St-Denis", "saint denis"),
        ("STE  Foy-lès-Lyon", "sainte foy les lyon"),
        ("Œuf-en-Ternois", "oeuf en ternois"),
        ("Saint-Germain s/ Morin", "saint germain sur morin"),
        ("Les Lilas", "lilas"),
        ("La", "la"),
        ("’ - %_", ""),
    ],
)
def test_names_are_searched_as_people_write_them(written, key):
    assert names.key(written) == key


@given(st.text(max_size=60))
def test_a_key_is_plain_and_final(text):
    key = names.key(text)
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert key == key.strip()


@pytest.mark.parametrize(
    ("name", "article", "of", "at", "said"),
    [
        ("Grenoble", 0, "de Grenoble", "à Grenoble", "Grenoble"),
        ("Aubervilliers", 1, "d’Aubervilliers", "à Aubervilliers", "Aubervilliers"),
        ("Le Blanc-Mesnil", 2, "du Blanc-Mesnil", "au Blanc-Mesnil", "Le Blanc-Mesnil"),
        ("La Rochelle", 3, "de La Rochelle", "à La Rochelle", "La Rochelle"),
        ("Les Lilas", 4, "des Lilas", "aux Lilas", "Les Lilas"),
        ("L’Haÿ-les-Roses", 5, "de L’Haÿ-les-Roses", "à L’Haÿ-les-Roses", "L’Haÿ-les-Roses"),
        ("Isère", 5, "de l’Isère", "à l’Isère", "l’Isère"),
    ],
)
def test_articles_are_those_of_the_language(name, article, of, at, said):
    assert (names.of(name, article), names.at(name, article), names.with_article(name, article)) == (of, at, said)


@pytest.mark.parametrize(
    ("name", "article", "feminine", "said"),
    [("Isère", 5, "dans", "dans l’Isère"), ("Bretagne", 3, "en", "en Bretagne"), ("Nord", 2, "dans", "dans le Nord"),
     ("Île-de-France", 1, "en", "en Île-de-France"), ("La Réunion", 3, "dans", "à La Réunion")],
)  # fmt: skip
def test_wide_territories_take_their_preposition(name, article, feminine, said):
    assert names.inside(name, article, feminine) == said


CENTRE = cells.parent(cells.cell(45.1885, 5.7245, 8), 4)
CELLS = cells.children(CENTRE, 7)[:120]
COUNTS = st.dictionaries(st.sampled_from(CELLS), st.integers(0, 12), min_size=1, max_size=60)
PEOPLE = st.dictionaries(st.sampled_from(CELLS), st.floats(0, 400), max_size=60)


@given(COUNTS, PEOPLE)
@settings(max_examples=150, deadline=None)
def test_areas_are_a_partition_and_nobody_is_alone_in_one(offers, people):
    found = areas.partition(offers, people)
    shown = [cell for area in found.areas for cell in area.cells]
    assert len(shown) == len(set(shown))  # disjoint cells of one resolution: never a parent with its child
    assert set(shown) | found.suppressed == set(offers) | set(people)
    assert not found.suppressed.intersection(shown)
    assert {cells.resolution(cell) for cell in shown} <= {7}
    for area in found.areas:
        assert area.offers == sum(offers.get(cell, 0) for cell in area.cells) >= 5
        assert area.inhabitants >= 100
        assert len({cells.parent(cell, area.level) for cell in area.cells}) == 1
    assert areas.partition(dict(reversed(offers.items())), people) == found


@given(COUNTS, st.sampled_from(CELLS))
@settings(max_examples=100, deadline=None)
def test_one_arrival_never_splits_an_area_shown(offers, where):
    people = dict.fromkeys(CELLS, 500.0)
    first = areas.partition(offers, people)
    before = [area.cells for area in first.areas]
    second = areas.partition({**offers, where: offers.get(where, 0) + 1}, people, previous=before)
    for area in second.areas:
        assert area.offers >= 5
        parts = [former for former in before if former > area.cells]
        assert not parts or area.offers >= 7


def test_a_map_that_did_not_move_keeps_its_areas():
    offers, people = dict.fromkeys(CELLS[:9], 6), dict.fromkeys(CELLS[:9], 500.0)
    first = areas.partition(offers, people)
    assert areas.partition(offers, people, previous=[area.cells for area in first.areas]) == first


@pytest.mark.parametrize(("offers", "said"), [(4, None), (5, "5–9"), (19, "10–19"), (50, "50–99"), (3000, "100+")])
def test_counts_are_said_by_class(offers, said):
    assert areas.count_class(offers) == said


@pytest.mark.parametrize(
    ("chosen", "light", "dark"),
    [
        ("#ffd500", ("#846e01", "#5e4d00", "#f6f0da"), ("#ffd500", "#ffeca9", "#362d0c")),
        ("#e2001a", ("#e2001a", "#a40411", "#ffebe8"), ("#fea197", "#febfb7", "#442320")),
        ("#5bc0eb", ("#08789c", "#085672", "#dff4ff"), ("#62c6f2", "#86d8fd", "#0c3242")),
        ("#0a1f44", ("#0a1f44", "#000824", "#e8f1ff"), ("#9fbbec", "#b3cffd", "#1f2e47")),
        ("#7ab800", ("#527b0d", "#395901", "#eaf5e0"), ("#8fcf32", "#a2e34b", "#263317")),
    ],
)
def test_the_palette_is_that_of_the_reference(chosen, light, dark):
    found = colours.palette(chosen)
    assert (found.light.brand, found.light.strong, found.light.tint) == light
    assert (found.dark.brand, found.dark.strong, found.dark.tint) == dark


@given(st.integers(0, 0xFFFFFF).map("#{:06x}".format))
@settings(max_examples=80, deadline=None)
def test_whatever_the_colour_texts_can_be_read(colour):
    found = colours.palette(colour)
    light, dark = found.light, found.dark
    assert min(colours.contrast(light.brand, ground) for ground in (colours.PAPER, colours.SHADE)) >= 4.5
    assert min(colours.contrast(light.strong, ground) for ground in (colours.PAPER, light.tint)) >= 7
    grounds = (colours.DARK_PAPER, colours.DARK_SHADE, dark.tint)
    assert min(colours.contrast(dark.brand, ground) for ground in grounds) >= 7
    assert min(colours.contrast(tones.on_brand, tones.brand) for tones in (light, dark)) >= 4.5


def test_a_red_brand_is_told_from_danger():
    assert colours.palette("#e2001a").near_danger
    assert not colours.palette("#0b5563").near_danger
    assert not colours.palette("#888888").near_danger


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'


def test_a_drawing_is_kept_without_what_its_program_left():
    inside = '<!-- me --><metadata>x</metadata><defs><path id="a" d="M0 0h9"/></defs><use xlink:href="#a"/>'
    kept = logos.clean(SVG.format(inside + '<g fill="url(#a)"><rect width="3"/></g>'))
    assert "metadata" not in kept
    assert "me -->" not in kept
    assert 'href="#a"' in kept
    assert logos.clean(kept) == kept


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<path onload="alert(1)"/>',
        '<path ONCLICK="alert(1)"/>',
        '<image href="x.png"/>',
        '<use href="other.svg#a"/>',
        '<path fill="url(http://example.org/a)"/>',
        '<path style="background:url( //example.org )"/>',
        "<style>@import 'a'</style>",
        '<a href="#a"><path/></a>',
        "<foreignObject/>",
        '<g><animate attributeName="href"/></g>',
        '<use href="java&#10;script:alert(1)"/>',
    ],
)
def test_what_acts_or_calls_is_refused(inside):
    with pytest.raises(logos.UnsafeLogo):
        logos.clean(SVG.format(inside))


@pytest.mark.parametrize(
    "text",
    ["", "bonjour", "<html/>", SVG.format("<g>"), "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG.format("&a;"),
     SVG.format("<g/>" * 9000), SVG.format("\x00")],
)  # fmt: skip
def test_what_is_not_a_drawing_is_refused_with_a_sentence(text):
    with pytest.raises(logos.UnsafeLogo) as refusal:
        logos.clean(text)
    assert str(refusal.value).endswith(".")
