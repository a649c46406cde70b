"""One rule in four shapes: form, JSON, Cedar, French. Reading one from another gives the same rule, sign for sign.

A rule is who, actions, and a conjunction; an alternative is another rule. Source: reference rules-vault-commons § 15.
Nobody types Cedar: people fill the form, and this module writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from entremise.rules.engine.lint import IDS
from entremise.rules.engine.vocabulary import FIELD_ACTIONS, FLAGS, LIMITS, LINKS, WORDS, words

Json = dict[str, Any]
Value = tuple[str, ...] | int | str | bool
LISTS: Final = {
    "purpose": "Purpose",
    "category": "Category",
    "roles": "Role",
    "registers": "Register",
    "approvals": "College",
}
MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_UNTIL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class OutsideGrammar(ValueError):
    """A rule that the form cannot hold; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in: `who` is `Agent` or `Person`; `when` keeps the order of the conditions."""

    id: str
    title: str
    who: str
    role: str | None
    actions: tuple[str, ...]
    when: tuple[tuple[str, Value], ...]

    def get(self, key: str) -> Value | None:
        return next((value for name, value in self.when if name == key), None)

    def some(self, key: str) -> tuple[str, ...]:
        """The codes under a list condition, none when the rule does not bear on it."""
        value = self.get(key)
        return value if isinstance(value, tuple) else ()

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.role,) if self.role else self.some("roles")

    def until(self, instant: str) -> Form:
        """The same rule with another end, whatever the one it had."""
        rest = tuple((key, value) for key, value in self.when if key != "until")
        return replace(self, when=(*rest, ("until", instant)))

    def lapsing(self, instant: str) -> Form:
        """The same rule, that stops by itself at `instant` (`2026-08-01T00:00:00Z`), or earlier if it already did."""
        before = self.get("until")
        return self.until(min(instant, before) if isinstance(before, str) else instant)


def _check(key: str, value: object) -> None:
    if key in LISTS:
        known = WORDS.get(LISTS[key])
        if not isinstance(value, tuple) or not value or len(set(value)) != len(value):
            raise OutsideGrammar(f"« {key} » : choisissez au moins un élément, chacun une fois.")
        for code in value:
            if code not in known if known is not None else not re.fullmatch(r"[a-z0-9-]{1,40}", str(code)):
                raise OutsideGrammar(f"« {code} » n’est pas dans la liste « {key} ».")
    elif key in LIMITS:
        _, low, high, _ = LIMITS[key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise OutsideGrammar(f"« {key} » : un nombre entre {low} et {high}.")
    elif key == "until":
        try:
            if not isinstance(value, str) or not _UNTIL.fullmatch(value):
                raise ValueError
            datetime.fromisoformat(value)
        except ValueError:
            raise OutsideGrammar("« until » : une date comme 2026-08-01T00:00:00Z.") from None
    elif key in FLAGS or key in LINKS:
        if value is not True:
            raise OutsideGrammar(f"« {key} » : une condition est là, ou absente.")
    else:
        raise OutsideGrammar(f"« {key} » n’est pas une condition connue.")


def check_form(form: Form) -> Form:
    """The form itself when a rule can say it. Raises OutsideGrammar with what to correct."""
    if not IDS.fullmatch(form.id):
        raise OutsideGrammar(
            "L’identifiant commence par « rule- », puis 3 à 60 lettres sans accent, chiffres ou tirets."
        )
    if not 3 <= len(form.title) <= 120 or form.title != form.title.strip() or re.search(r'["\\\n\r\t]', form.title):
        raise OutsideGrammar("Le titre a de 3 à 120 signes, sur une ligne, sans guillemet droit.")
    if form.who not in ("Agent", "Person") or (form.role and form.role not in WORDS["Role"]):
        raise OutsideGrammar("Qui : un rôle de la liste, ou les habitants.")
    keys = [key for key, _ in form.when]
    if len(set(keys)) != len(keys):
        raise OutsideGrammar("Une condition est donnée deux fois.")
    for key, value in form.when:
        _check(key, value)
    if form.who == "Person" and (form.role or "roles" in keys):
        raise OutsideGrammar("Un habitant n’a pas de rôle.")
    if form.who == "Agent" and bool(form.role) == ("roles" in keys):
        raise OutsideGrammar("Un agent a un rôle, ou l’un des rôles d’une liste : l’un des deux.")
    if "purpose" not in keys:
        raise OutsideGrammar("Pour : au moins une finalité.")
    unknown = [code for code in form.actions if code not in WORDS["Action"]]
    if unknown or not form.actions or len(set(form.actions)) != len(form.actions):
        raise OutsideGrammar("Peut : au moins une action de la liste, chacune une fois.")
    if not set(form.actions) <= set(FIELD_ACTIONS) and set(form.actions) & set(FIELD_ACTIONS):
        raise OutsideGrammar("Les actions sur une fiche et sur un registre font deux règles.")
    return form


# form <-> JSON


def to_json(form: Form) -> Json:
    """As it is stored and exported: lists instead of tuples, nothing else."""
    when = [[key, list(value) if isinstance(value, tuple) else value] for key, value in form.when]
    return {
        "id": form.id,
        "title": form.title,
        "who": form.who,
        "role": form.role,
        "actions": list(form.actions),
        "when": when,
    }


def from_json(data: Mapping[str, Any]) -> Form:
    """Raises OutsideGrammar when it is not a form."""
    try:
        if set(data) != {"id", "title", "who", "role", "actions", "when"}:
            raise OutsideGrammar("Une règle a un identifiant, un titre, un acteur, des actions et des conditions.")
        when = tuple((str(k), tuple(map(str, v)) if isinstance(v, list) else v) for k, v in data["when"])
        role = None if data["role"] is None else str(data["role"])
        actions = tuple(map(str, data["actions"]))
        form = Form(str(data["id"]), str(data["title"]), str(data["who"]), role, actions, when)
    except (TypeError, ValueError) as error:
        if isinstance(error, OutsideGrammar):
            raise
        raise OutsideGrammar("Une règle mal rangée : ses champs n’ont pas la forme attendue.") from None
    return check_form(form)


# Cedar (as the engine's tree) -> form


def _path(node: Json) -> str:
    return str(node["Var"]) if "Var" in node else f"{_path(node['.']['left'])}.{node['.']['attr']}"


def _members(node: Json) -> tuple[str, ...]:
    return tuple(value["Value"]["__entity"]["id"] for value in node["Set"])


def _atom(node: Json) -> tuple[str, Value]:
    (op, a), = node.items()  # fmt: skip
    if op == "contains" and "Set" in a["left"]:
        key = {"context.purpose": "purpose", "context.category": "category"}[_path(a["right"])]
        return key, _members(a["left"])
    if op == "contains" and _path(a["right"]) == "principal":
        return next(key for key, (path, _) in LINKS.items() if path == _path(a["left"])), True
    if op == "containsAll" and _path(a["left"]) == "context.approvals":
        return "approvals", _members(a["right"])
    if op == "in":
        return {"principal": "roles", "resource": "registers"}[_path(a["left"])], _members(a["right"])
    if op == "<" and _path(a["left"]) == "context.now":
        return "until", str(a["right"]["datetime"][0]["Value"])
    if op in ("<=", ">="):
        whole = _path(a["left"])
        key = whole.split(".")[-1]
        way = "max" if op == "<=" else "min"
        if whole == ("principal.level" if key == "level" else f"context.{key}") and LIMITS[key][0] == way:
            return key, int(a["right"]["Value"])
    if op == "." and _path(node) in FLAGS:
        return _path(node), True
    raise KeyError(op)


def _conjunction(node: Json) -> list[tuple[str, Value]]:
    if "&&" in node:
        return _conjunction(node["&&"]["left"]) + _conjunction(node["&&"]["right"])
    return [_atom(node)]


def to_form(policy: Json) -> Form:
    """One policy of `tree()` as a form. Raises OutsideGrammar when the form cannot say it."""
    try:
        who, act, note = policy["principal"], policy["action"], policy["annotations"]
        kinds = [condition["kind"] for condition in policy["conditions"]]
        if policy["effect"] != "permit" or who["op"] != "is" or policy["resource"] != {"op": "All"}:
            raise KeyError("scope")
        if kinds != ["when"] or set(note) != {"id", "title", "texte"}:
            raise KeyError("conditions")
        form = Form(
            note["id"],
            note["title"],
            who["entity_type"],
            who["in"]["entity"]["id"] if "in" in who else None,
            tuple(entity["id"] for entity in act.get("entities") or [act["entity"]]),
            tuple(_conjunction(policy["conditions"][0]["body"])),
        )
    except (KeyError, TypeError, ValueError, StopIteration, AttributeError):
        raise OutsideGrammar(
            "Cette règle ne tient pas dans le formulaire : un acteur, des actions, des « et »."
        ) from None
    return check_form(form)


# form -> Cedar, form -> French


def _entities(kind: str, codes: Sequence[str]) -> str:
    return "[" + ", ".join(f'{kind}::"{code}"' for code in codes) + "]"


def _condition(key: str, value: Value) -> str:
    if isinstance(value, tuple):
        codes = _entities(LISTS[key], value)
        return {
            "purpose": f"{codes}.contains(context.purpose)",
            "category": f"{codes}.contains(context.category)",
            "roles": f"principal in {codes}",
            "registers": f"resource in {codes}",
            "approvals": f"context.approvals.containsAll({codes})",
        }[key]
    if key == "until":
        return f'context.now < datetime("{value}")'
    if key in LINKS:
        return f"{LINKS[key][0]}.contains(principal)"
    if key in FLAGS:
        return key
    if key == "level":
        return f"principal.level >= {value}"
    return f"context.{key} {'>=' if LIMITS[key][0] == 'min' else '<='} {value}"


def to_cedar(form: Form) -> str:
    """The text that is enforced, one final newline included."""
    who = f"principal is {form.who}" + (f' in Role::"{form.role}"' if form.role else "")
    one = len(form.actions) == 1
    act = f'action == Action::"{form.actions[0]}"' if one else f"action in {_entities('Action', form.actions)}"
    when = " && ".join(_condition(key, value) for key, value in form.when)
    head = f'@id("{form.id}") @title("{form.title}")\n@texte("{french(form)}")\n'
    return f"{head}permit ({who}, {act}, resource) when {{ {when} }};\n"


def rulebook(forms: Sequence[Form], heading: str = "") -> str:
    """The text of a whole rulebook, one blank line between rules."""
    return heading + "\n".join(map(to_cedar, forms))


def as_until(moment: datetime) -> str:
    """A moment as the condition `until` writes it, in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def said_date(instant: str) -> str:
    """« 1er août 2026 » for `2026-08-01T00:00:00Z`."""
    day = date.fromisoformat(instant[:10])
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def _said(key: str, value: Value) -> str:
    if isinstance(value, tuple):
        return (
            "accord des collèges " + words("College", value, " et ")
            if key == "approvals"
            else ("registre " + " ou ".join(value))
        )
    if key == "until":
        return f"jusqu'au {said_date(str(value))}"
    if key in LINKS:
        return LINKS[key][1]
    return FLAGS[key] if key in FLAGS else LIMITS[key][3].format(value)


@dataclass(frozen=True, slots=True)
class Line:
    """One heading of a rule and what stands under it: shown as an indented list, or on one line."""

    heading: str
    items: tuple[str, ...]
    joint: str


def lines(form: Form) -> list[Line]:
    """The rule in French under its five headings: Qui, Peut, Quoi, Pour, Si."""
    who = ("habitant·e",) if form.who == "Person" else tuple(WORDS["Role"][role] for role in form.roles)
    rest = tuple(_said(k, v) for k, v in form.when if k not in ("roles", "purpose", "category"))
    found = [
        Line("Qui", who, " ou "),
        Line("Peut", tuple(WORDS["Action"][a] for a in form.actions), " ou "),
        Line("Quoi", tuple(WORDS["Category"][c] for c in form.some("category")), ", "),
        Line("Pour", tuple(WORDS["Purpose"][p] for p in form.some("purpose")), " ou "),
        Line("Si", rest, " ; et "),
    ]
    return [line for line in found if line.items]


def french(form: Form) -> str:
    """The rule in one French line: what `@texte` must say, letter for letter."""
    return " ".join(f"{line.heading} : {line.joint.join(line.items)}." for line in lines(form))


def differences(before: Form, after: Form) -> list[str]:
    """What changed between two versions of a rule, in words (« Pour : ajouté orientation »)."""
    out = []
    for key in dict.fromkeys(key for form in (before, after) for key, _ in form.when):
        old, new = before.get(key), after.get(key)
        if old == new or key in LISTS:
            continue
        if old is None or new is None:
            out.append(f"Si : {'ajouté' if old is None else 'retiré'} {_said(key, new if old is None else old)}")  # type: ignore[arg-type]
        else:
            out.append(f"Si : {_said(key, old)} → {_said(key, new)}")
    was, now = ({line.heading: line.items for line in lines(form)} for form in (before, after))
    for heading in ("Qui", "Peut", "Quoi", "Pour"):
        old_items, new_items = was.get(heading, ()), now.get(heading, ())
        out += [f"{heading} : ajouté {item}" for item in new_items if item not in old_items]
        out += [f"{heading} : retiré {item}" for item in old_items if item not in new_items]
    for key in ("approvals", "registers"):
        if before.some(key) != after.some(key):
            said = [_said(key, form.some(key)) if form.some(key) else "sans condition" for form in (before, after)]
            out.append(f"Si : {said[0]} → {said[1]}")
    return out
