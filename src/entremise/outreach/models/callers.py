"""Callers: where they stand on the path from easy to hard calls, who goes with them, when they are there."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.outreach.engine.complexity import REASONS

LEVELS = {
    0: "inscrit·e",
    1: "premiers appels",
    2: "isolement",
    3: "situations multiples",
    4: "détresse, réticence",
}


class CallerProfile(models.Model):
    """One account that calls. `level` is what rules look at (the vault asks it: `vault.registry.level`).

    `held_level`: the level reached, when inactivity suspended it to 1. A pause stops new claims only.
    """

    KINDS = {
        "reassigned": "agent réaffecté",
        "staff": "agent volontaire",
        "citizen": "bénévole",
    }
    STATES = {"asked": "inscription à valider", "active": "en activité", "left": "parti·e"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    user = models.OneToOneField(User, models.PROTECT, related_name="caller", verbose_name="compte")
    kind = models.CharField("qualité", max_length=10, choices=list(KINDS.items()))
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="asked")
    level = models.PositiveSmallIntegerField("niveau", default=0)
    held_level = models.PositiveSmallIntegerField("niveau gardé", null=True, blank=True)
    languages = models.JSONField("langues parlées", default=list)
    charter_signed_at = models.DateTimeField("charte signée le", null=True, blank=True)
    mentor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="mentees", verbose_name="référent·e d’appel"
    )
    manager = models.CharField("service d’origine", max_length=120, blank=True, default="")
    agreed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="accord noté par"
    )
    agreed_at = models.DateTimeField("accord de la hiérarchie le", null=True, blank=True)
    available_from = models.DateField("disponible à partir du", null=True, blank=True)
    available_until = models.DateField("disponible jusqu’au", null=True, blank=True)
    share = models.PositiveSmallIntegerField("part du temps, en %", default=100)
    weekly_calls = models.PositiveSmallIntegerField("appels par semaine, au plus", default=40)
    wishes_hardest = models.TextField("souhait écrit pour le niveau 4", max_length=500, blank=True, default="")
    paused_until = models.DateTimeField("en pause jusqu’au", null=True, blank=True)
    pause_reason = models.CharField("motif de la pause", max_length=20, blank=True, default="")
    seen_at = models.DateTimeField("vu·e sur l’écran d’appel le", null=True, blank=True)
    last_call_at = models.DateTimeField("dernier appel le", null=True, blank=True)
    created_at = models.DateTimeField("inscrit·e le", default=clock.now)

    class Meta:
        verbose_name = "appelant·e"
        ordering = ["user"]
        constraints = [
            models.CheckConstraint(condition=Q(level__lte=4), name="caller_level_known"),
            models.CheckConstraint(condition=Q(state__in=["asked", "active", "left"]), name="caller_state_known"),
            models.CheckConstraint(
                condition=Q(share__gte=1, share__lte=100),
                name="caller_share_percent",
                violation_error_message="Une part du temps va de 1 à 100 %.",
            ),
        ]
        indexes = [models.Index(fields=["state", "level"], name="caller_level")]

    def __str__(self) -> str:
        return f"{self.user_id}"


class TrainingStep(models.Model):
    """A step made: the charter signed, a module read, a quiz passed, a call listened to with the mentor."""

    KINDS = {"charter": "charte", "module": "module lu", "quiz": "quiz", "listening": "écoute avec le référent"}

    caller = models.ForeignKey(CallerProfile, models.PROTECT, related_name="steps", verbose_name="appelant·e")
    kind = models.CharField("étape", max_length=10, choices=list(KINDS.items()))
    code = models.CharField("code", max_length=40)
    version = models.CharField("version", max_length=20, blank=True, default="")
    score = models.PositiveSmallIntegerField("score, en %", null=True, blank=True)
    validated_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="validée par"
    )
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "étape du parcours"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "kind", "code", "version"],
                condition=Q(kind__in=["charter", "module"]),
                name="one_reading_per_version",
            )
        ]
        indexes = [models.Index(fields=["caller", "kind"], name="training_step_caller")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class LevelChange(models.Model):
    """A level reached, left or suspended: append-only, with who decided and why."""

    KINDS = {
        "promoted": "passage au niveau",
        "asked_down": "retour demandé par l’appelant·e",
        "demoted": "retour décidé",
        "suspended": "suspendu pour inactivité",
        "restored": "repris après remise à niveau",
    }

    caller = models.ForeignKey(CallerProfile, models.PROTECT, related_name="changes", verbose_name="appelant·e")
    kind = models.CharField("nature", max_length=10, choices=list(KINDS.items()))
    before = models.PositiveSmallIntegerField("avant")
    after = models.PositiveSmallIntegerField("après")
    reason = models.CharField("motif", max_length=300, blank=True, default="")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="décidé par")
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "changement de niveau"
        ordering = ["-at", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(before=F("after")), name="level_change_changes")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class ReportReview(models.Model):
    """What a mentor said of one report: complete or not, what was done well, what to try. No name, no health."""

    attempt = models.OneToOneField(
        "outreach.CallAttempt", models.PROTECT, related_name="review", verbose_name="tentative"
    )
    caller = models.ForeignKey(CallerProfile, models.PROTECT, related_name="reviews", verbose_name="appelant·e")
    mentor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="référent·e")
    complete = models.BooleanField("compte rendu complet")
    note = models.CharField("retour", max_length=500, blank=True, default="")
    read_at = models.DateTimeField("lu par l’appelant·e le", null=True, blank=True)
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "relecture d’un compte rendu"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.pk}"


class ListeningNote(models.Model):
    """Notes of a call listened to together: five short marks and one sentence, for the caller, never a sanction."""

    caller = models.ForeignKey(CallerProfile, models.PROTECT, related_name="listenings", verbose_name="appelant·e")
    mentor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="référent·e")
    marks = models.JSONField("repères", default=dict)
    note = models.CharField("note", max_length=500, blank=True, default="")
    read_at = models.DateTimeField("lue par l’appelant·e le", null=True, blank=True)
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "note d’écoute"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.pk}"


class ComplexityAdvice(models.Model):
    """What makes calls to a person harder, or no longer: a caller suggests it, a supervisor decides and says why.

    An accepted one holds for the person, whatever is computed later; the last accepted wins.
    """

    KINDS = {"add": "à ajouter", "remove": "à retirer"}
    STATES = {"waiting": "à décider", "accepted": "retenue", "dismissed": "écartée"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    task = models.ForeignKey("outreach.CallTask", models.PROTECT, related_name="advices", verbose_name="fiche")
    kind = models.CharField("nature", max_length=6, choices=list(KINDS.items()), default="add")
    code = models.CharField("raison", max_length=24, choices=list(REASONS.items()))
    state = models.CharField("état", max_length=9, choices=list(STATES.items()), default="waiting")
    suggested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="suggérée par")
    at = models.DateTimeField("date", default=clock.now)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="décidée par"
    )
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    reason = models.CharField("motif", max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "avis sur la complexité"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "kind", "code"], condition=Q(state="waiting"), name="one_waiting_advice"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting") | (Q(decided_at__isnull=False) & ~Q(reason="")),
                name="advice_decided_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["state", "at"], name="complexity_advice_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Shift(models.Model):
    """A time when callers call, or when a supervisor answers for the campaign."""

    ROLES = {"caller": "appels", "supervisor": "permanence de supervision"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    campaign = models.ForeignKey(
        "outreach.CallCampaign", models.PROTECT, related_name="shifts", verbose_name="campagne"
    )
    role = models.CharField("rôle", max_length=10, choices=list(ROLES.items()), default="caller")
    starts_at = models.DateTimeField("début")
    ends_at = models.DateTimeField("fin")
    seats = models.PositiveSmallIntegerField("places", default=10)
    cancelled_at = models.DateTimeField("annulée le", null=True, blank=True)

    class Meta:
        verbose_name = "permanence"
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="shift_ends_after",
                violation_error_message="La fin vient après le début.",
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1, seats__lte=200),
                name="shift_seats_bounded",
                violation_error_message="Une permanence a de 1 à 200 places.",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "role", "starts_at"], name="shift_when")]

    def __str__(self) -> str:
        return f"{self.starts_at:%d/%m %H:%M}"


class ShiftSeat(models.Model):
    """One account signed up for a shift."""

    shift = models.ForeignKey(Shift, models.PROTECT, related_name="taken", verbose_name="permanence")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="compte")
    rank = models.PositiveSmallIntegerField("rang", default=1)
    at = models.DateTimeField("inscrit·e le", default=clock.now)
    cancelled_at = models.DateTimeField("annulée le", null=True, blank=True)
    arrived_at = models.DateTimeField("présent·e à", null=True, blank=True)

    class Meta:
        verbose_name = "place dans une permanence"
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shift", "user"], condition=Q(cancelled_at=None), name="one_seat_per_shift"
            ),
            models.UniqueConstraint(
                fields=["shift", "rank"], condition=Q(cancelled_at=None), name="one_rank_per_shift"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
