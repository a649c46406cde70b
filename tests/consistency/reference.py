"""What docs/reference must list, drawn from the registries of the running product."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entremise.audit import registry as audit
from entremise.kernel import jobs
from entremise.kits import queries as kits, registry as kits_registry
from entremise.rules import registry as rules
from tests.consistency.source import DOCS, SRC, text_of, tree


@dataclass(frozen=True, slots=True)
class Page:
    """`items()`: heading → the text the code gives. `head` opens the page."""

    name: str
    head: str
    items: Callable[[], Mapping[str, str]]


def _usecases() -> dict[str, str]:
    from tests.consistency.test_usecases import CASES

    found = {}
    for name, function in CASES:
        arguments = ast.unparse(function.args)
        doc = (ast.get_docstring(function) or "").strip()
        found[name] = f"`{function.name}({arguments})`\n\n{doc}"
    return found


def _actions() -> dict[str, str]:
    shown = {code: words for code, words in audit._sentences.items() if not code.startswith("tests.")}
    return {code: f"« … {words} »" for code, words in shown.items()}


def _rules() -> dict[str, str]:
    found = {}
    for point in rules.declared().values():
        if point.choices:
            bounds = "choix : " + ", ".join(point.choices)
        elif isinstance(point.default, bool):
            bounds = "oui ou non"
        else:
            bounds = f"de {point.minimum} à {point.maximum} {point.unit}".rstrip()
        found[point.key] = f"{point.label}. Par défaut : {point.default} ; {bounds}."
    return found


def _jobs() -> dict[str, str]:
    found = {}
    for job in jobs.declared().values():
        if job.name.startswith("t."):
            continue
        when = f"toutes les {int(job.every.total_seconds() // 60)} min" if job.every else ""
        when = f"chaque jour à {job.daily:%H:%M}" if job.daily else when or "à la demande"
        tries = "un essai" if job.tries == 1 else f"{job.tries} essais"
        doc = (job.body.__doc__ or "").strip()
        found[job.name] = f"{when[0].upper()}{when[1:]} ; {tries}." + (f" {doc}" if doc else "")
    return found


def _kits() -> dict[str, str]:
    found = {}
    for name in kits.available():
        kit = kits.kit(name)
        found[name] = f"{kit.title.fr}, version {kit.version}. {kit.description.fr}"
    for section in kits_registry.sections().values():
        fields = "\n".join(f"- `{key}`" for key in section.schema.model_fields)
        found[f"[{section.name}]"] = f"Clés :\n\n{fields}"
    return found


READERS = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"")


def _settings() -> dict[str, str]:
    text = (SRC / "site" / "settings.py").read_text(encoding="utf-8")
    inside = (SRC / "site" / "env.py").read_text(encoding="utf-8")
    names = {*READERS.findall(text), *re.findall(r"text\(\"(ENTREMISE_[A-Z_]+)\"", inside)}
    return dict.fromkeys(sorted(names), "À décrire.")


def _refusals() -> dict[str, str]:
    """Every subclass of DomainError with its code; the sentence is said where it is raised."""
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        if "migrations" in path.parts or text_of(path) is None:
            continue
        for node in tree(path).body:
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                    if not (isinstance(line.value, ast.Constant) and "Error" in ast.unparse(ast.Tuple(node.bases))):
                        continue
                    doc = (ast.get_docstring(node) or "").strip()
                    found[str(line.value.value)] = f"`{node.name}`." + (f" {doc}" if doc else "")
    return found


PAGES = [
    Page("usecases.md", "# Use cases\n\nEvery write of the product; doors call them, nothing else writes.", _usecases),
    Page(
        "action-codes.md",
        "# Codes d’action\n\nCe que la trace écrit, et la phrase qu’on en lit.",
        _actions,
    ),
    Page("rule-points.md", "# Points de règle\n\nCe que la communauté peut voter, avec ses bornes.", _rules),
    Page("jobs.md", "# Travaux\n\nCe que fait le serveur sans qu’on le lui demande, ou après un acte.", _jobs),
    Page(
        "kits.md",
        "# Kits de crise\n\n`entremise kit check|plan|apply NOM`. Kits livrés, puis sections.",
        _kits,
    ),
    Page("settings.md", "# Réglages\n\nVariables d’environnement ; une valeur insensée arrête tout.", _settings),
    Page("refusals.md", "# Refus\n\nCodes stables pour les programmes ; la phrase dit quoi faire.", _refusals),
]


def _written(page: Page) -> dict[str, str]:
    path = DOCS / page.name
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    parts = re.split(r"^## `?([^`\n]+)`?$", text, flags=re.MULTILINE)
    return {name.strip(): body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def expected(page: Page) -> list[str]:
    return sorted(page.items())


def write(page: Page) -> None:
    """Keep hand-written settings; rewrite what the code itself says."""
    by_hand = _written(page) if page.name == "settings.md" else {}
    said = {**page.items()}
    said.update({name: text for name, text in by_hand.items() if name in said})
    body = "\n\n".join(f"## `{name}`\n\n{said[name]}" for name in sorted(said))
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / page.name).write_text(f"{page.head}\n\n{body}".rstrip() + "\n", encoding="utf-8")
