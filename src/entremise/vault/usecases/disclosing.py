"""Giving what is needed to a named service outside: a sealed envelope, a link that lasts a few days, a receipt."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import require_second_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import engine
from entremise.vault.models import Envelope, RecordKey
from entremise.vault.usecases import journal, keyring, opening, situating
from entremise.vault.usecases.asking import fields_known, motive_given, purpose_known, question
from entremise.vault.usecases.refusals import FieldUnknown
from entremise.vault.usecases.situating import Refused
from entremise.vault.usecases.standing import with_request

DISCLOSED = declare("vault.envelope.sealed", "a préparé un envoi scellé pour un service")
RECEIVED = declare("vault.envelope.opened", "a ouvert un envoi scellé")
LIFE = timedelta(days=7)
"""How long the link opens (PD: ours)."""
GONE = "Cet envoi n’existe pas, a été repris, ou son délai est passé. Demandez-en un nouveau à qui vous a écrit."


@dataclass(frozen=True, slots=True, repr=False)
class Disclosure:
    """An envelope on its way. `token` is in the link and nowhere else: given once, it cannot be found again."""

    reference: str
    token: str
    number: int
    rule_set: int
    given: tuple[str, ...]
    refused: Mapping[str, Refused]
    until: datetime

    def __repr__(self) -> str:
        return f"<Disclosure {self.reference} {sorted(self.given)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a disclosure is neither cached, queued nor pickled")


@sensitive_variables()
@transaction.atomic
def disclose(
    actor: Actor,
    *,
    person: UUID,
    fields: Sequence[str],
    recipient: str,
    purpose: str,
    motive: str,
    request: str = "",
) -> Disclosure:
    """Seal fields of one register for a named service, which opens them by a link for seven days.

    The person agreed to it, or it is a rescue: the floor sees to it (`floor-disclose`). The envelope is sealed twice,
    by the link and by the record's own key: the base alone opens nothing, and an erasure ends it. Fields that no rule
    lets go stay behind, with their reason. Raises NotAllowed when none may go, NotFound, FieldUnknown, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    asked = fields_known(fields)
    codes = list(dict.fromkeys(one.register for one in asked))
    service = " ".join(recipient.split())
    if len(codes) != 1 or not 3 <= len(service) <= 160:
        raise FieldUnknown(
            "Un envoi porte sur un seul registre, au moins un champ, et nomme le service qui le reçoit."
        )
    ring, asker = keyring.load(codes), question(actor, purpose)
    if request:
        asker = with_request(asker, request, registers=codes, fields=[one.name for one in asked], persons=[person])
    where = situating.registers(asker, codes)
    found = situating.cases(ring, [person], codes)
    situating.situate(asker, where, found, "disclose")
    number, rule_set = opening.write_lines(ring, asker, "disclose", found, asked, motive)
    case = found[0]
    if case.record is None or case.box is None:
        raise NotFound("Cette personne est inconnue, ou a demandé son effacement.")
    if not case.granted:
        reasons = dict.fromkeys(refused.reason for refused in case.refused.values())
        raise NotAllowed(f"Rien ne peut être transmis. {' '.join(reasons)}")
    values = opening.read_values(ring, found)[case.record.pk]
    if values is None:
        opening.alarm(ring, asker, found, motive, rule_set)
        raise NotAllowed(opening.ALTERED.reason)
    said = {name: values[one.field] for name, one in case.granted.items() if one.field in values}
    token, pk = secrets.token_urlsafe(32), ids.uuid7()
    inner = engine.Box(key_of(token)).seal(json.dumps(said, ensure_ascii=False).encode(), "envelope", pk)
    until = asker.now + LIFE
    row = Envelope(
        id=pk,
        record=case.record.pk,
        register=case.register,
        recipient=service,
        purpose=purpose,
        token_hash=mark_of(token),
        blob=case.box.seal(inner, "envelope", ring.instance, case.register, case.record.pk, pk),
        sealed_by=actor.user_id,
        sealed_at=asker.now,
        until=until,
    )
    row.full_clean(exclude=["blob"])
    row.save(force_insert=True)
    trace(actor, DISCLOSED, row, purpose=purpose, fields=len(said))
    return Disclosure(row.public_id, token, number, rule_set, tuple(sorted(said)), dict(case.refused), until)


@sensitive_variables()
@transaction.atomic
def open_envelope(actor: Actor, *, token: str) -> dict[str, str]:
    """What the envelope of this link holds, for the service that received it; a line in the access journal first.

    Every opening is counted: the receipt. NotFound, always the same, for a wrong, late, taken back or erased one.
    """
    row = Envelope.objects.filter(token_hash=mark_of(token)).first()
    asker = question(actor, row.purpose if row else "people.rights")
    key = RecordKey.objects.filter(pk=row.record).first() if row is not None else None
    if row is None or key is None or row.withdrawn_at is not None or row.until <= asker.now:
        raise NotFound(GONE)
    ring = keyring.load({row.register})
    try:
        box = ring.unwrap(key)
        draft = journal.Draft(
            action="envelope",
            purpose=row.purpose,
            register=row.register,
            verdict="granted",
            rules=(),
            tag=ring.tag(row.record),
            record=str(row.record),
            box=box,
            secret={"envelope": row.public_id, "recipient": row.recipient},
        )
        journal.append(ring, actor, lambda: [draft])
        inner = box.unseal(bytes(row.blob), "envelope", ring.instance, row.register, row.record, row.pk)
        said: dict[str, str] = json.loads(engine.Box(key_of(token)).unseal(inner, "envelope", row.pk))
    except engine.InvalidTag:
        raise NotFound(GONE) from None
    opened = Envelope.objects.filter(pk=row.pk)
    opened.update(openings=F("openings") + 1)
    opened.filter(first_opened_at=None).update(first_opened_at=asker.now)
    trace(actor, RECEIVED, row)
    return said


def key_of(token: str) -> bytes:
    return hmac.digest(token.encode(), b"entremise envelope key", "sha256")


def mark_of(token: str) -> str:
    return hashlib.sha256(b"entremise envelope link " + token.encode()).hexdigest()
