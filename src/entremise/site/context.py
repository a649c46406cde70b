"""What every template knows: the territory, who asks, the menu, the crisis. One query for each, when shown."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from entremise.accounts.queries import demo_accounts
from entremise.kernel import navigation
from entremise.kernel.actors import Actor
from entremise.kernel.kept import kept
from entremise.kits.queries import crises
from entremise.site.appearance import look

ANONYMOUS = Actor(None, "anonyme", "web")


def page(request: HttpRequest) -> dict[str, Any]:
    """`theme` (site.appearance.Look), `actor`, `menu` (label, href, current), `demo`, `page_address`."""
    actor = getattr(request, "actor", ANONYMOUS)
    return {
        "theme": SimpleLazyObject(lambda: kept("site.look", look)),
        "actor": actor,
        "menu": SimpleLazyObject(lambda: _menu(actor, request.path)),
        "demo": settings.DEMO,
        "page_address": request.path,
        "crisis_words": SimpleLazyObject(_crisis),
    }


def _crisis() -> str:
    """The crises in force, in words, for the strip under the banner; empty in quiet times."""
    language = get_language() or "fr"
    titles = kept("site.crises", lambda: [c.title for c in crises() if c.state == "active"])
    return ", ".join(str(title.get(language) or title["fr"]) for title in titles)


def _menu(actor: Actor, path: str) -> list[dict[str, Any]]:
    """The nearest entry above the current address is the current one; « / » is only itself."""
    words = []
    for entry in navigation.menu(actor):
        try:
            words.append({"label": entry.label, "href": reverse(entry.url_name), "current": False})
        except NoReverseMatch:  # a context that is not served here
            continue
    near = [w for w in words if path == w["href"] or (w["href"] != "/" and path.startswith(str(w["href"])))]
    if near:
        max(near, key=lambda w: len(str(w["href"])))["current"] = True
    return words


def demonstration(request: HttpRequest) -> dict[str, Any]:
    """Only in a demonstration: `demo_accounts`, pairs (words, public id), and `demo_account`, the one in use.

    Lazy: a page that does not show the strip asks nothing of the database.
    """
    if not settings.DEMO:
        return {}
    return {
        "demo_accounts": SimpleLazyObject(lambda: kept("site.demo_accounts", demo_accounts)),
        "demo_account": getattr(getattr(request, "user", None), "public_id", ""),
    }
