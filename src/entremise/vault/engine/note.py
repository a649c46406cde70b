"""Checkpoints as signed notes: C2SP `tlog-checkpoint` and `signed-note`, with Ed25519.

entremise.example.fr/journal/2026-07
48213
<root in base64>

— entremise.example.fr <base64 of 4 bytes of key id and the signature>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
DASH = "— "


class NotANote(ValueError):
    """This text is not a signed checkpoint, or not a key."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint as it was read: `text` is what is signed, its last newline included."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name, as `name+id+base64` gives it."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        head = self.name.encode() + b"\n" + bytes([self.kind])
        return hashlib.sha256(head + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


def text_of(origin: str, size: int, root: bytes) -> str:
    """What a checkpoint says, before signature."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign(text: str, name: str, seed: bytes) -> str:
    """The signed note; `seed`: the 32 bytes of the private key."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    who = verifier(name, seed)
    blob = base64.b64encode(who.key_id + key.sign(text.encode())).decode()
    return f"{text}\n{DASH}{name} {blob}\n"


def verifier(name: str, seed: bytes) -> Verifier:
    """The public part of a key, under a name."""
    return Verifier(name, ED25519, Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def read_verifier(text: str) -> Verifier:
    """From `name+id+base64`; NotANote when the parts do not fit."""
    name, _, rest = text.strip().partition("+")
    key_id, _, packed = rest.partition("+")
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or not name:
        raise NotANote("clé publique illisible : « nom+empreinte+clé » attendu")
    found = Verifier(name, raw[0], raw[1:])
    if found.key_id.hex() != key_id:
        raise NotANote("clé publique illisible : son empreinte ne lui correspond pas")
    return found


def read(text: str) -> Note:
    """A signed note; NotANote when it is something else. Signatures are read, not verified."""
    body, gap, tail = text.replace("\r\n", "\n").partition("\n\n")
    lines = body.split("\n")
    try:
        if not gap or len(lines) < 3:
            raise ValueError
        size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
        if str(size) != lines[1] or size < 0 or len(root) != 32 or not lines[0]:
            raise ValueError
    except (binascii.Error, ValueError):
        raise NotANote("ce n’est pas un point de contrôle : trois lignes, une ligne vide, une signature") from None
    return Note(lines[0], size, root, body + "\n", tuple(read_signatures(tail)))


def read_signatures(text: str) -> list[Signature]:
    """The signature lines of a note, or of a witness's answer; others are left out."""
    found = []
    for line in text.splitlines():
        name, _, packed = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not packed:
            continue
        try:
            raw = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(raw) > 4:
            found.append(Signature(name, raw[:4], raw[4:]))
    return found


def is_signed(note: Note, by: Verifier) -> bool:
    """Whether one of the signatures is this key's. A witness's (cosignature/v1) covers the time it was given too."""
    key = Ed25519PublicKey.from_public_bytes(by.public)
    for signature in note.signatures:
        if (signature.name, signature.key_id) != (by.name, by.key_id):
            continue
        said, blob = note.text.encode(), signature.blob
        if by.kind == COSIGNATURE:
            moment, blob = int.from_bytes(blob[:8], "big"), blob[8:]
            said = f"cosignature/v1\ntime {moment}\n".encode() + said
        try:
            key.verify(blob, said)
        except InvalidSignature:
            continue
        return True
    return False
