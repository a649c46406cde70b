"""What contexts add to every page: entries of the menu, living figures of the home page.

A context declares in its `AppConfig.ready()`; `site` reads. The label is lazy (`gettext_lazy`), the address is a URL
name. Refusals come by `ValueError`: a name may be declared once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from entremise.kernel.actors import Actor

MOST = 6  # entries a person sees (interface reference § 6): more is a page of its own
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the menu. Empty `roles`: everybody sees it, and nobody's role hides it."""

    label: Text
    url_name: str
    roles: frozenset[str] = frozenset()
    order: int = 50


@dataclass(frozen=True, slots=True)
class Figure:
    """A living figure for the public: a count and its words, never a person. `count()` costs one query at most."""

    code: str
    count: Callable[[], int]
    words: Callable[[int], Text]
    order: int = 50


_entries: dict[str, Entry] = {}
_figures: dict[str, Figure] = {}


def entry(label: Text, url_name: str, *, roles: tuple[str, ...] = (), order: int = 50) -> Entry:
    """Add a word to the menu of those who hold one of the roles (of everybody when there is none)."""
    if url_name in _entries:
        raise ValueError(f"menu entry {url_name!r} is declared twice")
    _entries[url_name] = Entry(label, url_name, frozenset(roles), order)
    return _entries[url_name]


def menu(actor: Actor) -> list[Entry]:
    """The entries of this actor: those of their roles first, then the public ones, at most six, in order."""
    mine = [e for e in _entries.values() if e.roles and not e.roles.isdisjoint(actor.roles)]
    public = [e for e in _entries.values() if not e.roles]
    mine.sort(key=lambda e: (e.order, e.url_name))
    public.sort(key=lambda e: (e.order, e.url_name))
    return (mine + public)[:MOST]


def figure(code: str, count: Callable[[], int], words: Callable[[int], Text], *, order: int = 50) -> Figure:
    """Add a living figure to the home page: `words(n)` is what follows the number (« personnes prêtes à aider »)."""
    if code in _figures:
        raise ValueError(f"figure {code!r} is declared twice")
    _figures[code] = Figure(code, count, words, order)
    return _figures[code]


def figures() -> list[Figure]:
    return sorted(_figures.values(), key=lambda f: (f.order, f.code))
