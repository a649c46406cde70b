"""How a person is reached besides their first number, and who may be called for them. Values are in the vault."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock, ids
from entremise.people.models.persons import Person


class PhoneLine(models.Model):
    """One more telephone of a person, sealed in `personne.phone#<rank>`: only what sort of line it is.

    `shared`: several persons answer there (a couple, a residence): nothing is said before the right one speaks.
    """

    KINDS = {"mobile": "mobile", "fixed": "fixe", "other": "autre"}

    person = models.ForeignKey(Person, models.PROTECT, related_name="lines", verbose_name="personne")
    rank = models.PositiveSmallIntegerField("rang")
    kind = models.CharField("sorte", max_length=8, choices=list(KINDS.items()), default="mobile")
    shared = models.BooleanField("ligne partagée", default=False)
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "autre téléphone"
        ordering = ["person", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["person", "rank"], name="one_line_per_rank"),
            models.CheckConstraint(
                condition=Q(rank__gte=1, rank__lte=9),
                name="line_rank_small",
                violation_error_message="Neuf autres téléphones au plus par personne.",
            ),
            models.CheckConstraint(condition=Q(kind__in=["mobile", "fixed", "other"]), name="line_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}"

    @property
    def field(self) -> str:
        """Where the number is sealed."""
        return f"personne.phone#{self.rank}"


class TrustedContact(models.Model):
    """Somebody close: what they are to the person, when they may be called, what they may know.

    Their name and number are sealed in the person's own record, category `relatives`.
    """

    RELATIONS = {
        "spouse": "conjoint·e",
        "child": "enfant",
        "parent": "parent",
        "family": "autre membre de la famille",
        "neighbour": "voisin·e",
        "friend": "ami·e",
        "carer": "aide à domicile ou soignant·e",
        "guardian": "tuteur, curateur ou mandataire",
        "other": "autre",
    }
    WHEN = {
        "emergency": "en cas d’urgence seulement",
        "unreachable": "si la personne ne répond pas",
        "always": "à tout moment",
    }
    KNOWS = {
        "nothing": "rien : seulement demander de prendre des nouvelles",
        "wellbeing": "si la personne va bien",
        "all": "tout ce qui concerne l’aide apportée",
    }

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="trusted_contacts", verbose_name="personne")
    relation = models.CharField("lien", max_length=12, choices=list(RELATIONS.items()))
    may_be_called = models.CharField("peut être appelé", max_length=12, choices=list(WHEN.items()))
    may_know = models.CharField("peut savoir", max_length=12, choices=list(KNOWS.items()))
    recorded_by = models.BigIntegerField("noté par le compte", null=True)
    channel = models.CharField("canal", max_length=10)
    at = models.DateTimeField("date", default=clock.now)
    removed_at = models.DateTimeField("retiré le", null=True)

    class Meta:
        verbose_name = "proche de confiance"
        ordering = ["person", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(may_be_called__in=["emergency", "unreachable", "always"]), name="trusted_when_known"
            ),
            models.CheckConstraint(condition=Q(may_know__in=["nothing", "wellbeing", "all"]), name="trusted_may_know"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def fields(self) -> dict[str, str]:
        """Where the name and the number are sealed."""
        return {
            "full_name": f"personne.relative_name#{self.public_id}",
            "number": f"personne.relative_phone#{self.public_id}",
        }


class IdentityMark(models.Model):
    """A keyed fingerprint of a name with a number, or with a birth date: the same human met again is recognised.

    An objection holds for the file imported tomorrow, under another identifier. 16 bytes of HMAC under an index key
    of the vault: without that key, nothing can be found or guessed from it.
    """

    KINDS = {"name_phone": "nom et téléphone", "name_birth": "nom et naissance"}

    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    kind = models.CharField("sorte", max_length=12, choices=list(KINDS.items()))
    mark = models.BinaryField("empreinte", max_length=16)

    class Meta:
        verbose_name = "marque d’identité"
        indexes = [models.Index(fields=["mark"], name="identity_mark")]
        constraints = [models.UniqueConstraint(fields=["person", "kind", "mark"], name="one_identity_mark")]

    def __str__(self) -> str:
        return f"{self.pk}"
