"""How much of a file is read, and what is said to whoever sent one that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`unpacked`: bytes an archive may declare; `memory`: bytes of address space of the reader of workbooks, `seconds`
    of processor, `patience` seconds for its next answer. `useful`: the columns to keep, for whoever sent too many."""

    bytes: int = 10 * MEGABYTE
    rows: int = 20_000
    columns: int = 100
    unpacked: int = 300 * MEGABYTE
    memory: int = 1_500_000_000
    seconds: int = 30
    patience: int = 60
    useful: str = "nom, téléphone, commune"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def sentences(limits: Limits) -> Mapping[str, str]:
    """Code → what is wrong and what to do about it, in French."""
    return {
        "empty": "Ce fichier est vide. Ouvrez-le dans votre tableur, vérifiez qu’il contient des lignes, puis "
        "enregistrez-le et envoyez-le à nouveau.",
        "too_heavy": f"Ce fichier dépasse {limits.bytes // MEGABYTE} Mo. Retirez les images et les feuilles inutiles, "
        "ou coupez-le en plusieurs fichiers.",
        "too_long": f"Ce fichier a plus de {_number(limits.rows)} lignes. Coupez-le en plusieurs fichiers et "
        "envoyez-les l’un après l’autre.",
        "too_wide": f"Ce fichier a plus de {limits.columns} colonnes remplies. Gardez celles qui servent : "
        f"{limits.useful}.",
        "too_big": "Ce fichier est trop volumineux une fois ouvert. Copiez les lignes utiles dans un nouveau "
        "classeur, puis envoyez celui-ci.",
        "password": "Ce fichier est protégé par un mot de passe. Ouvrez-le, retirez le mot de passe (Fichier, "
        "Informations, Protéger), puis enregistrez-le et envoyez-le à nouveau.",
        "broken": "Ce fichier est abîmé : il ne s’ouvre pas. Ouvrez-le dans votre tableur, enregistrez-le au format "
        ".xlsx ou .csv, puis envoyez-le à nouveau.",
        "wrong_type": "Ce fichier n’est pas un tableur. Envoyez un fichier .xlsx, .xls, .ods ou .csv.",
        "no_sheet": "Ce classeur ne contient aucune feuille de calcul. Copiez les lignes dans une feuille, puis "
        "envoyez-le à nouveau.",
        "quotes": "Un guillemet n’est pas refermé dans ce fichier. Ouvrez-le dans votre tableur, enregistrez-le "
        "au format .xlsx, puis envoyez-le à nouveau.",
        "no_row": "Ce fichier n’a que des titres de colonnes. Ajoutez au moins une ligne, puis envoyez-le à nouveau.",
    }


class Unreadable(ValueError):
    """`code` of `sentences`; never quotes the file."""

    def __init__(self, code: str, limits: Limits) -> None:
        said = sentences(limits)
        self.code = code if code in said else "broken"
        super().__init__(said[self.code])
