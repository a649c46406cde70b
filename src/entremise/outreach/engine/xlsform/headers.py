"""Headings and types as field teams write them, brought to one spelling. Plain Python.

Sources: XLSForm's own aliases (pyxform 4.5, `pyxform/aliases.py`), SurveyCTO's spelling, reference § 5.1 and § 5.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

TRANSLATED: Final = frozenset({"label", "hint", "required_message", "constraint_message"})
SURVEY: Final = TRANSLATED | {
    "type", "name", "required", "relevant", "constraint", "calculation", "default", "read_only", "appearance",
    "choice_filter", "parameters", "disabled", "entremise::need", "entremise::when", "entremise::emergency",
}  # fmt: skip
CHOICES: Final = frozenset({"list_name", "name", "label"})
SETTINGS: Final = frozenset({"form_title", "form_id", "version", "default_language"})
SET_ASIDE: Final = frozenset({"minimum_seconds", "publishable", "response_note", "note"})

_ALIASES: Final[Mapping[str, str]] = {
    "relevance": "relevant", "bind::relevant": "relevant", "calculate": "calculation",
    "bind::calculate": "calculation", "readonly": "read_only", "bind::readonly": "read_only",
    "bind::required": "required", "bind::constraint": "constraint", "bind::jr:constraintmsg": "constraint_message",
    "constraint_msg": "constraint_message", "bind::jr:requiredmsg": "required_message", "caption": "label",
    "body::appearance": "appearance", "control::appearance": "appearance", "listname": "list_name",
    "command": "type", "value": "name", "title": "form_title", "set_form_title": "form_title",
    "set_form_id": "form_id", "id_string": "form_id",
}  # fmt: skip

LANGUAGES: Final[Mapping[str, str]] = {
    "fr": "Français", "en": "English", "ar": "العربية", "bn": "বাংলা", "de": "Deutsch", "es": "Español",
    "fa": "فارسی", "it": "Italiano", "pl": "Polski", "ps": "پښتو", "pt": "Português", "ro": "Română",
    "ru": "Русский", "so": "Soomaali", "ta": "தமிழ்", "tr": "Türkçe", "uk": "Українська", "zh": "中文",
}  # fmt: skip
_NAMED: Final[Mapping[str, str]] = {
    "francais": "fr", "french": "fr", "anglais": "en", "arabe": "ar", "arabic": "ar", "bengali": "bn",
    "allemand": "de", "german": "de", "espagnol": "es", "spanish": "es", "persan": "fa", "dari": "fa",
    "italien": "it", "italian": "it", "polonais": "pl", "polish": "pl", "pachto": "ps", "pashto": "ps",
    "portugais": "pt", "portuguese": "pt", "roumain": "ro", "romanian": "ro", "russe": "ru", "russian": "ru",
    "somali": "so", "tamoul": "ta", "tamil": "ta", "turc": "tr", "turkish": "tr", "ukrainien": "uk",
    "ukrainian": "uk", "chinois": "zh", "chinese": "zh", **{name.lower(): code for code, name in LANGUAGES.items()},
}  # fmt: skip


def heading(said: str) -> tuple[str, str]:
    """A heading of `survey` or `choices` → (its one spelling, code of its language or "").

    « label:english » → ("label", "en"); « Constraint Message » → ("constraint_message", "").
    """
    tidy = re.sub(r"\s+", " ", said.strip())
    lower = re.sub(r"\s*::?\s*", "::", tidy.lower()) if "jr:" not in tidy.lower() else tidy.lower()
    plain = lower.replace(" ", "_")
    plain = _ALIASES.get(plain, plain)
    if plain in SURVEY or "::" not in lower:
        return plain, ""
    base, _, words = lower.partition("::")
    base = base.strip().replace(" ", "_")
    base = _ALIASES.get(base, base)
    return (base, language(words)) if base in TRANSLATED else (plain, "")


def language(said: str) -> str:
    """The code of a language as a heading says it: « English (en) », « english », « en » → « en »."""
    said = said.strip().lower()
    if found := re.search(r"\(\s*([a-z]{2,3}(?:-[a-z0-9]{2,8})*)\s*\)\s*$", said):
        return found[1]
    if said in _NAMED:
        return _NAMED[said]
    plain = re.sub(r"[^\w-]+", "-", said).strip("-")
    return plain or "und"


def language_heading(code: str) -> str:
    """As export writes it: « Français (fr) »."""
    return f"{LANGUAGES.get(code, code)} ({code})" if re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code) else code


# --- types -------------------------------------------------------------------------------------------------------

BEGINS: Final[Mapping[str, str]] = {"begin_group": "group", "begin_repeat": "repeat"}
ENDS: Final[Mapping[str, str]] = {"end_group": "group", "end_repeat": "repeat"}
METADATA: Final = frozenset({
    "start", "end", "today", "deviceid", "username", "phonenumber", "simserial", "subscriberid", "email", "audit",
    "devicephonenum", "simid",
})  # fmt: skip
PLAIN: Final[Mapping[str, str]] = {
    **{name: name for name in ("text", "integer", "decimal", "date", "time", "note", "calculate", "hidden",
                               "acknowledge", "range")},
    "datetime": "dateTime", "trigger": "acknowledge", "int": "integer", "string": "text",
}  # fmt: skip
_UNSUPPORTED: Final = (
    "image", "photo", "audio", "video", "file", "background-audio", "geopoint", "geotrace", "geoshape",
    "start-geopoint", "barcode", "rank", "select_one_from_file", "select_multiple_from_file", "select_one_external",
    "select_multiple_external", "csv-external", "xml-external", "xml_external", "osm", "repeat", "entity",
)  # fmt: skip
_SELECT: Final = re.compile(r"(select_one|select_multiple|select1|select_many)(?:_from)?\s+(\S+)(\s+or_other)?", re.I)
_DROPPED: Final = re.compile(
    r"(text[ _]audit|audio[ _]audit|comments|speed[ _]violations.*|sensor_statistic.*|sensor_stream.*)", re.I
)  # fmt: skip


def kind(said: str) -> tuple[str, str]:
    """A cell of the column `type` → (what it is, its detail).

    ("type", "select_one LIST") for what we run, ("begin"|"end", "group"|"repeat"), ("metadata", …), ("dropped", …),
    ("case", ""), ("here", ""), ("unsupported", …), ("unknown", …).
    """
    tidy = re.sub(r"\s+", " ", said.strip())
    lower = tidy.lower()
    plain = lower.replace(" ", "_")
    if plain in BEGINS:
        return "begin", BEGINS[plain]
    if plain in ENDS:
        return "end", ENDS[plain]
    if plain in PLAIN:
        return "type", PLAIN[plain]
    if plain in METADATA:
        return "metadata", plain
    if plain in ("caseid", "calculate_here"):
        return ("case", "") if plain == "caseid" else ("here", "")
    if _DROPPED.fullmatch(lower):
        return "dropped", tidy
    spelled = re.sub(r"^select (one|multiple)\b", r"select_\1", tidy, flags=re.I)
    if found := _SELECT.fullmatch(spelled):
        if found[3]:
            return "unsupported", tidy
        return (
            "type",
            f"{'select_one' if '1' in found[1] or 'one' in found[1].lower() else 'select_multiple'} {found[2]}",
        )
    first = spelled.split(" ")[0].lower()
    if first in ("select_one", "select_multiple"):
        return "type", f"{first} "
    return ("unsupported" if first in _UNSUPPORTED else "unknown"), tidy
