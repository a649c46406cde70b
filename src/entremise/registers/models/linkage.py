"""Linkage as it is governed: models, runs, pairs, what humans decided, which records moved.

A pair holds no value; yet an edge between two registers reveals a benefit: it is personal data, read only under a
live grant (reference linkage § 2).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

LINKAGE_RUN = Machine(
    {"ready": "en attente", "running": "en cours", "done": "terminé", "failed": "échoué", "cancelled": "annulé"},
    {
        "start": (frozenset({"ready"}), "running"),
        "again": (frozenset({"running", "failed"}), "ready"),
        "finish": (frozenset({"running"}), "done"),
        "fail": (frozenset({"ready", "running"}), "failed"),
        "cancel": (frozenset({"ready", "running"}), "cancelled"),
    },
)
PAIR = Machine(
    {
        "auto": "automatique",
        "to_review": "à relire",
        "second": "à relire une seconde fois",
        "accepted": "même personne",
        "refused": "deux personnes",
        "unsure": "ne sait pas",
        "stale": "dépassée",
    },
    {
        "accept": (frozenset({"auto", "to_review", "second"}), "accepted"),
        "refuse": (frozenset({"auto", "to_review", "second"}), "refused"),
        "doubt": (frozenset({"auto", "to_review", "second"}), "unsure"),
        "pass_on": (frozenset({"auto", "to_review"}), "second"),
        "undo": (frozenset({"accepted", "refused", "unsure", "second"}), "to_review"),
        "age": (frozenset({"auto", "to_review", "second", "unsure"}), "stale"),
    },
)


class LinkageModel(models.Model):
    """The probabilities of a comparison, trained here or shipped: code, never uploaded nor edited.

    `body`: the JSON of Splink, without any personal value; `sha256` of its canonical form is checked before use.
    `evidence`: bands, counts and bounds that justify `high` and `low` (log₂ of odds).
    """

    STATES = {"draft": "ébauche", "proposed": "proposé", "active": "actif", "retired": "retiré"}

    version = models.PositiveIntegerField("version", unique=True)
    body = models.JSONField("modèle")
    sha256 = models.CharField("empreinte", max_length=64)
    prepared_schema = models.PositiveSmallIntegerField("schéma préparé")
    versions = models.JSONField("versions des moteurs", default=dict)
    trained_on = models.PositiveIntegerField("fiches d’apprentissage", default=0)
    high = models.FloatField("seuil automatique")
    low = models.FloatField("seuil de relecture")
    evidence = models.JSONField("preuves des seuils", default=dict, blank=True)
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="draft")
    created_at = models.DateTimeField("créé le", default=clock.now, editable=False)
    activated_by = models.BigIntegerField("activé par le compte", null=True, blank=True)
    activated_at = models.DateTimeField("activé le", null=True, blank=True)

    class Meta:
        verbose_name = "modèle de rapprochement"
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "proposed", "active", "retired"]), name="linkage_model_state_known"
            ),
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_linkage_model"),
            models.CheckConstraint(condition=Q(low__lte=F("high")), name="linkage_model_thresholds_ordered"),
        ]

    def __str__(self) -> str:
        return f"modèle {self.version}"


class LinkageRun(models.Model):
    """One comparison of the registers of a grant. A worker holds it by a lease; its results come in one transaction.

    `request`: public id of the special request that colleges agreed to. `done`/`total`: progress, in `step`'s unit.
    """

    MODES = {"full": "toutes les fiches", "incremental": "les nouvelles fiches"}

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    request = models.SlugField("demande spéciale", max_length=20)
    registers = models.JSONField("registres")
    mode = models.CharField("étendue", max_length=12, choices=list(MODES.items()), default="full")
    motive = models.CharField("motif", max_length=300)
    model = models.ForeignKey(
        LinkageModel, models.PROTECT, null=True, blank=True, related_name="runs", verbose_name="modèle"
    )
    high = models.FloatField("seuil automatique", null=True)
    low = models.FloatField("seuil de relecture", null=True)
    state = models.CharField("état", max_length=10, choices=LINKAGE_RUN.choices, default="ready")
    step = models.CharField("étape", max_length=20, blank=True)
    share = models.FloatField("avancement", default=0)
    counts = models.JSONField("effectifs", default=dict, blank=True)
    peak_memory = models.PositiveBigIntegerField("mémoire, en octets", null=True, blank=True)
    result_sha256 = models.CharField("empreinte du résultat", max_length=64, blank=True)
    journal_number = models.BigIntegerField("première ligne du journal", null=True, blank=True)
    failure = models.CharField("cause de l’échec", max_length=40, blank=True)
    asked_by = models.BigIntegerField("demandé par le compte")
    proved_at = models.DateTimeField("seconde preuve donnée le")
    asked_at = models.DateTimeField("demandé le", default=clock.now)
    lease_until = models.DateTimeField("travail tenu jusqu’à", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)
    finished_at = models.DateTimeField("terminé le", null=True, blank=True)

    class Meta:
        verbose_name = "rapprochement"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(LINKAGE_RUN.states)), name="linkage_run_state_known"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state__in=["ready", "running"]), name="one_live_run_per_request"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Pair(models.Model):
    """Two records that may be one person. `left` < `right` as texts; `levels`: code of each comparison, −1 missing.
    `left_digest`, `right_digest`: keyed numbers of what the records said when they were compared.

    `refusal`: why grouping refused an automatic pair. `control`: drawn at random to prove the thresholds, whatever
    its outcome; the reader sees neither that nor the weight.
    """

    run = models.ForeignKey(LinkageRun, models.PROTECT, related_name="pairs", verbose_name="rapprochement")
    request = models.SlugField("demande spéciale", max_length=20)
    left = models.UUIDField("première fiche")
    right = models.UUIDField("seconde fiche")
    left_register = models.CharField("premier registre", max_length=40)
    right_register = models.CharField("second registre", max_length=40)
    weight = models.FloatField("poids, en log₂")
    levels = models.JSONField("niveaux")
    rule = models.CharField("règle de blocage", max_length=4, blank=True)
    guards = models.JSONField("gardes", default=list, blank=True)
    refusal = models.CharField("refus du regroupement", max_length=24, blank=True)
    outcome = models.CharField("issue du calcul", max_length=10)
    left_digest = models.BigIntegerField("empreinte de la première", null=True, blank=True)
    right_digest = models.BigIntegerField("empreinte de la seconde", null=True, blank=True)
    control = models.BooleanField("tirée pour contrôle", default=False)
    state = models.CharField("état", max_length=10, choices=PAIR.choices)
    rank = models.PositiveSmallIntegerField("rang de relecture", default=9)
    claimed_by_id = models.BigIntegerField("prise par le compte", null=True, blank=True)
    lease_until = models.DateTimeField("prise jusqu’à", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)

    class Meta:
        verbose_name = "paire"
        constraints = [
            models.UniqueConstraint(fields=["request", "left", "right"], name="one_pair_per_grant"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="pair_ends_ordered"),
            models.CheckConstraint(condition=Q(state__in=list(PAIR.states)), name="pair_state_known"),
        ]
        indexes = [
            models.Index(fields=["request", "state", "rank", "-weight"], name="pair_queue"),
            models.Index(fields=["right"], name="pair_right"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Reading(models.Model):
    """What one reader answered about one pair. Two readers of one pair measure their agreement (Cohen's kappa)."""

    ANSWERS = {"same": "même personne", "different": "deux personnes", "unsure": "je ne sais pas"}

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="readings", verbose_name="paire")
    reader = models.BigIntegerField("compte")
    answer = models.CharField("réponse", max_length=10, choices=list(ANSWERS.items()))
    reason = models.CharField("raison", max_length=30, blank=True)
    at = models.DateTimeField("date", default=clock.now)
    undone_at = models.DateTimeField("annulée le", null=True, blank=True)

    class Meta:
        verbose_name = "relecture"
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "reader"], condition=Q(undone_at=None), name="one_reading_per_reader"
            ),
            models.CheckConstraint(condition=Q(answer__in=["same", "different", "unsure"]), name="reading_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Decision(models.Model):
    """A human word on two records, replayed first at each run, against any weight.

    `left_digest`, `right_digest`: keyed numbers of the prepared rows at that time: when one changes, a `must` waits
    to be confirmed and a `cannot` still acts (reference linkage § 7).
    """

    VERDICTS = {"must": "même personne", "cannot": "deux personnes"}
    STATES = {"open": "en vigueur", "to_confirm": "à confirmer", "revoked": "annulée"}
    REASONS = {
        "same_document": "même document vu",
        "same_person_known": "personne connue",
        "same_household": "même foyer, deux personnes",
        "namesake": "homonymes",
        "twins": "jumeaux",
        "parent_child": "parent et enfant",
        "not_enough_information": "pas assez d’éléments",
        "restored": "réunion annulée",
        "other": "autre raison",
    }

    left = models.UUIDField("première fiche")
    right = models.UUIDField("seconde fiche")
    verdict = models.CharField("verdict", max_length=6, choices=list(VERDICTS.items()))
    reason = models.CharField("raison", max_length=30, choices=list(REASONS.items()), blank=True)
    request = models.SlugField("demande spéciale", max_length=20)
    left_digest = models.BigIntegerField("empreinte de la première", null=True, blank=True)
    right_digest = models.BigIntegerField("empreinte de la seconde", null=True, blank=True)
    author = models.BigIntegerField("première lecture par le compte")
    second_reader = models.BigIntegerField("seconde lecture par le compte", null=True, blank=True)
    state = models.CharField("état", max_length=10, choices=list(STATES.items()), default="open")
    at = models.DateTimeField("date", default=clock.now)
    revoked_by = models.BigIntegerField("annulée par le compte", null=True, blank=True)
    revoked_at = models.DateTimeField("annulée le", null=True, blank=True)

    class Meta:
        verbose_name = "décision sur une paire"
        constraints = [
            models.UniqueConstraint(
                fields=["left", "right"], condition=~Q(state="revoked"), name="one_open_decision_per_pair"
            ),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="decision_ends_ordered"),
            models.CheckConstraint(condition=Q(verdict__in=["must", "cannot"]), name="decision_verdict_known"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "to_confirm", "revoked"]), name="decision_state_known"
            ),
        ]
        indexes = [models.Index(fields=["right"], name="decision_right")]

    def __str__(self) -> str:
        return f"{self.pk}"


class Move(models.Model):
    """Append-only: from then on this person's records count under another person, or no longer do."""

    CAUSES = {"run": "rapprochement", "decision": "relecture", "undo": "annulation", "lapse": "fin de l’accord"}

    event = models.UUIDField("événement")
    person = models.UUIDField("personne réunie")
    kept = models.UUIDField("personne gardée")
    together = models.BooleanField("réunies", default=True)
    cause = models.CharField("cause", max_length=8, choices=list(CAUSES.items()))
    run = models.ForeignKey(
        LinkageRun, models.PROTECT, null=True, blank=True, related_name="moves", verbose_name="rapprochement"
    )
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, blank=True, related_name="moves", verbose_name="décision"
    )
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "réunion de fiches"
        indexes = [
            models.Index(fields=["person"], name="move_person"),
            models.Index(fields=["kept"], name="move_kept"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(cause__in=["run", "decision", "undo", "lapse"]), name="move_cause_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event}"
