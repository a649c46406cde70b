"""Two identities found to be one person: said by an alias, never by rewriting what others wrote."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from entremise.kernel import clock
from entremise.people.models.persons import Person


class PersonAlias(models.Model):
    """From its date on, `absorbed` is read as `kept`. Closing it gives back what was read before.

    Holders in any context keep the id they wrote (reference linkage § 8). `request`: the grant it was made under;
    empty for a link inside one register. `event` groups what one act did. `absorbed` and `kept` head their own side at
    that moment; `said_absorbed` and `said_kept` are those whom the act was about, and who must be one person for it
    to hold: without them, a link would outlive its reason when another one is undone.
    """

    absorbed = models.ForeignKey(Person, models.PROTECT, related_name="aliases", verbose_name="personne réunie")
    kept = models.ForeignKey(Person, models.PROTECT, related_name="absorbed", verbose_name="personne gardée")
    said_absorbed = models.UUIDField("personne dite réunie")
    said_kept = models.UUIDField("personne dite gardée")
    event = models.UUIDField("événement")
    request = models.SlugField("demande spéciale", max_length=20, blank=True)
    registers = models.JSONField("registres réunis", default=list, blank=True)
    recorded_by = models.BigIntegerField("réunies par le compte", null=True)
    at = models.DateTimeField("date", default=clock.now)
    closed_at = models.DateTimeField("séparées le", null=True)
    closed_by = models.BigIntegerField("séparées par le compte", null=True)
    cause = models.CharField("cause de la séparation", max_length=10, blank=True)

    class Meta:
        verbose_name = "réunion de deux personnes"
        constraints = [
            models.UniqueConstraint(fields=["absorbed"], condition=Q(closed_at=None), name="one_open_alias"),
            models.CheckConstraint(condition=~Q(absorbed=F("kept")), name="alias_of_another"),
        ]
        indexes = [models.Index(fields=["event"], name="alias_event")]

    def __str__(self) -> str:
        return f"{self.pk}"
