from uuid import UUID

from django.db import migrations, models

NOBODY = UUID(int=0)  # no alias was written before this migration


class Migration(migrations.Migration):
    dependencies = [("people", "0003_aliases")]

    operations = [
        migrations.AddField(
            "personalias",
            "said_absorbed",
            models.UUIDField("personne dite réunie", default=NOBODY),
            preserve_default=False,
        ),
        migrations.AddField(
            "personalias",
            "said_kept",
            models.UUIDField("personne dite gardée", default=NOBODY),
            preserve_default=False,
        ),
        migrations.AlterField(
            "objection",
            "source",
            models.CharField(
                "dite par",
                max_length=12,
                choices=[
                    ("person", "la personne"),
                    ("mandate", "son mandataire"),
                    ("relative", "un proche, pour elle"),
                    ("letter", "une lettre"),
                    ("recognised", "reconnue dans un nouveau fichier"),
                    ("united", "dite par la même personne dans un autre fichier"),
                ],
            ),
        ),
    ]
