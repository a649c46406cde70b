"""What leaves the server with a checkpoint: a letter to a witness, a file, a call to a witness's address.

Only a signed note leaves: a name, a number of lines, a root. Nothing of anybody.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

TIMEOUT_S = 10.0
MOST_BYTES = 64 * 1024
STAYS = ("console", "dummy", "filebased")
"""Ways of sending letters that do not leave the machine."""


class NotSent(Exception):
    """It did not leave, or nobody acknowledged it; the text is for the page of the delegate, without address."""


class Conflict(Exception):
    """The witness holds another size than we believed."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(size)


def mail_note(to: str, subject: str, text: str, name: str, note: str) -> None:
    """A letter with the note attached. Raises NotSent, also when letters do not leave this machine."""
    message = EmailMessage(subject=subject, body=text, to=[to])
    message.attach(name, note, "text/plain")
    try:
        message.send()
    except OSError as error:  # smtplib's errors are OSErrors; their text quotes the address
        raise NotSent(f"le serveur de courriel n’a pas accepté le message ({type(error).__name__})") from None
    if settings.EMAIL_BACKEND.split(".")[-2] in STAYS:
        raise NotSent("les courriels ne partent pas de cette machine")


def write_note(folder: str, name: str, note: str) -> None:
    """A file, whole or not at all. Raises NotSent."""
    path = Path(folder) / name
    scratch = path.with_name(f".{name}.new")
    try:
        scratch.write_text(note, encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise NotSent(f"le dossier n’a pas pu être écrit ({type(error).__name__})") from None


def post_note(url: str, body: str) -> str:
    """Give a checkpoint to a witness (C2SP `tlog-witness`); its answer, the lines of its signatures.

    No redirect is followed, one address is resolved and used, an inner address only when the settings name it as such,
    clear HTTP only to this machine. Raises NotSent, Conflict.
    """
    where = urlsplit(url)
    try:
        address, port = _resolve(where.scheme, where.hostname or "", where.port)
        answer = _send(address, port, where.hostname or "", where.scheme == "https", where.path or "/", body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"le témoin ne répond pas ({type(error).__name__})") from None
    status, said = answer
    if status == 409 and said.strip().isdigit():
        raise Conflict(int(said))
    if status != 200:
        raise NotSent(f"le témoin a répondu {status}")
    return said


def _resolve(scheme: str, host: str, port: int | None) -> tuple[str, int]:
    """The address to call. ValueError for one that must not be called."""
    try:
        literal = ip_address(host)
    except ValueError:
        literal = None
    if scheme not in ("http", "https") or (scheme == "http" and not (literal and literal.is_loopback)):
        raise ValueError("https only")
    port = port or (443 if scheme == "https" else 80)
    if literal is not None:  # written so by whoever holds the settings
        return host, port
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(ip_address(address).is_global for address in found):
        raise ValueError("this name leads inside")
    return found[0], port


class _Pinned(http.client.HTTPSConnection):
    """TLS for a name, on the address that was examined: the name is not resolved a second time."""

    def __init__(self, address: str, port: int, name: str) -> None:
        super().__init__(name, port, timeout=TIMEOUT_S)
        self._address = address

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)


def _send(address: str, port: int, name: str, tls: bool, path: str, body: str) -> tuple[int, str]:
    connection: http.client.HTTPConnection = (
        _Pinned(address, port, name) if tls else http.client.HTTPConnection(address, port, timeout=TIMEOUT_S)
    )
    try:
        headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "entremise", "Connection": "close"}
        connection.request("POST", path, body.encode(), headers)
        response = connection.getresponse()
        content = response.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise http.client.HTTPException("answer too long")
        return response.status, content.decode("utf-8", "replace")
    finally:
        connection.close()
