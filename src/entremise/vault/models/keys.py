"""Keys, in their own database: a backup of the data alone opens nothing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock


class Epoch(models.Model):
    """The life of one master key (reference rules-vault-commons § 19); `proof` recognises it among others."""

    database_alias = "keys"
    STATES = {"current": "en service", "retiring": "en retrait", "destroyed": "détruite"}

    number = models.PositiveIntegerField("époque", primary_key=True)
    state = models.CharField("état", max_length=10, choices=list(STATES.items()), default="current")
    proof = models.BinaryField("preuve")
    started_at = models.DateTimeField("en service depuis", default=clock.now)
    retired_at = models.DateTimeField("remplacée le", null=True)
    destroyed_at = models.DateTimeField("détruite le", null=True)

    class Meta:
        verbose_name = "époque de la clé maîtresse"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="current"), name="one_current_epoch"),
            models.CheckConstraint(
                condition=Q(state__in=["current", "retiring", "destroyed"]), name="epoch_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"


class RootKey(models.Model):
    """Keys wrapped by the master key, and the proof that the master key is the right one (code `instance`).

    `epoch` counts the keys of one code (a register has a new one at each rotation, the former wraps nothing new);
    `master` is the epoch of the master key that wraps this row. Code `restoring` holds no key: while it exists, a
    restoration is under way and nothing opens.
    """

    database_alias = "keys"

    code = models.CharField("code", max_length=60)
    instance = models.UUIDField("instance")
    epoch = models.PositiveIntegerField("époque", default=1)
    master = models.PositiveIntegerField("époque de la clé maîtresse", default=1)
    blob = models.BinaryField("clé emballée")

    class Meta:
        verbose_name = "clé racine"
        constraints = [models.UniqueConstraint(fields=["code", "epoch"], name="one_root_key_per_epoch")]

    def __str__(self) -> str:
        return f"{self.code} {self.epoch}"


class RecordKey(models.Model):
    """The key of one record, wrapped by its register's. Destroying it erases the person from the register.

    The record's version must lie between `floor` (committed for sure) and `ceiling` (may have been committed):
    a record put back from an older file is refused. `epoch` is that of the register's key.
    """

    database_alias = "keys"

    record = models.UUIDField("dossier", primary_key=True)
    register = models.CharField("registre", max_length=40)
    epoch = models.PositiveIntegerField("époque", default=1)
    blob = models.BinaryField("clé emballée")
    floor = models.PositiveIntegerField("version sûre", default=0)
    ceiling = models.PositiveIntegerField("version la plus haute", default=0)

    class Meta:
        verbose_name = "clé de dossier"

    def __str__(self) -> str:
        return str(self.record)


class Erasure(models.Model):
    """What was erased, to erase it again after a restoration. Opaque ids only."""

    database_alias = "keys"

    record = models.UUIDField("dossier", primary_key=True)
    at = models.DateTimeField("date")

    class Meta:
        verbose_name = "effacement"

    def __str__(self) -> str:
        return str(self.record)


class Shredding(models.Model):
    """A register whose keys were destroyed: one mark for all its records. Its code never serves again."""

    database_alias = "keys"

    register = models.CharField("registre", max_length=40, primary_key=True)
    at = models.DateTimeField("date")

    class Meta:
        verbose_name = "destruction d’un registre"

    def __str__(self) -> str:
        return self.register


class Mark(models.Model):
    """Somebody who was erased, or objected: recognised if an import brings them back. HMAC, no value."""

    database_alias = "keys"

    digest = models.CharField("marque", max_length=34, primary_key=True)
    at = models.DateTimeField("date")

    class Meta:
        verbose_name = "marque d’effacement"

    def __str__(self) -> str:
        return self.digest


class Rehearsal(models.Model):
    """A restoration tried in a scratch folder, and what it found."""

    database_alias = "keys"

    at = models.DateTimeField("date")
    good = models.BooleanField("réussie")
    words = models.CharField("constat", max_length=500)

    class Meta:
        verbose_name = "répétition de restauration"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.good}"
