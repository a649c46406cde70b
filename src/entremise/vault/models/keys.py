"""Keys, in their own database: a backup of the data alone opens nothing."""

from __future__ import annotations

from django.db import models


class RootKey(models.Model):
    """Keys wrapped by the master key, and the proof that the master key is the right one (code `instance`)."""

    database_alias = "keys"

    code = models.CharField("code", max_length=60, unique=True)
    instance = models.UUIDField("instance")
    epoch = models.PositiveIntegerField("époque", default=1)
    blob = models.BinaryField("clé emballée")

    class Meta:
        verbose_name = "clé racine"

    def __str__(self) -> str:
        return self.code


class RecordKey(models.Model):
    """The key of one record, wrapped by its register's. Destroying it erases the person from the register.

    The record's version must lie between `floor` (committed for sure) and `ceiling` (may have been committed):
    a record put back from an older file is refused.
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
