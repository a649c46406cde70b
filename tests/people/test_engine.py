"""Telephone and e-mail, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from entremise.people.engine import email, phone

RESERVED = ["019900", "026191", "035301", "046571", "053649", "063998"]


@pytest.mark.parametrize("head", RESERVED)
@given(tail=st.integers(0, 9999))
def test_numbers_kept_for_fiction_are_numbers_whatever_their_writing(head, tail):
    digits = f"{head}{tail:04}"
    e164 = "+33" + digits[1:]
    pairs = [digits[i : i + 2] for i in range(0, 10, 2)]
    for sign in ("", " ", ".", "-", "\u00a0", "\u202f"):
        assert phone.normalise(sign.join(pairs)) == e164
    for text in (f"+33 {digits[1:]}", f"0033{digits[1:]}", f"+33 (0){digits[1:]}", f"  {digits} "):
        assert phone.normalise(text) == e164
    assert phone.readable(e164) == " ".join(pairs)
    assert phone.normalise(phone.readable(e164)) == e164


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Donnez un numéro"),
        ("   ", "Donnez un numéro"),
        ("06 39 98 45", "Il manque des chiffres"),
        ("06 39 98 12 34 56", "trop de chiffres"),
        ("zéro six", "pas de lettres"),
        ("06 39 98 12 3O", "pas de lettres"),
        ("+", "n’est pas reconnu"),
        ("1", "n’est pas reconnu"),
        ("+32 1", "n’est pas reconnu"),
        ("+32 1 2 3", "numéro étranger"),
        ("+999 12345678", "n’est pas reconnu"),
    ],
)
def test_what_is_no_number_gets_a_french_sentence(text, said):
    with pytest.raises(ValueError, match=said) as refusal:
        phone.normalise(text)
    assert len(text) < 8 or text not in str(refusal.value)


@given(st.text(max_size=40))
def test_no_writing_of_a_number_ends_in_another_error(text):
    try:
        e164 = phone.normalise(text)
    except ValueError:
        return
    assert e164.startswith("+")
    assert phone.normalise(e164) == e164


def test_only_mobiles_are_sent_text_messages():
    assert phone.receives_sms("+33639981234")
    assert not phone.receives_sms("+33199001234")
    assert phone.readable("+3225551212") == "+32 2 555 12 12"
    assert phone.readable("rien") == "rien"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Aline.Fiction@Exemple.FR ", "aline.fiction@exemple.fr"),
        ("mailto:a@exemple.fr", "a@exemple.fr"),
        ("a+entraide@sous.exemple.fr", "a+entraide@sous.exemple.fr"),
        ("a@exempl\u00e9.fr", "a@xn--exempl-gva.fr"),
    ],
)
def test_addresses_are_put_in_one_form(text, address):
    assert email.normalise(text) == address


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@exemple.fr", "a b@exemple.fr", "a@exemple", "a..b@exemple.fr",
             "a@exemple.fr\nBcc: x@y.fr", "a@b@exemple.fr",
             ".a@exemple.fr", "a@" + "x" * 300 + ".fr", "a@..fr", "<a@exemple.fr>"],
)  # fmt: skip
def test_what_is_no_address_gets_a_french_sentence(text):
    with pytest.raises(ValueError, match=r"Écrivez-la comme prenom\.nom@exemple\.fr\.$"):
        email.normalise(text)


@given(st.text(max_size=60))
def test_no_writing_of_an_address_ends_in_another_error(text):
    try:
        address = email.normalise(text)
    except ValueError:
        return
    assert email.normalise(address) == address
