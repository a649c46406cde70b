"""Sealing: what was sealed for somebody opens for them only."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import assume, given, strategies as st

from entremise.vault import engine

parts = st.lists(st.text(max_size=20), max_size=6)
keys = st.binary(min_size=32, max_size=32)


@given(parts, parts)
def test_two_lists_of_parts_never_bind_alike(one, other):
    assume(one != other)
    assert engine.bind(*one) != engine.bind(*other)


@given(keys, st.binary(max_size=300), parts)
def test_what_is_sealed_opens_with_the_same_parts(key, plain, bound):
    sealed = engine.Box(key).seal(plain, *bound)
    assert engine.Box(key).unseal(sealed, *bound) == plain
    assert len(sealed) == len(plain) + 29


@given(keys, st.binary(max_size=50), parts, parts)
def test_a_cell_moved_elsewhere_does_not_open(key, plain, here, there):
    assume(here != there)
    sealed = engine.Box(key).seal(plain, *here)
    with pytest.raises(engine.InvalidTag):
        engine.Box(key).unseal(sealed, *there)


@given(keys, keys, st.binary(max_size=50))
def test_another_key_opens_nothing(key, other, plain):
    assume(key != other)
    with pytest.raises(engine.InvalidTag):
        engine.Box(other).unseal(engine.Box(key).seal(plain, "cell"), "cell")


@given(keys, st.binary(max_size=30), st.data())
def test_any_changed_or_cut_bit_is_noticed(key, plain, data):
    sealed = engine.Box(key).seal(plain, "cell")
    place = data.draw(st.integers(0, len(sealed) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(sealed)
    changed[place] ^= 1 << bit
    for wrong in (bytes(changed), sealed[:place]):
        with pytest.raises(engine.InvalidTag):
            engine.Box(key).unseal(wrong, "cell")


@given(keys, st.binary(max_size=30))
def test_equal_values_do_not_look_equal_once_sealed(key, plain):
    box = engine.Box(key)
    assert box.seal(plain, "cell") != box.seal(plain, "cell")


def test_equal_values_of_two_registers_have_different_indexes():
    one, two = engine.new_key(), engine.new_key()
    assert engine.blind(one, "phone", "+33639981234") != engine.blind(two, "phone", "+33639981234")
    assert engine.blind(one, "phone", "x") != engine.blind(one, "identity", "x")
    assert len(engine.blind(one, "phone", "x")) == 16


@given(st.text(max_size=60))
def test_a_master_key_of_another_form_is_refused_without_being_quoted(text):
    assume(len(text.strip()) not in (43, 44))
    with pytest.raises(ValueError, match="^64 signes hexadécimaux attendus$"):
        engine.read_key(text)


def test_a_master_key_reads_in_hexadecimal_and_in_base64():
    key = bytes(range(32))
    assert engine.read_key(key.hex() + "\n") == key
    assert engine.read_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == key


def test_a_box_shows_and_gives_away_nothing():
    box = engine.Box(b"k" * 32)
    assert repr(box) == "<Box>"
    for keep in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            keep(box)
    with pytest.raises(ValueError, match="32 bytes"):
        engine.Box(b"short")
