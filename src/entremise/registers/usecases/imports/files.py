"""What all steps of an import share: limits, refusals, sealed parts of a batch, the lease of the worker."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock, ids, tables
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.tables import Limits
from entremise.registers.engine import intake
from entremise.registers.models import IMPORT, ImportBatch
from entremise.registers.usecases.life.enrolling import ThirdPartyListForbidden
from entremise.vault import queries as registers, registry, usecases as vault

PURPOSE = "registers.keep"
MOTIVE = "Import d’un fichier dans un registre"
END = "Destruction d’un fichier importé, abandonné ou resté trente jours"
KEPT = timedelta(days=30)
LEASE = timedelta(minutes=5)
LIMITS = Limits(
    bytes=60 * 1024 * 1024,
    rows=200_000,
    columns=60,
    unpacked=1_200 * 1024 * 1024,
    memory=2_000_000_000,
    seconds=180,
    patience=300,
    useful="nom, prénom, naissance, téléphone, adresse",
)
"""Three times what a département sends; the reader of workbooks dies alone above."""
AT_ONCE = 200_000
"""Bytes of a file that is read while the agent waits: a second. Above, a job with a page that follows it."""
LOAD_AT_ONCE = 300  # rows
__all__ = ["ThirdPartyListForbidden"]
SENTENCES = tables.sentences(LIMITS)


class FileUnreadable(DomainError):
    """The file cannot be read; the sentence says what to do with it."""

    code = "file_unreadable"


class FileAlreadyLoaded(DomainError):
    """These very bytes came already: nothing is added; the sentence says when."""

    code = "file_already_loaded"


class FileGone(DomainError):
    """Loaded, given up, or thirty days old."""

    code = "file_gone"


class MappingIncomplete(DomainError):
    code = "mapping_incomplete"


class LeaseLost(Exception):
    """Another worker goes on with the batch, or somebody gave it up."""


def kind_of(register: str) -> str:
    """`legal`, `safeguard`, `service`, `mutual_aid`. Raises NotFound."""
    return str(registers.register(register).kind)


def enrols(register: str) -> bool:
    """Whether persons asked to be in this register: that of the law, where a letter answers each one."""
    return str(registers.register(register).profile) == "canicule"


def targets_of(register: str) -> dict[str, str]:
    """Target of a column → French, for a register: the fields of its profile, their parts, and nothing else."""
    profile = registry.profile(register)
    found = intake.allowed(profile.fields, reused=kind_of(register) == "service", asked=enrols(register))
    return {target: intake.label(target, profile.labels) for target in found}


def required_of(register: str) -> tuple[str, ...]:
    """What the law wants of everybody (items 1 to 5 and 8), or what a call needs: its lack is said, never invented."""
    if registry.profile(register).code == "canicule":
        return ("birth_date", "capacity", "address", "phone", "requested_on")
    return ("birth_date", "phone") if "birth_date" in registry.profile(register).fields else ("phone",)


# --- sealed parts ------------------------------------------------------------------------------------------------


@sensitive_variables()
def seal(actor: Actor, batch: ImportBatch, said: Any) -> tuple[UUID, bytes]:
    """JSON, packed and sealed under a fresh key of its register: (its number at the vault, the bytes to keep)."""
    document = ids.uuid7()
    packed = zlib.compress(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(), 3)
    sealed = vault.seal_document(
        actor, document=document, content=packed, register=batch.register, purpose=PURPOSE, motive=MOTIVE
    )
    return document, sealed


@sensitive_variables()
def unseal(actor: Actor, document: UUID | None, sealed: bytes) -> Any:
    """Raises NotFound once destroyed, and the refusals of the vault."""
    if document is None or not sealed:
        raise NotFound("Ces lignes ne sont plus gardées.")
    packed = vault.open_document(actor, document=document, sealed=bytes(sealed), purpose=PURPOSE, motive=MOTIVE)
    return json.loads(zlib.decompress(packed))


@sensitive_variables()
def open_sample(actor: Actor, *, batch: ImportBatch) -> dict[str, Any]:
    """The first rows of the file and some of each problem, for the screens: one line in the access journal."""
    said: dict[str, Any] = unseal(actor, batch.sample_document, bytes(batch.sample))
    return said


@sensitive_variables()
def open_book(actor: Actor, batch: ImportBatch) -> tables.Book:
    """The file, opened through the vault and read row by row. Raises FileGone, tables.Unreadable."""
    content = ImportBatch.objects.filter(pk=batch.pk).values_list("content", flat=True).first()
    if not content:
        raise FileGone("Ce fichier n’est plus gardé : envoyez-le à nouveau.")
    data = vault.open_document(actor, document=batch.document, sealed=bytes(content), purpose=PURPOSE, motive=MOTIVE)
    del content
    return tables.read(data, LIMITS, sheet=batch.sheet)


def destroy_later(actor: Actor, documents: Sequence[UUID | None]) -> None:
    """Destroy keys once the deed is committed: a roll-back must find the file readable."""
    gone = [document for document in documents if document is not None]
    if gone:
        destroy = partial(vault.destroy_document, actor, documents=gone, purpose=PURPOSE, motive=END)
        transaction.on_commit(destroy, robust=True)


# --- the worker's lease ------------------------------------------------------------------------------------------


def begin(batch: ImportBatch, state: str) -> int:
    """Take the batch for this worker; its token. Raises LeaseLost when another works on it, or it moved on."""
    now = clock.now()
    rows = ImportBatch.objects.filter(pk=batch.pk, state=state)
    free = rows.filter(alive_until=None) | rows.filter(alive_until__lte=now)
    if not free.update(alive_until=now + LEASE, token=F("token") + 1, attempts=F("attempts") + 1):
        raise LeaseLost
    batch.refresh_from_db(fields=["token", "attempts", "alive_until", "state", "progress", "mapping", "sheet"])
    return batch.token


def still_mine(batch: ImportBatch, state: str, token: int, **changes: Any) -> None:
    """Go on, and say how far it is. Raises LeaseLost: then nothing of what follows may be kept."""
    mine = ImportBatch.objects.filter(pk=batch.pk, state=state, token=token)
    if not mine.update(alive_until=clock.now() + LEASE, **changes):
        raise LeaseLost


def fail(batch: ImportBatch, token: int, failure: str) -> None:
    """Leave the batch « interrompu », by code only: what broke may quote a row."""
    mine = ImportBatch.objects.filter(pk=batch.pk, token=token, state__in=IMPORT.verbs["fail"][0])
    mine.update(state="failed", failure=failure[:40], alive_until=None)


def french(code: str) -> str:
    """What a failure means for whoever sent the file."""
    return SENTENCES.get(code) or _FAILURES.get(code, _FAILURES[""])


_FAILURES: Mapping[str, str] = {
    "": "Le travail s’est interrompu. Rien n’est à moitié fait : relancez-le ; si cela recommence, prévenez la "
    "personne qui administre le serveur.",
    "third_party_list_forbidden": "Ce fichier est une liste donnée par un tiers : le registre légal n’en prend pas. "
    "Inscrivez chaque personne à sa demande ; une liste peut seulement servir à les informer.",
    "not_allowed": "Vos droits ont changé pendant l’import : le travail s’est arrêté. Voyez votre responsable.",
}
