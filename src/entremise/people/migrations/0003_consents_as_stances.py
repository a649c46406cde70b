"""The rules in force look at stances: consents recorded before them are stances too."""

from typing import Any

from django.db import migrations


def forwards(apps: Any, editor: Any) -> None:
    """The last answer of each person for each purpose, when it is a yes, even in part, that was not taken back."""
    Consent, Stance = apps.get_model("people", "Consent"), apps.get_model("vault", "Stance")
    last: dict[tuple[Any, str], Any] = {}
    for row in Consent.objects.order_by("at", "pk").iterator(chunk_size=2000):
        last[row.person_id, row.purpose] = row
    Stance.objects.bulk_create(
        (
            Stance(person=person, purpose=purpose, word="consent", at=row.at)
            for (person, purpose), row in last.items()
            if row.answer != "no" and row.withdrawn_at is None
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0002_rights_and_objections"), ("vault", "0003_governance")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, hints={"database": "default"})]
