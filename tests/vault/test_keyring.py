"""The master key: made once, readable by its owner only, missed loudly."""

from __future__ import annotations

import os

import pytest

from entremise.vault import usecases as vault
from entremise.vault.models import RecordKey, RootKey
from entremise.vault.usecases import keyring
from tests.people.factories import person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}


@pytest.fixture
def file(settings, tmp_path):
    settings.MASTER_KEY, settings.MASTER_KEY_FILE, settings.MASTER_KEY_CREATE = "", tmp_path / "master.key", True
    return settings.MASTER_KEY_FILE


def test_the_first_start_makes_the_key_and_speaks_of_its_backup(file, caplog):
    keyring.load({"entraide"})
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Copiez ce fichier dès maintenant" in caplog.text
    assert file.read_text().strip() not in caplog.text
    before = file.read_text()
    keyring.load({"entraide"})
    assert file.read_text() == before
    assert os.listdir(file.parent) == ["master.key"]


def test_of_two_first_starts_one_makes_the_key(file):
    keyring.create_file(file)
    before = file.read_text()
    keyring.create_file(file)
    assert file.read_text() == before
    assert os.listdir(file.parent) == ["master.key"]


def test_a_lost_key_is_never_replaced_by_a_new_one(file, actor):
    who = person().pk
    file.unlink()
    with pytest.raises(vault.VaultSealed) as refusal:
        vault.open(actor("matchmaker"), person=who, fields=["entraide.phone"], **WHY)
    assert refusal.value.code == "vault_sealed"
    assert "Prévenez" in refusal.value.message
    assert not file.exists()


def test_a_file_that_somebody_names_must_be_there(file, settings):
    settings.MASTER_KEY_CREATE = False
    with pytest.raises(vault.VaultSealed):
        keyring.load({"entraide"})
    assert not file.exists()


@pytest.mark.parametrize("text", ["00" * 32, "trop court", "é" * 64])
def test_a_wrong_key_closes_the_vault_and_leaves_the_site(file, settings, actor, client, text):
    who = person().pk
    settings.MASTER_KEY = text
    for deed in (
        lambda: vault.open(actor("matchmaker"), person=who, fields=["entraide.phone"], **WHY),
        lambda: vault.write(actor("matchmaker"), person=who, values={"entraide.phone": "+33639980001"}, **WHY),
        lambda: vault.find(actor("matchmaker"), register="entraide", by="phone", value="x", **WHY),
        lambda: person(),
    ):
        with pytest.raises(vault.VaultSealed) as refusal:
            deed()
        assert text not in refusal.value.message
    assert client.get("/").status_code == 200


def test_a_key_moved_to_another_register_opens_nothing(file):
    keyring.load({"entraide"})
    index = RootKey.objects.get(code="index:entraide")
    RootKey.objects.filter(code="register:entraide").update(blob=index.blob)
    with pytest.raises(vault.VaultSealed):
        keyring.load({"entraide"})


def test_a_key_moved_to_another_record_opens_nothing(file, actor):
    one, two = person().pk, person().pk
    rows = list(RecordKey.objects.order_by("record"))
    RecordKey.objects.filter(pk=rows[0].pk).update(blob=rows[1].blob)
    opened = vault.open_many(actor("matchmaker"), persons=[one, two], fields=["entraide.phone"], **WHY)
    assert sorted(len(opening.values) for opening in opened.values()) == [0, 1]
    assert {r.rule for opening in opened.values() for r in opening.refused.values()} == {"tampered"}


def test_the_keys_rest_wrapped(file):
    who = person()
    ring = keyring.load({"entraide"})
    stored = b"".join(bytes(blob) for blob in RootKey.objects.values_list("blob", flat=True))
    for secret in (ring.journal, ring.erasure, ring.indexes["entraide"], bytes.fromhex(file.read_text())):
        assert secret not in stored
    assert "master" not in repr(ring) + str(who)
    assert repr(ring) == "<Keyring>"
