from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F


class Knock(models.Model):
    """How often one network came to one public door in one hour, to stop programs that fill our queue.

    `mark` is a keyed hash that changes every day: no network address is kept, nobody can be found again.
    """

    door = models.CharField("porte", max_length=20)
    mark = models.CharField("marque", max_length=32)
    hour = models.DateTimeField("heure")
    count = models.PositiveIntegerField("passages", default=0)

    class Meta:
        verbose_name = "passage à une porte publique"
        verbose_name_plural = "passages aux portes publiques"
        constraints = [models.UniqueConstraint(fields=["door", "mark", "hour"], name="knock_once_per_hour")]
        indexes = [models.Index(fields=["hour"], name="knock_to_forget")]

    def __str__(self) -> str:
        return f"{self.door} {self.hour:%d/%m %H}"

    @classmethod
    def one_more(cls, *, door: str, mark: str, hour: datetime) -> int:
        """Count one passage, atomically; how many there have been, this one included."""
        row, _ = cls.objects.get_or_create(door=door, mark=mark, hour=hour)
        cls.objects.filter(pk=row.pk).update(count=F("count") + 1)
        row.refresh_from_db(fields=["count"])
        return row.count
