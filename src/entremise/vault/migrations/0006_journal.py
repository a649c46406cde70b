"""Months and signed heads of the journal. Lines are added, and dropped only with a month archived six months ago.

SQLite makes a table anew when a column is added, and its triggers go with the old one: they are written again here.
"""

from typing import Any

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import entremise.kernel.clock

HEAD = ("month", "first_number", "first_link")
SIGNED = ("last_number", "last_link", "size", "root")
POINT = ("segment_id", "size", "root", "note", "key", "at")
STEPS = "('currentsealed', 'sealedarchived', 'archivedpruned')"
DROPPABLE = (
    "EXISTS (SELECT 1 FROM vault_segment s WHERE s.state = 'archived' "
    "AND OLD.number BETWEEN s.first_number AND s.last_number AND s.month <= {six_months_ago})"
)
SQLITE_DROPPABLE = DROPPABLE.format(six_months_ago="strftime('%Y-%m', 'now', 'start of month', '-6 months')")
POSTGRESQL_DROPPABLE = DROPPABLE.format(
    six_months_ago="to_char(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '6 months', 'YYYY-MM')"
)


def changed(names: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in names)


SEGMENT_CHANGED = (
    f"{changed(HEAD)} OR (OLD.state <> 'current' AND ({changed(SIGNED)})) "
    f"OR (NEW.state <> OLD.state AND OLD.state || NEW.state NOT IN {STEPS})"
)
SQLITE = {
    "vault_line_no_update": "BEFORE UPDATE ON vault_line BEGIN SELECT RAISE(ABORT, 'journal lines are only added'); END",
    "vault_line_no_delete": f"BEFORE DELETE ON vault_line WHEN NOT {SQLITE_DROPPABLE} "
    "BEGIN SELECT RAISE(ABORT, 'journal lines are only added'); END",
    "vault_segment_no_insert": "BEFORE INSERT ON vault_segment WHEN NEW.state <> 'current' "
    "BEGIN SELECT RAISE(ABORT, 'a month begins as the current one'); END",
    "vault_segment_no_update": f"BEFORE UPDATE ON vault_segment WHEN {SEGMENT_CHANGED} "
    "BEGIN SELECT RAISE(ABORT, 'a sealed head is kept as it is'); END",
    "vault_segment_no_delete": "BEFORE DELETE ON vault_segment "
    "BEGIN SELECT RAISE(ABORT, 'a sealed head is kept'); END",
    "vault_checkpoint_no_update": f"BEFORE UPDATE ON vault_checkpoint WHEN {changed(POINT)} "
    "BEGIN SELECT RAISE(ABORT, 'a checkpoint is kept as it is'); END",
    "vault_checkpoint_no_delete": "BEFORE DELETE ON vault_checkpoint "
    "BEGIN SELECT RAISE(ABORT, 'a checkpoint is kept'); END",
}
POSTGRESQL = [
    "DROP TRIGGER IF EXISTS vault_line_no_change ON vault_line",
    "CREATE OR REPLACE FUNCTION vault_line_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$BEGIN IF TG_OP = 'DELETE' THEN IF {POSTGRESQL_DROPPABLE} THEN RETURN OLD; END IF; END IF; "
    "RAISE EXCEPTION 'journal lines are only added'; END$$",
    "CREATE TRIGGER vault_line_no_change BEFORE UPDATE OR DELETE ON vault_line "
    "FOR EACH ROW EXECUTE FUNCTION vault_line_refuse()",
    "CREATE FUNCTION vault_head_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'the heads of the journal are kept as they are'; END$$",
    f"CREATE TRIGGER vault_segment_no_change BEFORE UPDATE ON vault_segment FOR EACH ROW WHEN ({SEGMENT_CHANGED}) "
    "EXECUTE FUNCTION vault_head_refuse()",
    "CREATE TRIGGER vault_segment_no_insert BEFORE INSERT ON vault_segment FOR EACH ROW "
    "WHEN (NEW.state <> 'current') EXECUTE FUNCTION vault_head_refuse()",
    f"CREATE TRIGGER vault_checkpoint_no_change BEFORE UPDATE ON vault_checkpoint FOR EACH ROW WHEN ({changed(POINT)}) "
    "EXECUTE FUNCTION vault_head_refuse()",
    *(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION vault_head_refuse()"
        for table in ("vault_segment", "vault_checkpoint")
    ),
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION vault_head_refuse()"
        for table in ("vault_line", "vault_segment", "vault_checkpoint")
    ),
]


def forwards(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            editor.execute(statement)
        return
    for name, body in SQLITE.items():
        editor.execute(f"DROP TRIGGER IF EXISTS {name}")
        editor.execute(f"CREATE TRIGGER {name} {body}")


def backwards(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP TRIGGER vault_line_no_truncate ON vault_line")
        editor.execute("DROP FUNCTION vault_head_refuse() CASCADE")
        return
    for name in SQLITE:
        if not name.startswith("vault_line"):
            editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0005_requests"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(verbose_name="nombre de lignes")),
                ("root", models.CharField(max_length=64, verbose_name="racine")),
                ("note", models.TextField(verbose_name="texte signé")),
                ("key", models.CharField(max_length=200, verbose_name="clé publique")),
                ("at", models.DateTimeField(default=entremise.kernel.clock.now, verbose_name="date")),
                ("sent", models.JSONField(blank=True, default=list, verbose_name="envois")),
            ],
            options={
                "verbose_name": "point de contrôle",
                "verbose_name_plural": "points de contrôle",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7, unique=True, verbose_name="mois")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("current", "en cours"),
                            ("sealed", "scellé"),
                            ("archived", "archivé"),
                            ("pruned", "détruit à son terme"),
                        ],
                        default="current",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("first_number", models.BigIntegerField(verbose_name="première ligne")),
                ("first_link", models.CharField(max_length=64, verbose_name="premier maillon")),
                ("last_number", models.BigIntegerField(verbose_name="dernière ligne")),
                ("last_link", models.CharField(max_length=64, verbose_name="dernier maillon")),
                ("size", models.BigIntegerField(verbose_name="nombre de lignes")),
                ("root", models.CharField(max_length=64, verbose_name="racine")),
                ("peaks", models.JSONField(default=list, verbose_name="sommets")),
                ("counts", models.JSONField(blank=True, default=dict, verbose_name="lignes par finalité et décision")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="complet depuis")),
                ("sealed_at", models.DateTimeField(null=True, verbose_name="scellé le")),
                ("archived_at", models.DateTimeField(null=True, verbose_name="archivé le")),
                ("pruned_at", models.DateTimeField(null=True, verbose_name="détruit le")),
            ],
            options={
                "verbose_name": "mois du journal d’accès",
                "verbose_name_plural": "mois du journal d’accès",
                "ordering": ["month"],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(default=entremise.kernel.clock.now, verbose_name="demandée le")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "en attente"),
                            ("running", "en cours"),
                            ("done", "terminée"),
                            ("failed", "interrompue"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("checked", models.BigIntegerField(default=0, verbose_name="lignes lues")),
                ("total", models.BigIntegerField(default=0, verbose_name="lignes en tout")),
                ("findings", models.JSONField(blank=True, default=list, verbose_name="constats")),
                ("points", models.PositiveIntegerField(default=0, verbose_name="points comparés")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="terminée le")),
            ],
            options={
                "verbose_name": "vérification du journal",
                "verbose_name_plural": "vérifications du journal",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="line",
            name="salt",
            field=models.CharField(blank=True, default="", max_length=32, verbose_name="sel"),
        ),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(fields=["at"], name="journal_at"),
        ),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["current", "sealed", "archived", "pruned"])),
                name="segment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "size",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("last_number"), "-", models.F("first_number")
                            ),
                            "+",
                            models.Value(1),
                        ),
                    )
                ),
                name="segment_size_fits",
            ),
        ),
        migrations.AddField(
            model_name="checkpoint",
            name="segment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="checkpoints",
                to="vault.segment",
                verbose_name="mois",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(fields=("segment", "size"), name="one_checkpoint_per_size"),
        ),
        migrations.RunPython(forwards, backwards, hints={"database": "journal"}),
    ]
