"""Scripts of calls: a file in, versions that serve one after the other."""

from __future__ import annotations

from entremise.outreach.usecases.scripts.importing import (
    Imported,
    ScriptNameMissing,
    ScriptUnreadable,
    import_script,
    install_scripts,
    reuse_version,
)
from entremise.outreach.usecases.scripts.serving import ScriptBlocked, ScriptInUse, activate_version, retire_version

__all__ = [
    "Imported", "ScriptBlocked", "ScriptInUse", "ScriptNameMissing", "ScriptUnreadable", "activate_version",
    "import_script", "install_scripts", "retire_version", "reuse_version",
]  # fmt: skip
