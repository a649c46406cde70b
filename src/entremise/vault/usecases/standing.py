"""What the agreements of others to a special request are worth for this deed, now: read anew at each opening."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from entremise.vault.usecases import requests
from entremise.vault.usecases.agreements import standing
from entremise.vault.usecases.asking import Question


def with_request(
    asker: Question,
    request: str,
    *,
    registers: Iterable[str],
    fields: Iterable[str] = (),
    persons: Iterable[UUID] = (),
    rows: int | None = None,
) -> Question:
    """The question with the agreements that count for it; none when the request does not cover what is asked.

    A deed that is covered spends `rows` of the request's cap (the number of persons by default), in the caller's
    transaction: a refusal spends nothing. Raises RequestSpent when it was spent meanwhile.
    """
    who = list(persons)
    count = (len(who) or 1) if rows is None else rows
    worth = standing(request, asker.actor, now=asker.now)
    asker = replace(asker, request=request)
    if not worth.covers(purpose=asker.purpose, registers=registers, fields=fields, persons=who, rows=count):
        return asker
    requests.use(asker.actor, request=request, rows=count)
    return replace(asker, approvals=worth.colleges, approvers=worth.approvers)
