from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kits import policies, queries, registry
from entremise.kits.models import AppliedKit, Crisis, Wording
from entremise.kits.registry import Text

APPLIED = declare("kits.kit.applied", "a appliqué un kit de crise")
CRISIS_SET = declare("kits.crisis.set", "a décrit une crise")
WORDED = declare("kits.wordings.changed", "a changé des textes dits aux personnes")
REFUSED = "Seule une personne qui administre la plateforme peut appliquer un kit. Demandez-le-lui."


@transaction.atomic
def apply_kit(actor: Actor, *, kit: str) -> AppliedKit:
    """Make the instance what the kit says, all or nothing. Applied again without change, it writes nothing.

    Raises `NotAllowed`, `NotFound` (unknown kit), `InvalidKit` (with every fault).
    """
    if not policies.can_apply_kit(actor):
        raise NotAllowed(REFUSED)
    found = queries.kit(kit)
    last = queries.applied(kit)
    if last is not None and last.sha256 == found.sha256 and not queries.plan(found):
        return last
    for name, content in found.sections.items():
        registry.sections()[name].apply(actor, content, found.id)
    application = AppliedKit(
        kit=found.id,
        version=found.version,
        sha256=found.sha256,
        applied_at=clock.now(),
        applied_by_id=actor.user_id,
        applied_by_label=actor.label,
    )
    application.full_clean()
    application.save()
    record(actor, APPLIED, application, kit=found.id, version=found.version, sha256=found.sha256)
    return application


@transaction.atomic
def set_crisis(actor: Actor, *, code: str, title: Text, description: Text, state: str) -> Crisis:
    """Create or rename a crisis. `state` counts at creation only: afterwards people move it, not a file."""
    if not policies.can_apply_kit(actor):
        raise NotAllowed(REFUSED)
    crisis = Crisis.objects.filter(code=code).first() or Crisis(code=code, state=state)
    crisis.title, crisis.description = title.as_dict(), description.as_dict()
    crisis.full_clean()
    crisis.save()
    record(actor, CRISIS_SET, crisis, code=code)
    return crisis


@transaction.atomic
def set_wordings(actor: Actor, *, texts: Mapping[str, Text], kit: str) -> list[Wording]:
    """Write the sentences that differ from those in force, each as a new version. Returns the new versions."""
    if not policies.can_apply_kit(actor):
        raise NotAllowed(REFUSED)
    now, current, added = clock.now(), queries.wordings(texts), []
    for key, text in texts.items():
        before = current.get(key)
        if before is not None and before.text == text.as_dict():
            continue
        version = before.version + 1 if before is not None else 1
        row = Wording(key=key, version=version, text=text.as_dict(), kit=kit, since=now)
        row.full_clean()
        row.save()
        added.append(row)
    if added:
        record(actor, WORDED, added[-1], count=len(added), kit=kit)
    return added
