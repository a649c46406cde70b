from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

SHEET_LIFE = Machine(
    states={
        "uploaded": "colonnes à vérifier",
        "mapped": "prêt à importer",
        "running": "import en cours",
        "done": "importé",
        "failed": "interrompu",
        "cancelled": "abandonné",
    },
    verbs={
        "map": (frozenset({"uploaded", "mapped", "failed"}), "mapped"),
        "start": (frozenset({"mapped", "failed"}), "running"),
        "finish": (frozenset({"running"}), "done"),
        "fail": (frozenset({"running"}), "failed"),
        "cancel": (frozenset({"uploaded", "mapped", "running", "failed"}), "cancelled"),
    },
)
SHEET_KINDS = {"helpers": "personnes qui aident", "needs": "demandes"}
BASES = {
    "phone": "au téléphone",
    "paper": "sur un papier signé",
    "form": "dans un formulaire en ligne",
    "present": "de vive voix, devant un agent",
}


class SheetImport(models.Model):
    """A spreadsheet on its way in. Its bytes lie here sealed by the vault, until the import or for a day.

    No file name, no heading, no cell in clear: `mapping` holds codes, `problems` counts by code.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    kind = models.CharField("contenu", max_length=8, choices=SHEET_KINDS)
    state = models.CharField("état", max_length=10, choices=SHEET_LIFE.choices, default="uploaded")
    agent = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name="envoyé par")
    uploaded_at = models.DateTimeField("envoyé le", default=clock.now, editable=False)
    size = models.PositiveIntegerField("octets")
    sheets = models.PositiveSmallIntegerField("feuilles", default=0)
    sheet = models.SmallIntegerField("feuille lue", default=-1)
    row_count = models.PositiveIntegerField("lignes lues")
    document = models.UUIDField("numéro au coffre", default=ids.uuid7, editable=False)
    content = models.BinaryField("fichier scellé", default=b"")
    signature = models.BinaryField("empreinte des titres", max_length=16)
    mapping = models.JSONField("colonnes", default=list)
    category = models.ForeignKey(
        "mutualaid.Category", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="aide par défaut"
    )
    territory = models.ForeignKey(
        "territories.Territory", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="commune par défaut",
    )  # fmt: skip
    basis = models.CharField("accord déclaré", max_length=8, choices=BASES, blank=True)
    checked = models.PositiveIntegerField("lignes vérifiées", default=0)
    accepted = models.PositiveIntegerField("lignes importées", default=0)
    known = models.PositiveIntegerField("lignes déjà importées", default=0)
    rejected = models.PositiveIntegerField("lignes refusées", default=0)
    problems = models.JSONField("refus par motif", default=dict)
    started_at = models.DateTimeField("commencé le", null=True, blank=True)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    rejects_document = models.UUIDField("numéro des refus au coffre", null=True, blank=True)
    rejects = models.BinaryField("lignes refusées scellées", default=b"")

    class Meta:
        verbose_name = "import de tableur"
        verbose_name_plural = "imports de tableurs"
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(accepted=0, known=0) | Q(state="done"), name="sheet_counts_once_done"),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(content=b""), name="sheet_emptied_when_cancelled"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def live(self) -> bool:
        return self.state not in SHEET_LIFE.final

    @property
    def has_rejects(self) -> bool:
        return bool(self.rejected and self.rejects_document and self.rejects)


class SheetMapping(models.Model):
    """The columns as an agent last put them right, found again by a keyed print of the headings."""

    kind = models.CharField("contenu", max_length=8, choices=SHEET_KINDS)
    signature = models.BinaryField("empreinte des titres", max_length=16)
    mapping = models.JSONField("colonnes", default=list)

    class Meta:
        verbose_name = "colonnes retenues"
        constraints = [models.UniqueConstraint(fields=["kind", "signature"], name="mapping_once_per_headings")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class SheetRow(models.Model):
    """A row that came in once: its keyed print, so that the same row in any file creates nothing twice."""

    kind = models.CharField("contenu", max_length=8, choices=SHEET_KINDS)
    digest = models.BinaryField("empreinte", max_length=16)
    sheet = models.ForeignKey(SheetImport, models.PROTECT, related_name="+", verbose_name="import")

    class Meta:
        verbose_name = "ligne importée"
        constraints = [models.UniqueConstraint(fields=["kind", "digest"], name="sheet_row_once")]

    def __str__(self) -> str:
        return str(self.pk)
