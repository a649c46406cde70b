"""A use case has one shape, so that whoever reads one has read them all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.consistency.source import SRC, files, public_functions, tree

FREE = {"kernel", "site", "audit"}
"""Without trace by nature: the kernel, housekeeping of the clock, and the trace itself."""
VAULT_OWN_TRACE = {"vault", "people"}
"""Reads of persons are written in the vault's journal, first and in its own transaction (rules-vault-commons § 5)."""


def exported(package: Path) -> set[str]:
    """The names a package of use cases shows: those its `__init__` imports or defines."""
    body = tree(package / "__init__.py").body
    imported = {
        alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return imported | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def cases() -> list[tuple[str, ast.FunctionDef]]:
    """Every public function of a `usecases` room whose first argument is an actor."""
    found = []
    for path in files("usecases"):
        context, *inside = path.relative_to(SRC).parts
        if context in FREE:
            continue
        shown = exported(SRC / context / "usecases") if len(inside) > 1 else None
        for function in public_functions(path):
            if shown is not None and function.name not in shown:
                continue  # an inner function of the package, that no neighbour sees
            names = [argument.arg for argument in function.args.args]
            if names[:1] == ["actor"]:
                found.append((f"{context}.{function.name}", function))
    return found


CASES = cases()
SHOULD_TRACE = [(name, function) for name, function in CASES if name.split(".")[0] not in VAULT_OWN_TRACE]
OUTSIDE_A_TRANSACTION = {
    "people.deliver",
    "territories.locate",
    "mutualaid.tell_helper",
    "mutualaid.tell_match",
    "mutualaid.welcome_helper",
    "mutualaid.send_need_link",
    "mutualaid.send_helper_link",
    "mutualaid.run_sheet",  # shows its progress while it checks; `import_sheet`, which writes, is one
    "mutualaid.open_sheet",  # reads, journalled by the vault
    "mutualaid.open_rejects",  # reads, journalled by the vault
    "registers.person_view",  # reads, journalled by the vault
    "registers.read_file",  # shows its progress; its last step, that writes, is one
    "registers.check_file",  # the same
    "registers.load_batch",  # by batches, then one that says the file is in: docs/explanation/imports.md
    "registers.open_sample",  # reads, journalled by the vault
    "registers.open_asides",  # the same
    "registers.aside_table",  # the same
    "outreach.open_sheet",  # the same
    "referrals.load_directory",  # by batches of 500, then one that says the file is in
    "outreach.claim_call",  # one statement on PostgreSQL; on SQLite it opens its own around the take
    "outreach.open_report",  # reads, journalled by the vault
    "outreach.purge_reports",  # person by person; marks the campaign at the end
    "people.text_line",
    "outreach.send_announcements",
    "outreach.read_workbook",  # reads: what a file says, before anything is written
    "outreach.apply_workbook",  # each row in its own: one refused keeps no other from being written
    "outreach.import_script",  # reads a file, which a hostile one makes last; what keeps it is one
    "outreach.fill_tasks",  # by slices of 5,000, so that callers go on meanwhile; safe to run again
}
"""They call outside (mail, SMS, geocoder): a transaction must not wait for the network."""


def _names(function: ast.FunctionDef) -> list[str]:
    return [ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in function.decorator_list]


def records(function: ast.FunctionDef) -> list[int]:
    """The lines that write the trace."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if ast.unparse(call.func) in ("record", "audit.record", "usecases.record")]


def test_there_are_use_cases_to_look_at():
    assert CASES, "no use case was found: has the room `usecases` moved?"


@pytest.mark.parametrize(("name", "function"), SHOULD_TRACE, ids=[name for name, _ in SHOULD_TRACE])
def test_a_use_case_is_one_transaction(name, function):
    if name in OUTSIDE_A_TRANSACTION:
        return
    assert "transaction.atomic" in _names(function), f"{name}: put @transaction.atomic on it"


@pytest.mark.parametrize(("name", "function"), CASES, ids=[name for name, _ in CASES])
def test_after_the_actor_every_argument_has_its_name(name, function):
    more = [argument.arg for argument in function.args.args[1:]]
    allowed = {"territories.load_reference"}
    assert not more or name in allowed, f"{name}: write `def {function.name}(actor, *, {', '.join(more)}…)`"


@pytest.mark.parametrize(("name", "function"), SHOULD_TRACE, ids=[name for name, _ in SHOULD_TRACE])
def test_a_use_case_writes_at_most_one_trace(name, function):
    lines = records(function)
    assert len(lines) <= 1, f"{name}: one deed, one record(...); found on lines {lines}"


@pytest.mark.parametrize(("name", "function"), CASES, ids=[name for name, _ in CASES])
def test_a_use_case_says_what_it_does(name, function):
    assert ast.get_docstring(function), f"{name}: say in a docstring what it does and what it refuses"
