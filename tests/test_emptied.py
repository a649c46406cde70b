"""Tests with live transactions leave nothing to the next one."""

from __future__ import annotations

import pytest
from django.db import connections

from tests import emptied
from tests.mutualaid.factories import helper, matchmaker, need, proposal


def counts(alias: str) -> dict[str, int]:
    with connections[alias].cursor() as cursor:
        found = {}
        for table in connections[alias].introspection.table_names(cursor):
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db(transaction=True)
def test_no_row_is_left_but_what_migrations_write():
    _, actor = matchmaker()
    proposal(actor, need=need(actor), helper=helper(actor))
    before = {alias: counts(alias) for alias in connections}
    assert before["default"]["mutualaid_proposal"] == 1
    assert before["default"]["audit_entry"]
    assert all(any(found.values()) for found in before.values())
    for alias in connections:
        emptied.empty(alias)
    kept = {*emptied.LEFT, "django_migrations"}
    for alias, found in before.items():
        after = counts(alias)
        assert {table for table, rows in after.items() if rows} <= kept
        assert {(table, rows) for table, rows in after.items() if table in kept} == {
            (table, rows) for table, rows in found.items() if table in kept
        }
