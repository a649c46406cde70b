"""What people write in the cells of a spreadsheet, turned into what the product keeps. Plain Python.

Each function raises ValueError with a French sentence that says what to write, and never quotes the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from entremise.mutualaid.engine import masks
from entremise.mutualaid.engine.columns import plain
from entremise.people.engine import phone

BAD_DAY = "Écrivez la date ainsi : 31/12/2026."
BAD_SLOTS = "Écrivez les moments ainsi : lundi matin, jeudi après-midi."
BAD_LANGUAGE = "Écrivez les langues ainsi : anglais, arabe."
BAD_URGENCY = "Écrivez l’urgence ainsi : aujourd’hui, sous 3 jours, sous 7 jours, ou à une date prévue."
BAD_YES = "Écrivez oui ou non pour l’accord de la personne."
BAD_CATEGORY = "Cette aide n’est pas proposée ici : écrivez un des intitulés de la liste."
NO_PHONE = "Indiquez un numéro où rappeler la personne, par exemple 06 39 98 12 34."

_CUT = re.compile(r"[/;,|\n]|\bou\b|\bet\b|(?<=\d)\s{2,}(?=\+?\d)", re.IGNORECASE)
_WORDS_IN_PHONE = re.compile(r"[^\W\d_]+\.?\s*:?", re.UNICODE)


def phones(text: str) -> list[str]:
    """The numbers of a cell in E.164, mobiles first: several in one cell, « 612345678 » without its 0, « tél : ».

    Raises ValueError when none is right; a wrong one beside a right one is left out.
    """
    found, why = [], NO_PHONE
    for part in _CUT.split(text):
        digits = re.sub(r"\D", "", part)
        if not digits:
            continue
        for candidate in _candidates(part, digits):
            try:
                found.append(phone.normalise(candidate))
            except ValueError as error:
                why = str(error)
    if not found:
        raise ValueError(why)
    return sorted(dict.fromkeys(found), key=lambda number: not phone.receives_sms(number))


def _candidates(part: str, digits: str) -> list[str]:
    if len(digits) == 20 and digits[0] == digits[10] == "0":  # two numbers side by side
        return [digits[:10], digits[10:]]
    if len(digits) == 11 and digits.startswith("33") and "+" not in part:  # a spreadsheet ate the « + »
        return ["+" + digits]
    return [_WORDS_IN_PHONE.sub("", part)]


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv jan january", "fevrier fevr fev feb february", "mars mar march", "avril avr apr april",
            "mai may", "juin jun june", "juillet juil jul july", "aout aug august", "septembre sept sep september",
            "octobre oct october", "novembre nov november", "decembre dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]+(\d{1,2})[:h](\d{2})?.*)?", re.IGNORECASE)
_FRENCH = re.compile(
    r"(?:[a-z]+ )?(\d{1,2})(?:er)?[ /.-](\d{1,2}|[a-z]+)[ /.-](\d{4}|\d{2})(?:[ ,a-z]*?(\d{1,2})[:h ](\d{2})?.*)?"
)
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d+)?")
_EXCEL_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001  a wall-clock date: the caller gives it its zone


def moment(text: str) -> tuple[date, time | None]:
    """A day, and the hour when it is said: ISO, French figures or words, or the serial number of a spreadsheet."""
    said = text.strip()
    if _SERIAL.fullmatch(said):
        at = _EXCEL_ORIGIN + timedelta(days=float(said.replace(",", ".")))
        at = at.replace(microsecond=0)
        return at.date(), at.time() if at.time() != time(0) else None
    if found := _ISO.fullmatch(said):
        year, month, day, hour, minute = found.groups()
    else:
        words = re.sub(r"\s+", " ", _folded(said))
        if not (found := _FRENCH.fullmatch(words)):
            raise ValueError(BAD_DAY)
        day, month, year, hour, minute = found.groups()
        if not month.isdigit():
            month = str(_MONTHS.get(month, 0))
    try:
        on = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
        return on, time(int(hour), int(minute or 0)) if hour else None
    except ValueError:
        raise ValueError(BAD_DAY) from None


def _folded(text: str) -> str:
    """Lower case without accents, punctuation of dates kept."""
    return "".join(plain(sign) if sign.isalpha() else sign for sign in text)


_YES = {"oui", "o", "yes", "y", "vrai", "true", "x", "1", "ok", "accord", "accepte", "d accord", "v", "coche"}
_NO = {"non", "n", "no", "faux", "false", "0", "refus", "refuse", "refusee"}


def yes(text: str) -> bool | None:
    """oui → True, non → False, nothing → None. A ticked form holds a sentence: « J’accepte que… » is a yes."""
    words = plain(text)
    if not words:
        return True if text.strip() in {"✓", "✔", "☑", "✅"} else None
    if words in _YES or words.startswith(("oui ", "j accepte", "accepte")):
        return True
    if words in _NO or words.startswith(("non ", "refus", "je refuse", "n accepte")):
        return False
    raise ValueError(BAD_YES)


_DAYS = {name: rank for rank, day in enumerate(masks.DAYS) for name in (day, f"{day}s", day[:3], f"{day[:3]}s")}
_DAYS |= {name: rank for rank, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday"])}
_WIDE = {"semaine": (0, 1, 2, 3, 4), "weekend": (5, 6), "weekends": (5, 6)}
_HALF = {
    "matin": (0,), "matins": (0,), "matinee": (0,), "am": (0,), "morning": (0,),
    "aprem": (1,), "aprems": (1,), "pm": (1,), "soir": (1,), "soirs": (1,), "soiree": (1,), "afternoon": (1,),
    "journee": (0, 1), "entiere": (0, 1), "toute": (), "journees": (0, 1),
}  # fmt: skip
_ALWAYS = ("tous les jours", "tout le temps", "n importe quand", "toujours", "indifferent", "toute la semaine", "7j 7")
_EMPTY_WORDS = {
    "le", "les", "la", "l", "en", "de", "du", "des", "a", "partout", "plutot", "et", "jours", "jour", "tous", "toutes",
    "tout", "ouvres",
}  # fmt: skip


def slots(text: str) -> int:
    """Half-days in words → mask: « lundi matin », « mardi et jeudi après-midi », « du lundi au vendredi », « le
    week-end », « tous les matins ». Evenings count as afternoons: the product knows two halves of a day."""
    marked = re.sub(r"[,;/\n]", " | ", text)
    words = " ".join("|" if part == "|" else plain(part) for part in marked.split(" ") if part)
    words = words.replace("apres midis", "aprem").replace("apres midi", "aprem").replace("apresmidi", "aprem")
    words = words.replace("week ends", "weekend").replace("week end", "weekend")
    if any(words.startswith(always) for always in _ALWAYS) and not any(h in words.split() for h in _HALF if h):
        return masks.ANY_SLOT
    mask, days, halves, until = 0, list[int](), set[int](), False

    def flush() -> int:
        some = days or (list(range(7)) if halves else [])
        return masks.mask_of(2 * day + half for day in some for half in (halves or {0, 1}))

    for word in words.split():
        if word == "|":
            mask |= flush()
            days, halves, until = [], set(), False
        elif word in ("au", "a") and days:
            until = True
        elif word in _DAYS or word in _WIDE:
            if halves and days and not until:
                mask |= flush()
                days, halves = [], set()
            fresh = _WIDE.get(word) or (_DAYS[word],)
            if until and days:
                first = days[-1]
                fresh = tuple((first + step) % 7 for step in range((fresh[0] - first) % 7 + 1))
            days, until = [*days, *fresh], False
        elif word in _HALF:
            halves |= set(_HALF[word])
        elif word not in _EMPTY_WORDS:
            raise ValueError(BAD_SLOTS)
    mask |= flush()
    if not mask:
        raise ValueError(BAD_SLOTS)
    return mask


_LANGUAGE_WORDS = {plain(label): code for code, label in masks.LANGUAGES.items()} | {
    "english": "en", "lsf": "fsl", "langue des signes francaise": "fsl", "kabyle": "ber", "mandarin": "zh",
    "arabic": "ar", "spanish": "es", "german": "de", "espagnole": "es", "persan dari": "fa", "dari": "fa",
}  # fmt: skip


def languages(text: str) -> int:
    """Languages by name or code → mask; levels in brackets are forgiven: « anglais (courant), arabe »."""
    codes = set()
    for part in re.split(r"[,;/|\n]|\bet\b", re.sub(r"\([^)]*\)", " ", text)):
        words = plain(part)
        if not words:
            continue
        code = words if words in masks.LANGUAGES else _LANGUAGE_WORDS.get(words)
        if code is None:
            raise ValueError(BAD_LANGUAGE)
        codes.add(code)
    return masks.languages_mask(codes)


_URGENCIES = {
    "today": "aujourd hui|urgent|tres urgent|oui|haute|forte|immediat|immediate|1|today|high|x|critique",
    "days": "sous 3 jours|3 jours|rapide|rapidement|moyenne|demain|2|48h|72h|sous 48h|medium|sous 2 jours|prioritaire",
    "week": "sous 7 jours|7 jours|semaine|cette semaine|normale|normal|faible|basse|non|3|low|pas urgent|"
    "non urgent|peu urgent|standard",
    "planned": "a une date prevue|date prevue|planifiee|planifie|programmee|4|planned",
}
_URGENCY_WORDS = {word: code for code, words in _URGENCIES.items() for word in words.split("|")}


def urgency(text: str) -> str:
    words = plain(text)
    if words in _URGENCIES:
        return words
    if code := _URGENCY_WORDS.get(words):
        return code
    raise ValueError(BAD_URGENCY)


# Words by which people name the kinds of help of the shipped kits; the labels of the kit in force come first.
_KINDS = {
    "shopping": "courses|course|achats|achat|alimentation|pharmacie|medicaments|shopping|groceries|ravitaillement",
    "conversation": "conversation|discussion|ecoute|parler|appel|appels|appel de convivialite|telephoner|solitude|"
    "lien|lien social|appels telephoniques",
    "homework": "devoirs|soutien scolaire|scolaire|aide aux devoirs|homework|cours",
    "frontline_support": "soignants|soignant|garde d enfants|personnels mobilises|aide aux soignants",
    "pets": "animaux|animal|chien|chiens|promenade|promenade de chien|chat|pets|garde d animaux",
    "digital_admin": "informatique|administratif|demarches|papiers|ordinateur|internet|numerique|aide administrative|"
    "demarches administratives|paperwork",
    "making": "masques|masque|couture|confection|confection de masques|fabrication",
    "printing": "impression|impressions|imprimer|imprimante|attestation|attestations|photocopies",
    "transport": "transport|conduite|voiture|accompagnement|deplacement|vehicule",
    "other": "autre|autres|divers|other",
}
_KIND_WORDS = {word: code for code, words in _KINDS.items() for word in words.split("|")}


def category_words(labels: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """What to look up: `labels` is code → its labels; synonyms of the codes in force are added, labels win."""
    words = {word: code for word, code in _KIND_WORDS.items() if code in labels}
    for code, names in labels.items():
        words |= {plain(name): code for name in (code, *names) if name}
    return words


def categories(text: str, words: Mapping[str, str]) -> list[str]:
    """Codes of the kinds of help in a cell: the whole, then its parts, then a known word inside a part.

    A part that says nothing known raises ValueError: an aid that is not understood is not dropped in silence.
    """
    whole = plain(text)
    if code := words.get(whole):
        return [code]
    codes: list[str] = []
    for part in re.split(r"[,;/|+\n]|\bet\b", text):
        said = plain(part)
        if not said:
            continue
        code = words.get(said) or _inside(said, words)
        if code is None:
            if (code := _inside(whole, words)) is None:
                raise ValueError(BAD_CATEGORY)
            return [code]
        codes.append(code)
    if not codes:
        raise ValueError(BAD_CATEGORY)
    return list(dict.fromkeys(codes))


def _inside(said: str, words: Mapping[str, str]) -> str | None:
    found = [word for word in words if f" {word} " in f" {said} "]
    if not found and len(said) > 5:  # the beginning of a label: « Courses de première »
        found = [word for word in words if word.startswith(said)]
    return words[max(found, key=len)] if found else None


def number(text: str, low: int, high: int, unit: str = "") -> int:
    """A whole number in a text: « 5 km » is 5. ValueError outside low–high."""
    found = re.search(r"\d+(?:[.,]\d+)?", text)
    value = round(float(found.group().replace(",", "."))) if found else -1
    if not low <= value <= high:
        raise ValueError(f"Écrivez un nombre entre {low} et {high}{unit}.")
    return value


_TITLES = frozenset({"mme", "m", "mr", "mlle", "madame", "monsieur"})


def split_name(said: str) -> dict[str, str]:
    """« Odette Martin » → first and last name, « MARTIN Odette » too; « Mme Martin » → last name only.

    Nothing is guessed beyond that.
    """
    words = said.split()
    if words and words[0].casefold().rstrip(".") in _TITLES:
        return {"first_name": "", "last_name": said.strip()}
    capitals = [word for word in words if word.isupper() and len(word) > 1]
    if capitals and len(capitals) < len(words) and words[: len(capitals)] == capitals:
        return {"first_name": " ".join(words[len(capitals) :]), "last_name": " ".join(capitals)}
    return {"first_name": words[0] if words else "", "last_name": " ".join(words[1:])}
