"""A rule set is written once: then only its state moves forward, with its dates. Adopted values are only added."""

from typing import Any

from django.db import migrations

KEPT = (
    "number", "schema", "floor", "rulebook", "values", "schema_sha256", "floor_sha256", "rulebook_sha256",
    "values_sha256", "fingerprint", "provisional", "decision", "signatures", "based_on", "prepared_at",
)  # fmt: skip
FORWARD = "((OLD.state = 'prepared' AND NEW.state = 'active') OR (OLD.state = 'active' AND NEW.state = 'past'))"
SAID = "rule sets are never edited"


def changed(vendor: str) -> str:
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    columns = " OR ".join(f'OLD."{name}" {differs} NEW."{name}"' for name in KEPT)
    return f"{columns} OR NOT {FORWARD}"


def forwards(apps: Any, editor: Any) -> None:
    vendor = editor.connection.vendor
    if vendor == "sqlite":
        for table in ("ruleset", "adoptedvalue"):
            editor.execute(
                f"CREATE TRIGGER rules_{table}_no_delete BEFORE DELETE ON rules_{table} "
                f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
            )
        editor.execute(
            f"CREATE TRIGGER rules_ruleset_no_edit BEFORE UPDATE ON rules_ruleset WHEN {changed(vendor)} "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        editor.execute(
            "CREATE TRIGGER rules_adoptedvalue_no_update BEFORE UPDATE ON rules_adoptedvalue "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    editor.execute(
        f"CREATE FUNCTION rules_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '{SAID}'; END$$"
    )
    editor.execute(
        "CREATE TRIGGER rules_ruleset_no_delete BEFORE DELETE ON rules_ruleset "
        "FOR EACH ROW EXECUTE FUNCTION rules_refuse()"
    )
    editor.execute(
        f"CREATE TRIGGER rules_ruleset_no_edit BEFORE UPDATE ON rules_ruleset FOR EACH ROW WHEN ({changed(vendor)}) "
        "EXECUTE FUNCTION rules_refuse()"
    )
    editor.execute(
        "CREATE TRIGGER rules_adoptedvalue_no_change BEFORE UPDATE OR DELETE ON rules_adoptedvalue "
        "FOR EACH ROW EXECUTE FUNCTION rules_refuse()"
    )


def backwards(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "sqlite":
        for name in ("ruleset_no_delete", "adoptedvalue_no_delete", "ruleset_no_edit", "adoptedvalue_no_update"):
            editor.execute(f"DROP TRIGGER rules_{name}")
        return
    for name, table in (("no_delete", "ruleset"), ("no_edit", "ruleset"), ("no_change", "adoptedvalue")):
        editor.execute(f"DROP TRIGGER rules_{table}_{name} ON rules_{table}")
    editor.execute("DROP FUNCTION rules_refuse()")


class Migration(migrations.Migration):
    dependencies = [("rules", "0002_rule_sets")]
    operations = [migrations.RunPython(forwards, backwards)]
