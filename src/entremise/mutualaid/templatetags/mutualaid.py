"""Codes and masks into French words, at display only: labels are never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django import template

from entremise.mutualaid.engine import masks
from entremise.mutualaid.models import Category
from entremise.people.engine import phone

register = template.Library()

_CHANNELS = {
    "web": "site", "api": "partenaire", "phone": "téléphone", "sms": "SMS", "mail": "courrier", "paper": "papier",
    "counter": "guichet", "cli": "commande", "task": "automatique",
}  # fmt: skip
_BANDS = {1: "dans le même secteur", 3: "à 1–3 km", 10: "à 3–10 km", 0: "à plus de 10 km"}
_LEFT_OUT = {
    "category": "ne proposent pas cette aide",
    "cap": "déjà sollicités récemment",
    "slots": "ne sont pas libres à ces moments",
    "language": "ne parlent pas la langue demandée",
    "screening": "identité pas encore vue",
}


def _reason_words(reason: Sequence[object]) -> str:
    code, value = str(reason[0]), int(str(reason[1]))
    words = {
        "remote": "à distance",
        "distance": _BANDS.get(value, ""),
        "slots_all": "libre à tous les moments demandés",
        "slots_some": f"libre sur {value} demi-journée{'s' if value > 1 else ''} demandée{'s' if value > 1 else ''}",
        "language": f"parle {list(masks.LANGUAGES.values())[value]}" if value < len(masks.LANGUAGES) else "",
        "continuity": "a déjà aidé cette personne",
        "never_solicited": "jamais sollicité·e",
        "idle_days": "sollicité·e aujourd’hui"
        if value == 0
        else f"pas sollicité·e depuis {value} jour{'s' if value > 1 else ''}",
        "recent": f"déjà sollicité·e {value} fois en 14 jours",
    }
    return words.get(code, "")


@register.filter
def reasons_words(reasons: Iterable[Sequence[object]]) -> str:
    """All the reasons of one suggestion on one line: a page shows twenty of them."""
    return " · ".join(map(_reason_words, reasons))


@register.filter
def left_out_words(code: str) -> str:
    return _LEFT_OUT.get(code, code)


@register.filter
def waiting(moment: datetime, now: datetime) -> str:
    """How long ago, as one says it: « il y a 40 min », « il y a 3 h », « il y a 2 jours »."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 60:
        return f"il y a {minutes} min"
    if minutes < 48 * 60:
        return f"il y a {minutes // 60} h"
    return f"il y a {minutes // (24 * 60)} jours"


@register.filter
def slot_words(mask: int) -> str:
    return masks.slot_label(mask)


@register.filter
def language_words(mask: int) -> str:
    return ", ".join(masks.language_labels(mask))


@register.filter
def category_words(mask: int, categories: Iterable[Category]) -> str:
    return ", ".join(category.label for category in categories if mask & category.mask)


@register.filter
def kilometres(metres: int) -> str:
    return f"{metres / 1000:g} km".replace(".", ",")


@register.filter
def readable(number: str) -> str:
    return phone.readable(number) if number else ""


@register.filter
def channel_word(code: str) -> str:
    return _CHANNELS.get(code, code)


@register.filter
def said(words: dict[str, str], name: str) -> str:
    """What a row says under a heading of the preview; nothing when it says nothing."""
    return words.get(name, "")
