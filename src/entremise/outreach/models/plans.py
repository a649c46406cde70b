"""A plan of calls: what was computed, whether it is proved optimal, what one more hour would bring."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine
from entremise.outreach.models.campaigns import CallCampaign

PLAN = Machine(
    {"ready": "en attente", "running": "en cours", "done": "fait", "failed": "échoué", "cancelled": "annulé"},
    {
        "start": (frozenset({"ready"}), "running"),
        "again": (frozenset({"running"}), "ready"),
        "finish": (frozenset({"running"}), "done"),
        "fail": (frozenset({"ready", "running"}), "failed"),
        "cancel": (frozenset({"ready", "running"}), "cancelled"),
    },
)


class CallPlan(models.Model):
    """`value` and `lower_bound`: cost of the plan and dual bound, equal when `certified`. `greedy`, `greedy_served`:
    cost of the simple way on the same input, and how many it places. `weights`: costs used, of the rule set
    `rule_set`. `inputs_hash`: sha256 of everything the solver read.

    Week 0 begins on `starts_on`. `slots`: `[days after the first of a week, kind]` of each slot. `by_week`: `[placed,
    places]` of each week. `prices`: `[week, slot, level, language, points]`: what one more call would take from the
    cost. `with_previous`, `wished`: persons called before by somebody of the team; persons who prefer a time.
    """

    STEPS = {
        "": "en attente d’un poste libre",
        "read": "lecture des fiches et des permanences",
        "build": "mise en forme",
        "mend": "reprise du plan précédent",
        "solve": "recherche du meilleur plan",
        "prove": "preuve",
        "name": "répartition des personnes",
        "compare": "comparaison",
        "write": "écriture des fiches",
    }
    SOLVERS = {"": "", "flow": "flot de coût minimal", "mended": "plan précédent repris", "greedy": "méthode simple"}

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="plans", verbose_name="campagne")
    state = models.CharField("état", max_length=10, choices=PLAN.choices, default="ready")
    share = models.FloatField("avancement", default=0)
    step = models.CharField("étape", max_length=10, choices=list(STEPS.items()), blank=True, default="")
    solver = models.CharField("méthode", max_length=10, choices=list(SOLVERS.items()), blank=True, default="")
    starts_on = models.DateField("premier jour", null=True, blank=True)
    slots = models.JSONField("moments", default=list)
    by_week = models.JSONField("places par semaine", default=list)
    persons = models.PositiveIntegerField("personnes", default=0)
    callers = models.PositiveIntegerField("appelants", default=0)
    weeks = models.PositiveSmallIntegerField("semaines", default=8)
    served = models.PositiveIntegerField("personnes placées", default=0)
    same_caller = models.PositiveIntegerField("même personne rappelle", default=0)
    preferred_slot = models.PositiveIntegerField("au moment préféré", default=0)
    with_previous = models.PositiveIntegerField("personnes déjà appelées", default=0)
    wished = models.PositiveIntegerField("personnes qui préfèrent un moment", default=0)
    value = models.BigIntegerField("coût", null=True, blank=True)
    lower_bound = models.BigIntegerField("borne", null=True, blank=True)
    greedy = models.BigIntegerField("coût de la méthode simple", null=True, blank=True)
    greedy_served = models.PositiveIntegerField("placées par la méthode simple", null=True, blank=True)
    certified = models.BooleanField("optimum prouvé", default=False)
    weights = models.JSONField("poids", default=dict)
    rule_set = models.PositiveIntegerField("règlement", null=True, blank=True)
    inputs_hash = models.CharField("empreinte des données", max_length=64, blank=True, default="")
    prices = models.JSONField("valeur d’une heure de plus", default=list)
    failure = models.CharField("cause de l’échec", max_length=40, blank=True, default="")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="demandé par")
    asked_at = models.DateTimeField("demandé le", default=clock.now)
    finished_at = models.DateTimeField("fait le", null=True, blank=True)
    lease_until = models.DateTimeField("travail tenu jusqu’à", null=True, blank=True)
    claimed_by_id = models.BigIntegerField("tenu par", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)

    class Meta:
        verbose_name = "plan d’appels"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(PLAN.states)), name="call_plan_state_known"),
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(state__in=["ready", "running"]), name="one_live_plan"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
