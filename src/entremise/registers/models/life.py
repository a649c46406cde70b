"""The life of a register: who asked to be in it, what was confirmed, who is said dead, what left for the prefect.

References are opaque ids; dates, codes and counts only. The nine legal items are sealed in the vault.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine
from entremise.people.models import Person

RECEIPT = timedelta(days=8)
"""From the request to the acknowledgement (CASF R.121-3; reference outreach-and-referrals § 17.4)."""
ALERT = timedelta(days=5)

ENROLMENT = Machine(
    {
        "to_complete": "demande à compléter",
        "effective": "effective, accusé à envoyer",
        "acknowledged": "accusé envoyé",
        "confirmed": "accord confirmé",
        "objected": "retirée",
        "withdrawn": "retirée avec son fichier",
    },
    {
        "complete": (frozenset({"to_complete"}), "effective"),
        "acknowledge": (frozenset({"effective"}), "acknowledged"),
        "confirm": (frozenset({"acknowledged"}), "confirmed"),
        "object": (frozenset({"to_complete", "effective", "acknowledged", "confirmed"}), "objected"),
        "withdraw": (frozenset({"to_complete", "effective", "acknowledged", "confirmed"}), "withdrawn"),
    },
)
BY_FILE = frozenset({"file", "unsaid"})
"""What a file may say of a request, and nobody who takes one."""
ENDED = ("objected", "withdrawn")
"""The states of an enrolment that holds no more."""


class Enrolment(models.Model):
    """A positive act: somebody asked to be in the heatwave register. In force at once, whatever comes of the letter.

    No refusal exists: the mayor has no discretion. A third party asks in writing, one person at a time; `proof` is
    the number under which the letter was registered, never a name. `receipt_on` is told, never supposed.

    One that came by a file (`batch`) takes the day of the request from its row. Without that day, or without the
    number of a third party's letter, it is *à compléter*: the person is in the register all the same, no letter is
    due, and neither day nor number is invented.
    """

    CHANNELS = {
        "phone": "téléphone",
        "counter": "guichet",
        "letter": "lettre",
        "email": "courriel",
        "web": "formulaire du site",
        "file": "fichier de demandes",
    }
    ASKERS = {
        "self": "la personne elle-même",
        "representative": "son représentant légal",
        "third_party": "un tiers, par écrit",
        "unsaid": "la personne ou son représentant légal",
    }

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    channel = models.CharField("canal", max_length=8, choices=list(CHANNELS.items()))
    asked_by = models.CharField("demande faite par", max_length=16, choices=list(ASKERS.items()), default="self")
    proof = models.CharField("numéro de la demande écrite", max_length=40, blank=True, default="")
    received_on = models.DateField("demande reçue le", null=True)
    due_on = models.DateField("accusé à envoyer avant le", null=True)
    state = models.CharField("état", max_length=12, choices=ENROLMENT.choices, default="effective")
    acknowledged_on = models.DateField("accusé envoyé le", null=True)
    receipt_on = models.DateField("accusé reçu le", null=True)
    objected_on = models.DateField("retirée le", null=True)
    batch = models.ForeignKey(
        "registers.ImportBatch", models.PROTECT, related_name="+", null=True, verbose_name="venue par le fichier"
    )
    recorded_by = models.BigIntegerField("notée par le compte", null=True)
    created_at = models.DateTimeField("notée le", default=clock.now, editable=False)

    class Meta:
        verbose_name = "inscription"
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["register", "state", "due_on"], name="enrolment_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["register", "person"], condition=~Q(state__in=ENDED), name="one_live_enrolment"
            ),
            models.CheckConstraint(condition=Q(state__in=list(ENROLMENT.states)), name="enrolment_state_known"),
            models.CheckConstraint(
                condition=~Q(asked_by="third_party")
                | (~Q(proof="") & Q(channel__in=["letter", "email", "file"]))
                | Q(channel="file", state__in=["to_complete", *ENDED]),
                name="third_party_in_writing",
                violation_error_message="Un tiers demande par écrit, une personne à la fois.",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(receipt_on__isnull=False), name="receipt_never_invented"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["to_complete", *ENDED], channel="file")
                | Q(received_on__isnull=False, due_on__isnull=False),
                name="request_dated_or_to_complete",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    def urgency(self, today: date) -> str:
        """`late` after day 8, `soon` from day 5, `calm` before; `` once the letter went."""
        if self.state != "effective" or self.due_on is None or self.received_on is None:
            return ""
        if today > self.due_on:
            return "late"
        return "soon" if today >= self.received_on + ALERT else "calm"


REPORT = Machine(
    {"reported": "à confirmer", "confirmed": "confirmé", "dismissed": "écarté", "undone": "annulé"},
    {
        "confirm": (frozenset({"reported"}), "confirmed"),
        "dismiss": (frozenset({"reported"}), "dismissed"),
        "undo": (frozenset({"confirmed"}), "undone"),
    },
)


class LifeReport(models.Model):
    """Somebody is said dead or gone: one human reports, another confirms. Frozen between the two, closed after.

    `before`: `person/register` → the state of each record it froze, to put back when the report was wrong.
    """

    KINDS = {"deceased": "décès", "moved": "départ du territoire"}
    SOURCES = {
        "registry": "avis ou acte de décès",
        "family": "un proche",
        "person": "la personne elle-même",
        "service": "un service qui la connaît",
        "mail": "courrier revenu",
        "call": "un appel de confirmation",
    }

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    kind = models.CharField("nature", max_length=8, choices=list(KINDS.items()))
    source = models.CharField("appris par", max_length=8, choices=list(SOURCES.items()))
    state = models.CharField("état", max_length=10, choices=REPORT.choices, default="reported")
    before = models.JSONField("états d’avant", default=dict)
    reported_by = models.BigIntegerField("signalé par le compte")
    reported_at = models.DateTimeField("signalé le", default=clock.now)
    decided_by = models.BigIntegerField("décidé par le compte", null=True)
    decided_at = models.DateTimeField("décidé le", null=True)
    undone_by = models.BigIntegerField("annulé par le compte", null=True)
    undone_at = models.DateTimeField("annulé le", null=True)

    class Meta:
        verbose_name = "décès ou départ signalé"
        ordering = ["-reported_at", "-pk"]
        indexes = [models.Index(fields=["state", "register"], name="life_report_state")]
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(state="reported"), name="one_open_life_report"),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(decided_by=F("reported_by")),
                name="confirmed_by_another",
                violation_error_message="Une autre personne que celle qui a signalé doit confirmer.",
            ),
            models.CheckConstraint(condition=Q(state__in=list(REPORT.states)), name="life_report_state_known"),
        ]

    def __str__(self) -> str:
        return self.public_id


class LastCheck(models.Model):
    """When what a register says of a person was last heard to be right, and how. One row per person and register."""

    WAYS = {"letter": "courrier", "call": "appel", "enrolment": "inscription", "counter": "guichet"}

    register = models.CharField("registre", max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    checked_on = models.DateField("confirmée le")
    way = models.CharField("moyen", max_length=10, choices=list(WAYS.items()))
    checked_by = models.BigIntegerField("notée par le compte", null=True)

    class Meta:
        verbose_name = "dernière confirmation"
        constraints = [models.UniqueConstraint(fields=["register", "person"], name="one_last_check")]
        indexes = [models.Index(fields=["register", "checked_on"], name="last_check_age")]

    def __str__(self) -> str:
        return f"{self.register} {self.checked_on}"


class CheckRound(models.Model):
    """A campaign of confirmation: the records of a register not confirmed since a date, by letter or by call."""

    WAYS = {"letter": "par courrier", "call": "par téléphone"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40)
    way = models.CharField("moyen", max_length=8, choices=list(WAYS.items()))
    since = models.DateField("non confirmées depuis le")
    created_by = models.BigIntegerField("lancée par le compte", null=True)
    created_at = models.DateTimeField("lancée le", default=clock.now)
    closed_at = models.DateTimeField("close le", null=True)

    class Meta:
        verbose_name = "campagne de confirmation"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.public_id


class CheckLine(models.Model):
    """One person of a campaign of confirmation: letter sent or not, what they answered."""

    ANSWERS = {
        "confirmed": "tout est juste",
        "moved": "est partie",
        "deceased": "est décédée",
        "refuses": "ne veut plus y être",
        "no_answer": "sans réponse",
    }

    round = models.ForeignKey(CheckRound, models.PROTECT, related_name="lines", verbose_name="campagne")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    rank = models.PositiveIntegerField("rang")
    sent_on = models.DateField("lettre imprimée le", null=True)
    answer = models.CharField("réponse", max_length=10, choices=list(ANSWERS.items()), blank=True, default="")
    tries = models.PositiveSmallIntegerField("essais", default=0)
    answered_on = models.DateField("répondu le", null=True)
    answered_by = models.BigIntegerField("notée par le compte", null=True)

    class Meta:
        verbose_name = "personne à confirmer"
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["round", "person"], name="one_line_per_round"),
            models.UniqueConstraint(fields=["round", "rank"], name="one_rank_per_round"),
        ]
        indexes = [models.Index(fields=["round", "answer"], name="check_line_answer")]

    def __str__(self) -> str:
        return f"{self.round_id} {self.rank}"


class RegisterReview(models.Model):
    """The register is read again twice a year: due by the clock, signed by whoever did it."""

    register = models.CharField("registre", max_length=40)
    term = models.CharField("semestre", max_length=7)
    due_on = models.DateField("à faire avant le")
    done_on = models.DateField("faite le", null=True)
    done_by = models.BigIntegerField("faite par le compte", null=True)

    class Meta:
        verbose_name = "relecture semestrielle"
        ordering = ["due_on", "register"]
        constraints = [models.UniqueConstraint(fields=["register", "term"], name="one_review_per_term")]

    def __str__(self) -> str:
        return f"{self.register} {self.term}"


class Transmission(models.Model):
    """The register went to the prefect: under which request, in answer to what, how many rows, which file.

    Who asked and for whom is in the special request (`request`), bound to what was agreed to. The file is sealed in
    an envelope of the vault that lives seven days; here is only its fingerprint.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40)
    request = models.CharField("demande spéciale", max_length=12, unique=True)
    asked_on = models.DateField("demandée par le préfet le")
    plan_on = models.DateField("plan déclenché le")
    plan_act = models.CharField("acte qui déclenche le plan", max_length=120)
    rows = models.PositiveIntegerField("lignes transmises", default=0)
    left_out = models.PositiveIntegerField("lignes écartées par les règles", default=0)
    sha256 = models.CharField("empreinte du fichier", max_length=64, blank=True, default="")
    envelope = models.CharField("envoi scellé", max_length=12, blank=True, default="")
    asked_by = models.BigIntegerField("préparée par le compte")
    made_at = models.DateTimeField("transmise le", null=True)
    created_at = models.DateTimeField("préparée le", default=clock.now)

    class Meta:
        verbose_name = "communication au préfet"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.public_id
