"""What leaves by e-mail or SMS: no name of the person helped, no phone, no address; a link and a way to answer.

These run in jobs, outside a transaction for the sending itself, and are safe to run twice.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.mutualaid.models import HelperProfile, Match, Proposal
from entremise.mutualaid.queries import link_of
from entremise.people.usecases import deliver

TOLD = declare("mutualaid.proposal.message_sent", "a envoyé le message d’une proposition")
MATCH_TOLD = declare("mutualaid.match.message_sent", "a annoncé une mise en relation")
WELCOMED = declare("mutualaid.helper.message_sent", "a envoyé le message d’accueil")
PURPOSE = "mutualaid.contact"


def _address(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def tell_helper(actor: Actor, *, proposal_id: int) -> str:
    """Send the question of a live proposal, once; returns the channel used (email, sms, none)."""
    proposal = Proposal.objects.select_related("need__category", "need__territory", "helper__person").get(
        pk=proposal_id
    )
    if proposal.state != "sent" or proposal.channel != "none":
        return proposal.channel
    need = proposal.need
    link = _address(f"/entraide/proposition/{link_of('proposal', proposal.public_id)}/")
    text = (
        f"Bonjour,\n\nUne personne {need.territory.at()} a besoin d’aide : {need.category.label.lower()}, "
        f"{need.get_urgency_display()}.\n\nPouvez-vous l’aider ? Répondez par oui ou par non ici :\n{link}\n\n"
        "Votre réponse est libre : dire non ne change rien pour la suite."
    )
    channel = deliver(
        actor,
        person=proposal.helper.person,
        subject="Une personne a besoin de vous",
        text=text,
        purpose=PURPOSE,
        motive="Envoi d’une proposition de mise en relation",
    )
    with transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk, channel="none").update(channel=channel)
        record(actor, TOLD, proposal, channel=channel)
    return channel


def tell_match(actor: Actor, *, match_id: int) -> str:
    """Tell the helper that it is agreed, with the link to their page; the person is called by the agent."""
    match = Match.objects.select_related("need__category", "need__territory", "helper__person").get(pk=match_id)
    link = _address(f"/mon-engagement/{link_of('helper', match.helper.public_id)}/")
    text = (
        f"Bonjour,\n\nC’est d’accord pour « {match.need.category.label} » {match.need.territory.at()} "
        f"(demande {match.need.code}).\n\nLa suite est sur votre page : {link}\n\nMerci."
    )
    channel = deliver(
        actor,
        person=match.helper.person,
        subject="C’est d’accord, merci",
        text=text,
        purpose=PURPOSE,
        motive="Annonce d’une mise en relation confirmée",
    )
    with transaction.atomic():
        record(actor, MATCH_TOLD, match, channel=channel)
    return channel


def welcome_helper(actor: Actor, *, helper_id: int) -> str:
    """The confirmation link of a new offer, or the welcome of one that an agent confirmed."""
    helper = HelperProfile.objects.select_related("person").get(pk=helper_id)
    if helper.state not in ("registered", "available"):
        return "none"
    link = _address(f"/mon-engagement/{link_of('helper', helper.public_id)}/")
    first = "Confirmez votre proposition d’aide" if helper.state == "registered" else "Votre proposition d’aide"
    text = (
        f"Bonjour,\n\nMerci de proposer votre aide. {first} sur votre page, où vous pouvez aussi la mettre en pause "
        f"ou la retirer à tout moment :\n{link}\n\nNous vous écrirons seulement quand une demande vous correspond."
    )
    channel = deliver(
        actor,
        person=helper.person,
        subject=first,
        text=text,
        purpose=PURPOSE,
        motive="Message d’accueil d’une personne qui propose son aide",
    )
    with transaction.atomic():
        record(actor, WELCOMED, helper, channel=channel)
    return channel
