"""A lost personal link, sent again to the number we know: the page that asks never says whether we know it."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import jobs
from entremise.kernel.actors import Actor
from entremise.mutualaid.models import HelperProfile, Need
from entremise.mutualaid.queries import link_of
from entremise.people.queries import find_by_phone
from entremise.people.usecases import deliver

ASKED = declare("mutualaid.link.asked", "a demandé à recevoir de nouveau un lien personnel")
NEED_LINK = declare("mutualaid.need.link_sent", "a envoyé le lien personnel d’une demande")
HELPER_LINK = declare("mutualaid.helper.link_sent", "a envoyé le lien personnel d’une proposition d’aide")
PURPOSE = "mutualaid.contact"


@transaction.atomic
def ask_link(actor: Actor, *, phone: str) -> None:
    """Send again the links of who is known under this number; the answer is the same when nobody is.

    ValueError, with a French sentence, for a number that is none.
    """
    persons = find_by_phone(Actor.machine("liens perdus"), phone=phone, motive="Lien personnel demandé de nouveau")
    needs = list(Need.objects.live().filter(person__in=persons).order_by("-pk")[:3])
    helpers = list(HelperProfile.objects.filter(person__in=persons).exclude(state="withdrawn").order_by("-pk")[:2])
    for need in needs:
        jobs.enqueue("mutualaid.send_need_link", need_id=need.pk)
    for helper in helpers:
        jobs.enqueue("mutualaid.send_helper_link", helper_id=helper.pk)
    subject = next(iter([*needs, *helpers]), None)
    if subject is not None:
        record(actor, ASKED, subject, needs=len(needs), helpers=len(helpers))


def send_need_link(actor: Actor, *, need_id: int) -> str:
    """Send the page of a request to the person; returns the channel used (email, sms, none)."""
    need = Need.objects.select_related("person").get(pk=need_id)
    link = f"{settings.PUBLIC_URL}/entraide/suivi/{link_of('need', need.public_id)}/"
    channel = deliver(
        actor,
        person=need.person,
        subject="Votre demande d’aide",
        text=f"Votre demande {need.code} se suit, se change ou s’annule ici :\n{link}",
        purpose=PURPOSE,
        motive="Lien personnel demandé de nouveau",
    )
    with transaction.atomic():
        record(actor, NEED_LINK, need, channel=channel)
    return channel


def send_helper_link(actor: Actor, *, helper_id: int) -> str:
    """Send the page of an offer to the helper; returns the channel used (email, sms, none)."""
    helper = HelperProfile.objects.select_related("person").get(pk=helper_id)
    link = f"{settings.PUBLIC_URL}/mon-engagement/{link_of('helper', helper.public_id)}/"
    channel = deliver(
        actor,
        person=helper.person,
        subject="Votre proposition d’aide",
        text=f"Votre proposition d’aide se change, se met en pause ou se retire ici :\n{link}",
        purpose=PURPOSE,
        motive="Lien personnel demandé de nouveau",
    )
    with transaction.atomic():
        record(actor, HELPER_LINK, helper, channel=channel)
    return channel
