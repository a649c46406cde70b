"""Attempt 12: guessing values by how often an index repeats, joining registers by equal indexes."""

from __future__ import annotations

import hashlib

import pytest

from entremise.vault import registry
from entremise.vault.models import BlindIndex
from entremise.vault.registry import Profile
from entremise.vault.usecases import keyring
from tests.people.factories import person


def test_no_profile_indexes_a_value_with_few_modalities():
    for profile in registry.profiles().values():
        assert profile.indexed <= registry.INDEXABLE, profile.code
    assert {"postcode", "commune", "street", "last_name", "birth", "sex"}.isdisjoint(registry.INDEXABLE)


@pytest.mark.parametrize("field", ["last_name", "first_name", "birth", "address", "email"])
def test_a_profile_that_would_index_one_is_refused(field):
    with pytest.raises(ValueError, match="blind index"):
        registry.declare(Profile("essai_index", "Essai", {field: "name"}, indexed=frozenset({field})))
    assert "essai_index" not in registry.profiles()


@pytest.mark.django_db
def test_only_the_phone_of_a_person_leaves_an_index_and_nothing_unkeyed_gives_it():
    person(phone="06 39 98 12 34", address="12 rue des Essais", email="a@exemple.fr")
    row = BlindIndex.objects.get()
    assert row.by == "phone"
    assert len(bytes(row.digest)) == 16
    for guess in ("+33639981234", "0639981234", "639981234", "06 39 98 12 34"):
        for name in ("sha256", "sha1", "md5", "blake2b"):
            assert hashlib.new(name, guess.encode()).digest()[:16] != bytes(row.digest)


@pytest.mark.django_db
def test_the_same_phone_in_two_registers_gives_two_indexes_that_do_not_join():
    keys = keyring.load({"entraide", "canicule", "canicule-2026"}).indexes
    assert len(set(keys.values())) == 3
    from entremise.vault import engine

    made = {engine.blind(key, "phone", "+33639981234") for key in keys.values()}
    assert len(made) == 3
