"""What an accepted caller still lacks before a single name opens: « reste à signer ». The vault decides alone."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from entremise.accounts.queries import memberships_of
from entremise.outreach.models import CallCampaign, CallerProfile
from entremise.outreach.queries.claims import CALLS
from entremise.vault import queries as vault


def missing_rights(row: CallerProfile, now: datetime) -> list[str]:
    """One sentence per thing to sign, with who signs it; empty when this caller may call. A flat number of queries.

    The habilitation is the controller's (RGPD 29): accepting somebody on the path never gives it.
    """
    told: list[str] = []
    if "caller" not in {one.role for one in memberships_of(row.user_id)}:
        told.append("Le rôle « appelant·e » : le responsable de sa structure le donne.")
    signed = vault.habilitation(row.user_id)
    live = CallCampaign.objects.filter(state__in=("draft", "open", "paused"))
    asked = {one for one in live.values_list("purpose", flat=True) if one in CALLS} or {"outreach.call"}
    if signed is None or not signed.purposes:
        told.append("L’habilitation : le responsable de traitement la signe.")
    elif signed.suspended_at is not None:
        told.append("L’habilitation est suspendue : le délégué à la protection des données la rétablit.")
    elif signed.active_until <= now:
        day = timezone.localtime(signed.active_until)
        told.append(f"L’habilitation a pris fin le {day:%d/%m/%Y} : le responsable de traitement la renouvelle.")
    elif asked - set(signed.purposes):
        told.append("L’habilitation ne couvre pas toutes les campagnes : le responsable de traitement la complète.")
    if signed is None or signed.commitment_until is None or signed.commitment_until <= now:
        told.append("L’engagement de confidentialité : cette personne le signe avec la charte, pour un an.")
    named = {one.code for one in vault.registers() if one.nominative}
    called = {code for codes in live.values_list("registers", flat=True) for code in codes} & named
    if called - set(signed.named_in if signed else ()):
        labels = ", ".join(sorted(one.label for one in vault.registers() if one.code in called))
        told.append(f"La désignation nominative ({labels}) : l’exécutif la signe par écrit.")
    return told
