"""French place names: how they are searched, and which article they take."""

from __future__ import annotations

import re
import unicodedata

ARTICLES = frozenset({"le", "la", "les", "l", "los", "las"})
SHORT = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
SMALL = frozenset({"d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "a", "au", "aux", "sur", "sous", "lez"})
_LETTERS = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss"})
_OVER = re.compile(r"\bs/\s*", re.IGNORECASE)
_OTHER = re.compile(r"[^a-z0-9]+")


def key(text: str) -> str:
    """What is compared in a search: « L’Haÿ-les-Roses » → « hay les roses », « St-Denis » → « saint denis ».

    Accents, hyphens and apostrophes go, « St » is « Saint », « s/ » is « sur », the leading article is dropped.
    Only a–z, 0–9 and single spaces come out, so that every database sorts keys alike.
    """
    text = unicodedata.normalize("NFKD", _OVER.sub("sur ", text.translate(_LETTERS)).casefold())
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    words = [SHORT.get(word, word) for word in _OTHER.sub(" ", text).split()]
    if len(words) > 1 and words[0] in ARTICLES:
        del words[0]
    return " ".join(words)


def tails(key: str) -> list[str]:
    """The ends of a key that begin at a word worth searching: « martin heres », « heres »; the whole is left out."""
    words = key.split()
    return [" ".join(words[i:]) for i in range(1, len(words)) if words[i] not in SMALL]


# INSEE's code of the article (TNCC): 0 none, 1 none but elided, 2 le, 3 la, 4 les, 5 l’, 6 aux, 7 las, 8 los.
_WORDS = {2: "le", 3: "la", 4: "les", 5: "l’"}
_OF = {0: "de ", 1: "d’", 2: "du ", 3: "de la ", 4: "des ", 5: "de l’", 6: "d’", 7: "de ", 8: "de "}
_AT = {0: "à ", 1: "à ", 2: "au ", 3: "à la ", 4: "aux ", 5: "à l’", 6: "à ", 7: "à ", 8: "à "}


def of(name: str, article: int) -> str:
    """« de Grenoble », « du Blanc-Mesnil », « d’Aubervilliers », « des Lilas », « de La Rochelle », « de l’Isère »."""
    carried, bare = split(name, article)
    return "de " + name if carried and article in (3, 5) else _OF[article] + bare


def at(name: str, article: int) -> str:
    """« à Grenoble », « au Blanc-Mesnil », « aux Lilas », « à La Rochelle »."""
    carried, bare = split(name, article)
    return "à " + name if carried and article in (3, 5) else _AT[article] + bare


def inside(name: str, article: int, feminine: str) -> str:
    """For wide territories: « dans la Drôme », « dans l’Isère », « en Bretagne »."""
    carried, bare = split(name, article)
    if carried or article not in _WORDS:
        return ("en " if article == 1 else "à ") + name
    if article in (3, 5) and feminine == "en":
        return f"en {bare}"
    return "dans " + with_article(name, article)


def with_article(name: str, article: int) -> str:
    """In a sentence: « Grenoble », « Le Blanc-Mesnil » (a commune carries its article), « l’Isère »."""
    carried, _ = split(name, article)
    word = _WORDS.get(article, "")
    if carried or not word:
        return name
    return word + name if word.endswith("’") else f"{word} {name}"


def split(name: str, article: int) -> tuple[bool, str]:
    """Whether the name itself carries its article (« Le Havre »), and the name without it."""
    word = _WORDS.get(article, "")
    head = word if word.endswith("’") else f"{word} "
    if word and name.lower().startswith(head):
        return True, name[len(head) :]
    return False, name
