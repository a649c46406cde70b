"""Registers: in project, assessed, open; a crisis; profiles and their fields."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.rules.models import RuleSet
from entremise.vault import queries, registry, usecases as vault
from entremise.vault.models import Register

pytestmark = pytest.mark.django_db


PARTS = dict.fromkeys(("processing", "necessity", "risks", "measures"), "Ce qui a été pesé.")


def create(actor, **changed):
    asked = {
        "code": "canicule-2026",
        "kind": "legal",
        "label": "Canicule 2026",
        "bases": {"outreach.call": "legal_obligation", "outreach.keep_in_touch": "consent"},
        "expires_at": clock.now() + timedelta(days=300),
    }
    return vault.create_register(actor("controller", user_id=1), **{**asked, **changed})


def test_the_register_of_mutual_aid_is_there_from_the_start_and_once():
    Register.objects.all().delete()
    row = vault.install_registers(Actor.machine("installation"))
    assert (row.code, row.status, row.recipients) == ("entraide", "open", ["*"])
    assert row.assessment["status"] == "provisoire, à relire par le délégué"
    assert set(row.bases) >= registry.COMPULSORY
    assert vault.install_registers(Actor.machine("installation")) == row
    assert [one.code for one in queries.registers()] == ["entraide"]


def test_a_register_whose_purposes_no_rule_grants_does_not_open(actor):
    create(actor, bases={"mutualaid.moderate": "public_interest"})  # no exchange is kept in this register
    boss, it = actor("controller", user_id=1), {"register": "canicule-2026"}
    vault.sign_assessment(boss, **it, parts=PARTS)
    with pytest.raises(vault.RegisterUnready) as no:
        vault.open_register(boss, **it)
    assert "règlement" in no.value.message
    assert queries.register("canicule-2026").status == "project"


def test_without_rules_in_force_no_register_opens(actor):
    create(actor)
    boss, it = actor("controller", user_id=1), {"register": "canicule-2026"}
    vault.sign_assessment(boss, **it, parts=PARTS)
    with time_machine.travel(RuleSet.objects.get(state="active").until), pytest.raises(vault.RegisterUnready) as no:
        vault.open_register(boss, **it)
    assert "règlement" in no.value.message


def test_a_draft_of_the_assessment_opens_nothing(actor):
    row = create(actor, assessment=PARTS)
    assert (row.assessment, row.assessment_signed_at) == (PARTS, None)
    with pytest.raises(vault.RegisterUnready):
        vault.open_register(actor("controller", user_id=1), register="canicule-2026")


def test_a_legal_register_is_nominative_and_keeps_its_calls_for_a_crisis(actor):
    row = create(actor)
    assert (row.status, row.nominative, row.crisis_purposes) == ("project", True, ["outreach.call"])
    assert row.consent_purposes == ["outreach.keep_in_touch"]
    assert set(row.bases) >= registry.COMPULSORY


def test_a_register_opens_once_assessed_and_not_before(actor):
    create(actor)
    boss, it = actor("controller", user_id=1), {"register": "canicule-2026"}
    with pytest.raises(vault.RegisterUnready):
        vault.open_register(boss, **it)
    with pytest.raises(ValidationError):
        vault.sign_assessment(boss, **it, parts={"risks": " "})
    vault.sign_assessment(boss, **it, parts={"risks": "Fuite d’une liste d’appel."})
    with pytest.raises(vault.RegisterUnready) as no:
        vault.open_register(boss, **it)
    assert "nécessité" in no.value.message
    vault.sign_assessment(boss, **it, parts=PARTS)
    vault.open_register(boss, **it)
    with pytest.raises(IllegalTransition):
        vault.open_register(boss, **it)
    vault.suspend_register(actor("dpo", user_id=2), **it)
    vault.open_register(boss, **it)
    assert vault.declare_crisis(boss, **it) is True
    assert vault.declare_crisis(boss, **it) is False
    assert vault.end_crisis(boss, **it) is True
    assert vault.end_crisis(boss, **it) is False
    vault.close_register(boss, **it)
    assert queries.register("canicule-2026").status == "closed"
    with pytest.raises(IllegalTransition):
        vault.open_register(boss, **it)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": "fraude"}, "code"),
        ({"code": "canicule_2026"}, "code"),
        ({"bases": {"fraud.control": "consent"}}, "bases"),
        ({"bases": {"outreach.call": "habit"}}, "bases"),
        ({"bases": {"people.rights": "consent"}}, "bases"),
        ({"expires_at": clock.now() - timedelta(days=1)}, "expires_at"),
        ({"k_threshold": 5}, "__all__"),
    ],
)
def test_a_register_says_what_it_lacks(actor, changed, field):
    with pytest.raises(ValidationError) as refusal:
        create(actor, **changed)
    assert set(refusal.value.message_dict) == {field}


def test_registers_belong_to_the_controller(actor):
    for deed, more in [
        (vault.sign_assessment, {"parts": {"risks": "x"}}), (vault.open_register, {}), (vault.close_register, {}),
        (vault.declare_crisis, {}), (vault.end_crisis, {}), (vault.suspend_register, {}),
    ]:  # fmt: skip
        with pytest.raises(NotAllowed):
            deed(actor("keeper", user_id=3), register="entraide", **more)
        with pytest.raises(NotFound):
            deed(actor("controller", user_id=1), register="inconnu", **more)
    with pytest.raises(NotAllowed):
        vault.install_registers(actor("dpo", user_id=2))
    with pytest.raises(NotFound):
        queries.register("inconnu")


def test_a_field_has_one_category_and_what_nobody_classified_is_the_most_closed():
    assert registry.asked("canicule-2026.phone").category == "phone"
    assert registry.asked("apa.note").category == "free_text"
    assert registry.asked("libre-lecture.traitement").category == "free_text"
    for wrong in ("canicule.note", "canicule.traitement", "fraude.phone", "entraide-.phone", "libre.Traitement"):
        with pytest.raises(KeyError):
            registry.asked(wrong)
    assert len(registry.CANICULE.fields) == 9
