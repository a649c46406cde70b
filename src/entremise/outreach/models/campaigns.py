"""A call campaign: whom it calls, for what, when, how often, under which law. No person's value is here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine
from entremise.kits.models import Crisis

CAMPAIGN = Machine(
    {"draft": "en préparation", "open": "ouverte", "paused": "en pause", "closed": "close"},
    {
        "open": (frozenset({"draft"}), "open"),
        "pause": (frozenset({"open"}), "paused"),
        "resume": (frozenset({"paused"}), "open"),
        "close": (frozenset({"draft", "open", "paused"}), "closed"),
    },
)
SLOTS = {"morning": "matin", "midday": "midi", "afternoon": "après-midi", "evening": "soir"}
"""Kinds of time slots: before noon, noon to 2 p.m., 2 to 6 p.m., from 6 p.m. (reference § 4). A mask has bit n for the
n-th of them."""
LEVELS = {1: "vert : veille saisonnière", 2: "jaune", 3: "orange", 4: "rouge"}


class CallCampaign(models.Model):
    """`source`: `{"cohort": public_id}` or `{"registers": [codes]}`. `hours`: weekday 0–6 as text → list of
    `["09:00", "12:00"]`, local time. `ladder`: `[{"kind", "hours": {"1": h, "3": h, "4": h}, "responsible": user}]`.
    `emergency_numbers`: `[{"number", "label"}]`, the territory's own besides 15, 17, 18, 112, 114, 3114.
    Durations are in minutes. `basis`: `activation` (the prefect's plan) or `isolation` (L121-6-1 II), for the legal
    register only (reference § 17.8); `isolation` waits for the DPO's `decision`. `filling`: how far the last update of
    the persons is (`{"state", "done", "total", "at", …}`).
    """

    RECURRENCES = {
        "none": "non, un échange suffit",
        "daily": "tous les jours",
        "every": "tous les n jours",
        "weekly": "chaque semaine",
    }
    ANNOUNCEMENTS = {
        "": "à choisir",
        "sms": "SMS",
        "letter": "lettre",
        "sms_letter": "SMS, sinon lettre",
        "waived": "aucune, avec un motif",
    }
    BASES = {"": "sans objet", "activation": "plan d’alerte déclenché", "isolation": "lutte contre l’isolement"}
    PURPOSES = {"outreach.call": "appel de veille", "outreach.keep_in_touch": "appel de lien, hors crise"}

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    label = models.CharField("nom", max_length=80)
    purpose = models.CharField("finalité", max_length=40, choices=list(PURPOSES.items()))
    crisis = models.ForeignKey(Crisis, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="crise")
    kit = models.CharField("kit", max_length=40, blank=True, default="")
    state = models.CharField("état", max_length=8, choices=CAMPAIGN.choices, default="draft")
    alert_level = models.PositiveSmallIntegerField("niveau d’alerte", choices=list(LEVELS.items()), default=1)
    source = models.JSONField("personnes à appeler", default=dict)
    registers = models.JSONField("registres", default=list)
    script = models.ForeignKey(
        "outreach.Script", models.PROTECT, null=True, blank=True, related_name="campaigns", verbose_name="script"
    )
    languages = models.JSONField("langues", default=list, blank=True)
    starts_on = models.DateField("début", default=clock.today)
    ends_on = models.DateField("fin", null=True, blank=True)
    keep_until = models.DateField("comptes rendus gardés jusqu’au", null=True, blank=True)
    # hours and rhythm
    hours = models.JSONField("horaires", default=dict)
    holidays_open = models.BooleanField("ouverte les jours fériés", default=False)
    attempts_max = models.PositiveSmallIntegerField("essais avant de chercher autrement", default=3)
    slots_required = models.PositiveSmallIntegerField("créneaux différents à essayer", default=3)
    cooldown = models.PositiveIntegerField("délai entre deux essais", default=24 * 60)
    person_gap = models.PositiveIntegerField("délai entre deux campagnes pour une personne", default=4 * 60)
    recurrence = models.CharField("rythme", max_length=8, choices=list(RECURRENCES.items()), default="none")
    every_days = models.PositiveSmallIntegerField("tous les … jours", default=7)
    recur_until = models.DateField("rythme jusqu’au", null=True, blank=True)
    same_caller = models.BooleanField("si possible la même personne rappelle", default=True)
    lease = models.PositiveSmallIntegerField("durée d’une prise d’appel", default=15)
    # announcement
    announcement = models.CharField(
        "annonce", max_length=10, choices=list(ANNOUNCEMENTS.items()), blank=True, default=""
    )
    announcement_text = models.TextField("texte de l’annonce", blank=True, default="")
    shown_number = models.CharField("numéro affiché", max_length=20, blank=True, default="")
    waived_reason = models.CharField("motif", max_length=200, blank=True, default="")
    announced_at = models.DateTimeField("annonce partie le", null=True, blank=True)
    # callers
    daily_conversations = models.PositiveSmallIntegerField(
        "conversations par jour et par appelant, au plus", default=20
    )
    daily_minutes = models.PositiveSmallIntegerField("minutes d’appel par jour et par appelant, au plus", default=240)
    notes_on = models.BooleanField("note libre permise", default=True)
    sheets_on = models.BooleanField("feuilles papier permises", default=True)
    workbook_on = models.BooleanField("tableur permis", default=True)
    # law, ladder, emergencies
    basis = models.CharField("cadre", max_length=10, choices=list(BASES.items()), blank=True, default="")
    activation_act = models.CharField("acte qui déclenche le plan", max_length=120, blank=True, default="")
    activation_on = models.DateField("plan déclenché le", null=True, blank=True)
    decision = models.CharField("décision du délégué", max_length=200, blank=True, default="")
    decided_by = models.BigIntegerField("décidée par le compte", null=True, blank=True)
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    ladder = models.JSONField("procédure d’escalade", default=list)
    emergency_numbers = models.JSONField("numéros d’urgence du territoire", default=list, blank=True)
    numbers_confirmed_by = models.BigIntegerField("numéros confirmés par le compte", null=True, blank=True)
    numbers_confirmed_at = models.DateTimeField("numéros confirmés le", null=True, blank=True)
    duty_phone = models.CharField("téléphone de permanence", max_length=20, blank=True, default="")
    # life
    filling = models.JSONField("mise à jour des personnes", default=dict, blank=True)
    public_message = models.CharField("message public", max_length=300, blank=True, default="")
    pause_reason = models.CharField("motif de la pause", max_length=200, blank=True, default="")
    copied_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="reprise de"
    )
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="préparée par")
    created_at = models.DateTimeField("préparée le", default=clock.now)
    opened_at = models.DateTimeField("ouverte le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    purged_at = models.DateTimeField("comptes rendus effacés le", null=True, blank=True)

    class Meta:
        verbose_name = "campagne d’appels"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(CAMPAIGN.states)), name="campaign_state_known"),
            models.CheckConstraint(condition=Q(alert_level__gte=1, alert_level__lte=4), name="campaign_alert_known"),
            models.CheckConstraint(
                condition=Q(attempts_max__gte=1, attempts_max__lte=10),
                name="campaign_attempts_bounded",
                violation_error_message="Entre 1 et 10 essais.",
            ),
            models.CheckConstraint(
                condition=Q(lease__gte=5, lease__lte=60),
                name="campaign_lease_bounded",
                violation_error_message="Une prise d’appel dure de 5 à 60 minutes.",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Announcement(models.Model):
    """One line told that the campaign will call: once per line, never twice. The number is in the vault, where `field`
    says. A letter that could not be addressed, or a message that did not leave, `failed`."""

    WAYS = {"sms": "SMS", "letter": "lettre"}
    STATES = {
        "waiting": "à envoyer",
        "sending": "en cours d’envoi",
        "sent": "envoyée",
        "failed": "échouée",
        "stopped": "STOP reçu",
    }

    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="announcements", verbose_name="campagne")
    person = models.UUIDField("personne")
    line = models.CharField("ligne", max_length=32)
    field = models.CharField("champ du numéro", max_length=120, blank=True, default="")
    way = models.CharField("moyen", max_length=6, choices=list(WAYS.items()))
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="waiting")
    at = models.DateTimeField("date", null=True)

    class Meta:
        verbose_name = "annonce d’un appel"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "line", "way"], name="one_announcement_per_line"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "failed", "stopped"]),
                name="announcement_state_known",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "state", "way"], name="announcement_state")]

    def __str__(self) -> str:
        return f"{self.pk}"


class CampaignDefaults(models.Model):
    """What a kit proposes for a campaign: hours and rhythm by level of alert, search, numbers, texts, scripts.

    `values` is the section `[outreach]` of the kit, as it was applied. Text only: no person, no account.
    """

    kit = models.CharField("kit", max_length=40, unique=True)
    values = models.JSONField("réglages", default=dict)
    at = models.DateTimeField("appliqués le", default=clock.now)

    class Meta:
        verbose_name = "réglages d’appel d’un kit"
        ordering = ["kit"]

    def __str__(self) -> str:
        return self.kit
