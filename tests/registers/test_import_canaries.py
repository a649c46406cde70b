"""Marked names and numbers go through an import, its errors and its files out: they lie in clear nowhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.urls import reverse

from entremise.registers import usecases
from entremise.registers.models import ImportBatch
from entremise.registers.usecases.imports import loading
from entremise.registers.web import imports
from tests.mutualaid import sheets
from tests.registers import files
from tests.registers.test_import_pages import NEW, columns_of, deed, page

pytestmark = pytest.mark.django_db
NAME, TOWN = "Canaribis", "Serinville"
CANARIES = ("anaribis", "ANARIBIS", "39985566", "39 98 55 66", "erinville", "1938-04-17", "17/04/1938", "2380438")


def clean(caplog):
    for alias in ("default", "keys", "journal"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                held = "\n".join(
                    str([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in cursor.fetchall()
                )
                for canary in CANARIES:
                    assert canary not in held, table
    for canary in CANARIES:
        assert canary not in caplog.text
    for path in Path(settings.HOME).rglob("*"):
        if path.is_file() and not path.suffix.startswith(".sqlite"):
            assert not any(canary.encode() in path.read_bytes() for canary in CANARIES), path.name


def row(**changed):
    said = {"last": NAME, "first": "Zéphyrine", "birth": "17/04/1938", "phone": "06 39 98 55 66", "town": TOWN}
    return files.legal(1, **said | changed)


@pytest.fixture
def odile(client):
    files.register()
    user, actor = files.keeper()
    client.force_login(user)
    return actor


def test_no_value_lies_in_clear_at_any_step_of_an_import_nor_after_its_files_left(client, odile, caplog):
    caplog.set_level(logging.DEBUG)
    number = 2380438185001
    nir = f"{number}{97 - number % 97:02d}"
    rows = [[*row(), nir], [*row(first="Jean et Marie", address="1 rue A"), nir], [*files.legal(2), nir]]
    data = SimpleUploadedFile(f"{NAME}.csv", sheets.text([[*files.LEGAL, "NIR"], *rows]))
    client.post(reverse("registers:import_new", args=["canicule"]), {**NEW, "file": data})
    batch = ImportBatch.objects.get()
    clean(caplog)
    answer = page(client, batch)
    assert NAME in answer.content.decode()
    client.post(reverse("registers:import_page", args=[batch.public_id]), columns_of(answer))
    clean(caplog)
    assert NAME in page(client, batch).content.decode()
    deed(client, batch, "charger")
    clean(caplog)
    for form in ("csv", "xlsx"):
        client.get(reverse("registers:import_rows", args=[batch.public_id, form]))
    answer = client.get(reverse("registers:import_asides", args=[batch.public_id]))
    assert NAME in answer.content.decode()
    batch.refresh_from_db()
    assert batch.state == "loaded"
    clean(caplog)


@pytest.mark.parametrize("step", ["read", "check", "load"])
def test_an_error_that_quotes_a_row_is_kept_by_its_kind_only(client, odile, caplog, monkeypatch, step):
    caplog.set_level(logging.DEBUG)

    def breaks(*arguments, **more):
        raise ValueError(f"could not convert {NAME} 06 39 98 55 66")

    if step == "read":
        monkeypatch.setattr(usecases.imports.receiving, "_survey", breaks)
        batch = files.received(odile, [row()])
    elif step == "check":
        batch = files.received(odile, [row()])
        monkeypatch.setattr(usecases.imports.checking, "_remember", breaks)
        usecases.set_mapping(odile, batch=batch, mapping=batch.mapping)
        usecases.check_file(odile, batch=batch)
    else:
        batch = files.checked(odile, [row()])
        monkeypatch.setattr(loading, "cell_prints", breaks)
        usecases.start_load(odile, batch=batch)
        usecases.load_batch(odile, batch=batch)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == ("failed", "")
    assert "ValueError" in caplog.text
    assert "relancez-le" in page(client, batch).content.decode()
    clean(caplog)


def test_the_file_is_read_in_memory_whatever_its_weight(client, odile, monkeypatch):
    """Django writes an upload above 2.5 MB to a temporary file in clear, unless told otherwise."""
    data = sheets.text([files.LEGAL, *[files.legal(1)] * 50_000])
    assert len(data) > 3_000_000
    monkeypatch.setattr(imports.files, "AT_ONCE", 0)
    answer = client.post(
        reverse("registers:import_new", args=["canicule"]), {**NEW, "file": SimpleUploadedFile("gros.csv", data)}
    )
    assert answer.status_code == 302
    assert [handler.__name__ for handler in (imports.WholeFile,)] == ["WholeFile"]
    assert "TemporaryFileUploadHandler" not in str(settings.FILE_UPLOAD_HANDLERS)
