"""Who comes too often to the public doors: programs are slowed down, people are told to call."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from entremise.kernel import clock
from entremise.kernel.errors import DomainError
from entremise.mutualaid.models import Knock

# In one hour, from one network. A town hall, a library or an operator's shared address count as one (PD: ours).
LIMITS = {"need": 30, "offer": 30, "follow": 40, "link": 20, "link_number": 3}


class TooManyKnocks(DomainError):
    code = "too_many_knocks"


@transaction.atomic
def knock(*, door: str, who: str) -> None:
    """Count one passage of `who` (a network, a number) at a door of LIMITS. Raises TooManyKnocks above its limit."""
    now = clock.now()
    mark = salted_hmac(f"entremise.mutualaid.knock.{now:%Y%m%d}", who, algorithm="sha256").hexdigest()[:32]
    hour = now.replace(minute=0, second=0, microsecond=0)
    if Knock.one_more(door=door, mark=mark, hour=hour) > LIMITS[door]:
        raise TooManyKnocks(_("Beaucoup d’envois sont arrivés d’ici en une heure. Appelez-nous : on s’en occupe."))


@transaction.atomic
def forget_knocks() -> None:
    """Delete what is older than a day: the marks mean nothing any more."""
    Knock.objects.filter(hour__lt=clock.now() - timedelta(days=1)).delete()
