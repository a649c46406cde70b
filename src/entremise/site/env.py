"""Reading the environment: typed, with a default that runs, loud when a value makes no sense."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "false", "true", "no", "yes"}:
        raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0")
    return value in {"1", "true", "yes"}


def number(name: str, default: int) -> int:
    try:
        return int(text(name, str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number") from None


def choice(name: str, among: tuple[str, ...]) -> str:
    """One of the words; the first is the default."""
    value = text(name, among[0])
    if value not in among:
        raise ImproperlyConfigured(f"{name} is {value!r}: write {', '.join(among)}")
    return value


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, default: str | None = None) -> str:
    """NAME, or the content of the file that NAME_FILE points at; no default outside the demo."""
    file = text(f"{name}_FILE")
    value = Path(file).read_text(encoding="utf-8").strip() if file else text(name, default or "")
    if not value:
        raise ImproperlyConfigured(f"set {name} or {name}_FILE")
    return value


def credential(name: str) -> str:
    """The path of a credential that systemd gave to the service (LoadCredential=), empty when there is none."""
    folder = text("CREDENTIALS_DIRECTORY")
    path = Path(folder, name)
    return str(path) if folder and path.exists() else ""


def database(name: str, default: Path) -> dict[str, Any]:
    """Empty: a SQLite file. sqlite:///path, or postgresql://user:password@host:port/name, otherwise."""
    url = urlsplit(text(name))
    if url.scheme in {"", "sqlite"}:
        return sqlite(Path(url.path) if url.path else default)
    if url.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"{name}: sqlite:///path or postgresql://…")
    where = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": where.get("host", url.hostname or ""),
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": "entremise",
            "options": "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
        },
    }


def mail(name: str, default: str) -> dict[str, Any]:
    """Django's EMAIL_* settings from `console:`, `file:///folder`, `smtp://user:password@host:port`, or `smtps://`.

    `smtp` asks for STARTTLS unless `?tls=0`; `smtps` speaks TLS from the first byte. The password may also come from
    NAME_PASSWORD or NAME_PASSWORD_FILE. Raises ImproperlyConfigured for anything else.
    """
    url = urlsplit(text(name, default))
    backend = "django.core.mail.backends"
    if url.scheme == "console":
        return {"EMAIL_BACKEND": f"{backend}.console.EmailBackend"}
    if url.scheme == "file" and url.path not in {"", "/"}:
        return {"EMAIL_BACKEND": f"{backend}.filebased.EmailBackend", "EMAIL_FILE_PATH": unquote(url.path)}
    options = dict(parse_qsl(url.query))
    try:
        port = url.port
    except ValueError:
        port = -1
    wrong = not url.hostname or port == -1 or set(options) - {"tls"} or options.get("tls", "1") not in {"0", "1"}
    if url.scheme not in {"smtp", "smtps"} or wrong:
        raise ImproperlyConfigured(f"{name}: console:, file:///folder, smtp://user:password@host:port or smtps://…")
    secret_given = text(f"{name}_PASSWORD") or text(f"{name}_PASSWORD_FILE")
    return {
        "EMAIL_BACKEND": f"{backend}.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": port or (465 if url.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": secret(f"{name}_PASSWORD") if secret_given else unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp" and options.get("tls", "1") == "1",
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }


def sqlite(path: Path) -> dict[str, Any]:
    sync = text("ENTREMISE_SQLITE_SYNC", "FULL")
    return {
        "ENGINE": "entremise.kernel.sqlite",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": path.with_name(f"test-{path.name}")},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;"
            f"PRAGMA synchronous={sync};"
            "PRAGMA foreign_keys=ON;"
            "PRAGMA temp_store=MEMORY;"
            "PRAGMA mmap_size=134217728;"
            "PRAGMA journal_size_limit=27103364;"
            "PRAGMA cache_size=-20000;"
            "PRAGMA secure_delete=ON;",
        },
    }
