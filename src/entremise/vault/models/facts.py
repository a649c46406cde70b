"""The facts that rules look at: rows, read anew for each decision, never policies (reference § 2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock


class Register(models.Model):
    """A register as it is governed: whom it serves, for what, until when. Its fields are those of its profile.

    `profile` names the shape declared in `vault.registry` (fields and categories). `recipients` are organisations'
    ids, or `["*"]` for every house of this site. States: reference rules-vault-commons § 19.
    """

    KINDS = {
        "legal": "registre légal d’alerte",
        "safeguard": "plan de sauvegarde",
        "service": "fichier réemployé",
        "mutual_aid": "entraide",
    }
    STATES = {
        "project": "projet",
        "open": "ouvert",
        "suspended": "suspendu",
        "closed": "clos",
        "shredded": "détruit",
    }

    code = models.SlugField("code", max_length=40, primary_key=True)
    profile = models.CharField("profil", max_length=40)
    kind = models.CharField("nature", max_length=12, choices=list(KINDS.items()))
    label = models.CharField("nom", max_length=120)
    controller = models.CharField("responsable de traitement", max_length=160, blank=True)
    recipients = models.JSONField("structures destinataires", default=list)
    bases = models.JSONField("base légale de chaque finalité", default=dict)
    consent_purposes = models.JSONField("finalités fondées sur le consentement", default=list, blank=True)
    crisis_purposes = models.JSONField("finalités de crise", default=list, blank=True)
    crisis_declared_at = models.DateTimeField("plan déclenché le", null=True, blank=True)
    nominative = models.BooleanField("agents désignés par écrit seulement", default=False)
    status = models.CharField("état", max_length=10, choices=list(STATES.items()), default="project")
    assessment_signed_at = models.DateTimeField("analyse d’impact signée le", null=True, blank=True)
    assessment = models.JSONField("parties de l’analyse d’impact", default=dict, blank=True)
    expires_at = models.DateTimeField("échéance")
    k_threshold = models.PositiveSmallIntegerField("plus petit effectif publié", default=11)
    created_at = models.DateTimeField("créé le", default=clock.now, editable=False)
    closed_at = models.DateTimeField("clos le", null=True, blank=True)

    class Meta:
        verbose_name = "registre"
        ordering = ["label"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["project", "open", "suspended", "closed", "shredded"]),
                name="register_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="open") | Q(assessment_signed_at__isnull=False),
                name="register_open_assessed",
                violation_error_message="Faites signer l’analyse d’impact avant d’ouvrir ce registre.",
            ),
            models.CheckConstraint(
                condition=Q(k_threshold__gte=11),
                name="register_threshold_lawful",
                violation_error_message="Un effectif publié compte au moins 11 personnes.",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Stance(models.Model):
    """What a person said of a purpose, in force now: a consent, or an objection. The whole story is in `people`.

    At the level of the person, whatever the register: an objection holds for the files that come later too.
    """

    WORDS = {"consent": "accord", "objection": "opposition"}

    person = models.UUIDField("personne")
    purpose = models.CharField("finalité", max_length=40)
    word = models.CharField("réponse", max_length=10, choices=list(WORDS.items()))
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "accord ou opposition"
        constraints = [
            models.UniqueConstraint(fields=["person", "purpose", "word"], name="one_stance"),
            models.CheckConstraint(condition=Q(word__in=["consent", "objection"]), name="stance_word_known"),
        ]

    def __str__(self) -> str:
        return f"{self.word} {self.purpose}"


class Assignment(models.Model):
    """A record confided to one agent for one purpose, until then (a claimed call, a need taken in hand)."""

    person = models.UUIDField("personne")
    register = models.CharField("registre", max_length=40)
    user = models.BigIntegerField("compte")
    purpose = models.CharField("finalité", max_length=40)
    at = models.DateTimeField("date", default=clock.now)
    until = models.DateTimeField("jusqu’au")
    ended_at = models.DateTimeField("terminée le", null=True)

    class Meta:
        verbose_name = "dossier confié"
        indexes = [models.Index(fields=["person", "register", "purpose"], name="assignment_person")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "register", "user", "purpose"],
                condition=Q(ended_at__isnull=True),
                name="one_live_assignment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Habilitation(models.Model):
    """What one account may act for, signed by the controller, and the confidentiality this person promised.

    Without a row, or without a live promise, the floor refuses everything (RGPD 29, 32.4; Code pénal 226-13).
    """

    user = models.BigIntegerField("compte", unique=True)
    purposes = models.JSONField("finalités", default=list)
    named_in = models.JSONField("désigné·e par écrit dans", default=list, blank=True)
    level = models.PositiveSmallIntegerField("niveau d’appel", default=0)
    professional_secrecy = models.BooleanField("tenu·e au secret professionnel", default=False)
    active_until = models.DateTimeField("terme")
    signed_by = models.BigIntegerField("signée par le compte", null=True)
    signed_at = models.DateTimeField("signée le", default=clock.now)
    commitment_at = models.DateTimeField("engagement signé le", null=True, blank=True)
    commitment_until = models.DateTimeField("engagement valable jusqu’au", null=True, blank=True)
    suspended_at = models.DateTimeField("suspendue le", null=True, blank=True)
    suspended_reason = models.CharField("motif de la suspension", max_length=300, blank=True)

    class Meta:
        verbose_name = "habilitation"
        constraints = [models.CheckConstraint(condition=Q(level__lte=4), name="habilitation_level_known")]

    def __str__(self) -> str:
        return f"{self.user}"


class IdentityCheck(models.Model):
    """Somebody's identity was checked, by this agent, for the exercise of rights (RGPD 12.6): how, until when."""

    HOW = {
        "document": "pièce d’identité vue",
        "letter_code": "code de la lettre",
        "known": "lettre à l’adresse connue",
    }

    person = models.UUIDField("personne", db_index=True)
    user = models.BigIntegerField("compte")
    how = models.CharField("moyen", max_length=12, choices=list(HOW.items()))
    at = models.DateTimeField("date", default=clock.now)
    until = models.DateTimeField("jusqu’au")

    class Meta:
        verbose_name = "identité vérifiée"

    def __str__(self) -> str:
        return f"{self.pk}"


class Release(models.Model):
    """A fact: this receiver may read these fields of this giver, until then."""

    giver = models.UUIDField("personne qui donne")
    receiver = models.UUIDField("personne qui reçoit")
    fields = models.JSONField("champs")
    purpose = models.CharField("finalité", max_length=40)
    at = models.DateTimeField("date")
    until = models.DateTimeField("jusqu’au")
    revoked_at = models.DateTimeField("retirée le", null=True)

    class Meta:
        verbose_name = "transmission de coordonnées"
        indexes = [models.Index(fields=["receiver", "giver"], name="release_receiver")]

    def __str__(self) -> str:
        return f"{self.pk}"
