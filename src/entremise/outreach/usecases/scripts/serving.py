"""Which version of a script serves: one at a time, chosen by a supervisor; open calls end on theirs."""

from __future__ import annotations

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.models import CallCampaign, Script, ScriptVersion
from entremise.outreach.models.scripts import VERSION

ACTIVATED = declare("outreach.script.activated", "a mis en service une version d’un script d’appel")
RETIRED = declare("outreach.script.retired", "a retiré une version d’un script d’appel")


class ScriptBlocked(DomainError):
    """A version with something to correct stays a draft."""

    code = "script_blocked"


class ScriptInUse(DomainError):
    """Callers would have no script left: put another version in service instead."""

    code = "script_in_use"


@transaction.atomic
def activate_version(actor: Actor, *, version: ScriptVersion) -> ScriptVersion:
    """Put a draft in service; the version before is retired in the same deed. Calls already begun end on theirs.

    Raises NotAllowed, SecondFactorNeeded, ScriptBlocked (with what to correct), IllegalTransition (it is no draft).
    """
    policies.require_scripts(actor)
    Script.objects.select_for_update().get(pk=version.script_id)  # whoever comes second waits here
    serve(version)
    record(actor, ACTIVATED, version, script=version.script.code, number=version.number, sha256=version.sha256)
    return version


def serve(version: ScriptVersion) -> None:
    """The moves of `activate_version`; the row of its script is locked, or new."""
    if version.blocking:
        first, count = version.blocking[0]["line"], len(version.blocking)
        more = f" et {count - 1} autre{'s' if count > 2 else ''}" if count > 1 else ""
        raise ScriptBlocked(
            f"Cette version ne peut pas servir tant que ceci n’est pas corrigé : {first}{more} "
            "Corrigez le classeur, puis importez-le à nouveau."
        )
    now = clock.now()
    before = ScriptVersion.objects.filter(script=version.script_id, state="active").first()
    if before is not None and before.pk != version.pk:
        VERSION.move(before, "retire", retired_at=now)
    VERSION.move(version, "activate", activated_at=now)


@transaction.atomic
def retire_version(actor: Actor, *, version: ScriptVersion) -> ScriptVersion:
    """Take the version in service away, with none to replace it. Refused while a campaign that calls uses its script.

    Raises NotAllowed, SecondFactorNeeded, ScriptInUse, IllegalTransition.
    """
    policies.require_scripts(actor)
    Script.objects.select_for_update().get(pk=version.script_id)
    used = CallCampaign.objects.filter(script=version.script_id, state__in=["open", "paused"]).first()
    if used is not None:
        raise ScriptInUse(
            f"La campagne « {used.label} » appelle avec ce script. Mettez une autre version en service : "
            "celle-ci sera retirée du même coup."
        )
    VERSION.move(version, "retire", retired_at=clock.now())
    record(actor, RETIRED, version, script=version.script.code, number=version.number)
    return version
