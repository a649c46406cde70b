"""What leaves by e-mail or SMS: no name of the person helped, no phone, no address; a link and a way to answer.

The words come from the crisis kit in force. These run in jobs, the sending itself outside any transaction, and
are safe to run twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kits.queries import wordings
from entremise.mutualaid.models import HelperProfile, Match, Proposal
from entremise.mutualaid.queries import link_of
from entremise.people.models import Person
from entremise.people.usecases import deliver
from entremise.territories.queries import theme

TOLD = declare("mutualaid.proposal.message_sent", "a envoyé le message d’une proposition")
MATCH_TOLD = declare("mutualaid.match.message_sent", "a annoncé une mise en relation")
WELCOMED = declare("mutualaid.helper.message_sent", "a envoyé le message d’accueil")
PURPOSE = "mutualaid.contact"

# Said when no kit was applied: a message is late rather than lost.
PLAIN = {
    "proposal": (
        "Une personne près de chez vous a besoin d’aide",
        "Une personne a besoin d’aide : {category}, {when}. Répondez par oui ou par non : {url} ou au {phone}. "
        "Dire non ne change rien pour la suite.",
    ),
    "contact_ready": (
        "L’aide {code} est confirmée",
        "L’aide {code} est confirmée. La suite est sur votre page : {url} ou au {phone}.",
    ),
    "offer_confirm": (
        "Confirmez votre proposition d’aide",
        "Merci de proposer votre aide. Confirmez-la, mettez-la en pause ou retirez-la ici : {url} ou au {phone}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    text: str
    sms: str


def words(name: str, language: str, path: str, **places: str) -> Words:
    """The kit's words for a message, by e-mail and by SMS, with the address of its page."""
    look = theme()
    filled = {
        "service": look.name,
        "phone": look.phone or settings.PHONE,
        "url": f"{settings.PUBLIC_URL}{path}",
        "code": "",
        "category": "",
        "when": "",
        "hours": "",
        **places,
    }
    key = f"mutualaid.messages.{name}"
    found = wordings([f"{key}.sms", f"{key}_email.subject", f"{key}_email.email"])
    subject, text = PLAIN[name]
    said = {kind: row.said(language) for kind, row in found.items()}
    return Words(
        said.get(f"{key}_email.subject", subject).format(**filled),
        said.get(f"{key}_email.email", text).format(**filled),
        said.get(f"{key}.sms", text).format(**filled),
    )


def _send(actor: Actor, person: Person, told: Words, motive: str) -> str:
    return deliver(
        actor, person=person, subject=told.subject, text=told.text, sms=told.sms, purpose=PURPOSE, motive=motive
    )


def tell_helper(actor: Actor, *, proposal_id: int) -> str:
    """Send the question of a live proposal, once; returns the channel used (email, sms, none)."""
    proposal = Proposal.objects.select_related("need__category", "need__territory", "helper__person").get(
        pk=proposal_id
    )
    if proposal.state != "sent" or proposal.channel != "none":
        return proposal.channel
    hours = max(1, round((proposal.expires_at - proposal.sent_at).total_seconds() / 3600))
    told = words(
        "proposal",
        proposal.helper.person.language,
        f"/entraide/proposition/{link_of('proposal', proposal.public_id)}/",
        category=proposal.need.category.label.lower(),
        when=proposal.need.get_urgency_display(),
        hours=str(hours),
    )
    channel = _send(actor, proposal.helper.person, told, "Envoi d’une proposition de mise en relation")
    with transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk, channel="none").update(channel=channel)
        record(actor, TOLD, proposal, channel=channel)
    return channel


def tell_match(actor: Actor, *, match_id: int) -> str:
    """Tell the helper that it is agreed, with the link to their page; the person is called by the agent."""
    match = Match.objects.select_related("need__category", "helper__person").get(pk=match_id)
    path = f"/mon-engagement/{link_of('helper', match.helper.public_id)}/"
    told = words("contact_ready", match.helper.person.language, path, code=match.need.code)
    channel = _send(actor, match.helper.person, told, "Annonce d’une mise en relation confirmée")
    with transaction.atomic():
        record(actor, MATCH_TOLD, match, channel=channel)
    return channel


def welcome_helper(actor: Actor, *, helper_id: int) -> str:
    """The link to confirm a new offer, and later to pause or withdraw it."""
    helper = HelperProfile.objects.select_related("person").get(pk=helper_id)
    if helper.state not in ("registered", "available"):
        return "none"
    path = f"/mon-engagement/{link_of('helper', helper.public_id)}/"
    told = words("offer_confirm", helper.person.language, path)
    channel = _send(actor, helper.person, told, "Message d’accueil d’une personne qui propose son aide")
    with transaction.atomic():
        record(actor, WELCOMED, helper, channel=channel)
    return channel
