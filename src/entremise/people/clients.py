"""What leaves: e-mails by Django, text messages by the gateway that the settings name.

ENTREMISE_SMS_URL: `console:` writes them on the terminal (masked), `file:///folder` one JSON file each,
`https://user:secret@host/path` posts `{"to", "text"}`. A number never stands in an address or a log.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from entremise.kernel import ids

TIMEOUT = 10
"""Seconds."""


class NotSent(Exception):
    """The gateway or the mail server refused, or did not answer. Its text holds neither address nor number."""


class Gateway(Protocol):
    def send(self, to: str, text: str) -> None:
        """Send one text message to an E.164 number. Raises NotSent."""


@dataclass(frozen=True, slots=True)
class Console:
    """For the demonstration: the message is shown, its recipient is masked."""

    def send(self, to: str, text: str) -> None:
        sys.stderr.write(f"SMS à ••{to[-2:]} : {text}\n")


@dataclass(frozen=True, slots=True)
class Folder:
    """One JSON file per message, for a gateway that reads a folder. Readable by its owner only."""

    path: Path

    def send(self, to: str, text: str) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self.path / f"{ids.uuid7()}.json"
            file.touch(mode=0o600)
            file.write_text(json.dumps({"to": to, "text": text}, ensure_ascii=False), encoding="utf-8")
        except OSError:
            raise NotSent("le dossier des SMS refuse l’écriture") from None


class _NoDetour(urllib.request.HTTPRedirectHandler):
    """A number goes to the address that the settings name, and to no other that it would point at."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(frozen=True, slots=True, repr=False)
class Http:
    """A JSON POST to the gateway of an operator."""

    url: str
    credentials: str = ""

    def send(self, to: str, text: str) -> None:
        headers = {"Content-Type": "application/json"}
        if self.credentials:
            headers["Authorization"] = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        body = json.dumps({"to": to, "text": text}).encode()
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")  # noqa: S310 (https, checked)
        try:
            with urllib.request.build_opener(_NoDetour()).open(request, timeout=TIMEOUT):
                pass
        except (OSError, HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()
            raise NotSent(f"la passerelle SMS n’a pas accepté le message ({type(error).__name__})") from None


def gateway(url: str | None = None) -> Gateway:
    """The gateway of ENTREMISE_SMS_URL; ImproperlyConfigured, naming the variable, when it makes no sense."""
    try:
        parts = urlsplit(settings.SMS_URL if url is None else url)
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ImproperlyConfigured("ENTREMISE_SMS_URL is not an address") from None
    if parts.scheme == "console":
        return Console()
    if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1:
        return Folder(Path(unquote(parts.path)))
    if host and (parts.scheme == "https" or (parts.scheme == "http" and host in {"localhost", "127.0.0.1"})):
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
        return Http(urlunsplit((parts.scheme, host + port, parts.path, parts.query, "")), secret)
    raise ImproperlyConfigured("ENTREMISE_SMS_URL: console:, file:///folder or https://user:secret@host/path")


def send_mail(to: str, subject: str, text: str) -> None:
    """Raises NotSent."""
    try:
        EmailMessage(subject=subject, body=text, to=[to]).send()
    except OSError as error:  # smtplib's errors are OSErrors; their text quotes the address
        raise NotSent(f"le serveur de courriel n’a pas accepté le message ({type(error).__name__})") from None
