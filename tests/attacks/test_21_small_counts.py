"""Attempt 21: finding somebody again by small cells, by subtraction, by many tables.

The tables themselves are tried in `tests/vault/test_computing.py`; here, what somebody would ask one after the other.
"""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotAllowed
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.vault.registers import CODE, open_apa, residents
from tests.vault.test_computing import ALONE, HOUSING, granted

pytestmark = pytest.mark.django_db
WHY = {"motive": "Tableau de la canicule, par commune"}


def test_one_person_more_between_two_dates_is_not_seen_in_a_small_line():
    open_apa()
    residents(40, lives_alone="seul", housing="rez")
    residents(10, lives_alone="couple", housing="étage")
    ana, row = granted("insights.statistics", [ALONE, HOUSING], cap=2000)
    asked = {"register": CODE, "by": ["lives_alone", "housing"], "request": row.public_id, **WHY}
    try:
        before = vault.count(ana, **asked).cells
    except NotAllowed:
        before = {}
    residents(1, lives_alone="couple", housing="étage")
    after = vault.count(ana, **asked).cells
    assert before.get(("couple", "étage")) is None
    assert after in ({("seul", "rez"): 40, ("couple", "étage"): 11}, {})


def test_a_street_and_a_rank_are_no_field_of_a_table():
    open_apa()
    residents(12, lives_alone="seul", address="3 rue des Essais")
    ana, row = granted("insights.statistics", [ALONE], cap=200)
    for by in (["address"], ["names"], ["lives_alone", "address"]):
        with pytest.raises((NotAllowed, vault.FieldUnknown)):
            vault.count(ana, register=CODE, by=by, request=row.public_id, **WHY)
    assert not Line.objects.filter(action="aggregate", verdict="granted").exists()
