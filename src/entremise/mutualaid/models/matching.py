from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from entremise.kernel import ids
from entremise.kernel.machines import Machine
from entremise.mutualaid.models.helpers import HelperProfile
from entremise.mutualaid.models.needs import Need

PROPOSAL_LIFE = Machine(
    states={
        "sent": "envoyée",
        "accepted_by_helper": "acceptée par l’aidant",
        "matched": "mise en relation",
        "declined": "déclinée",
        "expired": "sans réponse",
        "superseded": "remplacée",
    },
    verbs={
        "accept": (frozenset({"sent"}), "accepted_by_helper"),
        "match": (frozenset({"accepted_by_helper"}), "matched"),
        "decline": (frozenset({"sent", "accepted_by_helper"}), "declined"),
        "expire": (frozenset({"sent"}), "expired"),
        "supersede": (frozenset({"sent", "accepted_by_helper"}), "superseded"),
    },
)
PROPOSAL_LIVE = ("sent", "accepted_by_helper")

MATCH_LIFE = Machine(
    states={
        "confirmed": "confirmée",
        "contact_released": "coordonnées transmises",
        "done": "faite",
        "failed": "échouée",
    },
    verbs={
        "release": (frozenset({"confirmed", "contact_released"}), "contact_released"),
        "finish": (frozenset({"confirmed", "contact_released"}), "done"),
        "fail": (frozenset({"confirmed", "contact_released"}), "failed"),
    },
)
MATCH_LIVE = ("confirmed", "contact_released")
FAILURES = {
    "helper_absent": "l’aidant n’est pas venu",
    "person_unreachable": "personne injoignable",
    "no_longer_needed": "plus besoin",
    "no_consent": "accord retiré",
    "mismatch": "ne convient pas",
    "safety": "question de sécurité",
    "other": "autre raison",
}
DECLINERS = {"helper": "l’aidant", "person": "la personne"}
MESSAGE_CHANNELS = {"email": "courriel", "sms": "SMS", "phone": "téléphone", "none": "aucun moyen de le joindre"}


class Proposal(models.Model):
    """One helper asked for one need. The score, the reasons and who asked are kept as they were shown."""

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    need = models.ForeignKey(Need, models.PROTECT, related_name="proposals", verbose_name="besoin")
    helper = models.ForeignKey(HelperProfile, models.PROTECT, related_name="proposals", verbose_name="aidant")
    state = models.CharField("état", max_length=20, choices=PROPOSAL_LIFE.choices, default="sent")
    channel = models.CharField("moyen", max_length=10, choices=MESSAGE_CHANNELS, default="none")
    sent_at = models.DateTimeField("envoyée le")
    expires_at = models.DateTimeField("sans réponse le")
    answered_at = models.DateTimeField("réponse le", null=True, blank=True)
    declined_by = models.CharField("déclinée par", max_length=10, choices=DECLINERS, blank=True)
    score = models.IntegerField("note")
    reasons = models.JSONField("raisons", default=list)
    sent_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="envoyée par"
    )

    class Meta:
        verbose_name = "mise en relation proposée"
        verbose_name_plural = "mises en relation proposées"
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["need", "helper"],
                condition=Q(state__in=PROPOSAL_LIVE),
                name="proposal_once_per_need_and_helper",
            ),
            models.UniqueConstraint(
                fields=["need"], condition=Q(state="accepted_by_helper"), name="proposal_one_accepted_per_need"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="sent"), name="proposal_to_expire"),
            models.Index(fields=["helper", "sent_at"], name="proposal_by_helper"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Match(models.Model):
    """A double yes."""

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    need = models.ForeignKey(Need, models.PROTECT, related_name="matches", verbose_name="besoin")
    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="match", verbose_name="proposition")
    helper = models.ForeignKey(HelperProfile, models.PROTECT, related_name="matches", verbose_name="aidant")
    state = models.CharField("état", max_length=20, choices=MATCH_LIFE.choices, default="confirmed")
    agreed_on = models.DateField("convenue pour le", null=True, blank=True)
    confirmed_at = models.DateTimeField("confirmée le")
    ended_at = models.DateTimeField("terminée le", null=True, blank=True)
    minutes = models.PositiveSmallIntegerField("minutes données", null=True, blank=True)
    failed_reason = models.CharField("raison de l’échec", max_length=20, choices=FAILURES, blank=True)

    class Meta:
        verbose_name = "mise en relation"
        verbose_name_plural = "mises en relation"
        ordering = ["-confirmed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["need"], condition=Q(state__in=MATCH_LIVE), name="match_one_live_per_need"
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(failed_reason="") | ~Q(state="failed") & Q(failed_reason=""),
                name="match_failed_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ContactRelease(models.Model):
    """What one side may see of the other, until when. An object of its own: audited, revocable, it expires."""

    DIRECTIONS = {"to_helper": "vers l’aidant", "to_person": "vers la personne"}
    STATES = {"active": "en cours", "expired": "terminée", "revoked": "retirée"}

    match = models.ForeignKey(Match, models.PROTECT, related_name="releases", verbose_name="mise en relation")
    direction = models.CharField("sens", max_length=10, choices=DIRECTIONS)
    fields = models.JSONField("rubriques")
    starts_at = models.DateTimeField("depuis le")
    until = models.DateTimeField("jusqu’au")
    state = models.CharField("état", max_length=10, choices=STATES, default="active")
    vault_release = models.BigIntegerField("numéro dans le coffre", null=True, blank=True)
    vault_meeting = models.BigIntegerField("numéro dans le coffre, pour la rencontre", null=True, blank=True)

    class Meta:
        verbose_name = "transmission de coordonnées"
        verbose_name_plural = "transmissions de coordonnées"
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["match", "direction"], condition=Q(state="active"), name="release_one_active_per_direction"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("starts_at")), name="release_ends_after_it_starts"),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(state="active"), name="release_to_expire")]

    def __str__(self) -> str:
        return f"{self.direction} {self.pk}"


class Feedback(models.Model):
    """What each side says of it: « L’aide a-t-elle eu lieu ? ». Codes only, no free text, no mark on a person."""

    SIDES = {"person": "la personne", "helper": "l’aidant"}
    OUTCOMES = {"yes": "oui", "partly": "en partie", "no": "non"}

    match = models.ForeignKey(Match, models.PROTECT, related_name="feedback", verbose_name="mise en relation")
    side = models.CharField("côté", max_length=10, choices=SIDES)
    outcome = models.CharField("l’aide a eu lieu", max_length=10, choices=OUTCOMES)
    again = models.BooleanField("continuer ensemble", null=True, blank=True)
    at = models.DateTimeField("le")
    channel = models.CharField("canal", max_length=10)

    class Meta:
        verbose_name = "bilan"
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["match", "side"], name="feedback_once_per_side")]

    def __str__(self) -> str:
        return f"{self.side} {self.outcome}"
