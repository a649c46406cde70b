from __future__ import annotations

from datetime import UTC

from django.db import models


class Entry(models.Model):
    """One deed. Rows are added and never change: database triggers refuse the rest.

    `seq` and `link` are empty until the entry is sealed into the chain, once: with the deed for most, within the
    minute for deeds done many times a second (docs/decisions/0033-traces-sealed-within-the-minute.md).
    """

    seq = models.BigIntegerField("rang", unique=True, null=True)
    at = models.DateTimeField("date")
    action = models.CharField("action", max_length=80, db_index=True)
    actor_id = models.BigIntegerField("compte", null=True)
    actor_label = models.CharField("auteur", max_length=120)
    channel = models.CharField("canal", max_length=10)
    on_behalf_of = models.UUIDField("pour la personne", null=True)
    subject = models.CharField("objet", max_length=120, db_index=True)
    data = models.JSONField("détails")
    link = models.CharField("maillon", max_length=64, blank=True, default="")

    sentence: str = ""  # the French words of `action`, set by `queries.history`

    class Meta:
        verbose_name = "trace"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["id"], condition=models.Q(seq=None), name="audit_unsealed")]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    def deed(self) -> dict[str, object]:
        names = ("seq", "action", "actor_id", "actor_label", "channel", "subject", "data")
        behalf = str(self.on_behalf_of) if self.on_behalf_of else None
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {"at": at, "on_behalf_of": behalf, **{name: getattr(self, name) for name in names}}
