"""Scripts of calls: the file as it was given, what was understood of it, never changed once used."""

from __future__ import annotations

from typing import Any

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


FROZEN = frozenset({"script", "number", "file_name", "source", "model", "xform", "sha256", "languages", "problems"})
"""What a version is made of: written once. Its state moves, by `VERSION`; answers keep their version for ever."""


class VersionChanged(TypeError):
    """Somebody's code tried to change what a version is made of: a correction is a new version."""


class Versions(models.QuerySet["ScriptVersion"]):
    def update(self, **changes: Any) -> int:
        if touched := sorted(FROZEN & {name.removesuffix("_id") for name in changes}):
            raise VersionChanged(f"{', '.join(touched)}: import a new version")
        return super().update(**changes)


class Script(models.Model):
    """A script under its name; what is asked is in its versions."""

    code = models.SlugField("code", max_length=40, unique=True)
    label = models.CharField("nom", max_length=80)
    kit = models.CharField("kit", max_length=40, blank=True, default="")
    created_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="créé par"
    )
    created_at = models.DateTimeField("créé le", default=clock.now)

    class Meta:
        verbose_name = "script d’appel"
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class ScriptVersion(models.Model):
    """One version: what it is made of never changes. `model`: the canonical form, `sha256` its fingerprint.

    `problems`: what import said, as located lines (reference § 5.2); a `blocking` one keeps it a draft. `warnings`:
    what pyxform said, in its own words.
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
    problems = models.JSONField("remarques", default=list, blank=True)
    warnings = models.JSONField("remarques du convertisseur", default=list, blank=True)
    created_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="importée par"
    )
    created_at = models.DateTimeField("importée le", default=clock.now)
    activated_at = models.DateTimeField("mise en service le", null=True, blank=True)
    retired_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = Versions.as_manager()

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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise VersionChanged("a version is written once: its state moves by VERSION.move")
        super().save(*args, **kwargs)

    @property
    def blocking(self) -> list[dict[str, Any]]:
        """What must be corrected before it serves: kept as a draft until then."""
        return [one for one in self.problems if one.get("severity") == "blocking"]
