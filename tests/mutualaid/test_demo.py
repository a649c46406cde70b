"""The invented town obeys the rules of the real one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db.models import Count, Q

from entremise.accounts.queries import actor_of
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.mutualaid import usecases
from entremise.mutualaid.models import (
    MATCH_LIFE,
    NEED_LIFE,
    PROPOSAL_LIFE,
    ContactRelease,
    Feedback,
    HelperIndex,
    HelperProfile,
    Match,
    Need,
    Proposal,
)
from entremise.mutualaid.models.matching import MATCH_LIVE, PROPOSAL_LIVE
from entremise.mutualaid.usecases.helpers import free_from
from entremise.people.models import Consent
from entremise.rules.usecases import install_rules
from entremise.vault.usecases import install_registers, open_many
from tests.accounts.factories import agent
from tests.mutualaid.factories import category
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db

MACHINE = Actor.machine("démonstration")
CODES = {
    "shopping": {},
    "conversation": {"remote": "yes"},
    "homework": {"remote": "yes", "sensitive": True},
    "pets": {},
    "digital_admin": {"remote": "yes"},
    "printing": {},
}


def town(helpers=500, needs=400):
    install_rules(MACHINE)
    install_registers(MACHINE)
    for code, more in CODES.items():
        category(code, **more)
    agents = [agent("matchmaker", label=name) for name in ("Nadia", "Karim", "Lucie")]
    commune("38421")  # a neighbour, where a few live
    usecases.seed_demo(MACHINE, territory=commune(), agents=agents, helpers=helpers, needs=needs)
    return agents


@pytest.fixture(scope="module")
def seeded(module_rows):
    """One town for the whole module: the tests only read it."""
    with module_rows():
        return town()


def test_every_stage_is_there_in_its_number(seeded):
    states = dict(Need.objects.values_list("state").annotate(n=Count("pk")).order_by("state"))
    assert set(states) == set(NEED_LIFE.states)
    assert sum(states.values()) == 400
    assert set(Proposal.objects.values_list("state", flat=True).distinct()) == set(PROPOSAL_LIFE.states)
    assert set(Match.objects.values_list("state", flat=True).distinct()) == set(MATCH_LIFE.states)
    assert {"active", "expired", "revoked"} == set(ContactRelease.objects.values_list("state", flat=True).distinct())


def test_a_visitor_finds_old_urgent_delicate_and_due_requests(seeded):
    now = clock.now()
    waiting = Need.objects.filter(state="open")
    assert waiting.filter(received_at__lt=now - timedelta(hours=72)).count() >= 8
    assert waiting.filter(urgency="today", received_at__gt=now - timedelta(hours=8)).count() >= 4
    assert waiting.filter(sensitive=True).exists()
    assert waiting.exclude(languages=0).count() >= 2
    assert Need.objects.filter(state="on_hold", follow_up_at__lte=now).exists()
    assert Need.objects.filter(state="on_hold", follow_up_at__gt=now).exists()
    assert Need.objects.filter(state="qualified", requester_kind="neighbour", consented=False).exists()
    assert Need.objects.filter(claimed_by__isnull=False, lease_until__gt=now).count() == 3


def test_every_row_passes_its_own_validation(seeded):
    for model in (Need, HelperProfile, Proposal, Match, ContactRelease, Feedback):
        for row in model.objects.order_by("?")[:40]:
            row.full_clean(validate_unique=False, validate_constraints=True)
    assert all(ids.read_spoken(code) == code for code in Need.objects.values_list("code", flat=True))


def test_the_lines_of_search_are_those_of_the_available_profiles(seeded):
    available = HelperProfile.objects.filter(state="available", monthly_max__gt=0)
    assert set(HelperIndex.objects.values_list("pk", flat=True)) == set(available.values_list("pk", flat=True))
    now, asked = clock.now(), set(Proposal.objects.values_list("helper_id", flat=True))
    for line in HelperIndex.objects.select_related("helper"):
        said = line.helper
        expected = (said.h8, said.h7, said.categories, said.slots, said.languages, said.radius_m)
        assert (line.h8, line.h7, line.cats, line.slots, line.langs, line.radius_m) == expected
        assert line.screened == (said.screened_at is not None)
        if said.pk in asked:
            assert line.free_from == free_from(said, now)
            assert line.rested_since == said.last_solicited_at or said.last_solicited_at is None
        else:
            assert line.free_from == said.registered_at


def test_the_state_of_each_request_follows_from_its_proposals_and_matches(seeded):
    for need in Need.objects.prefetch_related("proposals", "matches").select_related("taken_by"):
        live = [p for p in need.proposals.all() if p.state in PROPOSAL_LIVE]
        matches = {m.state for m in need.matches.all()}
        assert bool(live) == (need.state == "proposed")
        assert bool(matches & set(MATCH_LIVE)) == (need.state in ("matched", "in_progress"))
        assert ("done" in matches) == (need.state == "done")
        assert ("contact_released" in matches) == (need.state == "in_progress")
        if need.taken_by:
            assert need.taken_by.need_id == need.pk
            assert need.taken_by.state == ("accepted_by_helper" if need.state == "proposed" else "matched")
        else:
            assert need.state not in ("matched", "in_progress", "done")


def test_the_caps_and_rests_held_at_every_solicitation(seeded):
    for helper in HelperProfile.objects.filter(proposals__isnull=False).distinct():
        sent = sorted(p.sent_at for p in helper.proposals.all())
        assert len(sent) <= min(4, helper.monthly_max)
        assert all(later - earlier >= timedelta(days=4) for earlier, later in zip(sent, sent[1:], strict=False))
        assert sent[0] > helper.registered_at
        assert helper.unanswered < 2


def test_dates_follow_each_other_and_none_is_to_come(seeded):
    now = clock.now()
    assert not Need.objects.filter(Q(received_at__gt=now) | Q(closed_at__gt=now)).exists()
    for proposal in Proposal.objects.select_related("need", "match"):
        assert proposal.need.received_at <= proposal.sent_at <= now
        assert proposal.answered_at is None or proposal.sent_at <= proposal.answered_at <= now
        assert (proposal.state == "sent") == (proposal.answered_at is None and proposal.expires_at > now) or (
            proposal.state in ("superseded", "expired")
        )
    for match in Match.objects.select_related("proposal"):
        assert match.proposal.answered_at <= match.confirmed_at <= (match.ended_at or now) <= now
    for release in ContactRelease.objects.filter(state="active"):
        assert release.starts_at <= now < release.until


def test_nobody_is_real(seeded):
    persons = list(HelperProfile.objects.values_list("person", flat=True)[:60])
    persons += list(Need.objects.values_list("person", flat=True)[:60])
    fields = ["entraide.first_name", "entraide.last_name", "entraide.phone", "entraide.email"]
    opened = {}
    for user, some in ((seeded[0], persons[:60]), (seeded[1], persons[60:])):  # sixty files in the hour for each
        opened |= open_many(
            actor_of(user, "web", True),
            persons=some,
            fields=fields,
            purpose="mutualaid.contact",
            motive="Contrôle de la démonstration",
        )
    numbers = [o.values["entraide.phone"] for o in opened.values()]
    assert all(re.match(r"^\+33(63998|46571)\d{4}$", number) for number in numbers)
    emails = [o.values["entraide.email"] for o in opened.values() if "entraide.email" in o.values]
    assert emails
    assert all(email.endswith("@demo.entremise.example") for email in emails)
    assert all(o.values["entraide.first_name"] and o.values["entraide.last_name"] for o in opened.values())


def test_the_chain_holds_and_the_seed_leaves_one_trace_of_its_own(seeded):
    assert first_broken() is None
    assert Entry.objects.filter(action="mutualaid.demo.seeded").count() == 1
    assert Entry.objects.count() < 20
    assert Consent.objects.count() >= 500 + 370


def test_a_second_run_changes_nothing(seeded):
    before = (HelperProfile.objects.count(), Need.objects.count(), Entry.objects.count())
    assert usecases.seed_demo(MACHINE, territory=commune(), agents=seeded) == 0
    assert (HelperProfile.objects.count(), Need.objects.count(), Entry.objects.count()) == before
