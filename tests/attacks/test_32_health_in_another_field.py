"""Attempt 32: health written where no category waits for it. What nobody classified is free text, the most closed."""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotAllowed
from entremise.vault import registry, usecases as vault
from tests.vault.registers import open_apa, residents

pytestmark = pytest.mark.django_db
CODE = "libre-essai"
FIELD = f"{CODE}.traitement"
WHY = {"purpose": "outreach.call", "motive": "Appel du 14 juillet, fiche 312"}


@pytest.fixture
def who():
    open_apa(code=CODE, profile="libre")
    return residents(1, code=CODE, traitement="Oxygène la nuit")[0]


def test_what_nobody_classified_is_free_text():
    assert registry.asked(FIELD).category == "free_text"
    assert {profile.category(code) for profile in registry.profiles().values() for code in profile.fields} <= set(
        registry.CATEGORIES
    )


def test_it_is_on_no_page_no_list_and_no_search(acting, who):
    boss = acting("supervisor")
    opened = vault.open(boss, person=who, fields=[FIELD, f"{CODE}.names"], **WHY)
    assert set(opened.values) == {f"{CODE}.names"}
    assert opened.refused[FIELD].rule == "floor-health"
    listed = vault.open_many(boss, persons=[who], fields=[FIELD, f"{CODE}.names"], listing="print", **WHY)
    assert set(listed[who].values) == {f"{CODE}.names"}
    with pytest.raises(vault.FieldUnknown):
        vault.find(boss, register=CODE, by="traitement", value="Oxygène la nuit", **WHY)
    with pytest.raises(NotAllowed):
        vault.open_many(acting("dpo"), persons=[who], fields=[FIELD], listing="export", **WHY)
