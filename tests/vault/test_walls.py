"""Nobody else sees keys, cells or journal; no value leaves by another way."""

from __future__ import annotations

import ast
import logging
import traceback
from pathlib import Path

import grimp
import pytest
from django.core import mail, management
from django.db import connections
from django.http import HttpRequest
from django.views.debug import ExceptionReporter

import entremise
from entremise.audit.models import Entry
from entremise.kernel.actors import Actor
from entremise.people import queries as people, usecases
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Line
from tests.people.factories import me

SRC = Path(entremise.__file__).parent
WALLED = (
    "entremise.vault.models",
    "entremise.vault.engine",
    "entremise.vault.usecases.keyring",
    "entremise.vault.usecases.journal",
    "entremise.vault.usecases.cells",
)
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
RIGHTS = {"purpose": "people.rights", "motive": "Lecture de sa propre fiche"}
CANARIES = {
    "first_name": "Zéphyrine-Canari",
    "last_name": "Quetzalcanari",
    "phone": "06 39 98 76 54",
    "email": "serin.canari@exemple.fr",
    "address": "77 impasse du Serin-Canari",
    "position": "45.1234567,5.7654321",
    "note#h6k347": "Canari : la clé est chez la voisine",
}
E164 = "+33639987654"
HALF = CANARIES["email"].partition("@")[0]
WRONG = CANARIES["phone"] + " 99"
TRACES = ("Zéphyrine", "Z\\u00e9phyrine", "Quetzalcanari", "639987654", "39 98 76 54", "serin.canari",
          "Serin-Canari", "45.1234567", "la voisine")  # fmt: skip


def test_nobody_else_imports_keys_cells_or_journal():
    graph = grimp.build_graph("entremise", cache_dir=None)
    wrong = [
        f"{importer} -> {module}"
        for module in graph.modules
        if module.startswith(WALLED)
        for importer in graph.find_modules_that_directly_import(module)
        if not importer.startswith("entremise.vault.")
    ]
    assert not wrong


def test_no_other_module_speaks_to_the_cipher_or_fetches_the_tables_by_name():
    wrong = []
    for file in SRC.rglob("*.py"):
        if "vault" in file.relative_to(SRC).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get_model":
                names = [str(getattr(argument, "value", "")) for argument in node.args]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "vault_cell" in node.value:
                names = [node.value]
            wrong += [f"{file}: {name}" for name in names if name.startswith(("cryptography", "vault"))]
    assert not wrong


def bytes_of(alias: str) -> bytes:
    """The database file with its write-ahead log; nothing on PostgreSQL, whose files are the server's."""
    if connections[alias].vendor != "sqlite":
        return b""
    file = Path(connections[alias].settings_dict["NAME"])
    parts = [file.with_name(file.name + end) for end in ("", "-wal", "-shm")]
    assert parts[0].stat().st_size > 0
    return b"".join(part.read_bytes() for part in parts if part.exists())


def rows_of(alias: str) -> bytes:
    """Every value of every table, as the database gives it."""
    values = []
    with connections[alias].cursor() as cursor:
        for table in connections[alias].introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                values += [bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in row]
    return b"\n".join(values)


@pytest.mark.django_db(transaction=True)
def test_canaries_stay_in_their_cells(actor, caplog, capsys, settings, tmp_path):
    caplog.set_level(logging.DEBUG)
    who = usecases.register_person(Actor.machine("essai"), values=CANARIES, preferred_channel="email", **WHY)
    fields = [f"entraide.{name}" for name in CANARIES]
    usecases.record_consent(me(who), person=who, purpose=WHY["purpose"], answer="yes", text_version="essai")
    opened = vault.open(me(who), person=who.pk, fields=fields, **RIGHTS)
    assert opened.values["entraide.last_name"] == "Quetzalcanari"
    assert len(opened.values) == len(CANARIES)
    assert people.find_by_phone(actor("matchmaker"), phone=CANARIES["phone"], motive=WHY["motive"]) == [who]
    usecases.update_person(me(who), person=who, values={"phone": CANARIES["phone"]}, **RIGHTS)
    usecases.deliver(
        Actor.machine("essai"), person=who, subject="Votre demande", text="Une réponse vous attend.", **WHY
    )
    cell = Cell.objects.get(field="phone")
    Cell.objects.filter(pk=cell.pk).update(blob=b"\x01" + bytes(50))
    seen = [repr(opened), str(opened), repr(who), str(who), repr(list(Cell.objects.all())), repr(cell)]
    for deed in (
        lambda: vault.open(actor("matchmaker"), person=who.pk, fields=fields, **WHY),
        lambda: (
            vault.write(actor("matchmaker"), person=who.pk, values={"entraide.phone": E164}, **WHY)
            or usecases.update_person(actor(), person=who, values=CANARIES, **WHY)
        ),
        lambda: usecases.register_person(actor(), values={**CANARIES, "phone": WRONG}, **WHY),
        lambda: usecases.register_many(actor(), rows=[{**CANARIES, "email": HALF}], motive=WHY["motive"]),
    ):
        with pytest.raises(Exception) as refusal:  # noqa: PT011 (each has its own test; here only its text matters)
            deed()
        error = refusal.value
        seen += [repr(error), str(error), "".join(traceback.format_exception(error))]
        settings.DEBUG = False
        report = ExceptionReporter(HttpRequest(), type(error), error, refusal.tb)
        frames = report.get_traceback_frames()
        ours = [frame for frame in frames if "/src/entremise/" in frame["filename"]]
        assert ours
        seen += [str(frame["vars"]) for frame in ours]
    management.call_command("dumpdata", "people", "vault.record", "vault.cell", output=str(tmp_path / "dump.json"))
    seen += [(tmp_path / "dump.json").read_text(encoding="utf-8"), caplog.text, "".join(capsys.readouterr())]
    seen += [repr(list(Entry.objects.values())), repr(list(Line.objects.values()))]
    seen += [f"{message.subject}\n{message.body}" for message in mail.outbox]
    raw = [text.encode("utf-8", "surrogatepass") for text in seen]
    raw += [read(alias) for alias in ("default", "keys", "journal") for read in (rows_of, bytes_of)]
    assert any(str(who.pk).encode() in text for text in raw)  # what may be known is seen: the search itself works
    assert [(trace, text[:200]) for text in raw for trace in TRACES if trace.encode() in text] == []
    assert mail.outbox
