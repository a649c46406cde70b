"""Attempt 26: a superuser, a shell, a migration, a back office that reads values."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.apps import apps
from django.core import management
from django.db import models

from entremise.accounts.models import User
from entremise.vault import engine
from entremise.vault.models import Cell, Record, RecordKey, RootKey
from tests.people.factories import person

pytestmark = pytest.mark.django_db


def test_no_field_of_any_table_decrypts_by_itself():
    ours = [field for model in apps.get_models() for field in model._meta.local_fields]
    sealed = [field for field in ours if isinstance(field, models.BinaryField)]
    assert sealed
    assert {type(field) for field in sealed} == {models.BinaryField}


def test_the_tables_give_only_sealed_bytes_to_whoever_asks_them():
    who = person(first_name="Aline-Canari")
    for model in (Cell, Record, RecordKey, RootKey):
        for row in model.objects.all():
            text = repr(row) + str(row) + repr(row.__dict__)
            assert "Canari" not in text
            assert "639981234" not in text
    assert "Canari" not in repr(who.__dict__)


def test_there_is_no_superuser_and_no_back_office():
    names = {field.name for field in User._meta.get_fields()}
    assert names.isdisjoint({"is_superuser", "user_permissions", "groups"})
    assert not apps.is_installed("django.contrib.admin")


def test_the_whole_of_the_keys_without_the_master_key_unwraps_nothing(settings):
    person()
    for row in RootKey.objects.all():
        for guess in (bytes(32), b"entremise".ljust(32, b"\0"), bytes(row.blob)[:32]):
            with pytest.raises(engine.InvalidTag):
                engine.Box(guess).unseal(bytes(row.blob), "kek", row.instance, row.code, row.epoch)
    assert settings.MASTER_KEY not in {bytes(row.blob).hex() for row in RootKey.objects.all()}


@pytest.mark.parametrize("alias", ["default", "keys", "journal"])
def test_a_dump_holds_no_value(alias, caplog):
    caplog.set_level(logging.DEBUG)
    person(first_name="Aline-Canari")
    out = StringIO()
    management.call_command("dumpdata", "vault", "people", database=alias, stdout=out)
    assert "Canari" not in out.getvalue() + caplog.text
