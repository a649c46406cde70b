"""Reading the whole journal once, line by line, and saying what was done to it. Plain Python, constant memory.

What can be told: table of the reference rules-vault-commons § 9. The chain alone tells an edit, a hole, a move, a seal
that was changed; signed checkpoints kept outside tell a cut tail, a full rewriting, an older copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from entremise.audit.engine import ORIGIN, link
from entremise.vault.engine.merkle import Tree, leaf
from entremise.vault.engine.sealing import digest

TOLERANCE = timedelta(seconds=60)
"""How far a clock may step back before it is told: servers correct themselves by less."""
LONGEST = timedelta(days=32)
"""From the first day of a month, this leads into the next one."""
MOST = 50
"""Findings that are put in words; the others are counted."""


def month_of(moment: datetime) -> str:
    """The segment a line falls in, unless the journal is already further: `2026-07`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def leaf_of(link: str) -> bytes:
    """The hash of the leaf of one line, from its link."""
    try:
        return leaf(bytes.fromhex(link))
    except ValueError:  # no link of ours: an altered line
        return leaf(link.encode())


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is for programs; `number` is the line, 0 for the whole; `words` say what was seen, in French."""

    code: str
    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody holds of the journal: the root of the first `size` lines of a month. `source`: who, in French."""

    month: str
    size: int
    root: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """A month whose lines were dropped at their term: its sealed head remains."""

    month: str
    last_number: int
    last_link: str
    size: int
    root: bytes


@dataclass(slots=True)
class Report:
    """What a reading found. `heads`: month → (first number, size, root)."""

    lines: int = 0
    first: int = 0
    last: int = 0
    last_link: str = ""
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    notices: list[str] = field(default_factory=list)
    heads: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return not self.findings

    def found(self, code: str, number: int, words: str) -> None:
        if len(self.findings) < MOST:
            self.findings.append(Finding(code, number, words))
        else:
            self.more += 1


@dataclass(slots=True)
class Reading:
    """One reading of the journal: `line` for each, in order of number, then `close`.

    `is_erased(tag, register)` says whether a record is on the list of erasures; `holds(token)` whether that list still
    begins as a checkpoint said (`erasures:<until>:<count>:<sha256>`).
    """

    claims: Iterable[Claim] = ()
    pruned: Sequence[Pruned] = ()
    is_erased: Callable[[str, str], bool] = lambda tag, register: False
    holds: Callable[[str], bool] = lambda token: True
    report: Report = field(default_factory=Report)
    _claims: dict[str, dict[int, list[Claim]]] = field(default_factory=dict)
    _tree: Tree = field(default_factory=Tree)
    _month: str = ""
    _until: datetime | None = None
    _first: int = 1
    _previous: str = ORIGIN
    _latest: datetime | None = None
    _latest_number: int = 0
    _point: datetime | None = None
    _point_number: int = 0

    def __post_init__(self) -> None:
        for claim in self.claims:
            self._claims.setdefault(claim.month, {}).setdefault(claim.size, []).append(claim)
        for head in self.pruned:
            self.report.heads[head.month] = (0, head.size, head.root)
            self._month, self._previous, self.report.last = head.month, head.last_link, head.last_number
            self.report.last_link = head.last_link

    def start(self, number: int, previous: str | None) -> None:
        """Begin at a month that is not the first: its first number, the link of the line before."""
        self.report.last, self._previous = number - 1, previous or ORIGIN

    def line(
        self, number: int, at: datetime, body: Mapping[str, object], seal: bytes | None, seal_hash: str, given: str
    ) -> None:
        """One line: `given` is its link as it is written; `seal` None when the copy was made without seals."""
        report = self.report
        expected = report.last + 1
        if number != expected:
            several = f"les lignes {expected} à {number - 1} manquent" if number - expected > 1 else (
                f"la ligne {expected} manque"
            )  # fmt: skip
            report.found("missing", expected, f"{several[0].upper()}{several[1:]}.")
        elif given != link(self._previous, body):
            report.found("edited", number, f"La ligne {number} a été modifiée, ou ce n’est pas elle qui était là.")
        if seal is not None and digest(seal) != seal_hash:
            self._seal(number, body, seal)
        self._time(number, at, body)
        if self._until is None or at >= self._until:
            self._turn_if_later(at, number)
        self._tree.add(leaf_of(given))
        report.lines += 1
        report.first = report.first or number
        report.last, self._previous, report.last_link = number, given, given
        if self._claims and (due := self._claims.get(self._month, {}).pop(self._tree.size, None)):
            self._compare(due)

    def _seal(self, number: int, body: Mapping[str, object], seal: bytes) -> None:
        if seal:
            self.report.found("seal_changed", number, f"La partie scellée de la ligne {number} a été changée.")
        elif not self.is_erased(str(body["tag"]), str(body["register"])):
            words = f"La partie scellée de la ligne {number} a été retirée, sans effacement inscrit."
            self.report.found("seal_removed", number, words)

    def _time(self, number: int, at: datetime, body: Mapping[str, object]) -> None:
        if self._point is not None and at < self._point - TOLERANCE:
            words = f"La ligne {number} est datée d’avant le point de contrôle écrit à la ligne {self._point_number}."
            self.report.found("backdated", number, words)
        elif self._latest is not None and at < self._latest - TOLERANCE:
            words = f"La ligne {number} est datée d’avant la ligne {self._latest_number} : l’horloge a été reculée."
            self.report.found("backdated", number, words)
        if self._latest is None or at > self._latest:
            self._latest, self._latest_number = at, number
        if body["action"] == "checkpoint":
            self._point, self._point_number = at, number
            rules = body["rules"]
            for token in rules if isinstance(rules, list) else ():
                if str(token).startswith("erasures:") and not self.holds(str(token)):
                    words = (
                        f"La liste des effacements n’est plus celle que résume le point de contrôle de la ligne "
                        f"{number} : un effacement a été retiré ou ajouté après coup."
                    )
                    self.report.found("erasures_differ", number, words)

    def _turn_if_later(self, at: datetime, number: int) -> None:
        """A later month begins here, unless this is the one of the head that was kept."""
        self._until = (at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) + LONGEST).replace(
            day=1
        )
        if month_of(at) > self._month:
            self._end()
            self._month, self._first, self._tree = month_of(at), number, Tree()

    def _end(self) -> None:
        """The month is complete: a claim that asks for more lines is not satisfied."""
        if self._tree.size:
            self.report.heads[self._month] = (self._first, self._tree.size, self._tree.root)

    def _compare(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self.report.checked += 1
            if claim.root != self._tree.root:
                words = (
                    f"Le journal diffère de {claim.source} : les {claim.size} premières lignes de {claim.month} "
                    "ne sont plus celles qui étaient signées."
                )
                self.report.found("differs", self._first + claim.size - 1, words)

    def close(self) -> Report:
        """After the last line: what was claimed and was not met."""
        self._end()
        report = self.report
        heads = {head.month: head for head in self.pruned}
        left = [c for sizes in self._claims.values() for claims in sizes.values() for c in claims]
        for claim in sorted(left, key=lambda c: (c.month, c.size)):
            if (head := heads.get(claim.month)) is not None:
                self._against_head(claim, head)
                continue
            report.checked += 1
            have = report.heads.get(claim.month, (0, 0, b""))[1]
            words = (
                f"Le journal a été coupé : {claim.source} compte {claim.size} lignes en {claim.month}, "
                f"il en reste {have}."
            )
            report.found("truncated", report.last, words)
        return report

    def _against_head(self, claim: Claim, head: Pruned) -> None:
        if claim.size < head.size:
            words = (
                f"Les lignes de {claim.month} ont été détruites à leur terme : "
                f"{claim.source} ne peut plus être comparé."
            )
            if words not in self.report.notices:
                self.report.notices.append(words)
        elif (claim.size, claim.root) != (head.size, head.root):
            words = f"La tête gardée de {claim.month} diffère de {claim.source}."
            self.report.found("differs", 0, words)
            self.report.checked += 1
        else:
            self.report.checked += 1
