"""Telephone lines without their numbers: the same line is recognised in every register, and nothing can be dialled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock
from entremise.people.models.persons import Person


class LineMark(models.Model):
    """Which line a sealed number of a person is: 16 bytes of HMAC of its E.164 form, under an index key of `personne`.

    Two persons, or two registers, with one mark share one telephone: one live call at a time (reference
    outreach-and-referrals § 13). `field`: where the number is sealed (`apa.phone`, `personne.phone#1`).
    """

    STATUSES = {
        "valid": "valable",
        "unverified": "à vérifier",
        "wrong": "mauvais numéro",
        "out_of_service": "non attribué",
    }

    person = models.ForeignKey(Person, models.PROTECT, related_name="line_marks", verbose_name="personne")
    field = models.CharField("champ du numéro", max_length=120)
    mark = models.CharField("empreinte", max_length=32)
    mobile = models.BooleanField("reçoit les SMS", default=False)
    status = models.CharField("état", max_length=16, choices=list(STATUSES.items()), default="unverified")
    checked_at = models.DateTimeField("vérifiée le", null=True, blank=True)
    at = models.DateTimeField("notée le", default=clock.now)

    class Meta:
        verbose_name = "ligne téléphonique"
        ordering = ["person", "field"]
        constraints = [
            models.UniqueConstraint(fields=["person", "field"], name="one_mark_per_number"),
            models.CheckConstraint(
                condition=Q(status__in=["valid", "unverified", "wrong", "out_of_service"]),
                name="line_mark_status_known",
            ),
        ]
        indexes = [models.Index(fields=["mark"], name="line_mark")]

    def __str__(self) -> str:
        return f"{self.pk}"
