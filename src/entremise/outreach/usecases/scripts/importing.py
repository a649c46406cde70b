"""A file becomes a version of a script, or the list of what to correct in it. Nothing is half saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.outreach import policies
from entremise.outreach.engine.xlsform import fingerprint
from entremise.outreach.engine.xlsform.importing import Understood, Unusable, understand
from entremise.outreach.models import Script, ScriptVersion
from entremise.outreach.queries import scripts as queries
from entremise.outreach.usecases.scripts.serving import serve
from entremise.referrals.models import NEEDS

IMPORTED = declare("outreach.script.imported", "a importé une version d’un script d’appel")
INSTALLED = declare("outreach.script.installed", "a installé un script d’appel livré")
NAME_MISSING: Final = "Donnez un nom à ce script, celui que verront les superviseurs : « Canicule »."


class ScriptUnreadable(DomainError):
    """The file cannot be read at all; the sentence says what to do with it."""

    code = "script_unreadable"


class ScriptNameMissing(DomainError):
    """A new script needs a name."""

    code = "script_name_missing"


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: `version` is None when an error prevents one. `again`: it was there already."""

    version: ScriptVersion | None
    understood: Understood
    again: bool = False


def import_script(actor: Actor, *, script: Script | None, file_name: str, content: bytes, label: str = "") -> Imported:
    """Read a file as a new draft of this script, or of a new one called `label`.

    A file with errors changes nothing: the answer holds all its problems. The same script again (same fingerprint as
    a draft or as the version in service) is not kept twice. Raises NotAllowed, SecondFactorNeeded, ScriptUnreadable,
    ScriptNameMissing.
    """
    policies.require_scripts(actor)
    if script is None and not label.strip():
        raise ScriptNameMissing(NAME_MISSING)
    # Read first, for it takes up to some seconds on a hostile file: the database waits for nobody's file.
    understood = _understood(content)
    if understood.model is None:
        return Imported(None, understood)
    return _keep(actor, script, label.strip(), file_name, content, understood)


def _understood(content: bytes) -> Understood:
    try:
        return understand(content, NEEDS)
    except Unusable as error:
        raise ScriptUnreadable(str(error)) from None


@transaction.atomic
def _keep(
    actor: Actor, script: Script | None, label: str, file_name: str, content: bytes, understood: Understood
) -> Imported:
    row = Script.objects.select_for_update().get(pk=script.pk) if script else new_script(actor, label)
    version, again = keep_version(actor, row, file_name, content, understood)
    if not again:
        record(actor, IMPORTED, version, script=row.code, number=version.number, sha256=version.sha256)
    return Imported(version, understood, again)


def new_script(actor: Actor, label: str, *, code: str = "", kit: str = "") -> Script:
    """A script without version, under a code of its own made from its name."""
    base = (slugify(label) or "script")[:32]
    if not code:
        code = base
        while Script.objects.filter(code=code).exists():
            code = f"{base}-{ids.new()[:4]}".lower()
    row = Script(code=code, label=label, kit=kit, created_by_id=actor.user_id)
    row.full_clean()
    row.save()
    return row


def keep_version(
    actor: Actor, script: Script, file_name: str, content: bytes, understood: Understood
) -> tuple[ScriptVersion, bool]:
    """The version and whether it was there already. The row of the script is locked, or new."""
    if understood.model is None:
        raise ValueError("a file with errors makes no version")
    said = understood.model.to_json()
    sha256 = fingerprint(said)
    same = script.versions.filter(sha256=sha256, state__in=["draft", "active"]).first()
    if same is not None:
        return same, True
    number = (script.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ScriptVersion(
        script=script,
        number=number,
        file_name=_file_name(file_name),
        source=content,
        model=said,
        xform=understood.xform,
        sha256=sha256,
        languages=list(understood.model.languages),
        problems=[one.to_json() for one in understood.problems],
        warnings=understood.warnings,
        created_by_id=actor.user_id,
    )
    version.full_clean(exclude=["source"])
    version.save()
    return version, False


def _file_name(said: str) -> str:
    """The last part of the name, without what a header or a path could misread."""
    plain = "".join(
        sign for sign in said.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable() and sign not in '"'
    )
    return plain[-120:] or "script.xlsx"


@transaction.atomic
def reuse_version(actor: Actor, *, version: ScriptVersion) -> Imported:
    """Make a retired version a new draft, from its own file: going back in mid-crisis is one more version.

    Raises NotAllowed, SecondFactorNeeded, ScriptUnreadable.
    """
    policies.require_scripts(actor)
    row = Script.objects.select_for_update().get(pk=version.script_id)
    content = bytes(version.source)
    kept, again = keep_version(actor, row, version.file_name, content, understood := _understood(content))
    if not again:
        record(actor, IMPORTED, kept, script=row.code, number=kept.number, sha256=kept.sha256, of=version.number)
    return Imported(kept, understood, again)


@transaction.atomic
def install_scripts(actor: Actor, *, codes: Sequence[str], kit: str = "") -> list[ScriptVersion]:
    """Put the scripts that the program ships under these codes in service; returns the versions that were added.

    A territory that changed one keeps its own in service: the shipped one is added as a draft. Safe to run again.
    Raises NotAllowed, NotFound (a code that is not shipped).
    """
    policies.require_scripts(actor)
    added = []
    for code in codes:
        content = shipped(code)
        understood = _understood(content)
        if understood.model is None or not understood.usable:
            raise ScriptUnreadable(f"Le script livré « {code} » ne se lit pas.")
        row = Script.objects.select_for_update().filter(code=code).first()
        row = row or new_script(actor, understood.model.title or code, code=code, kit=kit)
        if row.versions.filter(sha256=fingerprint(understood.model.to_json())).exists():
            continue  # there, or retired by somebody who knows why
        version, _ = keep_version(actor, row, f"{code}.csv", content, understood)
        if queries.active_version(row) is None:
            serve(version)
        added.append(version)
    if added:
        record(actor, INSTALLED, added[-1], count=len(added), kit=kit)
    return added


def shipped(code: str) -> bytes:
    """The file of a script that the program ships. Raises NotFound."""
    if code not in queries.shipped_scripts():
        raise NotFound(f"Aucun script livré ne s’appelle « {code} ».")
    return files("entremise.outreach").joinpath("data", "scripts", f"{code}.csv").read_bytes()
