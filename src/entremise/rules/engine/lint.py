"""What a rule text must be before the engine sees it: short, flat, in plain letters, with ids of its own.

The engine crashes on 1,000 nested brackets and accepts look-alike letters, doubled ids and invisible signs
(reference rules-vault-commons § 6, measured): each is refused here, in the order of the reference, first problem only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 8_000  # bytes of one proposed text
DEEPEST = 24  # brackets, `if`s, `!`s
IDS = re.compile(r"rule-[a-z0-9-]{3,60}")
FLOOR_IDS = re.compile(r"(floor|right)-[a-z0-9-]{3,60}")
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is refused: `code` for programs, `message` in French, `detail` the engine's own words if any."""

    code: str
    message: str
    detail: str = ""

    def __str__(self) -> str:
        return self.message


def emptied(text: str) -> tuple[str, bool]:
    """`text` with strings and comments turned to spaces, same length; and whether a string stays open."""
    out: list[str] = []
    inside = comment = escaped = False
    for at, sign in enumerate(text):
        if comment:
            comment = sign != "\n"
            out.append(sign if sign == "\n" else " ")
        elif inside:
            if escaped or sign not in '"\\':
                escaped = False
                out.append(" ")
            elif sign == "\\":
                escaped = True
                out.append(" ")
            else:
                inside = False
                out.append(sign)
        elif sign == '"':
            inside = True
            out.append(sign)
        elif text.startswith("//", at):
            comment = True
            out.append(" ")
        else:
            out.append(sign)
    return "".join(out), inside


def _signs(text: str) -> Problem | None:
    for sign in dict.fromkeys(text):
        kind = unicodedata.category(sign)
        if kind in {"Cf", "Co", "Cn", "Cs"} or (kind == "Cc" and sign != "\n"):
            return Problem("invisible_sign", f"Un signe invisible ou inconnu (U+{ord(sign):04X}) est interdit.")
    return None


def _shape(bare: str, open_string: bool) -> Problem | None:
    if open_string:
        return Problem("open_string", "Un guillemet n’est pas refermé.")
    stack: list[str] = []
    deepest = 0
    for sign in bare:
        if sign in "([{":
            stack.append(sign)
            deepest = max(deepest, len(stack))
        elif sign in _PAIRS and (not stack or stack.pop() != _PAIRS[sign]):
            return Problem("brackets", "Une parenthèse, un crochet ou une accolade est mal fermé.")
    if stack and deepest <= DEEPEST:
        return Problem("brackets", "Une parenthèse, un crochet ou une accolade n’est pas refermé.")
    if deepest > DEEPEST or len(re.findall(r"\bif\b", bare)) > DEEPEST or bare.replace("!=", "").count("!") > DEEPEST:
        return Problem("too_nested", "Texte trop imbriqué.")
    if not bare.isascii():
        return Problem("foreign_letter", "Une lettre accentuée ou étrangère est écrite hors des guillemets.")
    if re.search(r"\?(principal|resource)\b", bare):
        return Problem("template", "Un modèle à trous n’est pas une règle.")
    return None


def _ids(text: str, bare: str, pattern: re.Pattern[str], heads: str) -> Problem | None:
    for found in re.finditer(r'::\s*"', bare):
        name = text[found.end() : bare.index('"', found.end())]
        if not name.isascii() or "\\" in name:
            return Problem("foreign_id", f"L’identifiant « {name[:40]} » contient un signe qui n’est pas permis.")
    names = []
    for found in re.finditer(r'@id\s*\(\s*"', bare):
        names.append(text[found.end() : bare.index('"', found.end())])
    if not names or len(names) != len(re.findall(r"@id\b", bare)):
        return Problem("no_id", "Chaque règle porte un identifiant.")
    for name in names:
        if names.count(name) > 1:
            return Problem("double_id", f"L’identifiant « {name[:80]} » est donné deux fois.")
    if len(names) != len(re.findall(rf"\b(?:{heads})\s*\(", bare)):
        return Problem("no_id", "Chaque règle porte un identifiant, et un seul.")
    for name in names:
        if not pattern.fullmatch(name):
            return Problem(
                "reserved_id", f"L’identifiant « {name[:80]} » n’est pas permis : il commence par « rule- »."
            )
    return None


def lint(text: str, *, longest: int = LONGEST, floor: bool = False) -> Problem | None:
    """The first problem of a text, or None. `floor` reads the shipped floor, where prohibitions are at home."""
    if len(text.encode("utf-8", "surrogatepass")) > longest:
        return Problem("too_long", f"Texte trop long : {longest} octets au plus.")
    if problem := _signs(text):
        return problem
    bare, open_string = emptied(text)
    if problem := _shape(bare, open_string):
        return problem
    if not floor and re.search(r"\bforbid\b", bare):
        return Problem(
            "prohibition", "Une règle votée autorise ; elle n’interdit pas. Retirez plutôt une autorisation."
        )
    return _ids(text, bare, FLOOR_IDS if floor else IDS, "permit|forbid" if floor else "permit")
