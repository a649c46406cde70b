"""The agreement under which pairs are read: looked at again at every deed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from entremise.accounts.queries import same_human
from entremise.registers.queries.review import PURPOSE
from entremise.registers.usecases.review.refusals import GrantMissing
from entremise.vault.usecases.agreements import in_force


@dataclass(frozen=True, slots=True)
class Grant:
    """`registers`: those whose records may be compared; `requester`: who asked, and is no second reader."""

    request: str
    registers: tuple[str, ...]
    requester: int
    until: datetime


def grants(now: datetime) -> dict[str, Grant]:
    """The linkages agreed to and still in their window, by reference. Agreements are counted again."""
    return {
        reference: Grant(reference, tuple(row.registers), row.requester, row.until or now)
        for reference, row in in_force(PURPOSE, now).items()
    }


def require_grant(request: str, now: datetime) -> Grant:
    """Raises GrantMissing."""
    found = grants(now).get(request)
    if found is None:
        raise GrantMissing(
            "L’accord pour ce rapprochement a pris fin ou a été repris : ses paires ne se lisent plus. "
            "Demandez-en un nouveau à la page des demandes spéciales."
        )
    return found


def requested_by(account: int, live: Mapping[str, Grant]) -> list[str]:
    """The grants that this very human asked for, under whatever account."""
    humans = same_human([account, *(grant.requester for grant in live.values())])
    me = humans.get(account, account)
    return [reference for reference, grant in live.items() if humans.get(grant.requester, grant.requester) == me]
