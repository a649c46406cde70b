"""Sealed cells, in the main database. No value in clear, ever."""

from __future__ import annotations

from django.db import models

from entremise.kernel import ids


class Record(models.Model):
    """What one register holds of one person. The manifest lists its cells: `{field: version}`, sealed.

    The facts that rules look at stand beside: state (reference rules-vault-commons § 19), protection of a threatened
    person, an open difficulty, an open emergency. None of them is a personal value.
    """

    STATES = {
        "to_inform": "à informer",
        "informed": "informée",
        "active": "active",
        "frozen": "gelée",
        "closed": "close",
    }

    id = models.UUIDField("identifiant", primary_key=True, default=ids.uuid7, editable=False)
    person = models.UUIDField("personne")
    register = models.CharField("registre", max_length=40)
    version = models.PositiveIntegerField("version", default=0)
    manifest = models.BinaryField("manifeste", default=b"")
    status = models.CharField("état", max_length=10, choices=list(STATES.items()), default="active")
    protected = models.BooleanField("personne menacée", default=False)
    difficulty_open = models.BooleanField("difficulté signalée", default=False)
    emergency_open = models.BooleanField("urgence ouverte", default=False)

    class Meta:
        verbose_name = "dossier scellé"
        constraints = [
            models.UniqueConstraint(fields=["person", "register"], name="one_record_per_register"),
            models.CheckConstraint(
                condition=models.Q(status__in=["to_inform", "informed", "active", "frozen", "closed"]),
                name="record_status_known",
            ),
        ]
        indexes = [models.Index(fields=["register", "status"], name="record_register_status")]

    def __str__(self) -> str:
        return str(self.pk)


class Cell(models.Model):
    record = models.ForeignKey(Record, models.PROTECT, related_name="cells", verbose_name="dossier")
    field = models.CharField("champ", max_length=80)
    version = models.PositiveIntegerField("version")
    blob = models.BinaryField("valeur scellée")

    class Meta:
        verbose_name = "cellule"
        constraints = [models.UniqueConstraint(fields=["record", "field"], name="one_cell_per_field")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.field}"


class BlindIndex(models.Model):
    """Finds a record by a value that is not there: an HMAC under the register's own index key."""

    record = models.ForeignKey(Record, models.PROTECT, related_name="+", verbose_name="dossier")
    register = models.CharField("registre", max_length=40)
    by = models.CharField("par", max_length=20)
    digest = models.BinaryField("empreinte", max_length=16)

    class Meta:
        verbose_name = "index aveugle"
        constraints = [models.UniqueConstraint(fields=["record", "by"], name="one_index_per_value")]
        indexes = [models.Index(fields=["register", "by", "digest"], name="blind_index")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.by}"
