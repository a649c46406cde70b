"""Attempt 7: a cell that starts with = + - @, a tab or a carriage return in a file that leaves."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from tests.mutualaid.factories import matchmaker, need

pytestmark = pytest.mark.django_db
FORMULAS = ['=HYPERLINK("https://exemple.fr","ici")', "+33", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_name_that_is_a_formula_leaves_as_text(client, text):
    user, actor = matchmaker(label=text)
    need(actor)
    client.force_login(user)
    answer = client.get("/entraide/tableurs/demandes.csv")
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    cells = [cell for row in csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";") for cell in row]
    assert cells
    assert [cell for cell in cells if cell.strip()[:1] in "=+-@" and len(cell.strip()) > 1] == []
