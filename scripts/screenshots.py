"""Pictures of the pages, to be looked at by a person (interface reference § 12). Usage: screenshots.py [path …]

Needs a prepared home (`python manage.py demo`). Serves it, visits each page at 1280 and 320 px, light and dark, into
tests/journeys/shots/ (ignored by git). `--docs` keeps the few pictures of docs/images/, each under 100 kB.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "tests" / "journeys" / "shots"
IMAGES = ROOT / "docs" / "images"
PAGES = [
    "/",
    "/guide-de-style/",
    "/accessibilite/",
    "/mentions-legales/",
    "/donnees-personnelles/",
    "/signaler/",
    "/danger/",
    "/nulle-part/",
    "/comptes/login/",
    "/regles/",
]
BEHIND = {
    "/coffre/": "helene",
    "/coffre/demandes/": "rose",
    "/coffre/habilitations/": "helene",
    "/coffre/engagement/": "mehdi",
    "/coffre/registres/": "maud",
    "/coffre/registres/canicule/": "helene",
    "/coffre/demandes/nouvelle/export/?registre=canicule": "maud",
    "/registres/": "sylvie",
    "/registres/r/canicule/": "sylvie",
    "/registres/r/apa/": "maud",
    "/registres/r/canicule/inscrire/": "sylvie",
    "/registres/r/canicule/inscriptions/": "sylvie",
    "/registres/r/canicule/confirmations/": "sylvie",
    "/registres/r/canicule/signaler/": "sylvie",
    "/registres/signalements/": "armelle",
    "/registres/r/apa/informer/": "sylvie",
    "/registres/r/canicule/prefet/": "helene",
    "/veille/": "bruno",
    "/veille/tableau/*/": "bruno",
    "/veille/appel-recu/": "bruno",
    "/veille/urgences/": "bruno",
    "/veille/recherches/": "bruno",
    "/veille/campagnes/nouvelle/": "bruno",
    "/veille/scripts/": "bruno",
    "/veille/appelants/": "bruno",
    "/veille/permanences/": "mehdi",
    "/veille/parcours/": "mehdi",
    "/veille/appeler/*/": "mehdi",
    "/regles/qui-pourrait/?register=canicule&field=phone&action=read": "maud",
}
"""Pages of agents, and the account of the demonstration that sees each; `*`: a link of the home of Veille."""
DOCS = {
    "accueil": ("/", 1024, False),
    "accueil-telephone": ("/", 320, True),
    "registres": ("/registres/", 1024, False),
    "registre-canicule": ("/registres/r/canicule/", 1024, False),
    "tableau-veille": ("/veille/tableau/*/", 1024, False),
    "sans-signe-de-vie": ("/veille/recherches/", 1024, False),
}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
TALLEST = 2600  # px: beyond, a picture is cut in pieces, or nobody could read it
BIND = os.environ.get("BIND", "127.0.0.1:8765")


def wait() -> None:
    host, port = BIND.rsplit(":", 1)
    for _ in range(100):
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"nothing answers at {BIND}")


def enter(page: Any, name: str) -> None:
    """Log in as an account of the demonstration, as its own page does."""
    page.goto(f"http://{BIND}/")
    chosen = page.locator("select[name=account] option").filter(has_text=re.compile(f"^{name}", re.I)).first
    page.locator("select[name=account]").select_option(chosen.get_attribute("value"))
    page.locator("form:has(select[name=account]) button").click()


def shoot(browser: Browser, path: str, width: int, dark: bool, file: Path, *, whole: bool = True) -> None:
    context = browser.new_context(
        locale="fr-FR",
        viewport={"width": width, "height": 900 if whole else 720},
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    if path in BEHIND:
        enter(page, {"helene": "Hélène"}.get(BEHIND[path], BEHIND[path]))
    if "*" in path:
        page.goto(f"http://{BIND}/veille/")
        path = page.locator(f'a[href^="{path.partition("*")[0]}"]').first.get_attribute("href")
    page.goto(f"http://{BIND}{path}")
    height = page.evaluate("document.documentElement.scrollHeight")
    if whole and height > TALLEST:
        for n, top in enumerate(range(0, height, TALLEST)):
            clip: Any = {"x": 0, "y": top, "width": width, "height": min(TALLEST, height - top)}
            page.screenshot(path=file.with_stem(f"{file.stem}_{n + 1}"), full_page=True, clip=clip)
    else:
        page.screenshot(path=file, full_page=whole)
    context.close()


def main(arguments: list[str]) -> None:
    docs = "--docs" in arguments
    pages = [a for a in arguments if not a.startswith("--")] or [*PAGES, *BEHIND]
    SHOTS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gunicorn", "entremise.site.wsgi", "--bind", BIND, "--no-control-socket"]
    server = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT)  # noqa: S603
    try:
        wait()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            if docs:
                IMAGES.mkdir(parents=True, exist_ok=True)
                for name, (path, width, dark) in DOCS.items():
                    shoot(browser, path, width, dark, IMAGES / f"{name}.png", whole=False)
            else:
                for path in pages:
                    name = re.sub(r"\W+", "-", path).strip("-") or "accueil"
                    for width in (1280, 320):
                        for dark in (False, True):
                            file = SHOTS / f"{name}_{width}_{'dark' if dark else 'light'}.png"
                            shoot(browser, path, width, dark, file)
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


if __name__ == "__main__":
    main(sys.argv[1:])
