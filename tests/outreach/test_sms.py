"""What a text costs: one « ê » and each message holds 70 signs (acceptance 15)."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from entremise.outreach.engine import defaults, sms


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "each"),
    [
        ("", "GSM-7", 0, 160),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 153),
        ("a" * 306, "GSM-7", 2, 153),
        ("a" * 307, "GSM-7", 3, 153),
        ("é" * 160, "GSM-7", 1, 160),
        ("ê", "UCS-2", 1, 70),
        ("ê" * 70, "UCS-2", 1, 70),
        ("a" * 70 + "ê", "UCS-2", 2, 67),
        ("Bonjour, c’est la mairie", "UCS-2", 1, 70),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 153),
        ("🙂" * 35, "UCS-2", 1, 70),
        ("🙂" * 36, "UCS-2", 2, 67),
    ],
)
def test_segments(text, encoding, segments, each):
    found = sms.size(text)
    assert (found.encoding, found.segments, found.each) == (encoding, segments, each)


def test_a_sign_of_two_places_is_never_cut_in_two():
    assert sms.size("a" * 152 + "€" + "a" * 152).segments == 3  # 306 places, yet 152 + (€ 151) + 1


@pytest.mark.parametrize("sign", "êçîôœ«»’")
def test_the_usual_french_signs_that_cost_are_named_and_have_a_plain_one(sign):
    found = sms.size(f"Bonjour {sign}")
    assert found.strange == (sign,)
    assert f"« {sign} »" in sms.said(found)
    assert sms.size(sms.plain(f"Bonjour {sign}")).encoding == "GSM-7"


def test_the_message_proposed_is_one_plain_segment_for_a_town_of_usual_name():
    text = defaults.filled(defaults.SMS, house="Ville de Grenoble", number="04 76 00 00 00")
    found = sms.size(text)
    assert (found.encoding, found.segments) == ("GSM-7", 1)


@given(st.text(alphabet=sorted(sms.GSM | sms.EXTENDED), max_size=700))
def test_plain_texts_never_take_more_room_than_their_signs_doubled(text):
    found = sms.size(text)
    assert found.encoding == "GSM-7"
    assert len(text) <= found.units <= 2 * len(text)
    assert (found.segments - 1) * 152 < max(found.units, 1) <= max(found.segments, 1) * 160
