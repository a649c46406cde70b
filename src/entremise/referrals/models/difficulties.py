"""A difficulty seen during a call, at the counter or in a mutual-aid request; what may be said of it, to whom."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.people.models import Person

NEEDS = {
    "food": "courses, alimentation",
    "home_help": "aide à domicile, repas",
    "equipment": "ventilateur, chauffage",
    "clothing": "vêtements",
    "loneliness": "solitude",
    "distress": "détresse morale",
    "care_access": "soins, médicaments",
    "addiction": "addictions",
    "autonomy": "perte d’autonomie, MDPH",
    "carer": "aidant épuisé",
    "violence": "violences, maltraitance",
    "rights": "droits, papiers",
    "money": "budget, dettes",
    "protection": "mesure de protection",
    "rent": "impayés de loyer",
    "housing": "logement difficile à vivre",
    "shelter": "hébergement",
    "digital": "Internet, démarches en ligne",
    "transport": "déplacements",
    "other": "autre",
}
"""Codes of needs (reference outreach-and-referrals § 15.2): the national themes cover isolated old people poorly."""
URGENCIES = {
    "immediate": "immédiate : danger",
    "today": "aujourd’hui",
    "week": "cette semaine",
    "none": "pas d’urgence",
}
CONSENTS = {"yes": "oui", "anonymous": "conseil seulement, sans la nommer", "no": "non"}
CONTACTS = {"phone": "téléphone", "email": "courriel", "relative": "par un proche", "other": "autre"}


class Difficulty(models.Model):
    """Facts, no diagnosis. The person's own words are sealed in `orientation.note#<public_id>`, 500 signs at most.

    Without consent nothing is sent: it counts in statistics, and its author may be advised. `origin_kind` and
    `origin_id` say where it comes from (`call`, `counter`, `mutualaid`), without importing it. `complete`: what a
    referrer said of the form, for its author's path; empty until then.
    """

    STATES = {"open": "à orienter", "kept": "gardée sans transmission", "closed": "close"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    needs = models.JSONField("besoins")
    severity = models.PositiveSmallIntegerField("gravité", default=1)
    urgency = models.CharField("urgence", max_length=10, choices=list(URGENCIES.items()), default="none")
    consent = models.CharField("accord pour transmettre", max_length=10, choices=list(CONSENTS.items()))
    share = models.JSONField("ce qui peut être transmis", default=list, blank=True)
    contact = models.CharField("joindre par", max_length=10, choices=list(CONTACTS.items()), default="phone")
    best_time = models.CharField("moment préféré", max_length=10, blank=True, default="")
    has_note = models.BooleanField("précisions scellées", default=False)
    origin_kind = models.CharField("vient de", max_length=12)
    origin_id = models.CharField("référence d’origine", max_length=40, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="notée par")
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="open")
    created_at = models.DateTimeField("notée le", default=clock.now)
    complete = models.BooleanField("fiche complète", null=True, blank=True)
    judged_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="relue par"
    )
    judged_at = models.DateTimeField("relue le", null=True, blank=True)

    class Meta:
        verbose_name = "difficulté repérée"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(severity__lte=3), name="difficulty_severity_known"),
            models.CheckConstraint(condition=Q(urgency__in=list(URGENCIES)), name="difficulty_urgency_known"),
            models.CheckConstraint(condition=Q(consent__in=list(CONSENTS)), name="difficulty_consent_known"),
            models.CheckConstraint(condition=~Q(consent="no") | ~Q(state="open"), name="difficulty_sent_with_consent"),
        ]
        indexes = [
            models.Index(fields=["state", "urgency", "created_at"], name="difficulty_queue"),
            models.Index(fields=["origin_kind", "origin_id"], name="difficulty_origin"),
        ]

    def __str__(self) -> str:
        return self.public_id
