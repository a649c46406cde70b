"""Persons without their identity: the vault keeps it. Here: how to reach them, what they agreed to."""

from __future__ import annotations

from django.db import models

from entremise.kernel import clock, ids

CHANNELS = {"phone": "appel", "sms": "SMS", "email": "courriel", "letter": "lettre", "none": "ne pas contacter"}
ANSWERS = {"yes": "oui", "no": "non", "partly": "en partie"}


class Person(models.Model):
    """An opaque identity, shared by the rooms that help this person. Names and contacts are sealed in the vault."""

    id = models.UUIDField("identifiant", primary_key=True, default=ids.uuid7, editable=False)
    language = models.CharField("langue", max_length=8, default="fr")
    preferred_channel = models.CharField(
        "canal préféré", max_length=8, choices=list(CHANNELS.items()), default="phone"
    )
    created_at = models.DateTimeField("créée le", default=clock.now, editable=False)

    class Meta:
        verbose_name = "personne"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(preferred_channel__in=list(CHANNELS)),
                name="person_channel_known",
                violation_error_message="Choisissez un canal de la liste.",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Consent(models.Model):
    """An answer to a text read or heard, with its proof: which text, through which channel, by whom, when."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="consents", verbose_name="personne")
    purpose = models.CharField("finalité", max_length=40)
    answer = models.CharField("réponse", max_length=8, choices=list(ANSWERS.items()))
    text_version = models.CharField("texte lu", max_length=60)
    scope = models.JSONField("portée", default=list, blank=True)
    channel = models.CharField("canal", max_length=10)
    recorded_by = models.BigIntegerField("recueilli par le compte", null=True)
    at = models.DateTimeField("date")
    withdrawn_at = models.DateTimeField("retiré le", null=True)

    class Meta:
        verbose_name = "consentement"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "purpose", "-at"], name="consent_latest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answer__in=list(ANSWERS)),
                name="consent_answer_known",
                violation_error_message="Répondez par oui, non ou en partie.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.answer}"
