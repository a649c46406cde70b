"""Scripts of calls: the file as it was given, what was understood of it, never changed once used."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine

VERSION = Machine(
    {"draft": "brouillon", "active": "en service", "retired": "retirée"},
    {
        "activate": (frozenset({"draft"}), "active"),
        "retire": (frozenset({"active"}), "retired"),
    },
)


class Script(models.Model):
    """A script under its name; what is asked is in its versions."""

    code = models.SlugField("code", max_length=40, unique=True)
    label = models.CharField("nom", max_length=80)
    kit = models.CharField("kit", max_length=40, blank=True, default="")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="créé par")
    created_at = models.DateTimeField("créé le", default=clock.now)

    class Meta:
        verbose_name = "script d’appel"
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class ScriptVersion(models.Model):
    """One version: immutable once active. `model` is the canonical form (sorted keys), `sha256` its fingerprint.

    `problems`: what import said, as located lines (reference § 5.2); a `blocking` one keeps it a draft.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    script = models.ForeignKey(Script, models.PROTECT, related_name="versions", verbose_name="script")
    number = models.PositiveIntegerField("numéro")
    state = models.CharField("état", max_length=8, choices=VERSION.choices, default="draft")
    file_name = models.CharField("fichier", max_length=120)
    source = models.BinaryField("fichier d’origine")
    model = models.JSONField("script compris")
    xform = models.TextField("forme XForm", blank=True, default="")
    sha256 = models.CharField("empreinte", max_length=64)
    languages = models.JSONField("langues", default=list)
    problems = models.JSONField("remarques", default=list)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="importée par")
    created_at = models.DateTimeField("importée le", default=clock.now)
    activated_at = models.DateTimeField("mise en service le", null=True, blank=True)
    retired_at = models.DateTimeField("retirée le", null=True, blank=True)

    class Meta:
        verbose_name = "version d’un script"
        ordering = ["script", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["script", "number"], name="one_script_number"),
            models.UniqueConstraint(fields=["script"], condition=Q(state="active"), name="one_active_version"),
            models.CheckConstraint(condition=Q(state__in=list(VERSION.states)), name="script_version_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.script_id} {self.number}"
