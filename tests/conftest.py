from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from bs4 import BeautifulSoup
from django.core.management.commands import migrate
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from xdist.scheduler import LoadScopeScheduling

from entremise.kernel import clock, memory
from entremise.kernel.actors import Actor
from entremise.rules.models import RuleSet
from entremise.rules.queries import compiled
from entremise.rules.usecases import provisional_set
from entremise.vault.models import Register
from entremise.vault.usecases.registers import default_register
from tests import emptied, migrated

# How long an example takes depends on the machine: speed is measured in benchmarks/, not asserted here.
hypothesis.settings.register_profile("entremise", deadline=None)
hypothesis.settings.load_profile("entremise")
LOCAL = ("127.0.0.1", "::1", "localhost")


def uses_database(item: Any) -> bool:
    """Without this mark or one of these fixtures, pytest-django refuses every query to the test."""
    asked = {"db", "transactional_db", "live_server"}.intersection(item.fixturenames)
    return bool(asked or item.get_closest_marker("django_db"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that may use the database may use the three of them: data, keys, journal.

    On PostgreSQL, a test that may use none says nothing that it did not say on SQLite: left out.
    """
    if connection.vendor == "postgresql":
        config.hook.pytest_deselected(items=[item for item in items if not uses_database(item)])
        items[:] = [item for item in items if uses_database(item)]
    for item in items:
        if mark := item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db(**{**mark.kwargs, "databases": "__all__"}), append=False)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class KeptTogether(LoadScopeScheduling):
    """Test by test to whoever is free; but a module whose tests share what took long to make, to one worker.

    xdist's own groups do nothing with pytest 9.2: a mark on the test no longer reaches its name.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if shares(self.config.rootpath / module) else nodeid


@cache
def shares(module: Path) -> bool:
    text = module.read_text(encoding="utf-8") if module.is_file() else ""
    return 'scope="module"' in text or 'scope="session"' in text


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return KeptTogether(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    """Everything is imported and stays: the collector walks it no more at each of its passes."""
    memory.settle()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves: neither a name nor a connection, except to this machine."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOCAL:
            raise RuntimeError(f"a test tried to reach {address[0]}")
        connect(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in (None, "", *LOCAL):
            raise RuntimeError(f"a test tried to find {host}")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)


@pytest.fixture(scope="session")
def _migrated_once() -> Iterator[pytest.MonkeyPatch]:
    """While the databases of the tests are made, `migrate` copies what it did before: see tests/migrated.py."""
    really = migrate.Command.handle

    def handle(self: migrate.Command, *arguments: Any, **options: Any) -> None:
        migrated.migrate(options["database"], lambda: really(self, *arguments, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate.Command, "handle", handle)
        yield patch


@pytest.fixture(scope="session")
def django_db_setup(_migrated_once: pytest.MonkeyPatch, django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with live transactions empty every table, which the trail and the journal forbid."""
    _migrated_once.undo()
    TransactionTestCase._fixture_teardown = emptied.after_live_transactions
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER audit_entry_no_delete")
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER rules_ruleset_no_delete")
            cursor.execute("DROP TRIGGER rules_adoptedvalue_no_delete")
        with django_db_blocker.unblock(), connections["journal"].cursor() as cursor:
            for table in ("line", "segment", "checkpoint"):
                cursor.execute(f"DROP TRIGGER vault_{table}_no_delete")
    else:
        with django_db_blocker.unblock(), connections["journal"].cursor() as cursor:
            for table in ("line", "segment", "checkpoint"):
                cursor.execute(f"DROP TRIGGER vault_{table}_no_truncate ON vault_{table}")


@pytest.fixture(scope="module")
def module_rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """What a fixture of a module writes inside `with module_rows():` lasts as long as the module.

    One transaction around those of the tests: for rows that take long to make and that tests only read.
    """
    with django_db_blocker.unblock():
        blocks = [transaction.atomic(using=alias) for alias in connections]
        for block in blocks:
            block._from_testcase = True  # type: ignore[attr-defined]
            block.__enter__()
    yield django_db_blocker.unblock
    with django_db_blocker.unblock():
        for alias, block in zip(connections, blocks, strict=True):
            transaction.set_rollback(True, using=alias)
            block.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _rules(request: pytest.FixtureRequest) -> None:
    """No site runs without rules nor without its first register: a test finds the provisional ones in force."""
    if not uses_database(request.node):
        return
    request.getfixturevalue("db")
    if not RuleSet.objects.exists():
        copy(_provisional()).save(force_insert=True)
    if not Register.objects.exists():
        default_register(clock.now()).save(force_insert=True)


@cache
def _provisional() -> RuleSet:
    return provisional_set(clock.now())


@pytest.fixture
def actor() -> Callable[..., Actor]:
    def make(*roles: str, channel: str = "web", user_id: int | None = None, **more: Any) -> Actor:
        return Actor(user_id, "Camille", channel, frozenset(roles), **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def run_jobs(db: None) -> Callable[[], list[str]]:
    """Do what a worker would do now, and say which jobs it did."""

    def run() -> list[str]:
        done = []
        while row := DBTaskResult.objects.ready().order_by("enqueued_at").first():
            DBTaskResult.objects.filter(pk=row.pk).update(status=TaskResultStatus.SUCCESSFUL)
            arguments = row.args_kwargs["args"]
            row.task.func(*arguments)
            done.append(arguments[0])
        return done

    return run


@pytest.fixture
def swap() -> Callable[[Any, str, Any], BeautifulSoup]:
    """What htmx does with a fragment: the page that results must be the page that a reload gives."""

    def swapped(page: Any, selector: str, fragment: Any) -> BeautifulSoup:
        soup = BeautifulSoup(page.content, "html5lib")
        target = soup.select_one(selector)
        assert target is not None
        target.clear()
        body = BeautifulSoup(fragment.content.decode(), "html5lib").body
        assert body is not None
        target.extend(list(body.contents))
        return soup

    return swapped


@pytest.fixture
def flat(db: None) -> Callable[..., int]:
    """A page costs the same number of queries however many rows it shows."""
    from django.test.utils import CaptureQueriesContext

    def check(ask: Callable[[], Any], more: Callable[[], Any]) -> int:
        counts = []
        compiled()  # a worker reads the texts of the rules once, whichever page comes first
        for _ in range(2):
            more()
            with CaptureQueriesContext(connection) as queries:
                assert ask().status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1], counts
        return counts[0]

    return check
