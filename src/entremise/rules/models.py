from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel.machines import Machine

RULE_SET = Machine(
    {"prepared": "préparé", "active": "en vigueur", "past": "remplacé"},
    {"activate": (frozenset({"prepared"}), "active"), "retire": (frozenset({"active"}), "past")},
)


class RuleSet(models.Model):
    """What is enforced, whole: schema, floor, rulebook, adopted values, under one number. Triggers keep it as it is.

    `until` is when it stops: known beforehand for the provisional set, written at its replacement for the others.
    """

    number = models.PositiveIntegerField("numéro", unique=True)
    state = models.CharField("état", max_length=10, choices=RULE_SET.choices, default="prepared")
    schema = models.TextField("vocabulaire")
    floor = models.TextField("socle")
    rulebook = models.TextField("règlement", blank=True)
    values = models.JSONField("valeurs adoptées", default=dict, blank=True)
    schema_sha256 = models.CharField("empreinte du vocabulaire", max_length=64)
    floor_sha256 = models.CharField("empreinte du socle", max_length=64)
    rulebook_sha256 = models.CharField("empreinte du règlement", max_length=64)
    values_sha256 = models.CharField("empreinte des valeurs", max_length=64)
    fingerprint = models.CharField("empreinte", max_length=64)
    provisional = models.BooleanField("provisoire, non voté", default=False)
    decision = models.CharField("décision", max_length=200)
    signatures = models.JSONField("signatures", default=list, blank=True)
    based_on = models.PositiveIntegerField("écrit sur", null=True, blank=True)
    prepared_at = models.DateTimeField("préparé le")
    effective_at = models.DateTimeField("en vigueur depuis", null=True, blank=True)
    until = models.DateTimeField("jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "règlement"
        verbose_name_plural = "règlements"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_rule_set_active"),
            models.CheckConstraint(condition=Q(state__in=list(RULE_SET.states)), name="rule_set_state_known"),
            models.CheckConstraint(
                condition=Q(state="prepared") | Q(effective_at__isnull=False), name="rule_set_in_force_since"
            ),
        ]

    def __str__(self) -> str:
        return f"règlement n° {self.number}"


class AdoptedValue(models.Model):
    """One change of a rule point: the history. Rows are added; what is in force stands in the active rule set."""

    key = models.CharField("règle", max_length=100, db_index=True)
    value = models.JSONField("valeur")
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, null=True, blank=True, related_name="changes", verbose_name="règlement"
    )
    adopted_at = models.DateTimeField("adoptée le", null=True, blank=True)
    decision = models.CharField("décision", max_length=200, blank=True)

    class Meta:
        verbose_name = "valeur adoptée"
        verbose_name_plural = "valeurs adoptées"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"
