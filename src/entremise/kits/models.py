from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from entremise.kernel import ids
from entremise.kernel.machines import Machine

CRISIS = Machine(
    {
        "preparing": "en préparation",
        "active": "en cours",
        "winding_down": "en retour à la normale",
        "archived": "close",
    },
    {
        "activate": (frozenset({"preparing", "archived"}), "active"),
        "wind_down": (frozenset({"active"}), "winding_down"),
        "resume": (frozenset({"winding_down"}), "active"),
        "archive": (frozenset({"winding_down"}), "archived"),
    },
)


class Crisis(models.Model):
    """What the instance faces now: created by a kit, then lived by people (a kit never moves its state)."""

    public_id = models.CharField(_("référence"), max_length=12, unique=True, default=ids.new, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True)
    title = models.JSONField(_("titre"))
    description = models.JSONField(_("description"))
    state = models.CharField(_("état"), max_length=20, choices=CRISIS.choices, default="preparing")

    class Meta:
        verbose_name = _("crise")
        verbose_name_plural = _("crises")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(CRISIS.states)), name="crisis_state_known"),
        ]

    def __str__(self) -> str:
        return str(self.title.get("fr", self.code))


class AppliedKit(models.Model):
    """One application of a kit: which words and categories were in force since when, and by whom."""

    kit = models.CharField(_("kit"), max_length=40, db_index=True)
    version = models.CharField(_("version"), max_length=20)
    sha256 = models.CharField(_("empreinte du fichier"), max_length=64)
    applied_at = models.DateTimeField(_("appliqué le"))
    applied_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("appliqué par")
    )
    applied_by_label = models.CharField(_("auteur"), max_length=120)

    class Meta:
        verbose_name = _("kit appliqué")
        verbose_name_plural = _("kits appliqués")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kit} {self.version}"


class Wording(models.Model):
    """A sentence said to people, with its versions: a consent names the version that was read aloud.

    Rows are added, never changed: what somebody agreed to must stay readable. The highest version is in force.
    """

    key = models.CharField(_("clé"), max_length=100)
    version = models.PositiveIntegerField(_("version"))
    text = models.JSONField(_("texte"))
    kit = models.CharField(_("kit"), max_length=40)
    since = models.DateTimeField(_("en vigueur depuis"))

    class Meta:
        verbose_name = _("texte")
        verbose_name_plural = _("textes")
        ordering = ["key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="wording_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="wording_version_positive"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What a consent stores as its text version, such as `mutualaid.consent.intake@2`."""
        return f"{self.key}@{self.version}"

    def said(self, language: str = "fr") -> str:
        return str(self.text.get(language) or self.text["fr"])
