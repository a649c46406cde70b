"""A geocoder on the loopback that speaks both dialects and can be told to misbehave; it keeps what it received."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Received:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


@dataclass
class Server:
    """`slash`: the only form of path it knows. `failures`: statuses it answers first, with headers."""

    slash: bool = True
    base: str = ""
    features: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    garbage: bytes | None = None
    refuses_filters: bool = False
    url: str = ""

    def __enter__(self) -> Server:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def serve(self, body: str = "") -> None:
                where = urlsplit(self.path)
                owner.received.append(
                    Received(self.command, where.path, parse_qs(where.query), dict(self.headers), body)
                )
                if owner.failures:
                    status, headers = owner.failures.pop(0)
                    return self.answer(status, b"", headers)
                path = where.path.removeprefix(owner.base)
                if path.endswith("/") != owner.slash:
                    return self.answer(404, b"", {})
                if owner.garbage is not None:
                    return self.answer(200, owner.garbage, {})
                if path.strip("/") == "search/csv":
                    return self.batch(body)
                found = {"type": "FeatureCollection", "features": owner.features}
                return self.answer(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

            def batch(self, body: str) -> None:
                if owner.refuses_filters and 'name="citycode"' in body:
                    return self.answer(500, b"unhashable type: 'list'", {})
                found = re.search(r"Content-Type: text/csv[^\r]*\r\n\r\n(.*?)\r\n--", body, re.DOTALL)
                assert found is not None
                rows = list(csv.DictReader(io.StringIO(found[1])))
                out = io.StringIO()
                extra = ["latitude", "longitude", "result_score", "result_type"]
                writer = csv.DictWriter(out, [*rows[0], *extra])
                writer.writeheader()
                for row in rows:
                    score = "0.9" if "Lilas" in row["a"] else "0.2"
                    point = {"latitude": "45.18", "longitude": "5.72"}
                    writer.writerow({**row, **point, "result_score": score, "result_type": "housenumber"})
                return self.answer(200, out.getvalue().encode(), {"Content-Type": "text/csv"})

            def do_GET(self) -> None:
                self.serve()

            def do_POST(self) -> None:
                self.serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{self.base}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def feature(
    score: float = 0.97, kind: str = "housenumber", lat: float = 45.1885, lon: float = 5.7245
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [5.7245, 45.1885]},
        "properties": {"label": "3 Rue des Lilas 38000 Grenoble", "score": score, "type": kind, "unknown": 1},
    }
