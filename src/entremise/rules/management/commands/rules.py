from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entremise.rules import engine, queries, usecases
from entremise.rules.engine import Form, shipped
from entremise.rules.engine.form import differences
from entremise.rules.engine.lint import LONGEST
from entremise.rules.engine.vocabulary import typographic

IN_FORCE = "en-vigueur"


class Command(BaseCommand):
    help = (
        "Lire les règles. `check FICHIER` : le fichier (formulaires JSON ou Cedar) tient-il ? `show` : les règles en "
        "vigueur. `diff A B` : ce qui change et dans quel sens (un fichier, un numéro, ou « en-vigueur »). "
        "Codes de sortie : 0 bien, 1 refus."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["check", "show", "diff"])
        parser.add_argument("where", nargs="*", metavar="FICHIER")

    def handle(self, *, deed: str, where: list[str], **options: Any) -> None:
        if len(where) != {"check": 1, "show": 0, "diff": 2}[deed]:
            raise CommandError("Écrivez : rules check FICHIER, rules show, ou rules diff A B.")
        if deed == "check":
            self.check_file(where[0])
        elif deed == "show":
            self.show()
        else:
            self.diff(*where)

    def check_file(self, where: str) -> None:
        forms = _read(where)
        try:
            usecases.check_forms(forms)
        except engine.EngineRefused as error:
            raise CommandError(typographic(str(error.message))) from None
        self.stdout.write(f"{len(forms)} règles : tout est juste.")

    def show(self) -> None:
        rule_set = queries.active()
        if rule_set is None:
            raise CommandError("Aucun règlement n’est installé.")
        self.stdout.write(f"Règlement n° {rule_set.number}, {rule_set.decision}. {rule_set.fingerprint}")
        for form in queries.forms(rule_set):
            self.stdout.write(typographic(f"\n{form.id} : {form.title}\n  {engine.french(form)}"))

    def diff(self, one: str, other: str) -> None:
        before, after = ({form.id: form for form in _read(where)} for where in (one, other))
        for name in sorted(before.keys() - after.keys()):
            self.stdout.write(f"retirée : {name}")
        for name in sorted(after.keys() - before.keys()):
            self.stdout.write(f"ajoutée : {name}. {typographic(engine.french(after[name]))}")
        for name in sorted(before.keys() & after.keys()):
            for words in differences(before[name], after[name]):
                self.stdout.write(f"changée : {name}. {typographic(words)}")
        way = engine.direction(before.values(), after.values())
        self.stdout.write(f"Sens : {engine.SAID[way]}.")


def _read(where: str) -> list[Form]:
    """The rules of a file (JSON forms, or Cedar), of a number, or those in force."""
    if where == IN_FORCE or where.isdigit():
        row = queries.active() if where == IN_FORCE else queries.numbered(int(where))
        if row is None:
            raise CommandError(f"Aucun règlement « {where} ».")
        return list(queries.forms(row))
    path = Path(where)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"« {where} » ne se lit pas : donnez un fichier de texte.") from None
    try:
        if text.lstrip().startswith("["):
            return [engine.from_json(one) for one in json.loads(text)]
        if len(text) > LONGEST * engine.MOST:
            raise CommandError("Ce fichier est trop long pour un règlement.")
        if problems := engine.check(text, shipped.schema(), longest=LONGEST * engine.MOST):
            raise CommandError(" ".join(typographic(problem.message) for problem in problems))
        return [engine.to_form(policy) for policy in engine.tree(text)]
    except (json.JSONDecodeError, TypeError, AttributeError):
        raise CommandError("Ce fichier n’est pas une liste de formulaires JSON.") from None
    except engine.EngineRefused as error:
        raise CommandError(typographic(str(error.message))) from None
    except engine.OutsideGrammar as error:
        raise CommandError(str(error)) from None
