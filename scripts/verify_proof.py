#!/usr/bin/env python3
"""Vérifier la preuve d’une ligne du journal des accès, hors ligne : bibliothèque standard et `cryptography`.

    python verify_proof.py preuve.json --key cle.txt

La preuve vient du bouton « Télécharger la preuve ». La clé doit venir d’un témoin ou d’un document publié, pas de la
preuve elle-même. Code de sortie : 0 la ligne est bien dans le journal signé, 1 non, 2 fichier illisible.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(data):
    return hashlib.sha256(data).digest()


def read_key(text):
    """(name, id, kind, key) from « nom+empreinte+clé »."""
    name, key_id, packed = text.strip().split("+", 2)
    raw = base64.b64decode(packed, validate=True)
    if raw[0] not in (1, 4) or sha(f"{name}\n".encode() + raw)[:4].hex() != key_id:
        raise ValueError("clé publique illisible")
    return name, bytes.fromhex(key_id), raw[0], raw[1:]


def signed_by(note, key):
    """Whether this key signed the note; a witness also signs the time at which it saw it."""
    name, key_id, kind, public = key
    body, _, tail = note.partition("\n\n")
    for line in tail.splitlines():
        who, _, packed = line.removeprefix("— ").partition(" ")
        try:
            blob, said = base64.b64decode(packed, validate=True), (body + "\n").encode()
            if blob[:4] != key_id or (kind == 4 and who != name):
                continue
            signature = blob[12:] if kind == 4 else blob[4:]
            if kind == 4:
                said = f"cosignature/v1\ntime {int.from_bytes(blob[4:12], 'big')}\n".encode() + said
            Ed25519PublicKey.from_public_bytes(public).verify(signature, said)
            return True
        except (ValueError, InvalidSignature):
            continue
    return False


def leads(hashed, index, size, path, root):
    """RFC 9162 § 2.1.3.2."""
    last = size - 1
    for step in path:
        if index & 1 or index == last:
            hashed = sha(b"\x01" + step + hashed)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hashed = sha(b"\x01" + hashed + step)
        index, last = index >> 1, last >> 1
    return not last and hashed == root


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof")
    parser.add_argument("--key", required=True, help="clé publique du journal")
    parser.add_argument("--witness", nargs="*", default=[], help="clés publiques de témoins dont on veut la signature")
    asked = parser.parse_args()
    try:
        proof = json.loads(Path(asked.proof).read_text("utf-8"))
        key = read_key(Path(asked.key).read_text("utf-8"))
        witnesses = [read_key(Path(name).read_text("utf-8")) for name in asked.witness]
        body, note = proof["line"], proof["checkpoint"]
        said = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        link = sha((proof["previous"] + said).encode())
        _, size, root = note.split("\n")[:3]
        path = [base64.b64decode(step) for step in proof["path"]]
        found = leads(sha(b"\x00" + link), int(proof["index"]), int(size), path, base64.b64decode(root))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"Preuve illisible : {type(error).__name__} {error}", file=sys.stderr)
        return 2
    wrong = [f"le témoin {who[0]} n’a pas signé ce point de contrôle" for who in witnesses if not signed_by(note, who)]
    if not signed_by(note, key):
        wrong.append("le point de contrôle n’est pas signé par cette clé")
    if not found:
        wrong.append("cette ligne n’est pas dans le journal que le point de contrôle signe")
    if wrong:
        print(f"PREUVE FAUSSE : {' ; '.join(wrong)}.")
        return 1
    print(f"Preuve juste : la ligne {body['number']}, du {body['at']}, est dans le journal signé ({size} lignes).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
