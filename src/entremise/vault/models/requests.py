"""Special requests: what needs the agreement of others (reference rules-vault-commons § 11)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

SPECIAL_REQUEST = Machine(
    {
        "asked": "demandée",
        "gathering": "accords en cours",
        "granted": "accordée",
        "used": "utilisée",
        "closed": "close",
        "refused": "refusée",
        "lapsed": "échue",
        "revoked": "retirée",
    },
    {
        "hear": (frozenset({"asked", "gathering"}), "gathering"),
        "grant": (frozenset({"gathering"}), "granted"),
        "reopen": (frozenset({"granted"}), "gathering"),
        "use": (frozenset({"granted"}), "used"),
        "close": (frozenset({"used"}), "closed"),
        "refuse": (frozenset({"asked", "gathering"}), "refused"),
        "lapse": (frozenset({"asked", "gathering", "granted"}), "lapsed"),
        "revoke": (frozenset({"asked", "gathering", "granted"}), "revoked"),
    },
)
"""Reference § 19, and `reopen`: an agreement taken back leaves fewer than are needed, and the state says so."""


class SpecialRequest(models.Model):
    """An extraordinary reading, export, computation or destruction, and the bounds it is granted in.

    `fingerprint` is the SHA-256 of everything that is asked: approvals are given to it, not to the row.
    """

    KINDS = {
        "export": "export d’une liste",
        "prefect": "communication au préfet",
        "programme": "rapprochement, repérage ou statistique",
        "health": "santé ou notes libres, pour orienter",
        "moderation": "lecture d’un échange signalé",
        "erasure": "effacement d’une fiche",
        "shredding": "destruction d’un registre",
        "anchoring": "reprise après restauration",
    }

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    kind = models.CharField("nature", max_length=12, choices=list(KINDS.items()))
    state = models.CharField("état", max_length=10, choices=SPECIAL_REQUEST.choices, default="asked")
    requester = models.BigIntegerField("demandée par le compte")
    purpose = models.CharField("finalité", max_length=40)
    motive = models.CharField("motif", max_length=300)
    registers = models.JSONField("registres", default=list)
    fields = models.JSONField("champs", default=list, blank=True)
    persons = models.JSONField("personnes", default=list, blank=True)
    recipients = models.CharField("destinataires", max_length=300, blank=True)
    minutes = models.CharField("procès-verbal", max_length=300, blank=True)
    days = models.PositiveSmallIntegerField("jours d’usage demandés", default=3)
    cap = models.PositiveIntegerField("lignes au plus", default=1)
    fingerprint = models.CharField("empreinte", max_length=64)
    asked_at = models.DateTimeField("demandée le", default=clock.now)
    lapses_at = models.DateTimeField("réponse avant le")
    granted_at = models.DateTimeField("accordée le", null=True, blank=True)
    until = models.DateTimeField("utilisable jusqu’au", null=True, blank=True)
    used_at = models.DateTimeField("utilisée le", null=True, blank=True)
    rows_used = models.PositiveIntegerField("lignes utilisées", default=0)
    outcome = models.CharField("raison du retrait", max_length=300, blank=True)
    opinion = models.CharField("avis du délégué", max_length=600, blank=True)
    opinion_by = models.BigIntegerField("avis donné par le compte", null=True, blank=True)
    opinion_at = models.DateTimeField("avis donné le", null=True, blank=True)

    class Meta:
        verbose_name = "demande spéciale"
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["state", "-asked_at"], name="special_request_state")]

    def __str__(self) -> str:
        return self.public_id


class Approval(models.Model):
    """One person's yes or no, in the name of the college where they sit. Counted only while it is live."""

    request = models.ForeignKey(SpecialRequest, models.PROTECT, related_name="approvals", verbose_name="demande")
    user = models.BigIntegerField("compte")
    college = models.CharField("collège", max_length=20, blank=True)
    answer = models.CharField("réponse", max_length=3, choices=[("yes", "oui"), ("no", "non")])
    reason = models.CharField("raison", max_length=300, blank=True)
    fingerprint = models.CharField("empreinte approuvée", max_length=64)
    at = models.DateTimeField("date", default=clock.now)
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    class Meta:
        verbose_name = "accord"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "user"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_answer_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
