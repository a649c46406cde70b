"""Scripts of calls and their versions, and the model of one, kept by the process once read."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from django.db.models import QuerySet

from entremise.kernel.errors import NotFound
from entremise.outreach.engine.xlsform import Model, export
from entremise.outreach.models import Script, ScriptVersion

HEAVY = ("source", "xform", "model")
UNKNOWN = "Ce script n’existe pas. Revenez à la liste des scripts."
UNKNOWN_VERSION = "Cette version n’existe pas. Revenez à la page du script."


def scripts() -> QuerySet[Script]:
    return Script.objects.order_by("label", "code")


def script_of(code: str) -> Script:
    """Raises NotFound."""
    row = Script.objects.filter(code=code).first()
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def versions_of(script: Script) -> QuerySet[ScriptVersion]:
    """The newest first, without files."""
    return script.versions.defer(*HEAVY).select_related("created_by", "script").order_by("-number")


def version_of(code: str, number: int) -> ScriptVersion:
    """Raises NotFound."""
    row = ScriptVersion.objects.select_related("script", "created_by").filter(script__code=code, number=number).first()
    if row is None:
        raise NotFound(UNKNOWN_VERSION)
    return row


def active_version(script: Script) -> ScriptVersion | None:
    """The version in service, without its file; None while there is none."""
    return ScriptVersion.objects.defer(*HEAVY).filter(script=script, state="active").first()


def active_versions() -> dict[int, ScriptVersion]:
    """By script, those in service."""
    rows = ScriptVersion.objects.defer(*HEAVY).filter(state="active")
    return {row.script_id: row for row in rows}


def drafts() -> dict[int, ScriptVersion]:
    """By script, its newest draft."""
    rows = ScriptVersion.objects.defer(*HEAVY).filter(state="draft").order_by("number")
    return {row.script_id: row for row in rows}


def model_of(version: ScriptVersion) -> Model:
    """The model of a version: read once by each process, since a version never changes (same sha256, same model)."""
    return _model(version.sha256, version.pk)


@lru_cache(maxsize=64)
def _model(sha256: str, key: int) -> Model:
    said = ScriptVersion.objects.filter(pk=key, sha256=sha256).values_list("model", flat=True).first()
    if said is None:
        raise NotFound(UNKNOWN_VERSION)
    return Model.from_json(said)


def export_version(version: ScriptVersion) -> bytes:
    """The version as an XLSForm workbook: imported again, it has the same fingerprint."""
    return export.workbook(model_of(version))


def shipped_scripts() -> list[str]:
    """The codes of the scripts that the program ships, which a kit may install."""
    folder = files("entremise.outreach").joinpath("data", "scripts")
    return sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv"))


def scripts_missing(codes: list[str]) -> list[str]:
    """Of these codes, those that no script of this instance has: what applying a kit would add."""
    known = set(Script.objects.filter(code__in=codes).values_list("code", flat=True))
    return [code for code in codes if code not in known]
