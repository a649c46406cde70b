from __future__ import annotations

import pytest

from tests.consistency.reference import PAGES, _written, expected
from tests.consistency.source import headings


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_what_exists_has_its_heading_in_the_docs(page):
    wanted = set(expected(page))
    missing, gone = sorted(wanted - headings(page.name)), sorted(headings(page.name) - wanted)
    assert not missing, f"docs/reference/{page.name} misses {missing}: run `python scripts/reference.py`"
    assert not gone, f"docs/reference/{page.name} still lists {gone}: run `python scripts/reference.py`"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_heading_says_something(page):
    silent = [name for name, body in _written(page).items() if not body or body == "À décrire."]
    assert not silent, f"docs/reference/{page.name}: write a sentence under {silent}"
