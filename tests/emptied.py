"""After a test with live transactions: empty what holds rows, and nothing else.

Django empties the two hundred tables one by one, then writes again what it keeps about models and permissions, which
no test changes: on PostgreSQL, a second for a test of a tenth.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.management.color import no_style
from django.db import connections

LEFT = {"django_content_type", "auth_permission"}


@cache
def tables(alias: str) -> list[str]:
    found = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(found) - LEFT)


def empty(alias: str) -> None:
    """No row is left in any table of our models."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    asked = " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {quote(t)})" for t in tables(alias))
    with connection.cursor() as cursor:
        cursor.execute(asked)
        full = [name for (name,) in cursor.fetchall()]
    # PostgreSQL asks to name the empty ones that refer to these too: CASCADE does.
    cascade = connection.vendor == "postgresql"
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), full, allow_cascade=cascade))


def after_live_transactions(case: Any) -> None:
    """Takes the place of `TransactionTestCase._fixture_teardown`."""
    for alias in case._databases_names(include_mirrors=False):
        empty(alias)
