"""Scripts of calls and their versions, and the model of one, kept by the process once read."""

from __future__ import annotations

from functools import lru_cache

from entremise.kernel.errors import NotFound
from entremise.outreach.engine.xlsform import Model
from entremise.outreach.models import Script, ScriptVersion


def active_version(script: Script) -> ScriptVersion | None:
    """The version in service, without its file; None while there is none."""
    return ScriptVersion.objects.defer("source", "xform").filter(script=script, state="active").first()


def model_of(version: ScriptVersion) -> Model:
    """The model of a version: read once by each process, since a version never changes (same sha256, same model)."""
    return _model(version.sha256, version.pk)


@lru_cache(maxsize=64)
def _model(sha256: str, key: int) -> Model:
    said = ScriptVersion.objects.filter(pk=key, sha256=sha256).values_list("model", flat=True).first()
    if said is None:
        raise NotFound("Cette version de script n’existe pas.")
    return Model.from_json(said)
