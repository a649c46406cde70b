"""Habilitations: signed by the controller, promised by the agent, stopped at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.rules import engine
from entremise.rules.engine import shipped
from entremise.vault import policies, queries, usecases as vault
from entremise.vault.models import Habilitation

pytestmark = pytest.mark.django_db
CALL = frozenset({"outreach.call"})


@pytest.fixture
def actor():
    """Nobody has signed anything for these."""

    def make(*roles, user_id=None):
        return Actor(user_id, "Camille", "web", frozenset(roles))

    return make


@pytest.fixture
def later():
    return clock.now() + timedelta(days=90)


def test_the_controller_signs_and_signs_again_and_the_promise_stays(actor, later):
    boss = actor("controller", user_id=1)
    vault.commit(actor("caller", user_id=7))
    row = vault.habilitate(boss, user=7, purposes=CALL, active_until=later, level=2)
    assert (row.purposes, row.level, row.signed_by) == (["outreach.call"], 2, 1)
    assert row.commitment_until is not None
    vault.habilitate(boss, user=7, purposes=["registers.keep"], active_until=later, professional_secrecy=True)
    row = queries.habilitation(7)
    assert (row.purposes, row.professional_secrecy, row.level) == (["registers.keep"], True, 0)
    assert row.commitment_until > clock.now() + timedelta(days=360)
    assert Habilitation.objects.count() == 1
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)) == [
        "vault.commitment.signed", "vault.habilitation.signed", "vault.habilitation.signed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purposes": ["fraud.control"]}, "purposes"),
        ({"active_until": clock.now() - timedelta(days=1)}, "active_until"),
        ({"active_until": clock.now() + timedelta(days=4000)}, "active_until"),
        ({"named_in": ["canicule-2026"]}, "named_in"),
        ({"level": 5}, "level"),
    ],
)
def test_what_cannot_be_signed_says_which_field(actor, later, changed, field):
    with pytest.raises(ValidationError) as refusal:
        vault.habilitate(
            actor("controller", user_id=1), **{"user": 7, "purposes": CALL, "active_until": later} | changed
        )
    assert set(refusal.value.message_dict) == {field}
    assert not Habilitation.objects.exists()


def test_nobody_else_signs_and_nobody_promises_for_another(actor, later, settings):
    asked = {"user": 7, "purposes": CALL, "active_until": later}
    for wrong in (actor("administrator", user_id=1), actor("dpo", user_id=1), actor("controller"), actor()):
        with pytest.raises(NotAllowed):
            vault.habilitate(wrong, **asked)
    with pytest.raises(NotAllowed):
        vault.commit(actor("machine"))
    settings.DEMO = False
    with pytest.raises(SecondFactorNeeded):
        vault.habilitate(actor("controller", user_id=1), **asked)


def test_a_suspension_holds_through_a_new_signature_until_somebody_else_ends_it(actor, later):
    boss, dpo = actor("controller", user_id=1), actor("dpo", user_id=2)
    vault.habilitate(boss, user=2, purposes=CALL, active_until=later)
    vault.suspend(boss, user=2, reason="Téléphone perdu, à vérifier")
    vault.habilitate(boss, user=2, purposes=CALL, active_until=later)
    assert queries.habilitation(2).suspended_at is not None
    with pytest.raises(NotAllowed):
        vault.resume(dpo, user=2)
    vault.resume(boss, user=2)
    assert queries.habilitation(2).suspended_at is None
    with pytest.raises(NotAllowed):
        vault.suspend(actor("matchmaker", user_id=3), user=2, reason="Téléphone perdu, à vérifier")
    with pytest.raises(NotFound):
        vault.suspend(dpo, user=99, reason="Téléphone perdu, à vérifier")
    with pytest.raises(ValidationError):
        vault.suspend(dpo, user=2, reason="vu")


def test_many_are_signed_at_once_with_their_promises(actor, later):
    grants = [vault.Grant(n, CALL, later) for n in range(1, 30)]
    rows = vault.habilitate_many(actor("machine"), grants=grants, committed=True)
    assert [row.user for row in rows] == list(range(1, 30))
    assert all(row.commitment_until for row in Habilitation.objects.all())
    assert Entry.objects.count() == 1
    assert vault.habilitate_many(actor("machine"), grants=[]) == []


def test_the_purposes_proposed_are_those_of_the_rules_and_rights_that_name_the_role():
    assert vault.proposed_purposes(["caller"]) == {
        "outreach.call", "outreach.keep_in_touch", "registers.inform", "outreach.rescue",
    }  # fmt: skip
    assert "people.rights" in vault.proposed_purposes(["desk"])
    assert vault.proposed_purposes(["administrator", "org_manager"]) == frozenset()


def test_the_purposes_of_rights_are_those_of_the_floor():
    """Read in the floor itself: every role and every purpose that a right names together, or its prohibition adds."""

    def named(node, kind):
        if isinstance(node, dict):
            if node.get("type") == kind:
                return {node["id"]}
            return set().union(*(named(value, kind) for value in node.values()), set())
        if isinstance(node, list):
            return set().union(*(named(value, kind) for value in node), set())
        return set()

    found: dict[str, set[str]] = {}
    floor = {policy["annotations"]["id"]: policy for policy in engine.tree(shipped.floor())}
    # rights that name no purpose get those that their prohibition leaves
    left = {"right-trail": "floor-trail", "right-erase": "floor-erase"}
    for name, policy in floor.items():
        if name.startswith("right-"):
            purposes = named(floor[left.get(name, name)], "Purpose")
            for role in named(policy, "Role"):
                found.setdefault(role, set()).update(purposes)
    assert found == {role: set(purposes) for role, purposes in policies.RIGHTS_OF.items()}
