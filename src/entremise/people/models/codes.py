"""The code of a letter, without the code; who comes too often to the door where it is typed."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine
from entremise.people.models.persons import Person

CODE_LIFE = Machine(
    states={
        "issued": "remis",
        "used": "utilisé",
        "expired": "échu",
        "killed": "annulé après 5 erreurs",
        "replaced": "remplacé",
    },
    verbs={
        "use": (frozenset({"issued"}), "used"),
        "expire": (frozenset({"issued"}), "expired"),
        "kill": (frozenset({"issued"}), "killed"),
        "replace": (frozenset({"issued"}), "replaced"),
    },
)


class LetterCode(models.Model):
    """One key to « Mes données », printed on a letter: 10 signs, once, 30 days, with the birth date.

    `selector` is a keyed mark of the first 4 signs (it finds the row); `digest` is scrypt of all 10 and of the birth
    date, under this row's own salt: neither the code nor the date can be read here.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="letter_codes", verbose_name="personne")
    state = models.CharField("état", max_length=10, choices=CODE_LIFE.choices, default="issued")
    selector = models.CharField("repère", max_length=32)
    salt = models.BinaryField("sel", max_length=16)
    digest = models.BinaryField("empreinte", max_length=32)
    errors = models.PositiveSmallIntegerField("erreurs", default=0)
    issued_at = models.DateTimeField("remis le", default=clock.now)
    issued_by = models.BigIntegerField("remis par le compte", null=True)
    until = models.DateTimeField("valable jusqu’au")
    closed_at = models.DateTimeField("fini le", null=True)
    told = models.BooleanField("annulation dite à la personne", default=False)

    class Meta:
        verbose_name = "code de lettre"
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["selector"], condition=Q(state="issued"), name="one_live_selector"),
            models.UniqueConstraint(fields=["person"], condition=Q(state="issued"), name="one_live_code"),
            models.CheckConstraint(condition=Q(state__in=list(CODE_LIFE.states)), name="letter_code_state_known"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Knock(models.Model):
    """How often one network, or everybody, tried a code in one hour. `mark` is a keyed hash that changes every day."""

    mark = models.CharField("marque", max_length=32)
    hour = models.DateTimeField("heure")
    count = models.PositiveIntegerField("passages", default=0)

    class Meta:
        verbose_name = "essai de code"
        constraints = [models.UniqueConstraint(fields=["mark", "hour"], name="code_knock_once_per_hour")]
        indexes = [models.Index(fields=["hour"], name="code_knock_to_forget")]

    def __str__(self) -> str:
        return f"{self.hour:%d/%m %H}"

    @classmethod
    def one_more(cls, *, mark: str, hour: datetime) -> int:
        """Count one try, atomically; how many there have been, this one included."""
        row, _ = cls.objects.get_or_create(mark=mark, hour=hour)
        cls.objects.filter(pk=row.pk).update(count=F("count") + 1)
        row.refresh_from_db(fields=["count"])
        return row.count
