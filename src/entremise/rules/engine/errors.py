"""What the engine says, in French. An unknown sentence is « Texte refusé par le moteur », with a code to report."""

from __future__ import annotations

import hashlib
import re

from entremise.kernel.errors import DomainError
from entremise.rules.engine.lint import Problem

_TABLE = [
    (
        r"entity `(?P<b>\w+)::\"(?P<a>[^\"]*)\"` is of an enumerated",
        "unknown_word",
        "« {a} » n’est pas dans la liste fermée « {b} ».",
    ),
    (r"unrecognized action `Action::\"(?P<a>[^\"]*)\"", "unknown_action", "L’action « {a} » n’existe pas."),
    (r"unrecognized entity type `(?P<a>\w+)", "unknown_kind", "« {a} » n’est pas une sorte connue."),
    (r"attribute `(?P<a>[\w.]+)` .*not found", "unknown_fact", "Le fait « {a} » n’existe pas ici."),
    (r"optional attribute", "optional_fact", "Un fait qui peut manquer est lu sans vérifier qu’il est là."),
    (
        r"types (?P<a>\w+) and (?P<b>\w+) are not compatible",
        "wrong_type",
        "Deux choses sont comparées qui ne se comparent pas ({a} et {b}).",
    ),
    (r"unexpected type: expected", "wrong_type", "Une valeur n’est pas de la sorte attendue."),
    (r"'=' is not a valid operator", "operator", "« = » ne compare pas : écrivez « == »."),
    (
        r"applicable action given",
        "never_applies",
        "L’acteur, l’action et l’objet de cette règle ne vont pas ensemble.",
    ),
    (r"parse as a datetime", "date", "Une date est mal écrite."),
    (r"number too large", "number", "Un nombre est trop grand."),
    (r"duplicate annotation", "double_annotation", "Une annotation est donnée deux fois."),
    (r"parse error|unexpected token|unexpected end|failed to parse", "syntax", "Le texte est mal écrit."),
]


class EngineRefused(DomainError):
    """A rule set that the engine, or its self-test, does not accept: nothing is decided with it."""

    code = "rules_refused"

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(
            "Ces règles ne peuvent pas entrer en vigueur : " + " ".join(dict.fromkeys(map(str, problems[:5])))
        )


def in_french(message: str) -> Problem:
    """The engine's English sentence as a problem said in French."""
    for pattern, code, sentence in _TABLE:
        if found := re.search(pattern, message, re.DOTALL | re.IGNORECASE):
            return Problem(code, sentence.format(**found.groupdict()), message)
    code = hashlib.sha256(message.encode()).hexdigest()[:6]
    return Problem("engine", f"Texte refusé par le moteur (code {code}).", message)
