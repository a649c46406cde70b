"""The expressions of a script, read once at import into a tree. Plain Python; nothing is ever run by `eval`.

Grammar (reference § 5.5): `or` < `and` < `= !=` < `< <= > >=` < `+ -` < `* div mod` < unary `-` < a number, a text
between quotes, `${name}`, `.`, `f(…)`, parentheses. What a tree is worth is in `computing`.

A tree is made of tuples whose first member says what it is: ("num", 1.0), ("text", "x"), ("ref", name), ("dot",),
("col", name), ("call", function, trees), ("neg", times, tree), ("or" or "and", trees),
("chain", tree, pairs of a sign and a tree). Chains are flat: the depth
of a tree is the depth of its parentheses, which is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from entremise.outreach.engine.xlsform.patterns import why_unsafe

MOST_LETTERS: Final = 4_000
DEEPEST: Final = 50
Tree = tuple[Any, ...]

FUNCTIONS: Final[Mapping[str, tuple[int, int]]] = {
    "selected": (2, 2), "count-selected": (1, 1), "not": (1, 1), "if": (3, 3), "coalesce": (1, 99),
    "concat": (1, 99), "string-length": (1, 1), "substr": (2, 3), "contains": (2, 2), "starts-with": (2, 2),
    "regex": (2, 2), "number": (1, 1), "string": (1, 1), "int": (1, 1), "round": (1, 2), "min": (1, 99),
    "max": (1, 99), "sum": (1, 99), "today": (0, 0), "now": (0, 0), "date": (1, 1), "true": (0, 0), "false": (0, 0),
}  # fmt: skip
"""Name → least and most number of arguments."""

LEVELS: Final = (("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))
WORDS: Final = frozenset({"and", "or", "div", "mod"})
CURLY: Final = "‘’‚‛“”„‟«»"

_TOKEN = re.compile(
    r"(?P<space>[\s\u00a0\u202f]+)"
    r"|(?P<num>\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<ref>\$\{(?P<name>[A-Za-z_][\w.-]*)\})"
    r"|(?P<word>[^\W\d][\w.-]*)"
    r"|(?P<sign>!=|<=|>=|[=<>+\-*(),.])"
)
_BAD_REF = re.compile(r"\$(?:\{[^}]{0,60}\}?|[\w.-]{0,60})")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in an expression: code of reference § 5.2, sentence in French, place from 1."""

    code: str
    message: str
    position: int


class Refused(ValueError):
    """The expression cannot be read further than this fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression that was read. `tree` is None when it could not be; `faults` then says why.

    `refs`: the names it quotes with their place; `columns`: bare words (a filter of choices); `own`: it uses `.`.
    An expression with faults of the `unknown_function` or `arity` kind keeps its tree, but is never computed: its
    script is not activated.
    """

    text: str
    tree: Tree | None
    refs: tuple[tuple[str, int], ...] = ()
    columns: tuple[tuple[str, int], ...] = ()
    own: bool = False
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Reader:
    text: str
    bare: bool
    tokens: list[tuple[str, str, int]] = field(default_factory=list)
    place: int = 0
    depth: int = 0
    refs: list[tuple[str, int]] = field(default_factory=list)
    columns: list[tuple[str, int]] = field(default_factory=list)
    own: bool = False
    faults: list[Fault] = field(default_factory=list)

    def cut(self) -> None:
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise Refused(_unreadable(self.text, at))
            kind = str(found.lastgroup)
            if found["ref"] is not None:
                self.tokens.append(("ref", found["name"], at + 1))
            elif kind != "space":
                self.tokens.append((kind, found.group(), at + 1))
            at = found.end()

    @property
    def next(self) -> tuple[str, str, int]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "", len(self.text) + 1)

    def take(self, *signs: str) -> str:
        """The next token when it is one of these signs or words of operation, else ""."""
        kind, said, _ = self.next
        if kind in ("sign", "word") and said in signs:
            self.place += 1
            return said
        return ""

    def either(self, word: str) -> Tree:
        parts = [self.either("and") if word == "or" else self.chain(0)]
        while self.take(word):
            parts.append(self.either("and") if word == "or" else self.chain(0))
        return parts[0] if len(parts) == 1 else (word, tuple(parts))

    def chain(self, level: int) -> Tree:
        if level == len(LEVELS):
            return self.unary()
        first = self.chain(level + 1)
        rest = []
        while sign := self.take(*LEVELS[level]):
            rest.append((sign, self.chain(level + 1)))
        return ("chain", first, tuple(rest)) if rest else first

    def unary(self) -> Tree:
        times = 0
        while self.take("-"):
            times += 1
        tree = self.primary()
        return ("neg", times, tree) if times else tree

    def primary(self) -> Tree:
        kind, said, at = self.next
        if kind == "end":
            raise Refused(Fault("expression_syntax", "l’expression s’arrête trop tôt", at))
        self.place += 1
        if kind == "num":
            return ("num", float(said))
        if kind == "text":
            return ("text", said[1:-1])
        if kind == "ref":
            self.refs.append((said, at))
            return ("ref", said)
        if said == ".":
            self.own = True
            return ("dot",)
        if said == "(":
            return self.inside(at)
        if kind == "word" and said not in WORDS:
            return self.word(said, at)
        raise Refused(Fault("expression_syntax", f"« {said} » n’est pas attendu ici", at))

    def inside(self, at: int) -> Tree:
        self.deeper(at)
        tree = self.either("or")
        self.close(at)
        return tree

    def deeper(self, at: int) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refused(Fault("expression_syntax", f"plus de {DEEPEST} parenthèses l’une dans l’autre", at))

    def close(self, opened: int) -> None:
        self.depth -= 1
        if not self.take(")"):
            kind, said, at = self.next
            if kind == "end":
                raise Refused(Fault("expression_syntax", "une parenthèse ouverte n’est pas refermée", opened))
            hint = " ; un nombre s’écrit avec un point : 3.5" if said == "," else ""
            raise Refused(Fault("expression_syntax", f"« {said} » n’est pas attendu ici{hint}", at))

    def word(self, name: str, at: int) -> Tree:
        if not self.take("("):
            if self.bare:
                self.columns.append((name, at))
                return ("col", name)
            said = f"« {name} » n’est ni une question (${{{name}}}) ni un texte ('{name}')"
            raise Refused(Fault("expression_syntax", said, at))
        opened = self.tokens[self.place - 1][2]
        self.deeper(opened)
        given: list[Tree] = []
        if self.next[1] != ")" or self.next[0] != "sign":
            given.append(self.either("or"))
            while self.take(","):
                given.append(self.either("or"))
        self.close(opened)
        self.judge(name, given, at)
        return ("call", name, tuple(given))

    def judge(self, name: str, given: list[Tree], at: int) -> None:
        if name not in FUNCTIONS:
            self.faults.append(Fault("unknown_function", f"fonction inconnue « {name} »", at))
            return
        least, most = FUNCTIONS[name]
        if not least <= len(given) <= most:
            count = str(least) if least == most else f"au moins {least}" if most == 99 else f"{least} ou {most}"
            said = f"« {name} » attend {count} valeur{'s' if most > 1 else ''} entre parenthèses, pas {len(given)}"
            self.faults.append(Fault("arity", said, at))
        elif name == "regex":
            reason = why_unsafe(given[1][1]) if given[1][0] == "text" else "le motif s’écrit entre guillemets"
            if reason:
                self.faults.append(Fault("regex_unsafe", f"motif refusé : {reason}", at))


def _unreadable(text: str, at: int) -> Fault:
    sign = text[at]
    if sign in CURLY:
        said = f"guillemet courbe {sign} : votre tableur l’a remplacé, écrivez ' ou \""
        return Fault("expression_syntax", said, at + 1)
    if sign in "'\"":
        return Fault("expression_syntax", f"un guillemet {sign} n’est pas refermé", at + 1)
    if sign == "$":
        found = _BAD_REF.match(text, at)
        wrong = found.group() if found else sign
        name = re.sub(r"[^\w.-]", "", wrong) or "nom"
        said = f"référence mal écrite « {wrong} » : écrivez ${{{name}}}, sans espace"
        return Fault("reference_malformed", said, at + 1)
    return Fault("expression_syntax", f"signe « {sign} » inattendu", at + 1)


@lru_cache(maxsize=8_192)
def read(text: str, *, bare: bool = False) -> Expression:
    """Read one expression. Never raises: what is wrong is in `faults`, with its place.

    `bare`: words alone are columns of the sheet of choices (`choice_filter`).
    """
    if len(text) > MOST_LETTERS:
        said = f"l’expression dépasse {MOST_LETTERS} signes"
        return Expression(text, None, faults=(Fault("expression_syntax", said, MOST_LETTERS + 1),))
    reader = _Reader(text, bare)
    tree: Tree | None = None
    try:
        reader.cut()
        tree = reader.either("or")
        if reader.next[0] != "end":
            _, said, at = reader.next
            hint = " ; un nombre s’écrit avec un point : 3.5" if said == "," else ""
            raise Refused(Fault("expression_syntax", f"« {said} » n’est pas attendu ici{hint}", at))
    except Refused as refused:
        reader.faults.append(refused.fault)
        tree = None
    return Expression(text, tree, tuple(reader.refs), tuple(reader.columns), reader.own, tuple(reader.faults))


_QUOTED = re.compile(r"\$\{([A-Za-z_][\w.-]*)\}")
_ANY = re.compile(r"\$\{[^}\n]{0,80}\}?|\$[A-Za-z_]\w*")


def quoted(text: str) -> tuple[list[tuple[str, int]], list[Fault]]:
    """The questions a label quotes, with their place; and the references that are badly written."""
    names, faults = [], []
    for found in _ANY.finditer(text):
        good = _QUOTED.fullmatch(found.group())
        if good:
            names.append((good[1], found.start() + 1))
        else:
            faults.append(_unreadable(text, found.start()))
    return names, faults


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text of a label with the answers it quotes; what is not answered leaves nothing."""
    return _QUOTED.sub(lambda found: values.get(found[1], ""), text) if "${" in text else text


def without_once(text: str) -> str:
    """The expression without SurveyCTO's `once(e)`, which becomes `    (e)`; as it was when it cannot be read."""
    reader = _Reader(text, bare=True)
    try:
        reader.cut()
    except Refused:
        return text
    places = [
        at for (kind, said, at), after in zip(reader.tokens, reader.tokens[1:], strict=False)
        if kind == "word" and said == "once" and after[1] == "("
    ]  # fmt: skip
    for at in reversed(places):
        text = f"{text[: at - 1]}    {text[at + 3 :]}"  # the places of what follows stay those of the cell
    return text
