#!/usr/bin/env python3
"""Vérifier une copie du journal des accès d’Entremise, sans Entremise : bibliothèque standard et `cryptography`.

    python verify_journal.py journal-2026-07.jsonl --key cle.txt --checkpoint point-2026-07-48213.txt

La copie vient de `entremise journal export`. La clé et les points de contrôle doivent venir d’un témoin, pas du
serveur vérifié. Code de sortie : 0 intact, 1 altéré, 2 rien n’a pu être vérifié.
"""

import argparse
import base64
import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE = timedelta(seconds=60)


def sha(data):
    return hashlib.sha256(data).digest()


class Tree:
    """RFC 6962, leaf by leaf."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, data):
        hashed, below = sha(b"\x00" + data), self.size
        while below & 1:
            hashed, below = sha(b"\x01" + self.peaks.pop() + hashed), below >> 1
        self.peaks.append(hashed)
        self.size += 1

    def root(self):
        whole = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            whole = sha(b"\x01" + peak + whole)
        return whole


def read_key(text):
    name, key_id, packed = text.strip().split("+", 2)
    raw = base64.b64decode(packed, validate=True)
    if raw[0] != 1 or sha(f"{name}\n".encode() + raw)[:4].hex() != key_id:
        raise ValueError("clé publique illisible")
    return name, raw[1:]


def read_point(text, key):
    """(origin, size, root) of a checkpoint whose signature holds."""
    body, _, tail = text.partition("\n\n")
    origin, size, root = body.split("\n")[:3]
    for line in tail.splitlines():
        _, _, packed = line.removeprefix("— ").partition(" ")
        try:
            blob = base64.b64decode(packed, validate=True)
            Ed25519PublicKey.from_public_bytes(key).verify(blob[4:], (body + "\n").encode())
        except (ValueError, InvalidSignature):
            continue
        return origin, int(size), base64.b64decode(root)
    raise ValueError("signature fausse ou absente")


def read_month(path, points, erased, wrong):
    """Verify one file; `points`: {size: [(name, root)]} of this month, emptied as they are met."""
    with open(path, encoding="utf-8") as file:
        head = json.loads(next(file))
        tree, previous, number = Tree(), head["previous"], head["first"]
        mine, latest, where = points.pop(head["journal"], {}), None, 0
        for text in file:
            row = json.loads(text)
            body, given = row["body"], row["link"]
            said = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            if body["number"] != number:
                wrong.append(f"La ligne {number} manque.")
            elif given != hashlib.sha256((previous + said).encode()).hexdigest():
                wrong.append(f"La ligne {number} a été modifiée, ou ce n’est pas elle qui était là.")
            if "seal" in row:
                seal = base64.b64decode(row["seal"])
                if not seal and body["tag"] not in erased:
                    wrong.append(f"Le scellé de la ligne {body['number']} a été retiré, sans effacement inscrit.")
                elif seal and hashlib.sha256(seal).hexdigest() != body["seal_hash"]:
                    wrong.append(f"Le scellé de la ligne {body['number']} a été changé.")
            at = datetime.fromisoformat(body["at"])
            if latest and at < latest - TOLERANCE:
                wrong.append(f"La ligne {body['number']} est datée d’avant la ligne {where}.")
            if latest is None or at > latest:
                latest, where = at, body["number"]
            tree.add(bytes.fromhex(given))
            previous, number = given, body["number"] + 1
            for name, root in mine.pop(tree.size, ()):
                if root != tree.root():
                    wrong.append(f"Le journal diffère du point de contrôle « {name} » : il a été réécrit.")
    for size, claims in mine.items():
        wrong += [
            f"Le journal a été coupé : « {n} » compte {size} lignes, il en reste {tree.size}." for n, _ in claims
        ]
    return tree.size, previous, number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("months", nargs="+", help="fichiers journal-AAAA-MM.jsonl, dans l’ordre")
    parser.add_argument("--key", required=True)
    parser.add_argument("--checkpoint", nargs="+", default=[], help="points de contrôle d’un témoin")
    parser.add_argument("--erased", help="effaces.txt : marques des dossiers effacés")
    asked = parser.parse_args()
    wrong, points, total, after = [], {}, 0, None
    try:
        _, key = read_key(Path(asked.key).read_text("utf-8"))
        erased = set(Path(asked.erased).read_text("utf-8").split()) if asked.erased else set()
        for name in asked.checkpoint:
            try:
                origin, size, root = read_point(Path(name).read_text("utf-8"), key)
            except ValueError as error:
                wrong.append(f"Point de contrôle « {name} » : {error}.")
                continue
            points.setdefault(origin, {}).setdefault(size, []).append((name, root))
        count = sum(len(claims) for sizes in points.values() for claims in sizes.values())
        for path in asked.months:
            with open(path, encoding="utf-8") as file:
                head = json.loads(next(file))
            if after and (head["previous"], head["first"]) != after:
                wrong.append(f"« {path} » ne suit pas le mois d’avant.")
            lines, link, number = read_month(path, points, erased, wrong)
            after, total = (link, number), total + lines
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        print(f"Rien n’a pu être vérifié : {type(error).__name__} {error}", file=sys.stderr)
        return 2
    print("".join(f"À savoir : aucun fichier donné ne couvre {origin}.\n" for origin in points), end="")
    print("\n".join(wrong[:50]))
    if wrong:
        print(f"JOURNAL ALTÉRÉ : {len(wrong)} constats sur {total} lignes.")
        return 1
    print(f"Journal intact : {total} lignes, {count} points de contrôle respectés.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
