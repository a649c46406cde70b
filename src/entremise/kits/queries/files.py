"""Kits as files: where they lie, what they say, everything that is wrong in them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from pydantic import ValidationError

from entremise.kernel.errors import DomainError, NotFound
from entremise.kits import registry
from entremise.kits.queries import faults
from entremise.kits.queries.faults import Fault
from entremise.kits.registry import Sentence, Strict, Text

SHIPPED = Path(__file__).parents[1] / "data"
ID = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")


class Head(Strict):
    """The table `[kit]`: who the kit is."""

    id: Sentence
    version: Sentence
    title: Text
    description: Text


@dataclass(frozen=True, slots=True)
class Kit:
    id: str
    version: str
    title: Text
    description: Text
    sha256: str
    path: Path
    sections: Mapping[str, Strict]


class InvalidKit(DomainError):
    """`faults` holds every fault of the file, not the first one."""

    code = "invalid_kit"

    def __init__(self, kit_id: str, found: list[Fault]) -> None:
        self.faults = found
        count = "une erreur" if len(found) == 1 else f"{len(found)} erreurs"
        lines = "".join(f"\n  {fault}" for fault in found)
        super().__init__(f"Le kit « {kit_id} » contient {count} ; rien n’a été appliqué :{lines}")


def folders() -> list[Path]:
    """Where kits are looked for; a kit of `ENTREMISE_KITS` replaces the shipped one of the same name."""
    outside = [Path(settings.KITS_FOLDER)] if settings.KITS_FOLDER else []
    return [*outside, SHIPPED]


def available() -> list[str]:
    return sorted({file.parent.name for folder in folders() for file in folder.glob("*/kit.toml")})


def path_of(kit_id: str) -> Path:
    """The file of a kit. `NotFound` names the kits that exist."""
    if ID.match(kit_id):
        for folder in folders():
            if (file := folder / kit_id / "kit.toml").is_file():
                return file
    known = ", ".join(available()) or "aucun"
    raise NotFound(
        f"Aucun kit ne s’appelle « {kit_id} ». Kits disponibles : {known}. "
        "Un autre kit se place dans le dossier indiqué par ENTREMISE_KITS, sous la forme NOM/kit.toml."
    )


def check(kit_id: str) -> list[Fault]:
    """All the faults of a kit, in the order of the file; an empty list when it can be applied."""
    return _read(kit_id)[1]


def kit(kit_id: str) -> Kit:
    """The kit, read and valid. `NotFound` when it does not exist, `InvalidKit` with all its faults otherwise."""
    found, wrong = _read(kit_id)
    if found is None:
        raise InvalidKit(kit_id, wrong)
    return found


def _read(kit_id: str) -> tuple[Kit | None, list[Fault]]:
    path = path_of(kit_id)
    name = f"{kit_id}/kit.toml"
    raw = path.read_bytes()
    try:
        tables: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return None, [Fault(name, "", "", "le fichier n’est pas en UTF-8 : enregistrez-le dans cet encodage")]
    except tomllib.TOMLDecodeError as error:
        return None, [Fault(name, "", "", faults.syntax(str(error)))]
    wrong: list[Fault] = []
    head: Head | None = None
    sections: dict[str, Strict] = {}
    if "kit" not in tables:
        wrong.append(Fault(name, "[kit]", "", "la table est absente : elle donne id, version, title et description"))
    for table, content in tables.items():
        schema = Head if table == "kit" else getattr(registry.sections().get(table), "schema", None)
        if schema is None:
            known = ", ".join(f"[{known}]" for known in ("kit", *sorted(registry.sections())))
            wrong.append(Fault(name, f"[{table}]", "", f"section inconnue ; sections admises : {known}"))
            continue
        try:
            read = schema.model_validate(content)
        except ValidationError as error:
            wrong += faults.of(name, table, content, error)
            continue
        if isinstance(read, Head):
            head = read
        else:
            sections[table] = read
    if head is not None and head.id != kit_id:
        wrong.append(Fault(name, "[kit]", "id", f"vaut « {head.id} » alors que le dossier s’appelle « {kit_id} »"))
    if wrong or head is None:
        return None, wrong
    sha256 = hashlib.sha256(raw).hexdigest()
    return Kit(kit_id, head.version, head.title, head.description, sha256, path, sections), []
