"""Special requests: asked inside the table of § 11, granted by the right people, spent once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.policies import SecondFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.rules.engine.vocabulary import COLLEGES
from entremise.vault import usecases as vault
from entremise.vault.models import SpecialRequest
from entremise.vault.usecases.agreements import NOTHING, fingerprint_of
from entremise.vault.usecases.kinds import KINDS
from tests.accounts.factories import agent
from tests.vault.granting import Town, proved, worth, yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    return Town()


def actions():
    return list(Entry.objects.filter(action__startswith="vault.request").order_by("seq").values_list("action", flat=1))


def test_two_colleges_grant_what_serves_once_within_its_window(town):
    row = town.export()
    assert (row.state, worth(row, town.dpo)) == ("asked", NOTHING)
    assert yes(town.house, row).state == "gathering"
    assert worth(row, town.dpo) is NOTHING
    row = yes(town.listed, row)
    assert row.state == "granted"
    assert row.until - row.granted_at == timedelta(hours=72)
    found = worth(row, town.dpo)
    assert (found.colleges, found.approvers) == ({"institutions", "registered"}, 2)
    assert vault.use(town.dpo, request=row.public_id, rows=150).rows_used == 150
    with pytest.raises(vault.RequestSpent):
        vault.use(town.dpo, request=row.public_id)
    assert worth(row, town.dpo) is NOTHING
    assert actions() == ["vault.request.asked", *["vault.request.approved"] * 2, "vault.request.used"]


def test_the_trace_says_nothing_of_anybody(town):
    row = town.erasure()
    for entry in Entry.objects.filter(action__startswith="vault.request"):
        assert row.persons[0] not in str(entry.data)
        assert row.motive not in str(entry.data)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_is_asked_by_its_roles_only(town, kind):
    asked = {"kind": kind.code, "purpose": kind.purposes[0], "motive": "Essai de la table des rôles"}
    for role in ("matchmaker", "administrator", "elected", "machine"):
        with pytest.raises(NotAllowed):
            vault.ask(Actor(7, "x", "web", frozenset({role})), **asked, registers=["entraide"])
    assert kind.askers
    assert kind.colleges <= set(COLLEGES)
    assert bool(kind.colleges) != bool(kind.offices), "either colleges agree, or one other person in office"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purpose": "insights.statistics"}, "purpose"),
        ({"registers": ["inconnu"]}, "registers"),
        ({"registers": []}, "registers"),
        ({"fields": []}, "fields"),
        ({"cap": 2001}, "cap"),
        ({"days": 4}, "days"),
        ({"recipients": ""}, "recipients"),
        ({"kind": "shopping"}, "kind"),
    ],
)
def test_what_is_outside_the_table_is_refused_by_field(town, changed, field):
    with pytest.raises(ValidationError) as refusal:
        town.export(**changed)
    assert field in refusal.value.message_dict


def test_a_motive_and_known_fields_are_needed(town):
    for motive in ("court", "aaaaaaaaaaaa", "x" * 301):
        with pytest.raises(vault.MotiveMissing):
            town.export(motive=motive)
    with pytest.raises(vault.FieldUnknown):
        town.export(fields=["entraide.salary"])


def test_health_is_for_who_is_bound_to_secrecy(town):
    refer = proved(agent("referrer", habilitated=False))
    asked = {"kind": "health", "purpose": "referrals.refer", "motive": "Suivi des personnes sous oxygène",
             "registers": ["entraide"], "fields": ["entraide.phone"], "days": 20, "cap": 30}  # fmt: skip
    with pytest.raises(NotAllowed):
        vault.ask(refer, **asked)
    vault.habilitate(
        town.controller, user=refer.user_id, purposes=["referrals.refer"],
        active_until=clock.now() + timedelta(days=90), professional_secrecy=True,
    )  # fmt: skip
    with pytest.raises(ValidationError) as refusal:  # a phone is no health datum
        vault.ask(refer, **asked)
    assert set(refusal.value.message_dict) == {"fields"}


def test_the_prefect_is_answered_only_while_the_plan_is_triggered(town):
    asked = {
        "kind": "prefect",
        "purpose": "registers.prefect",
        "motive": "Demande du préfet du 14 juillet",
        "registers": ["canicule-2026"],
        "fields": ["canicule-2026.names"],
        "recipients": "Préfecture",
        "cap": 90,
    }
    vault.create_register(
        town.controller, code="canicule-2026", kind="legal", label="Canicule", expires_at=clock.now() + timedelta(90),
        bases={"outreach.call": "legal_obligation"},
    )  # fmt: skip
    with pytest.raises(ValidationError):
        vault.ask(town.controller, **asked)
    vault.declare_crisis(town.controller, register="canicule-2026")
    row = vault.ask(town.controller, **asked)
    assert yes(town.keeper, row).state == "gathering"
    assert yes(town.dpo, row).state == "granted"
    assert worth(row, town.controller).colleges == frozenset()


def test_a_person_in_office_is_enough_for_an_erasure_and_nobody_else(town):
    row = town.erasure()
    for wrong in (town.keeper, town.staff, proved(agent("matchmaker"))):
        with pytest.raises(NotAllowed):
            yes(wrong, row)
    row = yes(town.dpo, row)
    assert (row.state, worth(row, town.keeper).approvers) == ("granted", 1)


def test_a_programme_serves_until_its_cap(town):
    row = town.granted(
        vault.ask(
            town.keeper, kind="programme", purpose="registers.link", motive="Rapprocher deux fichiers du service",
            registers=["entraide"], fields=["entraide.phone"], days=200, cap=5,
        )
    )  # fmt: skip
    assert row.until - row.granted_at == timedelta(days=200)
    vault.use(town.keeper, request=row.public_id, rows=3)
    with pytest.raises(vault.RequestSpent):
        vault.use(town.keeper, request=row.public_id, rows=3)
    assert vault.use(town.keeper, request=row.public_id, rows=2).state == "granted"
    assert worth(row, town.keeper) is NOTHING


def test_what_was_granted_covers_that_and_nothing_else(town):
    someone = ids.uuid7()
    row = town.granted(town.export(persons=[someone]))
    found = worth(row, town.dpo)
    asked = {"purpose": "referrals.refer", "registers": ["entraide"], "fields": ["entraide.phone"],
             "persons": [someone], "rows": 1}  # fmt: skip
    assert found.covers(**asked)
    for changed in (
        {"purpose": "outreach.call"},
        {"registers": ["canicule"]},
        {"fields": ["entraide.address"]},
        {"persons": [ids.uuid7()]},
        {"rows": 201},
    ):
        assert not found.covers(**{**asked, **changed})
    assert not NOTHING.covers(**asked)


def test_a_refusal_ends_the_request_with_a_reason(town):
    row = town.export()
    with pytest.raises(ValidationError):
        vault.refuse(town.listed, request=row.public_id, fingerprint=row.fingerprint, reason="non")
    said = "Trop de personnes pour ce motif"
    row = vault.refuse(town.listed, request=row.public_id, fingerprint=row.fingerprint, reason=said)
    assert row.state == "refused"
    with pytest.raises(IllegalTransition):
        yes(town.house, row)


def test_the_dpo_gives_an_opinion_that_counts_for_nobody(town):
    row = vault.ask(
        town.keeper, kind="programme", purpose="registers.link", motive="Rapprocher deux fichiers du service",
        registers=["entraide"], fields=["entraide.phone"],
    )  # fmt: skip
    row = vault.opine(town.dpo, request=row.public_id, text="Favorable, pour la durée de la crise.")
    assert (row.state, row.opinion_by) == ("asked", town.dpo.user_id)
    with pytest.raises(NotAllowed):
        yes(town.dpo, row)
    mine = town.export()
    with pytest.raises(NotAllowed):
        vault.opine(town.dpo, request=mine.public_id, text="Favorable à ma demande.")


def test_the_author_the_dpo_and_the_controller_stop_a_request_not_yet_used(town):
    reason = "Le besoin a disparu depuis hier"
    row = town.granted(town.export())
    with pytest.raises(NotAllowed):
        vault.revoke(town.staff, request=row.public_id, reason=reason)
    assert vault.revoke(town.controller, request=row.public_id, reason=reason).state == "revoked"
    assert worth(row, town.dpo) is NOTHING
    used = town.granted(town.export())
    vault.use(town.dpo, request=used.public_id)
    with pytest.raises(IllegalTransition):
        vault.revoke(town.dpo, request=used.public_id, reason=reason)


def test_time_ends_what_nobody_may_use_and_does_it_once(town):
    late, past, served, live = town.export(), town.export(), town.export(), town.export()
    town.granted(past), town.granted(served)
    vault.use(town.dpo, request=served.public_id)
    rows = SpecialRequest.objects
    before = clock.now() - timedelta(days=8)
    rows.filter(pk=late.pk).update(lapses_at=before)
    rows.filter(pk=past.pk).update(until=before)
    rows.filter(pk=served.pk).update(used_at=before)
    machine = Actor.machine("délais")
    assert vault.lapse_requests(machine) == 3
    assert [rows.get(pk=one.pk).state for one in (late, past, served, live)] == [
        "lapsed", "lapsed", "closed", "asked",
    ]  # fmt: skip
    assert vault.lapse_requests(machine) == 0


def test_only_a_fresh_second_factor_agrees(town, settings):
    settings.DEMO = False
    row = town.erasure()
    user = agent("dpo")
    tired = Actor(user.pk, "x", "web", frozenset({"dpo"}), mfa=True)
    for answer in (
        lambda: yes(tired, row),
        lambda: vault.refuse(tired, request=row.public_id, fingerprint=row.fingerprint, reason="Une raison écrite"),
    ):
        with pytest.raises(SecondFactorNeeded):
            answer()
    assert not row.approvals.exists()


def test_the_fingerprint_is_read_again_from_the_base_as_it_was_written(town):
    row = town.export()
    again = SpecialRequest.objects.get(pk=row.pk)
    assert fingerprint_of(again) == again.fingerprint == row.fingerprint
    with pytest.raises(NotFound):
        vault.use(town.house, request=row.public_id)
