"""Who is told of an emergency: the supervisor on duty at once, by every way there is, the next one after 5 minutes.

A message names nobody: a link, a number, the campaign. Alerts go on, around the list, until somebody answers.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach.models import CallCampaign, Emergency, EmergencyAlert
from entremise.outreach.queries import care
from entremise.people.engine import phone as phones
from entremise.people.usecases import text_colleague, write_colleague
from entremise.territories.queries import theme

log = logging.getLogger("entremise.outreach")

ALERTED = declare("outreach.emergency.alerted", "a alerté un superviseur d’une urgence")
NEXT_AFTER: Final = timedelta(minutes=5)
WAYS: Final = {"page": "à l’écran", "mail": "courriel", "sms": "SMS au téléphone de permanence"}


def alert_first(row: Emergency) -> int:
    """The first alert, within the transaction that writes the emergency; its rank, 0 when nobody supervises."""
    return _alert(row, 1)


@transaction.atomic
def alert_emergencies(actor: Actor) -> int:
    """By the clock, each minute: emergencies nobody acknowledged for 5 minutes since the last alert are told to the
    next supervisor; how many were. Safe to run twice. NotAllowed for anybody but the clock."""
    if not actor.has("machine"):
        raise NotAllowed("Seul le logiciel répète les alertes.")
    now, told = clock.now(), 0
    for row in Emergency.objects.filter(closed_at=None, acknowledged_at=None):
        last = row.alerts.order_by("-rank").first()
        if last is not None and last.at > now - NEXT_AFTER:
            continue
        if _alert(row, last.rank + 1 if last else 1):
            record(actor, ALERTED, row, rank=last.rank + 1 if last else 1)
            told += 1
    return told


def _alert(row: Emergency, rank: int) -> int:
    now = clock.now()
    who = care.duty_list(row.campaign_id, now)
    if not who:
        log.error("emergency %s: there is no supervisor to alert", row.public_id)
        return 0
    supervisor = who[(rank - 1) % len(who)]
    ways = ["page", "mail", *(["sms"] if duty_number(row) else [])]
    try:
        with transaction.atomic():
            for way in ways:
                made = EmergencyAlert.objects.create(emergency=row, supervisor=supervisor, rank=rank, way=way, at=now)
                if way != "page":
                    jobs.enqueue("outreach.send_alert", alert_id=made.pk)
    except IntegrityError:  # another worker was quicker
        return 0
    return rank


def duty_number(row: Emergency) -> str:
    """The mobile of the duty phone in E.164, when this campaign has one that takes text messages."""
    said = row.campaign.duty_phone if row.campaign else ""
    try:
        number = phones.normalise(said) if said else ""
    except ValueError:
        return ""
    return number if number and phones.receives_sms(number) else ""


def send_alert(actor: Actor, *, alert_id: int) -> bool:
    """Send one alert, outside any transaction; False when somebody acknowledged meanwhile. Raises MessageNotSent."""
    alert = EmergencyAlert.objects.select_related("emergency__campaign", "supervisor").get(pk=alert_id)
    row = alert.emergency
    if row.acknowledged_at is not None or row.closed_at is not None:
        return False
    link = f"{settings.PUBLIC_URL}/veille/urgences/{row.public_id}/"
    label = row.campaign.label if row.campaign else "hors campagne"
    text = (
        f"Une personne est peut-être en danger ({label}). Urgence {row.public_id}.\n"
        f"Prenez-la ici : {link}\nSans réponse de votre part dans 5 minutes, la personne suivante est prévenue."
    )
    if alert.way == "sms":
        text_colleague(actor, number=duty_number(row), text=f"{theme().name} : urgence {row.public_id}. {link}")
    else:
        subject = f"Urgence {row.public_id} : à prendre maintenant"
        write_colleague(actor, address=alert.supervisor.email, subject=subject, text=text)
    return True


def tell_late_steps(actor: Actor, *, campaign_id: int, user_id: int, steps: int) -> None:
    """Tell one supervisor, by mail, how many steps of searches are late: no name, a link. Raises MessageNotSent."""
    campaign = CallCampaign.objects.get(pk=campaign_id)
    who = User.objects.get(pk=user_id)
    many = steps > 1
    text = (
        f"{campaign.label} : {steps} étape{'s' if many else ''} de recherche {'ont' if many else 'a'} passé "
        f"{'leur' if many else 'son'} délai.\nVoir la liste : {settings.PUBLIC_URL}/veille/recherches/\n"
        "Une étape en retard reste à faire : rien ne la remplace."
    )
    write_colleague(actor, address=who.email, subject="Recherche d’une personne : étape en retard", text=text)
