"""An entry may wait for its place in the chain: its sealing, once, is the only change that the triggers let pass."""

from typing import Any

from django.db import migrations, models

KEPT = ("id", "at", "action", "actor_id", "actor_label", "channel", "on_behalf_of", "subject", "data")
REFUSED = "SELECT RAISE(ABORT, 'audit entries are only added');"
SEALED = " AND ".join(
    ["OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.link <> ''", *(f"NEW.{n} IS OLD.{n}" for n in KEPT)]
)
FORGOTTEN = [f"DROP TRIGGER IF EXISTS audit_entry_no_{verb}" for verb in ("update", "delete")]
NEXT = {
    "sqlite": [
        *FORGOTTEN,
        f"CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry WHEN NOT ({SEALED}) BEGIN {REFUSED} END",
        f"CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN {REFUSED} END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.link <> '' "
        "AND to_jsonb(NEW) - 'seq' - 'link' = to_jsonb(OLD) - 'seq' - 'link' THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'audit entries are only added'; END$$",
    ],
}
BACK = {
    "sqlite": [
        *FORGOTTEN,
        f"CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN {REFUSED} END",
        f"CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN {REFUSED} END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'audit entries are only added'; END$$",
    ],
}


def forwards(apps: Any, editor: Any) -> None:
    for statement in NEXT[editor.connection.vendor]:
        editor.execute(statement)


def backwards(apps: Any, editor: Any) -> None:
    for statement in BACK[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    """SQLite makes a table anew to change a column, and its triggers go with the old one: both are put back last."""

    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.AlterModelOptions(name="entry", options={"ordering": ["-pk"], "verbose_name": "trace"}),
        migrations.AlterField("entry", "seq", models.BigIntegerField(null=True, unique=True, verbose_name="rang")),
        migrations.AlterField(
            "entry", "link", models.CharField(blank=True, default="", max_length=64, verbose_name="maillon")
        ),
        migrations.AddIndex(
            "entry", models.Index(condition=models.Q(("seq", None)), fields=["id"], name="audit_unsealed")
        ),
        migrations.RunPython(forwards, backwards),
    ]
