"""Targeting: a computation in the vault, the cohorts made of it. No score, no reason, no commune in clear.

What a computation answered, and why each person of a cohort is there, are documents sealed by the vault; here are
only their bytes, persons' ids, ranks and counts that may be published.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

TARGETING = Machine(
    {"ready": "en attente", "running": "en cours", "done": "terminé", "failed": "échoué", "cancelled": "annulé"},
    {
        "start": (frozenset({"ready"}), "running"),
        "again": (frozenset({"running", "failed"}), "ready"),
        "finish": (frozenset({"running"}), "done"),
        "fail": (frozenset({"ready", "running"}), "failed"),
        "cancel": (frozenset({"ready", "running", "failed"}), "cancelled"),
    },
)
COHORT = Machine(
    {"draft": "ébauche", "frozen": "figée", "expired": "échue", "withdrawn": "retirée"},
    {
        "freeze": (frozenset({"draft"}), "frozen"),
        "expire": (frozenset({"frozen"}), "expired"),
        "withdraw": (frozenset({"draft", "frozen"}), "withdrawn"),
    },
)


class Targeting(models.Model):
    """One computation `registers.target` under a granted request. A worker holds it by a lease; its result comes at
    once, sealed, and is destroyed at `keep_until`: drafts and comparisons are made of it without computing again.

    `counts`: fed, left_out, persons, and how many persons each factor is unknown for (published counts only).
    """

    STEPS = {"compute": "lecture dans le coffre", "gather": "une fois par personne", "seal": "mise sous scellé"}

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    request = models.SlugField("demande spéciale", max_length=20)
    registers = models.JSONField("registres")
    state = models.CharField("état", max_length=10, choices=TARGETING.choices, default="ready")
    step = models.CharField("étape", max_length=10, choices=list(STEPS.items()), blank=True)
    share = models.FloatField("avancement", default=0)
    counts = models.JSONField("effectifs", default=dict, blank=True)
    rule_set = models.PositiveIntegerField("règlement", null=True, blank=True)
    journal_number = models.BigIntegerField("première ligne du journal", null=True, blank=True)
    computed_on = models.DateField("calculé le", null=True, blank=True)
    keep_until = models.DateTimeField("gardé jusqu’au", null=True, blank=True)
    document = models.UUIDField("document scellé", null=True, blank=True)
    sealed = models.BinaryField("résultat scellé", default=b"")
    failure = models.CharField("cause de l’échec", max_length=40, blank=True)
    asked_by = models.BigIntegerField("demandé par le compte")
    proved_at = models.DateTimeField("seconde preuve donnée le")
    asked_at = models.DateTimeField("demandé le", default=clock.now)
    lease_until = models.DateTimeField("travail tenu jusqu’à", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)
    finished_at = models.DateTimeField("terminé le", null=True, blank=True)

    class Meta:
        verbose_name = "repérage"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(TARGETING.states)), name="targeting_state_known"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state__in=["ready", "running"]), name="one_live_targeting_per_request"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Cohort(models.Model):
    """Persons to reach, in a proposed order, for one purpose, until a date. Frozen once; usable as `members` says.

    `points`: those of each factor at that time, with the voted ones they came from in `voted`. `capacity`: how many
    persons can be called or visited. `counts`: tables that may be published, and nothing else.
    """

    PURPOSES = {
        "outreach.call": "appel de veille",
        "outreach.keep_in_touch": "appel de lien, hors crise",
        "outreach.visit": "visite à domicile",
    }

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    label = models.CharField("nom", max_length=80)
    targeting = models.ForeignKey(Targeting, models.PROTECT, related_name="cohorts", verbose_name="repérage")
    purpose = models.CharField("finalité servie", max_length=40, choices=list(PURPOSES.items()))
    registers = models.JSONField("registres")
    profile = models.CharField("profil", max_length=20)
    points = models.JSONField("points de chaque facteur")
    voted = models.JSONField("points votés", default=dict)
    request = models.SlugField("demande spéciale", max_length=20)
    rule_set = models.PositiveIntegerField("règlement")
    computed_on = models.DateField("calculée le")
    capacity = models.PositiveIntegerField("personnes à joindre, au plus")
    expires_at = models.DateTimeField("échéance")
    state = models.CharField("état", max_length=10, choices=COHORT.choices, default="draft")
    counts = models.JSONField("effectifs", default=dict, blank=True)
    proposal = models.JSONField("changements proposés", default=dict, blank=True)
    document = models.UUIDField("document scellé", null=True, blank=True)
    sealed = models.BinaryField("raisons scellées", default=b"")
    created_by = models.BigIntegerField("préparée par le compte")
    created_at = models.DateTimeField("préparée le", default=clock.now)
    frozen_by = models.BigIntegerField("figée par le compte", null=True, blank=True)
    frozen_at = models.DateTimeField("figée le", null=True, blank=True)
    ended_at = models.DateTimeField("terminée le", null=True, blank=True)

    class Meta:
        verbose_name = "cohorte"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(COHORT.states)), name="cohort_state_known"),
            models.CheckConstraint(condition=Q(purpose__startswith="outreach."), name="cohort_serves_a_call"),
            models.CheckConstraint(
                condition=~Q(state="frozen") | Q(frozen_at__isnull=False, document__isnull=False),
                name="cohort_frozen_sealed",
            ),
        ]
        indexes = [models.Index(fields=["state", "expires_at"], name="cohort_state")]

    def __str__(self) -> str:
        return self.label

    @property
    def last_day(self) -> date:
        """The last day it may be used: `expires_at` is the midnight that ends it."""
        return timezone.localtime(self.expires_at - timedelta(seconds=1)).date()


class CohortMember(models.Model):
    """One person of a frozen cohort, at a rank. Why, and with how many points, is in the sealed document only."""

    CHANNELS = {"phone": "appel", "visit": "visite ou courrier"}

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="members", verbose_name="cohorte")
    person = models.UUIDField("personne")
    rank = models.PositiveIntegerField("rang")
    channel = models.CharField("moyen", max_length=6, choices=list(CHANNELS.items()))

    class Meta:
        verbose_name = "personne d’une cohorte"
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["cohort", "person"], name="one_member_per_person"),
            models.UniqueConstraint(fields=["cohort", "rank"], name="one_member_per_rank"),
            models.CheckConstraint(condition=Q(channel__in=["phone", "visit"]), name="cohort_channel_known"),
        ]
        indexes = [models.Index(fields=["person"], name="cohort_member_person")]

    def __str__(self) -> str:
        return f"{self.cohort_id} {self.rank}"


class HeatExposure(models.Model):
    """What the territory declares of the heat in one commune, with its source. Undeclared = unknown."""

    commune = models.CharField("commune", max_length=5, unique=True)
    exposed = models.BooleanField("très exposée à la chaleur")
    source = models.CharField("source", max_length=200)
    declared_by = models.BigIntegerField("déclarée par le compte", null=True)
    declared_at = models.DateTimeField("déclarée le", default=clock.now)

    class Meta:
        verbose_name = "exposition d’une commune à la chaleur"
        ordering = ["commune"]

    def __str__(self) -> str:
        return self.commune
