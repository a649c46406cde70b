"""E-mail addresses: only what a mail server needs to be told."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 254
SHAPE = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
EXAMPLE = "Écrivez-la comme prenom.nom@exemple.fr."


def normalise(text: str) -> str:
    """The address in lower case, its domain in ASCII. ValueError with a French sentence, which never quotes it."""
    text = unicodedata.normalize("NFC", text.strip()).removeprefix("mailto:")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise ValueError(f"Cette adresse électronique n’est pas complète. {EXAMPLE}")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"Le nom après « @ » n’est pas reconnu. {EXAMPLE}") from None
    address = f"{local}@{domain}".lower()
    if len(address) > LONGEST or not SHAPE.fullmatch(address) or ".." in local or local[0] == "." or local[-1] == ".":
        raise ValueError(f"Cette adresse électronique n’est pas reconnue. {EXAMPLE}")
    return address
