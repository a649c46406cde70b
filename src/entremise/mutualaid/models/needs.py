from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, F, Q, Value, When

from entremise.kernel import ids
from entremise.kernel.machines import Machine
from entremise.mutualaid.engine import masks

OPEN_STATES = ("submitted", "qualified", "open", "proposed", "on_hold")
LIVE_STATES = (*OPEN_STATES, "matched", "in_progress")
_live = frozenset(LIVE_STATES)

NEED_LIFE = Machine(
    states={
        "submitted": "à qualifier",
        "qualified": "accord à recueillir",
        "open": "à pourvoir",
        "proposed": "proposée",
        "matched": "mise en relation",
        "in_progress": "en cours",
        "on_hold": "rappel prévu",
        "done": "satisfaite",
        "closed": "close",
    },
    verbs={
        "qualify": (frozenset({"submitted"}), "qualified"),
        "open": (frozenset({"submitted", "qualified"}), "open"),
        "propose": (frozenset({"open", "proposed"}), "proposed"),
        "unpropose": (frozenset({"proposed"}), "open"),
        "match": (frozenset({"proposed"}), "matched"),
        "start": (frozenset({"matched"}), "in_progress"),
        "finish": (frozenset({"matched", "in_progress"}), "done"),
        "reopen": (frozenset({"matched", "in_progress"}), "open"),
        "hold": (frozenset({"submitted", "qualified", "open"}), "on_hold"),
        "resume_submitted": (frozenset({"on_hold"}), "submitted"),
        "resume_qualified": (frozenset({"on_hold"}), "qualified"),
        "resume_open": (frozenset({"on_hold"}), "open"),
        "close": (_live, "closed"),
        "reopen_closed": (frozenset({"closed"}), "open"),
    },
)

URGENCIES = {"today": "aujourd’hui", "days": "sous 3 jours", "week": "sous 7 jours", "planned": "à une date prévue"}
ORIGINS = {
    "web": "par internet",
    "phone": "par téléphone",
    "paper": "sur papier",
    "counter": "au guichet",
    "check_in_call": "lors d’un appel de veille",
    "service": "par un service",
    "api": "par un partenaire",
    "import": "par un tableur",
}
REQUESTERS = {
    "self": "la personne elle-même",
    "relative": "un proche",
    "neighbour": "un voisin, une voisine",
    "professional": "un professionnel",
    "service": "un service",
    "agent": "un agent",
}
CONSENT_MODES = {"each": "son accord à chaque proposition", "delegated": "l’agent peut accepter pour elle"}
PRECISIONS = {"exact": "adresse", "street": "rue", "locality": "lieu-dit", "commune": "commune", "none": "inconnue"}
REMOTE = {"no": "non", "yes": "oui", "mixed": "selon la demande"}
CLOSING_REASONS = {
    "no_follow_up": "sans suite après rappel",
    "duplicate": "doublon",
    "out_of_scope": "hors périmètre",
    "redirected": "réorientée",
    "cancelled": "annulée par la personne",
    "unreachable": "personne injoignable",
    "unmet": "sans solution",
}


class Category(models.Model):
    """A kind of help, from a crisis kit. In use it is retired, never deleted; its code and bit never change."""

    code = models.SlugField("code", max_length=40, unique=True)
    bit = models.PositiveSmallIntegerField("rang dans les masques", unique=True)
    label = models.CharField("intitulé", max_length=80)
    label_en = models.CharField("intitulé en anglais", max_length=80, blank=True)
    hint = models.CharField("aide", max_length=200, blank=True)
    hint_en = models.CharField("aide en anglais", max_length=200, blank=True)
    remote = models.CharField("possible à distance", max_length=5, choices=REMOTE, default="no")
    sensitive = models.BooleanField("délicate", default=False)
    needs_text = models.BooleanField("demande quelques mots", default=False)
    reviewed = models.BooleanField("toujours relue", default=False)
    urgency = models.CharField("urgence par défaut", max_length=10, choices=URGENCIES, default="week")
    retired = models.BooleanField("retirée", default=False)

    class Meta:
        verbose_name = "catégorie d’aide"
        verbose_name_plural = "catégories d’aide"
        ordering = ["bit"]
        constraints = [models.CheckConstraint(condition=Q(bit__lte=61), name="category_fits_the_mask")]

    def __str__(self) -> str:
        return self.label

    @property
    def mask(self) -> int:
        return 1 << self.bit


class NeedQuerySet(models.QuerySet["Need"]):
    def live(self) -> NeedQuerySet:
        return self.filter(state__in=LIVE_STATES)

    def in_queue_order(self) -> NeedQuerySet:
        """Total and deterministic: urgency, overdue promises, due date, date received, number (§ 4.7)."""
        return self.annotate(
            urgency_rank=Case(
                When(urgency="today", then=Value(0)),
                When(urgency="days", then=Value(1)),
                When(urgency="week", then=Value(2)),
                default=Value(3),
            )
        ).order_by("urgency_rank", F("follow_up_at").asc(nulls_last=True), "received_at", "pk")

    def waiting(self, now: datetime) -> NeedQuerySet:
        """What a matchmaker has to do now: nothing that waits for an answer or for a date to come."""
        due = Q(state="on_hold", follow_up_at__lte=now)
        return self.filter(Q(state__in=("submitted", "qualified", "open")) | due)

    def older_than(self, age: timedelta, now: datetime) -> NeedQuerySet:
        return self.filter(state__in=OPEN_STATES, received_at__lt=now - age)


class Need(models.Model):
    """A request for help. No name, phone, place or free text here: they are cells of the vault."""

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    code = models.CharField("code à dire", max_length=7, unique=True, default=ids.spoken, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+", verbose_name="personne")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name="aide demandée")
    territory = models.ForeignKey("territories.Territory", models.PROTECT, related_name="+", verbose_name="commune")
    h8 = models.BigIntegerField("secteur fin", null=True, blank=True)
    h7 = models.BigIntegerField("secteur", null=True, blank=True)
    precision = models.CharField("précision du lieu", max_length=10, choices=PRECISIONS, default="commune")
    origin = models.CharField("arrivée", max_length=15, choices=ORIGINS)
    requester_kind = models.CharField("demandée par", max_length=15, choices=REQUESTERS, default="self")
    consent_mode = models.CharField("accord", max_length=10, choices=CONSENT_MODES, default="each")
    consented = models.BooleanField("accord de la personne recueilli", default=False)
    received_at = models.DateTimeField("reçue le")
    created_at = models.DateTimeField("saisie le")
    urgency = models.CharField("urgence", max_length=10, choices=URGENCIES)
    due_on = models.DateField("pour le", null=True, blank=True)
    slots = models.PositiveIntegerField("demi-journées", default=masks.ANY_SLOT)
    languages = models.BigIntegerField("langues", default=0)
    reach_m = models.PositiveIntegerField("portée en mètres", default=5000)
    remote = models.BooleanField("à distance", default=False)
    sensitive = models.BooleanField("délicate", default=False)
    has_note = models.BooleanField("précisions données", default=False)
    paper_ref = models.CharField("numéro du papier", max_length=20, blank=True)
    state = models.CharField("état", max_length=12, choices=NEED_LIFE.choices, default="submitted")
    held_from = models.CharField("état avant le rappel", max_length=12, blank=True)
    follow_up_at = models.DateTimeField("rappel prévu le", null=True, blank=True)
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    closed_reason = models.CharField("raison de la clôture", max_length=15, choices=CLOSING_REASONS, blank=True)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="doublon de"
    )
    taken_by = models.ForeignKey(
        "mutualaid.Proposal",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="proposition acceptée",
    )
    agent = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="agent qui suit la demande",
    )
    claimed_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="en cours de traitement par",
    )
    lease_until = models.DateTimeField("réservée jusqu’à", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)
    # Of the public form: sent twice, it is one request. Empty for what an agent writes down.
    submission_key = models.CharField("clé d’envoi", max_length=12, unique=True, null=True, editable=False)  # noqa: DJ001
    wrong_digits = models.PositiveSmallIntegerField("essais de suivi manqués", default=0)
    follow_locked_until = models.DateTimeField("suivi fermé jusqu’à", null=True, blank=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = "besoin"
        verbose_name_plural = "besoins"
        ordering = ["received_at", "pk"]
        indexes = [
            models.Index(
                fields=["urgency", "received_at", "id"],
                condition=Q(state__in=("submitted", "qualified", "open", "on_hold")),
                name="need_queue",
            ),
            models.Index(fields=["territory", "state", "received_at"], name="need_by_territory"),
            models.Index(fields=["person", "state"], name="need_by_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(closed_reason="")
                | ~Q(state="closed") & Q(closed_reason=""),
                name="need_closed_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="on_hold") | Q(follow_up_at__isnull=False), name="need_held_until_a_date"
            ),
            models.CheckConstraint(
                condition=~Q(closed_reason="duplicate") | Q(duplicate_of__isnull=False),
                name="need_duplicate_of_something",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, lease_until__isnull=True)
                | Q(claimed_by__isnull=False, lease_until__isnull=False),
                name="need_claimed_with_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def urgent(self) -> bool:
        return self.urgency == "today"

    @property
    def note_field(self) -> str:
        """The vault field of the free text of this very need."""
        return f"entraide.note#{self.public_id}"
