"""Attempts 5 and 6: a sealed value in a page, a file, a dump, a debug page, a mail, a log, a cache, a file on disk.

A value drawn at random stands in every sealed field of every profile; the site is used as people use it, and as
clumsy people do; then the values are looked for, written in every usual way, wherever bytes may lie.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core import mail, management
from django.core.cache import cache
from django.db import connection, connections
from django.test import RequestFactory
from django.views.debug import technical_500_response
from django_tasks_db.models import DBTaskResult

from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from entremise.people import usecases as people
from entremise.vault import usecases as vault
from tests.accounts.factories import agent
from tests.attacks import canary
from tests.mutualaid.factories import helper, matchmaker, need, proposal

WHY = {"purpose": "mutualaid.contact", "motive": "Essai des canaris de bout en bout"}
NOT_ALLOWED = ("analyst", "org_manager", "administrator", "caller")


class Town:
    """A need, a helper and a proposal between them; every field of both persons is a canary."""

    def __init__(self):
        codes = ("first_name", "last_name", "phone", "email", "address", "position")
        entraide = {"phone": "phone", "email": "phone", "position": "position"}
        self.values: list[str] = []
        made = []
        for _ in range(2):
            said = {code: canary.value_for(code, entraide.get(code, "name")) for code in codes}
            said["phone"] = "0" + said["phone"][3:]
            self.values += [*(v for c, v in said.items() if c != "phone"), "+33" + said["phone"][1:]]
            made.append(said)
        self.user, self.actor = matchmaker()
        note = canary.value_for("note", "preferences")
        self.need = need(self.actor, values=made[0], note=note)
        self.helper = helper(self.actor, values=made[1])
        self.proposal = proposal(self.actor, need=self.need, helper=self.helper)
        self.values += [note, *canary.seed_profiles()]

    def words(self):
        ids = [self.need.public_id, self.helper.public_id, self.proposal.public_id]
        return {"public_id": ids, "reference": ids, "form": ["csv", "xlsx"], "token": ["jeton"], "code": ["shopping"]}


@pytest.fixture
def disk(settings, tmp_path, monkeypatch):
    """Temporary files and caches where they can be looked at."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path / "cache"}
    }
    return tmp_path


def walk(client, town, words):
    """Every page by GET; (address, answer)."""
    for address in canary.addresses(words):
        try:
            yield address, client.get(address)
        except Exception as error:
            yield address, error


def body(answer) -> bytes:
    if isinstance(answer, Exception):
        return f"{type(answer)} {answer}".encode()
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content + str(dict(answer.headers)).encode() + str(answer.cookies).encode()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_no_canary_is_found_anywhere(client, disk, caplog, capsys, settings, run_jobs):
    caplog.set_level(logging.DEBUG)
    settings.KEPT_SECONDS = 5  # as in production: what a process keeps of the pages may leak too
    for alias in connections:
        connections[alias].force_debug_cursor = True
    town = Town()
    words = town.words()
    client.raise_request_exception = False
    looked = dict.fromkeys((200, 302, 403, 404, 405, 500), 0)

    # pages, as nobody and as accounts that no rule lets read
    for role in (None, *NOT_ALLOWED):
        if role:
            client.force_login(agent(role))
        for address, answer in walk(client, town, words):
            assert canary.leaks(address.encode() + body(answer), town.values) == [], (role, address)
            looked[answer.status_code] = looked.get(answer.status_code, 0) + 1
    assert looked[200] > 40, looked
    assert looked[404] > 10, looked

    # as somebody who may read: shown, but not kept by anybody on the way
    client.force_login(town.user)
    shown = 0
    for address, answer in walk(client, town, words):
        headers = str(dict(answer.headers)) + str(answer.cookies)
        assert canary.leaks((address + headers).encode(), town.values) == [], address
        if not answer.streaming and canary.leaks(answer.content, town.values):
            shown += 1
            assert "no-store" in answer.headers["Cache-Control"], address
    assert shown  # the canaries sing where they may

    # forms filled in wrongly by somebody who is nobody
    client.logout()
    wrong = {"first_name": town.values[0], "phone": town.values[0], "email": town.values[0], "note": town.values[1]}
    for address in ("/comptes/connexion/", "/signaler/", *(a for a in canary.addresses({}) if "demande" in a)):
        client.post(address, {**wrong, "login": town.values[2], "password": town.values[3]})

    # an error in the middle of a page, with and without debugging
    try:
        opened = vault.open(town.actor, person=town.need.person_id, fields=["entraide.phone"], **WHY)
        assert opened.values
        raise LookupError("en pleine page")
    except LookupError:
        error = sys.exc_info()
    for debug in (True, False):
        settings.DEBUG = debug
        request = RequestFactory().post("/", {"first_name": town.values[0]})
        assert canary.leaks(technical_500_response(request, *error).content, town.values) == [], debug
    settings.DEBUG = False

    # messages and jobs
    for who in (town.need.person_id, town.helper.person_id):
        person = apps.get_model("people.Person").objects.get(pk=who)
        people.deliver(Actor.machine("essai"), person=person, subject="Suite", text="Une réponse vous attend.", **WHY)
    run_jobs()
    for message in mail.outbox:
        assert canary.leaks(f"{message.subject}{message.body}{message.from_email}".encode(), town.values) == []
    assert mail.outbox

    # dumps, tables, files, logs
    seen = {"log": caplog.text.encode(), "output": "".join(capsys.readouterr()).encode()}
    seen["records of logs"] = repr([record.__dict__ for record in caplog.records]).encode()
    for alias in connections:
        out = StringIO()
        management.call_command("dumpdata", database=alias, exclude=["territories"], stdout=out)
        seen[f"dumpdata {alias}"] = out.getvalue().encode()
        seen[f"rows {alias}"] = canary.rows_of(alias)
        seen[f"sql {alias}"] = repr(list(connections[alias].queries_log)).encode()
        if connections[alias].vendor == "sqlite":
            file = Path(str(connections[alias].settings_dict["NAME"]))
            for part in file.parent.glob(f"{file.name}*"):
                seen[str(part)] = part.read_bytes()
    seen["jobs"] = repr(list(DBTaskResult.objects.values())).encode()
    seen["sessions"] = repr([session.get_decoded() for session in Session.objects.all()]).encode()
    seen |= dict(canary.files_of(disk, Path(site.STATIC_ROOT)))
    for alias in connections:
        connections[alias].force_debug_cursor = False
    assert {place: found for place, text in seen.items() if (found := canary.leaks(text, town.values))} == {}
    assert str(town.need.pk).encode() in seen["rows default"]
    assert cache is not None


def test_the_search_finds_what_it_looks_for():
    """The searches above can fail: each way of writing is found in a text made by somebody else."""
    import base64
    from urllib.parse import quote

    value = canary.value_for("last_name", "name")
    for text in (
        value.encode(),
        quote(value).encode(),
        value.encode("utf-16-le"),
        value.encode().hex().encode(),
        *(base64.b64encode(b"x" * n + value.encode() + b"yz") for n in range(6)),
    ):
        assert canary.leaks(b"..." + text + b"...", [value]), text
    assert canary.leaks(b"appelez le 06 39 98 12 34", ["+33639981234"])
    assert not canary.leaks(b"Canari-", [value])


def test_there_is_no_back_office():
    assert not apps.is_installed("django.contrib.admin")
    assert not [address for address in canary.addresses({}) if address.startswith("/admin/")]


@pytest.mark.django_db
def test_an_account_that_holds_the_server_reads_nothing_through_the_product():
    from entremise.kernel.errors import DomainError
    from tests.people.factories import person

    who = person().pk
    operator = actor_of(agent("administrator"), "web", True)
    try:
        opened = vault.open(operator, person=who, fields=["entraide.phone"], **WHY)
    except DomainError:
        return
    assert not opened.values
    assert connection.vendor
