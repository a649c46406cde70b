"""What a person refuses, and what they were told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock
from entremise.people.models.persons import Person


class Objection(models.Model):
    """A no to one purpose (RGPD 21), in force from the second it is written, in every register, present or to come.

    The fact that rules look at is `vault.Stance`; this row is its story: who said it, to whom, how.
    """

    SOURCES = {
        "person": "la personne",
        "mandate": "son mandataire",
        "relative": "un proche, pour elle",
        "letter": "une lettre",
        "recognised": "reconnue dans un nouveau fichier",
        "united": "dite par la même personne dans un autre fichier",
    }

    person = models.ForeignKey(Person, models.PROTECT, related_name="objections", verbose_name="personne")
    purpose = models.CharField("finalité", max_length=40)
    source = models.CharField("dite par", max_length=12, choices=list(SOURCES.items()))
    channel = models.CharField("canal", max_length=10)
    recorded_by = models.BigIntegerField("recueillie par le compte", null=True)
    at = models.DateTimeField("date", default=clock.now)
    withdrawn_at = models.DateTimeField("levée le", null=True)
    withdrawn_channel = models.CharField("canal de la levée", max_length=10, blank=True)

    class Meta:
        verbose_name = "opposition"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(withdrawn_at__isnull=True), name="one_live_objection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose}"


class Information(models.Model):
    """That a person was told of a register: how, when, which text. Then what came of it."""

    WAYS = {"letter": "courrier", "phone": "téléphone", "counter": "guichet", "sms": "SMS", "email": "courriel"}

    person = models.ForeignKey(Person, models.PROTECT, related_name="informations", verbose_name="personne")
    register = models.CharField("registre", max_length=40)
    way = models.CharField("moyen", max_length=8, choices=list(WAYS.items()))
    text_version = models.CharField("texte remis", max_length=60)
    informed_on = models.DateField("informée le")
    recorded_by = models.BigIntegerField("noté par le compte", null=True)
    at = models.DateTimeField("date", default=clock.now)
    answer = models.CharField(
        "réponse", max_length=8, choices=[("yes", "accepte"), ("no", "refuse")], blank=True, default=""
    )
    answered_at = models.DateTimeField("répondu le", null=True)

    class Meta:
        verbose_name = "information remise"
        ordering = ["-informed_on", "-pk"]
        indexes = [models.Index(fields=["person", "register"], name="information_person")]

    def __str__(self) -> str:
        return f"{self.register} {self.informed_on:%d/%m/%Y}"
