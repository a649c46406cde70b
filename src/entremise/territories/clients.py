"""Client of an address geocoder, addok or the Géoplateforme of IGN. Source: reference mutual-aid § 13.

Only an `AddressText` leaves. No cookie, no referer, no redirect to another host; the text of a query is not logged.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings

from entremise.territories.engine.addresses import POSSIBLE, AddressText, Candidate

Dialect = Literal["auto", "addok", "geoplateforme"]
CONNECT_S = 3.0
MOST_BYTES = 4_000_000
BATCH_ROWS = 2_000
AGENT = "entremise"


class GeocoderUnavailable(Exception):
    """No answer can be had now: callers go on with the centre of the commune."""

    code = "geocoder_unavailable"


class _Refused(Exception):
    def __init__(self, status: int, headers: Any) -> None:
        self.status, self.headers = status, headers
        super().__init__(status)


@dataclass
class Geocoder:
    """One per process and address: it keeps the throttle, the circuit and the path that works.

    `per_second` bounds the requests of this process; after `failures` in a row the circuit opens for `rest` seconds.
    """

    url: str
    dialect: Dialect = "auto"
    timeout: float = 5.0
    per_second: float = 20.0
    failures: int = 5
    rest: float = 60.0
    tries: int = 3
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _next: float = 0.0
    _failed: int = 0
    _closed_until: float = -math.inf
    _slash: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if urlsplit(self.url).scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise ValueError("ENTREMISE_GEOCODER_URL must begin with https:// or http://")
        if self.dialect == "auto":
            self.dialect = "geoplateforme" if self.url.endswith("/geocodage") else "addok"

    @property
    def open(self) -> bool:
        """True while the circuit is open: no request leaves."""
        return self.clock() < self._closed_until

    def search(self, address: AddressText, *, limit: int = 5) -> list[Candidate]:
        """Candidates at 0.5 or better, best first; the commune is always given. Raises GeocoderUnavailable."""
        asked = {"q": address.query, "limit": str(limit), "autocomplete": "0", "citycode": address.citycode}
        return self._features("/search", asked)

    def reverse(self, lat: float, lon: float) -> list[Candidate]:
        """What lies at a point, nearest first. Raises GeocoderUnavailable."""
        return self._features("/reverse", {"lat": f"{lat:.6f}", "lon": f"{lon:.6f}", "limit": "1"})

    def batch(self, rows: Sequence[tuple[int, AddressText]]) -> Iterator[tuple[int, Candidate | None]]:
        """Many addresses, by slices of 2,000; each answer carries its running number, so that a caller resumes.

        A slice that the server cannot filter (addok-csv 1.1.0 answers 500) is sent again without filters.
        """
        for start in range(0, len(rows), BATCH_ROWS):
            part = rows[start : start + BATCH_ROWS]
            try:
                text = self._post_csv(part, filtered=True)
            except _Refused as refusal:
                if refusal.status != 500:
                    raise GeocoderUnavailable from refusal
                try:
                    text = self._post_csv(part, filtered=False)
                except _Refused as again:
                    raise GeocoderUnavailable from again
            for row in csv.DictReader(io.StringIO(text)):
                yield int(row["n"]), _from_csv(row)

    def _features(self, path: str, asked: dict[str, str]) -> list[Candidate]:
        if self.dialect == "geoplateforme":
            asked["index"] = "address"
        try:
            answer = json.loads(self._call("GET", path, query=asked))
            found = [_candidate(feature) for feature in answer["features"]]
        except _Refused as refusal:
            if refusal.status in (400, 404, 422):  # the service works; it does not understand this address
                return []
            raise GeocoderUnavailable from refusal
        except (ValueError, KeyError, TypeError) as nonsense:
            self._fail()
            raise GeocoderUnavailable from nonsense
        return sorted((one for one in found if one.score >= POSSIBLE), key=lambda one: -one.score)

    def _post_csv(self, rows: Sequence[tuple[int, AddressText]], *, filtered: bool) -> str:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["n", "a", "cp", "insee"])
        writer.writerows([n, f"{a.number} {a.street} {a.city}".strip(), a.postcode, a.citycode] for n, a in rows)
        parts = [("columns", "a")]
        if filtered:
            parts += [("citycode", "insee")]
        if self.dialect == "geoplateforme":
            parts += [("result_columns", name) for name in ("longitude", "latitude", "result_score", "result_type")]
        edge = secrets.token_hex(16)
        body = "".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts
        )
        body += (
            f'--{edge}\r\nContent-Disposition: form-data; name="data"; filename="a.csv"\r\n'
            f"Content-Type: text/csv; charset=utf-8\r\n\r\n{table.getvalue()}\r\n--{edge}--\r\n"
        )
        kind = f"multipart/form-data; boundary={edge}"
        return self._call("POST", "/search/csv", body=body.encode(), kind=kind, timeout=30.0).decode()

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        kind: str = "",
        timeout: float | None = None,
    ) -> bytes:
        """One answer: the throttle, at most `tries` on 429, the other form of the path once, the circuit."""
        if self.open:
            raise GeocoderUnavailable
        slash = self._slash.get(path, self.dialect == "addok")
        switched = False
        tries = 0
        while True:
            address = f"{self.url}{path}{'/' if slash else ''}" + (f"?{urlencode(query)}" if query else "")
            self._wait()
            try:
                answer = self._send(method, address, body, kind, timeout or self.timeout)
            except (OSError, http.client.HTTPException) as error:
                self._fail()
                raise GeocoderUnavailable from error
            except _Refused as refusal:
                if refusal.status in (301, 308, 404) and not switched and self._may_switch(refusal, address):
                    slash, switched = not slash, True
                    continue
                if refusal.status == 429:
                    tries += 1
                    if tries < self.tries:
                        self.sleep(_retry_after(refusal.headers) + random.uniform(0, 0.5))  # noqa: S311
                        continue
                if refusal.status == 429 or 300 <= refusal.status < 400 or refusal.status >= 500:
                    self._fail()
                raise
            self._slash[path] = slash
            self._failed = 0
            return answer

    def _may_switch(self, refusal: _Refused, address: str) -> bool:
        """The other form of the path is tried on our host only, whatever the redirect says."""
        target = refusal.headers.get("Location")
        here, there = urlsplit(address), urlsplit(urljoin(address, target or ""))
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)

    def _send(self, method: str, address: str, body: bytes | None, kind: str, timeout: float) -> bytes:
        where = urlsplit(address)
        maker = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        connection = maker(where.hostname or "", where.port, timeout=min(CONNECT_S, timeout))
        try:
            connection.connect()
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            headers = {"Accept": "application/json, text/csv", "User-Agent": AGENT, "Connection": "close"}
            if kind:
                headers["Content-Type"] = kind
            connection.request(method, f"{where.path}?{where.query}" if where.query else where.path, body, headers)
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
            if response.status != 200:
                raise _Refused(response.status, response.headers)
            if len(content) > MOST_BYTES:
                raise http.client.HTTPException("answer too long")
            return content
        finally:
            connection.close()

    def _wait(self) -> None:
        with self._lock:
            now = self.clock()
            turn = max(now, self._next)
            self._next = turn + 1 / self.per_second
        if turn > now:
            self.sleep(turn - now)

    def _fail(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self.failures:
                self._closed_until, self._failed = self.clock() + self.rest, 0


def _retry_after(headers: Any) -> float:
    """Seconds to wait after a 429: 5 when the server does not say, never more than 10."""
    try:
        return min(10.0, max(0.0, float(headers.get("Retry-After", 5))))
    except ValueError:
        return 5.0


def _candidate(feature: dict[str, Any]) -> Candidate:
    lon, lat = feature["geometry"]["coordinates"][:2]
    properties = feature["properties"]
    return Candidate(
        float(lat),
        float(lon),
        float(properties.get("score", 0)),
        str(properties.get("type", "")),
        str(properties.get("label", ""))[:200],
    )


def _from_csv(row: dict[str, str]) -> Candidate | None:
    try:
        score = float(row.get("result_score") or 0)
        point = float(row["latitude"]), float(row["longitude"])
    except (KeyError, ValueError):
        return None
    return Candidate(*point, score, row.get("result_type", "")) if score >= POSSIBLE else None


_kept: dict[tuple[str, Dialect, int], Geocoder] = {}


def geocoder() -> Geocoder | None:
    """The geocoder of the settings; None when none is set: everything then works with the centres of communes."""
    if not settings.GEOCODER_URL:
        return None
    key = (settings.GEOCODER_URL, cast(Dialect, settings.GEOCODER_DIALECT), settings.GEOCODER_TIMEOUT)
    if key not in _kept:
        _kept[key] = Geocoder(key[0], key[1], float(key[2]))
    return _kept[key]
