"""Rights exercised: requests with their clock, mandates with their term."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from entremise.kernel import clock, ids
from entremise.kernel.machines import Machine
from entremise.people.models.persons import Person

REQUEST_LIFE = Machine(
    states={
        "received": "reçue",
        "identified": "identité vérifiée",
        "examined": "examinée",
        "done": "satisfaite",
        "refused": "refusée",
    },
    verbs={
        "identify": (frozenset({"received"}), "identified"),
        "examine": (frozenset({"identified"}), "examined"),
        "finish": (frozenset({"identified", "examined"}), "done"),
        # Who cannot be identified is refused too, with that reason.
        "refuse": (frozenset({"received", "identified", "examined"}), "refused"),
    },
)
MANDATE_LIFE = Machine(
    states={"declared": "déclaré", "verified": "vérifié", "ended": "échu", "revoked": "retiré"},
    verbs={
        "verify": (frozenset({"declared"}), "verified"),
        "end": (frozenset({"declared", "verified"}), "ended"),
        "revoke": (frozenset({"declared", "verified"}), "revoked"),
    },
)


class RightsRequest(models.Model):
    """Somebody exercises a right (RGPD 15 to 21). The clock starts at reception, by whatever channel, by whoever.

    `due_on` = received + 1 month, + 2 when extended once with a reason (RGPD 12.3). No free text: what is asked is a
    kind, a purpose, a line; what is answered is a reason of a list.
    """

    KINDS = {
        "access": "accès : une copie de mes données",
        "rectify": "correction",
        "object": "opposition",
        "restrict": "gel : ne plus s’en servir",
        "erase": "effacement",
        "portability": "portabilité : un fichier réutilisable",
        "contest": "contestation d’un accès",
    }
    CHANNELS = {
        "phone": "téléphone",
        "counter": "guichet",
        "paper": "lettre",
        "mail": "courriel",
        "web": "site",
    }
    EXTENSIONS = {
        "complex": "la demande est complexe",
        "many": "le nombre de demandes reçues",
    }
    REFUSALS = {
        "not_identified": "l’identité n’a pas pu être vérifiée",
        "unknown": "aucune donnée ne concerne la personne",
        "obligation": "une obligation légale impose de garder ces données",
        "others": "la réponse porterait atteinte aux droits d’autres personnes",
        "excessive": "la demande est manifestement infondée ou excessive",
    }

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    code = models.CharField("code dit", max_length=8, default=ids.spoken, editable=False, db_index=True)
    kind = models.CharField("droit", max_length=12, choices=list(KINDS.items()))
    channel = models.CharField("reçue par", max_length=8, choices=list(CHANNELS.items()))
    state = models.CharField("état", max_length=10, choices=REQUEST_LIFE.choices, default="received")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name="personne")
    mandate = models.ForeignKey("people.Mandate", models.PROTECT, null=True, related_name="+", verbose_name="mandat")
    purpose = models.CharField("finalité visée", max_length=40, blank=True, default="")
    line = models.BigIntegerField("ligne du journal contestée", null=True)
    received_on = models.DateField("reçue le")
    due_on = models.DateField("réponse avant le")
    identity_how = models.CharField("identité vérifiée par", max_length=12, blank=True, default="")
    identified_at = models.DateTimeField("identité vérifiée le", null=True)
    examined_at = models.DateTimeField("examinée le", null=True)
    extended_at = models.DateTimeField("prolongée le", null=True)
    extension = models.CharField("motif de prolongation", max_length=10, choices=list(EXTENSIONS.items()), blank=True)
    refusal = models.CharField("motif du refus", max_length=16, choices=list(REFUSALS.items()), blank=True)
    special_request = models.CharField("demande spéciale", max_length=12, blank=True, default="")
    recorded_by = models.BigIntegerField("reçue par le compte", null=True)
    agent = models.BigIntegerField("suivie par le compte", null=True)
    created_at = models.DateTimeField("enregistrée le", default=clock.now, editable=False)
    closed_at = models.DateTimeField("close le", null=True)
    closed_by = models.BigIntegerField("close par le compte", null=True)
    told_at = models.DateTimeField("destinataires prévenus le", null=True)
    warned = models.PositiveSmallIntegerField("rappels faits", default=0)

    class Meta:
        verbose_name = "demande de droits"
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["state", "due_on"], name="rights_request_due"),
            models.Index(fields=["person", "-created_at"], name="rights_request_person"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(REQUEST_LIFE.states)), name="rights_state_known"),
            models.CheckConstraint(condition=Q(due_on__gt=F("received_on")), name="rights_due_after"),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(refusal=""), name="rights_refusal_has_reason"),
        ]

    def __str__(self) -> str:
        return self.code


class Mandate(models.Model):
    """Somebody acts for a person (RGPD 12; Code civil 1984): proof seen, scope, term; taken back at once.

    The proxy is a person too: they prove who they are as everybody does. Nobody acts for a threatened person.
    """

    PROOFS = {
        "written": "mandat écrit et signé",
        "judgment": "jugement de tutelle, curatelle ou habilitation",
        "parent": "autorité parentale",
    }
    SCOPES = {"read": "lire", "write": "lire et corriger"}

    id = models.UUIDField("identifiant", primary_key=True, default=ids.uuid7, editable=False)
    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="mandates", verbose_name="mandant")
    proxy = models.ForeignKey(Person, models.PROTECT, related_name="mandates_held", verbose_name="mandataire")
    proof = models.CharField("preuve", max_length=10, choices=list(PROOFS.items()))
    scope = models.CharField("portée", max_length=6, choices=list(SCOPES.items()), default="read")
    state = models.CharField("état", max_length=10, choices=MANDATE_LIFE.choices, default="declared")
    until = models.DateField("jusqu’au")
    declared_at = models.DateTimeField("déclaré le", default=clock.now, editable=False)
    declared_by = models.BigIntegerField("déclaré au compte", null=True)
    verified_at = models.DateTimeField("vérifié le", null=True)
    verified_by = models.BigIntegerField("vérifié par le compte", null=True)
    closed_at = models.DateTimeField("fini le", null=True)

    class Meta:
        verbose_name = "mandat"
        ordering = ["-declared_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(person=F("proxy")), name="mandate_for_another",
                                   violation_error_message="Un mandataire est une autre personne que le mandant."),
            models.CheckConstraint(condition=Q(state__in=list(MANDATE_LIFE.states)), name="mandate_state_known"),
            models.CheckConstraint(condition=Q(scope__in=["read", "write"]), name="mandate_scope_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id
