from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import ids
from entremise.kernel.machines import Machine
from entremise.mutualaid.engine import masks
from entremise.mutualaid.models.needs import PRECISIONS

HELPER_LIFE = Machine(
    states={
        "registered": "à confirmer",
        "available": "disponible",
        "paused": "en pause",
        "suspended": "suspendu",
        "withdrawn": "retiré",
    },
    verbs={
        "confirm": (frozenset({"registered"}), "available"),
        "pause": (frozenset({"available"}), "paused"),
        "resume": (frozenset({"paused"}), "available"),
        "suspend": (frozenset({"registered", "available", "paused"}), "suspended"),
        "end_suspension": (frozenset({"suspended"}), "available"),
        "withdraw": (frozenset({"registered", "available", "paused", "suspended"}), "withdrawn"),
    },
)


class HelperProfile(models.Model):
    """What a person offers to do, where and when. Who they are is in the vault."""

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+", verbose_name="personne")
    state = models.CharField("état", max_length=12, choices=HELPER_LIFE.choices, default="registered")
    territory = models.ForeignKey("territories.Territory", models.PROTECT, related_name="+", verbose_name="commune")
    h8 = models.BigIntegerField("secteur fin", null=True, blank=True)
    h7 = models.BigIntegerField("secteur", null=True, blank=True)
    precision = models.CharField("précision du lieu", max_length=10, choices=PRECISIONS, default="commune")
    categories = models.BigIntegerField("aides proposées", default=0)
    slots = models.PositiveIntegerField("demi-journées", default=masks.ANY_SLOT)
    languages = models.BigIntegerField("langues", default=1)
    radius_m = models.PositiveIntegerField("rayon en mètres", default=5000)
    monthly_max = models.PositiveSmallIntegerField("sollicitations par mois au plus", default=4)
    screened_at = models.DateTimeField("identité vue le", null=True, blank=True)
    screened_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="identité vue par"
    )
    charter_at = models.DateTimeField("charte acceptée le", null=True, blank=True)
    registered_at = models.DateTimeField("inscrit le")
    origin = models.CharField("inscription", max_length=15, default="web")
    paused_until = models.DateField("en pause jusqu’au", null=True, blank=True)
    last_solicited_at = models.DateTimeField("dernière sollicitation", null=True, blank=True)
    unanswered = models.PositiveSmallIntegerField("sollicitations sans réponse de suite", default=0)
    # Of the public form: sent twice, it is one offer. Empty for what an agent writes down.
    submission_key = models.CharField("clé d’envoi", max_length=12, unique=True, null=True, editable=False)  # noqa: DJ001
    has_note = models.BooleanField("précisions données", default=False)

    class Meta:
        verbose_name = "profil d’aidant"
        verbose_name_plural = "profils d’aidants"
        ordering = ["-registered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=~Q(state="withdrawn"), name="helper_one_live_profile_per_person"
            ),
        ]
        indexes = [models.Index(fields=["territory", "state"], name="helper_by_territory")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def note_field(self) -> str:
        return f"entraide.note#{self.public_id}"


class HelperIndex(models.Model):
    """Who may be asked, by cell: the only table the search of helpers reads (reference § 7.2).

    A row exists while the profile is available. `free_from` is the first moment when caps and rests allow
    another solicitation: written when one is sent, so that the search needs no counting.
    `h7` is the parent of `h8`, never the point's own res-7 cell: they differ for 7 % of points.
    """

    helper = models.OneToOneField(
        HelperProfile,
        models.CASCADE,  # the index says nothing that the profile does not
        primary_key=True,
        related_name="index",
        verbose_name="profil",
    )
    h8 = models.BigIntegerField("secteur fin")
    h7 = models.BigIntegerField("secteur")
    cats = models.BigIntegerField("aides proposées")
    slots = models.PositiveIntegerField("demi-journées")
    langs = models.BigIntegerField("langues")
    radius_m = models.PositiveIntegerField("rayon en mètres")
    screened = models.BooleanField("identité vue", default=False)
    free_from = models.DateTimeField("sollicitable à partir du")
    rested_since = models.DateTimeField("au repos depuis le")  # 1970 for who was never asked: no NULL to sort

    class Meta:
        verbose_name = "ligne de recherche"
        verbose_name_plural = "lignes de recherche"
        indexes = [
            # In the order of the answer: the scan of a cell stops as soon as enough are found.
            models.Index(
                fields=["h8", "rested_since", "helper", "cats", "slots", "langs", "radius_m", "free_from", "screened"],
                name="index_by_h8",
            ),
            # Nothing else is read, on both databases: a rare language looks at some ten thousand lines.
            models.Index(
                fields=[
                    "h7",
                    "cats",
                    "slots",
                    "langs",
                    "radius_m",
                    "free_from",
                    "screened",
                    "h8",
                    "rested_since",
                    "helper",
                ],
                name="index_by_h7",
            ),
            models.Index(
                fields=["rested_since", "helper", "cats", "slots", "langs", "free_from", "screened"],
                name="index_by_rest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
