"""Reads of the kits: the files (`kit`, `check`, `available`), what was applied, the sentences in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from entremise.kernel.errors import NotFound
from entremise.kits import registry
from entremise.kits.models import AppliedKit, Crisis, Wording
from entremise.kits.queries.faults import Fault
from entremise.kits.queries.files import InvalidKit, Kit, available, check, folders, kit
from entremise.kits.registry import Change, Text

__all__ = [
    "Fault", "InvalidKit", "Kit", "applied", "available", "check", "crises", "folders", "kit", "plan", "plan_texts",
    "said", "wording", "wordings",
]  # fmt: skip


def plan(found: Kit) -> list[Change]:
    """What applying the kit would change, section by section; empty when everything is in place."""
    return [change for name, content in found.sections.items() for change in registry.sections()[name].plan(content)]


def applied(kit_id: str) -> AppliedKit | None:
    """The last application of a kit, or None."""
    return AppliedKit.objects.filter(kit=kit_id).first()


def crises() -> list[Crisis]:
    return list(Crisis.objects.order_by("pk"))


def wordings(keys: Iterable[str]) -> dict[str, Wording]:
    """Key → wording in force, for several keys in one query; a key nobody wrote is absent."""
    found: dict[str, Wording] = {}
    for row in Wording.objects.filter(key__in=list(keys)).order_by("key", "version"):
        found[row.key] = row
    return found


def plan_texts(texts: Mapping[str, Text]) -> list[Change]:
    """The plan of some sentences, for the sections that have any."""
    current = wordings(texts)
    changes = []
    for key, text in texts.items():
        if key not in current:
            changes.append(Change("add", f"texte {key}", after=text.fr))
        elif current[key].text != text.as_dict():
            changes.append(Change("change", f"texte {key}", current[key].said(), text.fr))
    return changes


def wording(key: str) -> Wording:
    """The sentence in force. `NotFound` says which kit to apply when it was never written."""
    if found := wordings([key]).get(key):
        return found
    raise NotFound(
        f"Le texte « {key} » n’existe pas encore. Appliquez un kit qui le contient : "
        "entremise kit apply confinement, par exemple."
    )


def said(key: str, language: str = "fr", **values: str) -> str:
    """The sentence in force in a language, with its `{places}` filled. `NotFound` as `wording`."""
    return wording(key).said(language).format(**values)
