"""Whole documents under seal (a spreadsheet sent for import, the rows it refused): sealed, opened, destroyed.

The caller keeps the sealed bytes in its own table; here are only their keys. Each document has a key of its own,
wrapped by its register's: destroying the key makes every copy of the bytes unreadable, backups included.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import FreshFactorNeeded, require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import engine
from entremise.vault.models import RecordKey
from entremise.vault.usecases import deciding, journal, keyring, situating
from entremise.vault.usecases.asking import motive_given, purpose_known, question
from entremise.vault.usecases.destroying import destroy
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import Tampered

IMPORT = "import_file"
PROVE_AGAIN = (
    "Importer un fichier demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."
)


@sensitive_variables()
def seal_document(actor: Actor, *, document: UUID, content: bytes, register: str, purpose: str, motive: str) -> bytes:
    """`content` under a fresh key, bound to `document`: 29 bytes longer. One line in the access journal, before.

    The key is committed at once in the base of keys; a caller that rolls back leaves a key that opens nothing.
    Raises NotAllowed, PurposeUnknown, MotiveMissing, VaultSealed, JournalUnavailable.
    """
    ring, motive = keyring.load({register}), motive_given(motive)
    key, box = ring.new_record_key(document, register)
    _may_import(ring, actor, key, box, purpose, motive)
    key.save(force_insert=True)
    return box.seal(content, "document", ring.instance, register, document)


@sensitive_variables()
def open_document(actor: Actor, *, document: UUID, sealed: bytes, purpose: str, motive: str) -> bytes:
    """What was sealed. Raises NotFound once destroyed, Tampered for altered bytes, and as `seal_document`."""
    key = RecordKey.objects.filter(pk=document).first()
    if key is None:
        raise NotFound("Ce fichier a été détruit. Envoyez-le à nouveau.")
    ring, motive = keyring.load({key.register}), motive_given(motive)
    try:
        box = ring.unwrap(key)
        _may_import(ring, actor, key, box, purpose, motive)
        return box.unseal(bytes(sealed), "document", ring.instance, key.register, document)
    except engine.InvalidTag:
        raise Tampered(
            "Ce fichier a été modifié hors du logiciel : il reste fermé. Envoyez-le à nouveau, et prévenez la "
            "personne qui administre le serveur."
        ) from None


def destroy_document(actor: Actor, *, documents: Collection[UUID], purpose: str, motive: str) -> int:
    """Destroy the keys of documents, at once and for good; how many there were. Destroying twice changes nothing.

    Anybody at work may shorten the life of a copy; a machine does it every day.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    keys = list(RecordKey.objects.filter(pk__in=list(documents)))
    if not keys:
        return 0
    ring = keyring.load({key.register for key in keys})
    lines = [_draft(ring, key, ring.box, "erase", purpose, motive, ("document",), granted=True) for key in keys]
    journal.append(ring, actor, lambda: lines)
    destroy([key.pk for key in keys])
    return len(keys)


@sensitive_variables()
def fingerprints(*, register: str, kind: str, values: Sequence[str]) -> list[bytes]:
    """What stands for each value in a table of « already seen »: 16 bytes of HMAC under the register's index key.

    A plain hash of a name and a telephone could be guessed by trying them all; this one cannot without the key.
    """
    key = keyring.load({register}).indexes[register]
    return [engine.blind(key, f"seen:{kind}", engine.digest(value.encode())) for value in values]


def _may_import(ring: Keyring, actor: Actor, key: RecordKey, box: engine.Box, purpose: str, motive: str) -> None:
    """Handling a file of persons is `import_file` in its register: one line, then NotAllowed when it is refused."""
    purpose_known(purpose)
    require_second_factor(actor)
    asker = question(actor, purpose)
    where = situating.registers(asker, {key.register})[key.register]
    refused: situating.Refused | None = None

    def drafts() -> list[journal.Draft]:
        nonlocal refused
        count = deciding.deeds_in_hour(journal.human(ring, actor), IMPORT, asker)
        verdict, number = deciding.decide_deed(asker, IMPORT, where, count=count)
        refused = None if verdict.allowed else deciding.refusal(asker, verdict)
        return [_draft(ring, key, box, IMPORT, purpose, motive, verdict.by, granted=verdict.allowed, rule_set=number)]

    journal.append(ring, actor, drafts)
    if refused is None:
        return
    if deciding.lacks_a_fresh_proof(asker, IMPORT, where):
        raise FreshFactorNeeded(PROVE_AGAIN)
    raise NotAllowed(f"Vous ne pouvez pas traiter ce fichier. {refused.reason}")


def _draft(
    ring: Keyring,
    key: RecordKey,
    box: engine.Box,
    action: str,
    purpose: str,
    motive: str,
    rules: tuple[str, ...],
    *,
    granted: bool,
    rule_set: int = 0,
) -> journal.Draft:
    return journal.Draft(
        action=action,
        purpose=purpose,
        register=key.register,
        verdict="granted" if granted else "refused",
        rules=rules,
        tag=ring.tag(key.pk),
        record=str(key.pk) if action != "erase" else "",
        box=box,
        secret={"document": True, "motive": motive},
        rule_set=rule_set,
    )
