"""The access journal is only added to: triggers, in the journal's own database."""

from typing import Any

from django.db import migrations

SQLITE = [
    f"CREATE TRIGGER vault_line_no_{verb.lower()} BEFORE {verb} ON vault_line "
    "BEGIN SELECT RAISE(ABORT, 'journal lines are only added'); END"
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    "CREATE FUNCTION vault_line_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'journal lines are only added'; END$$",
    "CREATE TRIGGER vault_line_no_change BEFORE UPDATE OR DELETE ON vault_line "
    "FOR EACH ROW EXECUTE FUNCTION vault_line_refuse()",
]
BACK = {
    "sqlite": [f"DROP TRIGGER vault_line_no_{verb}" for verb in ("update", "delete")],
    "postgresql": ["DROP TRIGGER vault_line_no_change ON vault_line", "DROP FUNCTION vault_line_refuse()"],
}


def forwards(apps: Any, editor: Any) -> None:
    for statement in SQLITE if editor.connection.vendor == "sqlite" else POSTGRESQL:
        editor.execute(statement)


def backwards(apps: Any, editor: Any) -> None:
    for statement in BACK[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards, hints={"database": "journal"})]
