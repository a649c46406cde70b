"""Pages that must stand when nothing else does: plain files without database, session nor menu."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from entremise.site.appearance import Look, look

STANDING = ("500", "503")


def _folder() -> Path:
    return Path(settings.HOME) / "errors"


def standing_page(name: str) -> str:
    """The file written at the last start, else the page with what the settings know. Asks no database."""
    file = _folder() / f"{name}.html"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    return _drawn(name, Look(phone=settings.PHONE))


def write_standing_pages() -> list[Path]:
    """Draw 500 and 503 with the territory's name and number; a reverse proxy may serve them while we are stopped."""
    _folder().mkdir(parents=True, exist_ok=True)
    theme, written = look(), []
    for name in STANDING:
        file = _folder() / f"{name}.html"
        file.write_text(_drawn(name, theme), encoding="utf-8")
        written.append(file)
    return written


def _drawn(name: str, theme: Look) -> str:
    with translation.override("fr"):
        return render_to_string(f"{name}.html", {"theme": theme})
