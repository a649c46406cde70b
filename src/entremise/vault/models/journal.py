"""The access journal, in its own database: lines, monthly segments, signed checkpoints."""

from __future__ import annotations

from datetime import UTC

from django.db import models
from django.db.models import Q

from entremise.kernel import clock
from entremise.kernel.machines import Machine
from entremise.vault import engine

SEGMENT = Machine(
    {"current": "en cours", "sealed": "scellé", "archived": "archivé", "pruned": "détruit à son terme"},
    {
        "seal": (frozenset({"current"}), "sealed"),
        "archive": (frozenset({"sealed"}), "archived"),
        "prune": (frozenset({"archived"}), "pruned"),
    },
)


class Line(models.Model):
    """One access, granted or not. Rows are added and never change: database triggers refuse the rest.

    The link covers a hash of `human`, with the line's own `salt`: whoever is shown the line and its proof does not
    learn which agent it was (CJUE C-579/21), and cannot bring two lines of one agent together.
    """

    database_alias = "journal"

    number = models.BigIntegerField("numéro", primary_key=True)
    at = models.DateTimeField("date")
    human = models.CharField("qui", max_length=80)
    salt = models.CharField("sel", max_length=32, default="", blank=True)
    roles = models.CharField("rôles", max_length=200)
    organisation = models.BigIntegerField("organisation", null=True)
    channel = models.CharField("canal", max_length=10)
    on_behalf = models.BooleanField("pour quelqu’un")
    action = models.CharField("geste", max_length=12)
    purpose = models.CharField("finalité", max_length=40)
    register = models.CharField("registre", max_length=40)
    verdict = models.CharField("décision", max_length=10)
    rules = models.JSONField("règles")
    rule_set = models.PositiveIntegerField("règlement")
    request = models.CharField("demande", max_length=40)
    tag = models.CharField("marque du dossier", max_length=32, db_index=True)
    seal = models.BinaryField("partie scellée")
    seal_hash = models.CharField("empreinte du scellé", max_length=64)
    link = models.CharField("maillon", max_length=64)

    class Meta:
        verbose_name = "ligne du journal d’accès"
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["human", "at"], name="journal_human"),
            models.Index(fields=["at"], name="journal_at"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.verdict}"

    def body(self) -> dict[str, object]:
        """What the link covers: everything but the seal, which its hash stands for."""
        return body_of({name: getattr(self, name) for name in COVERED})


COVERED = (
    "number", "at", "human", "salt", "roles", "organisation", "channel", "on_behalf", "action", "purpose", "register",
    "verdict", "rules", "rule_set", "request", "tag", "seal_hash",
)  # fmt: skip


def body_of(values: dict[str, object]) -> dict[str, object]:
    """The body of a line from its columns: the date in UTC, `human` behind its salt. Changes `values` itself.

    Lines written before there was a salt have an empty one, and are covered as they are.
    """
    values["at"] = values["at"].astimezone(UTC).isoformat(timespec="microseconds")  # type: ignore[attr-defined]
    if salt := values.pop("salt"):
        values["human"] = engine.digest(f"{salt}{values['human']}".encode())
    return values


class Segment(models.Model):
    """The lines of one month, one Merkle tree. When they go, this row stays: sealed head and counts by purpose.

    `size`, `root`, `last_number` and `last_link` are those of its latest checkpoint; `peaks` lets the tree go on.
    """

    database_alias = "journal"

    month = models.CharField("mois", max_length=7, unique=True)
    state = models.CharField("état", max_length=10, choices=SEGMENT.choices, default="current")
    first_number = models.BigIntegerField("première ligne")
    first_link = models.CharField("premier maillon", max_length=64)
    last_number = models.BigIntegerField("dernière ligne")
    last_link = models.CharField("dernier maillon", max_length=64)
    size = models.BigIntegerField("nombre de lignes")
    root = models.CharField("racine", max_length=64)
    peaks = models.JSONField("sommets", default=list)
    counts = models.JSONField("lignes par finalité et décision", default=dict, blank=True)
    closed_at = models.DateTimeField("complet depuis", null=True)
    sealed_at = models.DateTimeField("scellé le", null=True)
    archived_at = models.DateTimeField("archivé le", null=True)
    pruned_at = models.DateTimeField("détruit le", null=True)

    class Meta:
        verbose_name = "mois du journal d’accès"
        verbose_name_plural = "mois du journal d’accès"
        ordering = ["month"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(SEGMENT.states)), name="segment_state_known"),
            models.CheckConstraint(
                condition=Q(size=models.F("last_number") - models.F("first_number") + 1), name="segment_size_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.state}"


class Checkpoint(models.Model):
    """A signed head of a segment, to be kept by others. `sent`: `{witness, at, ok, …}`, one entry per attempt."""

    database_alias = "journal"

    segment = models.ForeignKey(Segment, models.PROTECT, related_name="checkpoints", verbose_name="mois")
    size = models.BigIntegerField("nombre de lignes")
    root = models.CharField("racine", max_length=64)
    note = models.TextField("texte signé")
    key = models.CharField("clé publique", max_length=200)
    at = models.DateTimeField("date", default=clock.now)
    sent = models.JSONField("envois", default=list, blank=True)

    class Meta:
        verbose_name = "point de contrôle"
        verbose_name_plural = "points de contrôle"
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["segment", "size"], name="one_checkpoint_per_size")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.size}"

    @property
    def acknowledged(self) -> bool:
        """Whether somebody outside holds it."""
        return any(entry.get("ok") for entry in self.sent)


class Verification(models.Model):
    """A verification asked for on a page: it advances in a job and can be left."""

    STATES = {"waiting": "en attente", "running": "en cours", "done": "terminée", "failed": "interrompue"}

    asked_at = models.DateTimeField("demandée le", default=clock.now)
    state = models.CharField("état", max_length=10, choices=list(STATES.items()), default="waiting")
    checked = models.BigIntegerField("lignes lues", default=0)
    total = models.BigIntegerField("lignes en tout", default=0)
    findings = models.JSONField("constats", default=list, blank=True)
    points = models.PositiveIntegerField("points comparés", default=0)
    finished_at = models.DateTimeField("terminée le", null=True)

    class Meta:
        verbose_name = "vérification du journal"
        verbose_name_plural = "vérifications du journal"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
