"""What was given to a service outside, sealed, and whether it was opened."""

from __future__ import annotations

from django.db import models

from entremise.kernel import clock, ids


class Envelope(models.Model):
    """Sealed by its link and by the record's key: neither the base nor the link alone opens it."""

    id = models.UUIDField("identifiant", primary_key=True, default=ids.uuid7, editable=False)
    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    record = models.UUIDField("dossier", db_index=True)
    register = models.CharField("registre", max_length=40)
    recipient = models.CharField("service destinataire", max_length=160)
    purpose = models.CharField("finalité", max_length=40)
    token_hash = models.CharField("empreinte du lien", max_length=64, unique=True)
    blob = models.BinaryField("contenu scellé")
    sealed_by = models.BigIntegerField("préparé par le compte", null=True)
    sealed_at = models.DateTimeField("préparé le", default=clock.now)
    until = models.DateTimeField("jusqu’au")
    first_opened_at = models.DateTimeField("ouvert la première fois le", null=True, blank=True)
    openings = models.PositiveIntegerField("ouvertures", default=0)
    withdrawn_at = models.DateTimeField("repris le", null=True, blank=True)

    class Meta:
        verbose_name = "envoi scellé"

    def __str__(self) -> str:
        return self.public_id
