"""The journal as the delegate reads it: line by line, by purpose and decision, never by agent.

Nothing here filters, counts or sorts by who acted: re-use of logs to watch or rank agents is a misuse
(CNIL, délibération 2021-122), and no purpose exists to write it under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from entremise.accounts.models import Organisation, User
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.rules.models import RuleSet
from entremise.vault import registry
from entremise.vault.models import Line, Register, Verification
from entremise.vault.usecases import exporting, trails
from entremise.vault.usecases.checking import require_delegate

PAGE = 25
ALL_ACTIONS = trails.ACTIONS | {"checkpoint": "point de contrôle", "browse": "consultation du journal"}


@dataclass(frozen=True, slots=True)
class Sought:
    """What the delegate looks for. There is no « who » here, on purpose."""

    since: datetime | None = None
    until: datetime | None = None
    purpose: str = ""
    register: str = ""
    verdict: str = ""
    action: str = ""
    number: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A line in French, without agent: `service` and `role` only."""

    number: int
    at: datetime
    action: str
    purpose: str
    register: str
    service: str
    role: str
    channel: str
    verdict: str
    code: str


@dataclass(frozen=True, slots=True)
class Page:
    """`counts`: purpose → verdict → lines, over everything found; `older`: where the next page begins."""

    lines: Sequence[Shown]
    total: int
    counts: Sequence[tuple[str, dict[str, int], int]]
    older: int | None


def browse_journal(actor: Actor, *, sought: Sought) -> Page:
    """A page of the journal, the newest lines first. Written in the journal before it is read.

    The same number of queries whatever is found. Raises NotAllowed, SecondFactorNeeded, VaultSealed,
    JournalUnavailable.
    """
    require_delegate(actor)
    said = {name: str(value) for name in Sought.__dataclass_fields__ if (value := getattr(sought, name)) is not None}
    exporting.write_line(actor, {"sought": said})
    rows = Line.objects.all()
    for name, value in (
        ("at__gte", sought.since), ("at__lt", sought.until), ("purpose", sought.purpose),
        ("register", sought.register), ("verdict", sought.verdict), ("action", sought.action),
        ("number", sought.number),
    ):  # fmt: skip
        if value not in (None, ""):
            rows = rows.filter(**{name: value})
    counts: dict[str, dict[str, int]] = {}
    for purpose, verdict, n in rows.order_by().values_list("purpose", "verdict").annotate(n=Count("pk")):
        counts.setdefault(purpose, {})[verdict] = n
    here = rows if sought.before is None else rows.filter(number__lt=sought.before)
    lines = list(here.defer("seal", "link", "seal_hash", "salt")[: PAGE + 1])
    houses = Organisation.objects.in_bulk({line.organisation for line in lines if line.organisation})
    labels = dict(Register.objects.values_list("code", "label"))
    summed = [(registry.PURPOSES.get(p, p), found, sum(found.values())) for p, found in sorted(counts.items())]
    return Page(
        [shown(line, houses, labels) for line in lines[:PAGE]],
        sum(total for _, _, total in summed),
        summed,
        lines[PAGE - 1].number if len(lines) > PAGE else None,
    )


def shown(line: Line, houses: Any, labels: dict[str, str]) -> Shown:
    """One line in French."""
    return Shown(
        number=line.number,
        at=line.at,
        action=ALL_ACTIONS.get(line.action, line.action),
        purpose=registry.PURPOSES.get(line.purpose, line.purpose),
        register=labels.get(line.register, line.register),
        service=trails.service_of(line, houses, ""),
        role=trails.role_of(line, ""),
        channel=trails.CHANNELS.get(line.channel, line.channel),
        verdict=trails.VERDICTS.get(line.verdict, line.verdict),
        code=line.verdict,
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """One line in full; `account` is the agent's name, for a reasoned request of the person concerned."""

    line: Shown
    account: str
    rules: tuple[trails.Rule, ...]
    rule_set: int
    request: str
    link: str


def read_line(actor: Actor, *, number: int) -> Whole:
    """One line in full, the agent's account included; the reading is a line itself. Raises NotFound, as `browse`."""
    require_delegate(actor)
    exporting.write_line(actor, {"line": number})
    line = _line(number)
    row = RuleSet.objects.filter(number=line.rule_set).first()
    kind, _, pk = line.human.partition(":")
    user = User.objects.filter(pk=int(pk)).first() if kind == "user" and pk.isdigit() else None
    houses = Organisation.objects.in_bulk([line.organisation] if line.organisation else [])
    return Whole(
        shown(line, houses, dict(Register.objects.values_list("code", "label"))),
        user.label if user else "",
        tuple(trails.rule_of(str(code), row, line.rule_set) for code in line.rules),
        line.rule_set,
        line.request,
        line.link,
    )


def prove_line(actor: Actor, *, number: int) -> dict[str, Any]:
    """The proof of any line, for the delegate. Raises NotAllowed, NotFound, VaultSealed, JournalUnavailable."""
    require_delegate(actor)
    exporting.write_line(actor, {"proof": number})
    return trails.proof_of(_line(number))


def _line(number: int) -> Line:
    line = Line.objects.filter(pk=number).first()
    if line is None:
        raise NotFound("Cette ligne n’existe pas, ou son mois a été détruit à son terme.")
    return line


def verification(actor: Actor, *, pk: int) -> Verification:
    """A verification and how far it is. Raises NotAllowed, NotFound."""
    require_delegate(actor)
    row = Verification.objects.filter(pk=pk).first()
    if row is None:
        raise NotFound("Cette vérification n’existe pas.")
    return row


def last_verification() -> Verification | None:
    """The newest one, whatever came of it."""
    return Verification.objects.first()
