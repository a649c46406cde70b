"""The access journal, in its own database."""

from __future__ import annotations

from datetime import UTC

from django.db import models


class Line(models.Model):
    """One access, granted or not. Rows are added and never change: database triggers refuse the rest."""

    database_alias = "journal"

    number = models.BigIntegerField("numéro", primary_key=True)
    at = models.DateTimeField("date")
    human = models.CharField("qui", max_length=80)
    roles = models.CharField("rôles", max_length=200)
    organisation = models.BigIntegerField("organisation", null=True)
    channel = models.CharField("canal", max_length=10)
    on_behalf = models.BooleanField("pour quelqu’un")
    action = models.CharField("geste", max_length=12)
    purpose = models.CharField("finalité", max_length=40)
    register = models.CharField("registre", max_length=40)
    verdict = models.CharField("décision", max_length=10)
    rules = models.JSONField("règles")
    rule_set = models.PositiveIntegerField("règlement")
    request = models.CharField("demande", max_length=40)
    tag = models.CharField("marque du dossier", max_length=32, db_index=True)
    seal = models.BinaryField("partie scellée")
    seal_hash = models.CharField("empreinte du scellé", max_length=64)
    link = models.CharField("maillon", max_length=64)

    class Meta:
        verbose_name = "ligne du journal d’accès"
        ordering = ["-number"]
        indexes = [models.Index(fields=["human", "at"], name="journal_human")]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.verdict}"

    def body(self) -> dict[str, object]:
        """What the link covers: everything but the seal, which its hash stands for."""
        names = (
            "number", "human", "roles", "organisation", "channel", "on_behalf", "action", "purpose", "register",
            "verdict", "rules", "rule_set", "request", "tag", "seal_hash",
        )  # fmt: skip
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {"at": at, **{name: getattr(self, name) for name in names}}
