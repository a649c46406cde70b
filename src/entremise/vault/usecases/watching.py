"""How the vault is doing, for whoever holds the server. Numbers and dates, no person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from entremise.kernel import clock
from entremise.vault.models import Epoch, Erasure, RecordKey, Rehearsal, RootKey, Shredding
from entremise.vault.usecases import destroying, keyring, rotating
from entremise.vault.usecases.refusals import VaultSealed


@dataclass(frozen=True, slots=True)
class Health:
    """`closed` says why nothing opens, empty when everything does. `registers`: code → records that have a key."""

    closed: str
    epochs: Sequence[Epoch]
    registers: dict[str, int]
    remaining: int
    erasures: int
    digest: str
    shredded: int
    rehearsal: Rehearsal | None
    late: bool

    @property
    def since(self) -> datetime | None:
        """Since when the present master key serves."""
        return next((epoch.started_at for epoch in self.epochs if epoch.state == "current"), None)


def health() -> Health:
    """Everything the operator's page shows. DatabaseError when a base does not answer."""
    closed = ""
    try:
        keyring.current()
        keyring.load(())
    except VaultSealed as refusal:
        closed = refusal.message
    keys = RecordKey.objects.values_list("register").annotate(n=Count("pk")).order_by("register")
    codes = [c.partition(":")[2] for c in RootKey.objects.values_list("code", flat=True) if c.startswith("register:")]
    epochs = list(Epoch.objects.all())
    current = next((epoch for epoch in epochs if epoch.state == "current"), None)
    return Health(
        closed=closed,
        epochs=epochs,
        registers=dict.fromkeys(sorted(codes), 0) | dict(keys),
        remaining=rotating.remaining(),
        erasures=Erasure.objects.count(),
        digest=destroying.erasure_list()[1],
        shredded=Shredding.objects.count(),
        rehearsal=Rehearsal.objects.first(),
        late=current is not None and current.started_at <= clock.now() - rotating.DUE,
    )
