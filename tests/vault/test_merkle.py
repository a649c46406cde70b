"""The tree of RFC 6962 and its proofs, against a definition written as the standard writes it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, strategies as st

from entremise.vault.engine import merkle, note

LEAVES = [merkle.leaf(str(n).encode()) for n in range(300)]


def plain(leaves: list[bytes]) -> bytes:
    """RFC 6962 § 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + plain(leaves[:k]) + plain(leaves[k:])).digest()


def read(start: int, stop: int) -> list[bytes]:
    return LEAVES[start:stop]


def test_the_root_of_the_standard_s_own_examples():
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = merkle.Tree()
    for text in data:
        tree.add(merkle.leaf(bytes.fromhex(text)))
    assert tree.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.integers(0, 300))
def test_the_growing_tree_has_the_root_of_the_definition(size):
    tree = merkle.Tree()
    for hashed in LEAVES[:size]:
        tree.add(hashed)
    assert tree.root == plain(LEAVES[:size])
    again = merkle.Tree(tree.size, tree.peaks)
    for one in (tree, again):
        one.add(LEAVES[0])
    assert again.root == tree.root


@given(st.integers(1, 300), st.data())
def test_a_path_leads_from_each_leaf_to_the_root_and_from_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    root, path = plain(LEAVES[:size]), merkle.inclusion(read, index, size)
    assert merkle.includes(LEAVES[index], index, size, path, root)
    assert merkle.includes(LEAVES[other], index, size, path, root) == (other == index)
    assert not merkle.includes(LEAVES[index], index, size, path, plain(LEAVES[: size + 1][1:]) + b"")
    assert not merkle.includes(LEAVES[index], index, size, [*path, root], root)


@given(st.integers(1, 300), st.data())
def test_a_proof_says_that_a_tree_begins_with_another_and_with_no_other(size, data):
    older = data.draw(st.integers(1, size))
    proof = merkle.consistency(read, older, size)
    old, new = plain(LEAVES[:older]), plain(LEAVES[:size])
    assert merkle.extends(older, old, size, new, proof)
    assert not merkle.extends(older, plain([b"x" * 32, *LEAVES[1:older]]), size, new, proof)
    assert not merkle.extends(older, old, size, plain([b"x" * 32, *LEAVES[1:size]]), proof)


@pytest.mark.parametrize("ask", [lambda: merkle.inclusion(read, 4, 4), lambda: merkle.consistency(read, 5, 4)])
def test_what_is_not_in_the_tree_has_no_proof(ask):
    with pytest.raises(ValueError, match="tree"):
        ask()


SEED = bytes(range(32))


def test_a_note_is_read_as_it_was_written_and_its_signature_holds():
    text = note.text_of("entremise.example/journal/2026-07", 48213, bytes(32))
    signed = note.sign(text, "entremise.example", SEED)
    who = note.verifier("entremise.example", SEED)
    found = note.read(signed)
    assert (found.origin, found.size, found.root) == ("entremise.example/journal/2026-07", 48213, bytes(32))
    assert note.is_signed(found, who)
    assert note.read_verifier(str(who)) == who
    for wrong in (signed.replace("48213", "48214"), signed.replace("2026-07", "2026-08")):
        assert not note.is_signed(note.read(wrong), who)
    assert not note.is_signed(found, note.verifier("entremise.example", bytes(32)))


@pytest.mark.parametrize("text", ["", "a\nb\nc\n\n", "a\n1\n!!\n\n— x eA==\n", "a\n-1\nAAAA\n\n", "a\n01\nAAAA\n\n"])
def test_another_text_is_no_note(text):
    with pytest.raises(note.NotANote):
        note.read(text)


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AQ==", "name+0000+%%", "+00000000+" + "A" * 44])
def test_another_text_is_no_key(text):
    with pytest.raises(note.NotANote):
        note.read_verifier(text)
