"""Nobody forgotten: the ladder of who does not answer, emergencies, debriefs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.outreach.models.callers import CallerProfile
from entremise.outreach.models.campaigns import CallCampaign
from entremise.outreach.models.tasks import CallAttempt, CallTask
from entremise.people.models import Person

STEP_KINDS = {
    "other_number": "autre numéro de la personne",
    "relative": "proche de confiance",
    "neighbour": "voisin, gardien, service à domicile",
    "visit": "visite à domicile, à deux",
    "letter": "lettre recommandée",
    "police": "police municipale",
    "fire": "pompiers (18 ou 112), sur décision du superviseur",
}
RESULTS = {
    "seen_well": "vue, va bien",
    "seen_help_needed": "vue, a besoin d’aide",
    "news_by_third_party": "nouvelles par un tiers",
    "no_news": "pas de nouvelles",
    "not_possible": "impossible",
}
SIGNS = frozenset({"seen_well", "seen_help_needed", "news_by_third_party"})
OPEN_STEPS = ("waiting", "started")


class Escalation(models.Model):
    """The search for one person who does not answer: opened by misses, closed by a sign of life, kept."""

    task = models.ForeignKey(CallTask, models.PROTECT, related_name="escalations", verbose_name="fiche")
    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="+", verbose_name="campagne")
    alert_level = models.PositiveSmallIntegerField("niveau d’alerte")
    opened_at = models.DateTimeField("ouverte le", default=clock.now)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    closed_reason = models.CharField("fin", max_length=24, blank=True, default="")

    class Meta:
        verbose_name = "procédure d’escalade"
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(closed_at=None), name="one_live_escalation")
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class EscalationStep(models.Model):
    """One rung, with its deadline and a named person; never skipped by the clock."""

    STATES = {"waiting": "à faire", "started": "commencée", "done": "faite", "skipped": "passée, avec un motif"}

    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="steps", verbose_name="procédure")
    rank = models.PositiveSmallIntegerField("rang")
    kind = models.CharField("étape", max_length=12, choices=list(STEP_KINDS.items()))
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="waiting")
    due_at = models.DateTimeField("avant")
    responsible = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="personne chargée"
    )
    started_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commencée par"
    )
    started_at = models.DateTimeField("commencée le", null=True, blank=True)
    done_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="faite par"
    )
    done_at = models.DateTimeField("faite le", null=True, blank=True)
    happened_at = models.DateTimeField("date du passage", null=True, blank=True)
    result = models.CharField("résultat", max_length=20, choices=list(RESULTS.items()), blank=True, default="")
    reason = models.CharField("motif", max_length=200, blank=True, default="")
    told_at = models.DateTimeField("retard dit le", null=True, blank=True)
    told_again_at = models.DateTimeField("retard redit le", null=True, blank=True)

    class Meta:
        verbose_name = "étape de la procédure d’escalade"
        ordering = ["escalation", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["escalation", "rank"], name="one_step_per_rank"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "started", "done", "skipped"]), name="escalation_step_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | (Q(done_at__isnull=False) & ~Q(result="")), name="step_done_with_result"
            ),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(reason=""), name="step_skipped_with_reason"),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="escalation_step_due")]

    def __str__(self) -> str:
        return f"{self.rank} {self.kind}"


class Emergency(models.Model):
    """Somebody is in danger: written at the press of the button, before any form."""

    OUTCOMES = {
        "rescue_sent": "secours envoyés",
        "relative_on_site": "un proche est sur place",
        "false_alarm": "fausse alerte",
        "resolved_by_phone": "réglée au téléphone",
        "taken_to_hospital": "hospitalisée",
        "deceased": "décédée",
        "other": "autre",
    }

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    campaign = models.ForeignKey(
        CallCampaign, models.PROTECT, null=True, blank=True, related_name="emergencies", verbose_name="campagne"
    )
    task = models.ForeignKey(
        CallTask, models.PROTECT, null=True, blank=True, related_name="emergencies", verbose_name="fiche"
    )
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name="personne")
    caller = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="donnée par")
    token = models.PositiveIntegerField("jeton", default=0)
    raised_at = models.DateTimeField("donnée à", default=clock.now)
    acknowledged_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="prise par"
    )
    acknowledged_at = models.DateTimeField("prise à", null=True, blank=True)
    outcome = models.CharField("suite", max_length=20, choices=list(OUTCOMES.items()), blank=True, default="")
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="close par"
    )
    closed_at = models.DateTimeField("close à", null=True, blank=True)

    class Meta:
        verbose_name = "urgence"
        ordering = ["raised_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(closed_at=None), name="one_open_emergency_per_task"),
            models.CheckConstraint(condition=Q(closed_at=None) | ~Q(outcome=""), name="emergency_closed_with_outcome"),
        ]
        indexes = [models.Index(fields=["closed_at", "raised_at"], name="emergency_open")]

    def __str__(self) -> str:
        return self.public_id


class EmergencyAlert(models.Model):
    """A supervisor was told of an emergency, by which way; the next one after five minutes without answer."""

    emergency = models.ForeignKey(Emergency, models.PROTECT, related_name="alerts", verbose_name="urgence")
    supervisor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="superviseur·e")
    rank = models.PositiveSmallIntegerField("rang")
    way = models.CharField("moyen", max_length=8)
    at = models.DateTimeField("dite à", default=clock.now)

    class Meta:
        verbose_name = "alerte d’urgence"
        ordering = ["emergency", "rank"]
        constraints = [models.UniqueConstraint(fields=["emergency", "rank", "way"], name="one_alert_per_rank")]

    def __str__(self) -> str:
        return f"{self.emergency_id} {self.rank}"


class Debrief(models.Model):
    """A caller and their mentor talk after a hard call; compulsory after an emergency (held, or declined)."""

    CAUSES = {"emergency": "après une urgence", "hard_call": "appel difficile", "on_demand": "à la demande"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    caller = models.ForeignKey(CallerProfile, models.PROTECT, related_name="debriefs", verbose_name="appelant·e")
    mentor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="tenu par")
    cause = models.CharField("cause", max_length=10, choices=list(CAUSES.items()))
    emergency = models.ForeignKey(
        Emergency, models.PROTECT, null=True, blank=True, related_name="debriefs", verbose_name="urgence"
    )
    attempt = models.ForeignKey(
        CallAttempt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="tentative"
    )
    asked_at = models.DateTimeField("demandé le", default=clock.now)
    held_at = models.DateTimeField("tenu le", null=True, blank=True)
    declined_at = models.DateTimeField("refusé par écrit le", null=True, blank=True)
    note = models.CharField("note", max_length=500, blank=True, default="")

    class Meta:
        verbose_name = "débriefing"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "emergency"],
                condition=Q(emergency__isnull=False),
                name="one_debrief_per_emergency",
            )
        ]
        indexes = [models.Index(fields=["caller", "held_at", "declined_at"], name="debrief_due")]

    def __str__(self) -> str:
        return self.public_id
