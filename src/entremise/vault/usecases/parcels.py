"""A file made of a granted export, sealed for who asked for it: a link of seven days, then its key is destroyed."""

from __future__ import annotations

import base64
import json
import secrets

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.usecases import record as trace
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.vault import engine
from entremise.vault.models import Envelope, Record, RecordKey, SpecialRequest
from entremise.vault.policies import require_fresh_factor
from entremise.vault.usecases import journal, keyring
from entremise.vault.usecases.asking import motive_given, purpose_known
from entremise.vault.usecases.destroying import destroy
from entremise.vault.usecases.disclosing import DISCLOSED, LIFE, key_of, mark_of
from entremise.vault.usecases.refusals import FieldUnknown


@sensitive_variables()
@transaction.atomic
def seal_parcel(
    actor: Actor, *, register: str, name: str, content: bytes, recipient: str, purpose: str, motive: str, request: str
) -> tuple[str, str]:
    """A file made of an export that was granted and journalled, sealed for who asked for it: (reference, token).

    Sealed twice, by the link and by a key of its own; the link opens it for seven days, each opening is counted
    (`open_envelope` answers `name` and `content`, in base 64). `request`: the special request it was made under,
    spent by this very account. Raises NotAllowed, FieldUnknown, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    me = require_fresh_factor(actor)
    row = SpecialRequest.objects.filter(public_id=request, requester=me, state="used", registers=[register]).first()
    service = " ".join(recipient.split())[:160]
    if row is None or row.purpose != purpose:
        raise NotAllowed("Ce fichier ne vient d’aucun export accordé : refaites la demande.")
    if len(service) < 3:
        raise FieldUnknown("Nommez le service qui reçoit ce fichier.")
    ring, pk, document = keyring.load({register}), ids.uuid7(), ids.uuid7()
    key, box = ring.new_record_key(document, register)
    key.save(force_insert=True)
    token, now = secrets.token_urlsafe(32), clock.now()
    said = {"name": name, "content": base64.b64encode(content).decode()}
    inner = engine.Box(key_of(token)).seal(json.dumps(said).encode(), "envelope", pk)
    draft = journal.Draft(
        action="disclose",
        purpose=purpose,
        register=register,
        verdict="granted",
        rules=(),
        tag=ring.tag(document),
        record=str(document),
        box=box,
        secret={"envelope": str(pk), "recipient": service, "motive": motive},
        request=request,
    )
    journal.append(ring, actor, lambda: [draft])
    made = Envelope(
        id=pk,
        record=document,
        register=register,
        recipient=service,
        purpose=purpose,
        token_hash=mark_of(token),
        blob=box.seal(inner, "envelope", ring.instance, register, document, pk),
        sealed_by=me,
        sealed_at=now,
        until=now + LIFE,
    )
    made.full_clean(exclude=["blob"])
    made.save(force_insert=True)
    trace(actor, DISCLOSED, made, purpose=purpose, request=request)
    return made.public_id, token


def destroy_parcels(actor: Actor) -> int:
    """Every day: the keys of files whose link is past; how many. Their bytes open nothing from then on."""
    ring = keyring.load(())
    past = Envelope.objects.filter(until__lte=clock.now())
    known = {one.record: one for one in past}
    documents = [pk for pk in known if not Record.objects.filter(pk=pk).exists()]
    live = list(RecordKey.objects.filter(pk__in=documents).values_list("pk", flat=True))
    if not live:
        return 0
    lines = [
        journal.Draft(
            action="erase",
            purpose=known[pk].purpose,
            register=known[pk].register,
            verdict="granted",
            rules=("document",),
            tag=ring.tag(pk),
            record="",
            box=ring.box,
            secret={"document": True},
        )
        for pk in live
    ]
    journal.append(ring, actor, lambda: lines)
    destroy(live)
    return len(live)
