"""What the pages of linkage show: grants, runs, their figures. No value, no record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.registers.engine import explain
from entremise.registers.models import LinkageModel, LinkageRun
from entremise.registers.queries.life import Bar
from entremise.registers.queries.review import PURPOSE, labels
from entremise.vault import queries as vault
from entremise.vault.usecases.agreements import in_force

STEPS: Mapping[str, str] = {
    "": "En attente d’un processus",
    "start": "Préparation",
    "feed": "Lecture des fiches, une ligne de journal par fiche",
    "compare": "Comparaison des fiches",
    "group": "Regroupement, sous les décisions humaines",
    "store": "Enregistrement du résultat",
}
OUTCOMES: Sequence[tuple[str, str]] = (
    ("automatic", "reconnues automatiquement"),
    ("asked", "à relire par une personne"),
    ("unasked", "déjà réglées par une autre paire"),
)
SECOND: Mapping[str, str] = {
    "off": "le règlement ne la demande pas",
    "extra_missing": "elle n’est pas installée sur ce serveur",
    "too_few_readings": "trop peu de paires sont relues pour l’apprendre",
    "did_not_win": "elle ne fait pas mieux que les seuils",
    "not_proven": "les relectures ne la prouvent pas",
    "used": "employée",
}


@dataclass(frozen=True, slots=True)
class GrantView:
    """A granted request: which registers, until when, what is left; `mine`: who looks may start a run."""

    request: str
    registers: Sequence[str]
    until: datetime | None
    left: int
    mine: bool
    ran: bool


def grants_seen(actor: Actor, now: datetime) -> list[GrantView]:
    """The linkages agreed to and in force. A flat number of queries."""
    live = in_force(PURPOSE, now)
    names = {row.code: row.label for row in vault.registers()}
    done = set(LinkageRun.objects.filter(request__in=list(live), state="done").values_list("request", flat=True))
    return [
        GrantView(
            reference,
            [names.get(code, code) for code in row.registers],
            row.until,
            row.cap - row.rows_used,
            row.requester == actor.user_id,
            reference in done,
        )
        for reference, row in live.items()
    ]


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what its page says of it."""

    row: LinkageRun
    registers: Sequence[str]
    by: str
    step: str
    percent: int
    outcomes: Sequence[Bar]
    guards: Sequence[Bar]
    bands: Sequence[tuple[str, int, int]]

    @property
    def live(self) -> bool:
        return self.row.state in ("ready", "running")


def runs_seen() -> list[RunView]:
    """The last twenty, the newest first."""
    rows = list(LinkageRun.objects.select_related("model")[:20])
    return _views(rows)


def run_seen(public_id: str) -> RunView:
    """NotFound."""
    row = LinkageRun.objects.select_related("model").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Ce rapprochement n’existe pas.")
    return _views([row])[0]


def _views(rows: Sequence[LinkageRun]) -> list[RunView]:
    names = {row.code: row.label for row in vault.registers()}
    who = labels(row.asked_by for row in rows)
    return [
        RunView(
            row,
            [names.get(code, code) for code in row.registers],
            who.get(row.asked_by, "compte fermé"),
            STEPS.get(row.step, row.step),
            round(100 * row.share),
            *_figures(row.counts),
        )
        for row in rows
    ]


def _figures(counts: Mapping[str, object]) -> tuple[list[Bar], list[Bar], list[tuple[str, int, int]]]:
    said = {name: value for name, value in counts.items() if isinstance(value, int)}
    automatic, asked = said.get("automatic", 0), said.get("asked", 0)
    known = {
        "automatic": automatic, "asked": asked,
        "unasked": max(0, said.get("to_review", 0) - asked),
    }  # fmt: skip
    most = max([*known.values(), 1])
    outcomes = [Bar(label, known[code], most) for code, label in OUTCOMES] if counts else []
    guards = counts.get("guards")
    held = sorted(guards.items(), key=lambda one: -one[1]) if isinstance(guards, dict) else []
    largest = max([number for _, number in held], default=1)
    bars = [Bar(explain.GUARDS.get(str(code), str(code)), number, largest) for code, number in held]
    bands = counts.get("bands")
    lines: list[tuple[str, int, int]] = []
    top = ""
    for floor, pairs, drawn in bands if isinstance(bands, list) else []:
        lines.append((f"{floor:g} à {top}" if top else f"{floor:g} et plus", pairs, drawn))
        top = f"{floor:g}"
    return outcomes, bars, lines


def models_seen() -> list[LinkageModel]:
    """Every version, the newest first."""
    return list(LinkageModel.objects.exclude(state="draft"))
