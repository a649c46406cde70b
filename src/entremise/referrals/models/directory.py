"""The directory (« Annuaire »): structures and services in the data·inclusion v1 model, and what we add to it.

`content` holds the record of the source, whole, under the field names of the schema; the columns beside it are what a
search or a page needs. A row is never deleted: an old referral must still be able to name it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.accounts.models import User
from entremise.kernel import clock, ids

CAPACITIES = {"unknown": "places inconnues", "available": "a de la place", "full": "complet"}
REPORTS = {
    "phone": "le numéro ne répond pas ou est faux",
    "closed": "le service n’existe plus",
    "hours": "les horaires sont faux",
    "zone": "il n’intervient pas dans cette zone",
    "public": "il n’accueille pas ce public",
    "other": "autre chose",
}


class Structure(models.Model):
    """Who offers services. `ref` is the `id` of the source; `updated_on` its `date_maj`."""

    source = models.CharField("source", max_length=100)
    ref = models.CharField("identifiant dans la source", max_length=200)
    label = models.CharField("nom", max_length=150)
    content = models.JSONField("fiche data·inclusion")
    updated_on = models.DateField("mise à jour par la source")
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    class Meta:
        verbose_name = "structure"
        constraints = [models.UniqueConstraint(fields=["source", "ref"], name="structure_once")]

    def __str__(self) -> str:
        return self.label


class Service(models.Model):
    """One service. `audience` and `modes` are lists in one text, « |seniors|familles| »: empty says nothing.

    `capacity`, `verified_at` and `verified_by` are ours: an import never touches them. `telephone`: E.164, empty when
    the source gives none that can be dialled. `quality`: 0 to 100, by the schema's own score without its share of age.
    """

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="services", verbose_name="structure")
    source = models.CharField("source", max_length=100)
    ref = models.CharField("identifiant dans la source", max_length=200)
    label = models.CharField("nom", max_length=150)
    content = models.JSONField("fiche data·inclusion")
    updated_on = models.DateField("mise à jour par la source")
    number = models.PositiveIntegerField("version", default=1)
    commune_code = models.CharField("commune", max_length=5, blank=True, default="")
    telephone = models.CharField("téléphone", max_length=20, blank=True, default="")
    hours = models.TextField("horaires", blank=True, default="")
    audience = models.CharField("publics", max_length=400, blank=True, default="")
    modes = models.CharField("modes d’accueil", max_length=40, blank=True, default="")
    for_agents = models.BooleanField("mobilisable par un professionnel", default=True)
    quality = models.PositiveSmallIntegerField("qualité de la fiche", default=0)
    capacity = models.CharField("places", max_length=9, choices=list(CAPACITIES.items()), default="unknown")
    capacity_at = models.DateTimeField("places connues le", null=True, blank=True)
    verified_at = models.DateTimeField("vérifié le", null=True, blank=True)
    verified_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="vérifié par"
    )
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta:
        verbose_name = "service"
        constraints = [
            models.UniqueConstraint(fields=["source", "ref"], name="service_once"),
            models.CheckConstraint(condition=Q(capacity__in=list(CAPACITIES)), name="service_capacity_known"),
            models.CheckConstraint(condition=Q(quality__lte=100), name="service_quality_percent"),
        ]

    def __str__(self) -> str:
        return self.label


class ServiceTheme(models.Model):
    """What a service is for: one row a thématique, made again from the record."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="themes", verbose_name="service")
    theme = models.CharField("thématique", max_length=100)

    class Meta:
        verbose_name = "thématique d’un service"
        constraints = [models.UniqueConstraint(fields=["service", "theme"], name="service_theme_once")]
        indexes = [models.Index(fields=["theme", "service"], name="service_theme")]

    def __str__(self) -> str:
        return self.theme


class ServiceZone(models.Model):
    """Where a service comes: one row a code. `presumed`: the source says no zone, we guess its own département."""

    RANKS = {0: "commune", 1: "intercommunalité", 2: "département", 3: "France entière", 4: "zone non précisée"}

    service = models.ForeignKey(Service, models.PROTECT, related_name="zones", verbose_name="service")
    rank = models.PositiveSmallIntegerField("étendue", choices=list(RANKS.items()))
    code = models.CharField("code", max_length=9)

    class Meta:
        verbose_name = "zone d’un service"
        constraints = [models.UniqueConstraint(fields=["service", "code"], name="service_zone_once")]
        indexes = [models.Index(fields=["code", "rank", "service"], name="service_zone")]

    def __str__(self) -> str:
        return self.code


class DirectoryImport(models.Model):
    """A file for the directory: checked first, loaded when somebody says so. `file` is emptied once loaded.

    `report`: problems found, located, 500 at most; `counts`: read, accepted, rejected, new, changed, same, older…
    """

    STATES = {"checked": "à confirmer", "loading": "en cours", "loaded": "chargé", "refused": "refusé"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    title = models.CharField("fichier", max_length=150)
    file = models.BinaryField("contenu", default=bytes, editable=False)
    whole = models.BooleanField("liste complète de la source", default=False)
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="checked")
    report = models.JSONField("anomalies", default=list)
    counts = models.JSONField("comptes", default=dict)
    done = models.PositiveIntegerField("fiches traitées", default=0)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="envoyé par")
    sent_at = models.DateTimeField("envoyé le", default=clock.now)
    loaded_at = models.DateTimeField("chargé le", null=True, blank=True)

    class Meta:
        verbose_name = "import d’annuaire"
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return self.title


class ServiceVersion(models.Model):
    """What the record of a service said, version by version: append-only."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="versions", verbose_name="service")
    number = models.PositiveIntegerField("version")
    content = models.JSONField("fiche data·inclusion")
    updated_on = models.DateField("mise à jour par la source")
    came_at = models.DateTimeField("reçue le", default=clock.now)
    origin = models.ForeignKey(
        DirectoryImport, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="import"
    )

    class Meta:
        verbose_name = "version d’un service"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["service", "number"], name="service_version_once")]

    def __str__(self) -> str:
        return f"version {self.number}"


class ServiceReport(models.Model):
    """« Signaler une erreur » on a service: what is wrong, who says so; settled by whoever keeps the directory."""

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="reports", verbose_name="service")
    kind = models.CharField("erreur", max_length=8, choices=list(REPORTS.items()))
    words = models.CharField("précisions", max_length=300, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="signalée par")
    made_at = models.DateTimeField("signalée le", default=clock.now)
    settled_at = models.DateTimeField("réglée le", null=True, blank=True)
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="réglée par"
    )

    class Meta:
        verbose_name = "erreur signalée"
        ordering = ["-made_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=list(REPORTS)), name="service_report_kind")]

    def __str__(self) -> str:
        return self.public_id


class NeedTheme(models.Model):
    """A need of ours answers to a thématique of data·inclusion: many to many, edited by whoever keeps the directory.

    A need without any row takes the list shipped in `engine/themes.py`.
    """

    need = models.CharField("besoin", max_length=20)
    theme = models.CharField("thématique", max_length=100)

    class Meta:
        verbose_name = "thématique d’un besoin"
        constraints = [models.UniqueConstraint(fields=["need", "theme"], name="need_theme_once")]

    def __str__(self) -> str:
        return f"{self.need} : {self.theme}"
