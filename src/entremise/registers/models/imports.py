"""Files on their way in: where they come from, what became of each row. Counts, codes and keyed prints; no value.

The file lies here sealed by the vault until it is loaded, the rows set aside until somebody puts them right; neither
more than 30 days. Reference linkage § 2 and § 3.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

IMPORT = Machine(
    {
        "received": "reçu",
        "reading": "lecture en cours",
        "mapped": "colonnes à vérifier",
        "checking": "vérification en cours",
        "checked": "prêt à charger",
        "loading": "chargement en cours",
        "loaded": "chargé",
        "rejected": "abandonné",
        "failed": "interrompu",
        "withdrawn": "retiré",
    },
    {
        "read": (frozenset({"received"}), "reading"),
        "map": (frozenset({"reading", "mapped", "checked"}), "mapped"),
        "reread": (frozenset({"mapped", "checked"}), "reading"),
        "check": (frozenset({"mapped", "checked"}), "checking"),
        "checked": (frozenset({"checking"}), "checked"),
        "load": (frozenset({"checked"}), "loading"),
        "resume": (frozenset({"failed"}), "loading"),
        "finish": (frozenset({"loading"}), "loaded"),
        "fail": (frozenset({"reading", "checking", "loading"}), "failed"),
        "reject": (frozenset({"received", "reading", "mapped", "checking", "checked", "failed"}), "rejected"),
        "withdraw": (frozenset({"loading", "failed", "loaded"}), "withdrawn"),
    },
)
WORKING = ("reading", "checking", "loading")
ORIGINS = {
    "requests": "des demandes reçues une par une (appels, guichet, courriers, formulaires)",
    "existing": "un fichier tenu pour un autre usage (prestations, transports…)",
    "third_party": "une liste donnée par un tiers (association, service, bailleur…)",
}


class Source(models.Model):
    """A file that comes back: who gives it, on which legal basis, how its columns were read the last time.

    `mapping`: target by column; `signature`: keyed print of the headings it belongs to. `own_number`: the file numbers
    its persons itself; `complete`: it usually holds everybody, so that who is missing from it has left.
    """

    DATE_ORDERS = {"dmy": "jour puis mois", "mdy": "mois puis jour"}
    STATES = {"active": "active", "retired": "retirée"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40)
    label = models.CharField("nom", max_length=80)
    giver = models.CharField("donné par", max_length=120)
    legal_basis = models.CharField("fondement de la transmission", max_length=300)
    origin = models.CharField("ce que contient le fichier", max_length=12, choices=list(ORIGINS.items()))
    mapping = models.JSONField("colonnes retenues", default=list, blank=True)
    signature = models.BinaryField("empreinte des titres", max_length=16, default=b"")
    date_order = models.CharField("ordre des dates", max_length=3, choices=list(DATE_ORDERS.items()), default="dmy")
    epoch = models.PositiveSmallIntegerField("jour zéro du classeur", default=1900)
    own_number = models.BooleanField("numérote ses personnes", default=False)
    complete = models.BooleanField("contient d’habitude tout le monde", default=False)
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="active")
    created_at = models.DateTimeField("créée le", default=clock.now, editable=False)

    class Meta:
        verbose_name = "source de fichiers"
        ordering = ["register", "label", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["register", "label"], name="source_label_once",
                violation_error_message="Une source de ce registre porte déjà ce nom.",
            ),
            models.CheckConstraint(condition=Q(state__in=["active", "retired"]), name="source_state_known"),
            models.CheckConstraint(condition=Q(origin__in=list(ORIGINS)), name="source_origin_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label


class ImportBatch(models.Model):
    """One file of a source. `content`, `sample`, `aside` are sealed bytes: the file, its first rows and those of each
    problem (for the screens), the rows not taken in. `digest`: keyed print of the file.

    `alive_until` and `token`: a worker that dies loses the batch, and nothing written with an older token passes.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="batches", verbose_name="source")
    agent = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name="envoyé par")
    state = models.CharField("état", max_length=10, choices=IMPORT.choices, default="received")
    received_on = models.DateField("fichier reçu le")
    uploaded_at = models.DateTimeField("envoyé le", default=clock.now, editable=False)
    complete = models.BooleanField("contient tout le monde", default=False)
    size = models.PositiveIntegerField("octets")
    digest = models.BinaryField("empreinte du fichier", max_length=16)
    document = models.UUIDField("numéro au coffre", default=ids.uuid7, editable=False)
    content = models.BinaryField("fichier scellé", default=b"")
    sample_document = models.UUIDField("numéro de l’extrait au coffre", null=True, blank=True)
    sample = models.BinaryField("extrait scellé", default=b"")
    aside_document = models.UUIDField("numéro des lignes de côté au coffre", null=True, blank=True)
    aside = models.BinaryField("lignes de côté scellées", default=b"")
    sheet = models.SmallIntegerField("feuille lue", default=-1)
    sheets = models.PositiveSmallIntegerField("feuilles", default=0)
    hidden_sheets = models.PositiveSmallIntegerField("feuilles cachées", default=0)
    merged = models.PositiveIntegerField("cellules fusionnées", default=0)
    head_row = models.PositiveIntegerField("ligne des titres", default=0)
    headed = models.BooleanField("a des titres", default=True)
    mapping = models.JSONField("colonnes", default=list, blank=True)
    refused_columns = models.JSONField("colonnes refusées", default=list, blank=True)
    ignored = models.JSONField("colonnes non gardées", default=list, blank=True)
    epoch = models.PositiveSmallIntegerField("jour zéro du classeur", default=1900)
    date_order = models.CharField("ordre des dates", max_length=3, default="dmy")
    row_count = models.PositiveIntegerField("lignes lues", default=0)
    outcomes = models.JSONField("lignes par issue", default=dict, blank=True)
    effects = models.JSONField("fiches par effet", default=dict, blank=True)
    problems = models.JSONField("lignes par constat", default=dict, blank=True)
    progress = models.PositiveIntegerField("lignes traitées", default=0)
    alive_until = models.DateTimeField("au travail jusqu’à", null=True, blank=True)
    token = models.PositiveIntegerField("jeton", default=0)
    attempts = models.PositiveSmallIntegerField("reprises", default=0)
    failure = models.CharField("cause de l’interruption", max_length=40, blank=True)
    load_started_at = models.DateTimeField("chargement commencé le", null=True, blank=True)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta:
        verbose_name = "fichier importé"
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["loaded", "rejected", "withdrawn"]) | Q(content=b""),
                name="import_file_gone_at_the_end",
            ),
            models.CheckConstraint(condition=Q(state__in=list(IMPORT.states)), name="import_state_known"),
        ]
        indexes = [models.Index(fields=["state", "alive_until"], name="import_at_work")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def at_work(self) -> bool:
        return self.state in WORKING

    @property
    def live(self) -> bool:
        return self.state not in ("loaded", "rejected", "withdrawn")

    @property
    def register(self) -> str:
        return self.source.register


class ImportedRow(models.Model):
    """What became of one row: for a person, where they come from. `number` is that of the row in the file."""

    OUTCOMES = {
        "accepted": "acceptée",
        "accepted_with_warnings": "acceptée, à vérifier",
        "quarantined": "mise de côté",
        "rejected": "refusée",
        "blank": "sans personne",
    }
    EFFECTS = {
        "new": "nouvelle fiche",
        "same": "inchangée",
        "changed": "mise à jour",
        "returned": "de retour",
        "withdrawn": "retirée avec le fichier",
    }

    batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="rows", verbose_name="fichier")
    number = models.PositiveIntegerField("ligne")
    part = models.PositiveSmallIntegerField("partie", default=0)
    outcome = models.CharField("issue", max_length=24, choices=list(OUTCOMES.items()))
    codes = models.CharField("constats", max_length=400, blank=True)
    effect = models.CharField("effet", max_length=10, choices=list(EFFECTS.items()), blank=True)
    person = models.UUIDField("personne", null=True, blank=True)

    class Meta:
        verbose_name = "ligne de fichier"
        constraints = [
            models.UniqueConstraint(fields=["batch", "number", "part"], name="row_once_per_file"),
            models.CheckConstraint(
                condition=Q(outcome__in=["accepted", "accepted_with_warnings", "quarantined", "rejected", "blank"]),
                name="row_outcome_known",
            ),
        ]
        indexes = [
            models.Index(fields=["person"], name="row_person"),
            models.Index(fields=["batch", "outcome"], name="row_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.number}"


class SourceRow(models.Model):
    """One person as a source knows them, recognised in its later files by keyed prints.

    `key`: print of the source's own number, or of the strongest identity; `keys`: all the identities that recognise
    it, each a letter and 16 bytes. `content`: print of the row; `cells`: field → print of its cell, salted by the row,
    so that equal values of two persons do not look alike. `absent_since`: the first complete file without them.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="known_rows", verbose_name="source")
    key = models.BinaryField("empreinte", max_length=16)
    keys = models.BinaryField("empreintes d’identité", max_length=80)
    content = models.BinaryField("empreinte du contenu", max_length=16)
    cells = models.JSONField("empreintes des cellules", default=dict)
    person = models.UUIDField("personne")
    first_batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="+", verbose_name="premier fichier")
    last_batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="+", verbose_name="dernier fichier")
    absent_since = models.ForeignKey(
        ImportBatch, models.PROTECT, related_name="+", null=True, blank=True, verbose_name="absente depuis"
    )

    class Meta:
        verbose_name = "personne d’une source"
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="source_row_once")]
        indexes = [models.Index(fields=["person"], name="source_row_person")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.pk}"
