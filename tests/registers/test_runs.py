"""A run of linkage as it is governed: what it feeds, what it writes, what it never undoes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from entremise.accounts.policies import FreshFactorNeeded
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.people import usecases as people
from entremise.people.models import PersonAlias
from entremise.registers import usecases
from entremise.registers.engine.reading import KNOWN_PERSONS
from entremise.registers.models import Decision, LinkageModel, LinkageRun, Move, Pair
from entremise.registers.usecases.linkage import applying, models, working
from entremise.vault import usecases as vault
from entremise.vault.models import Line, Record, SpecialRequest
from tests.registers.linking import (
    FILE,
    JEANINE,
    JEANNINE,
    LEGAL,
    Linking,
    groups,
    person_of,
    sealed,
    somebody,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def linking():
    return Linking()


def fill(count=30):
    """So many persons in each register, a third of them in both."""
    sealed(LEGAL, *(somebody(n) for n in range(count)))
    sealed(FILE, *(somebody(n) for n in range(count * 2 // 3, count * 5 // 3)))


def test_a_person_of_two_files_is_one_from_then_on_and_her_husband_is_not(linking):
    fill()
    (legal, husband) = sealed(LEGAL, JEANNINE, {**JEANNINE, "names": "LE GOFF, Jean", "birth_date": "04/07/1935"})
    (other,) = sealed(FILE, JEANINE)
    before = dict(Record.objects.values_list("pk", "status"))
    run = linking.run()
    assert run.state == "done", run.failure
    assert groups(legal, other, husband) == {frozenset({legal, other}), frozenset({husband})}
    assert run.counts["records"] == run.counts["fed"] == 63
    assert run.counts["merged"] == 11
    assert Pair.objects.filter(state="auto").count() >= 11
    assert dict(Record.objects.values_list("pk", "status")) == before
    alias = PersonAlias.objects.get(said_absorbed__in=[person_of(legal), person_of(other)])
    assert (alias.request, set(alias.registers)) == (linking.grant.public_id, {LEGAL, FILE})
    assert Move.objects.filter(run=run, event=alias.event, together=True, cause="run").count() == 1
    assert Move.objects.values("event").distinct().count() == 11, "each group is undone alone"
    assert Entry.objects.filter(action="registers.linkage.done").count() == 1
    assert run.peak_memory > 10**7
    assert len(run.result_sha256) == 64


def test_one_line_of_the_journal_for_each_record_and_the_person_reads_it(linking):
    (record,) = sealed(LEGAL, JEANNINE)
    run = linking.run()
    lines = Line.objects.filter(action="feed", request=linking.grant.public_id)
    assert lines.count() == 1
    assert Line.objects.get(pk=run.journal_number).action == "compute"
    assert record not in Pair.objects.values_list("left", flat=True)


def test_who_is_frozen_closed_threatened_or_objects_is_neither_fed_nor_counted(linking):
    records = sealed(LEGAL, *[JEANNINE] * 5)
    persons = [person_of(record) for record in records]
    dpo = linking.town.dpo
    vault.set_record(dpo, person=persons[0], register=LEGAL, status="frozen")
    vault.set_record(dpo, person=persons[1], register=LEGAL, status="closed")
    vault.set_record(dpo, person=persons[2], register=LEGAL, protected=True)
    people.record_objection(linking.keeper, person=persons[3], purpose="registers.link")
    run = linking.run()
    assert (run.counts["fed"], run.counts["left_out"], run.counts["records"]) == (1, 4, 1)
    assert not Pair.objects.exists()


def test_a_run_again_without_news_makes_no_event(linking):
    fill()
    first = linking.run()
    events = set(Move.objects.values_list("event", flat=True))
    pairs = set(Pair.objects.values_list("left", "right", "state"))
    again = linking.run()
    assert again.counts["merged"] == 0
    assert set(Move.objects.values_list("event", flat=True)) == events
    assert set(Pair.objects.values_list("left", "right", "state")) == pairs
    assert again.counts["automatic"] == first.counts["automatic"]


def test_new_records_join_known_persons_and_two_known_persons_wait_for_a_human(linking):
    fill(12)
    one, two = sealed(LEGAL, JEANNINE, {**JEANNINE, "birth_date": "03/12/1938"})
    linking.run()
    assert groups(one, two) == {frozenset({one, two})}
    before = PersonAlias.objects.count()
    (new,) = sealed(FILE, JEANINE)
    (fresh,) = sealed(FILE, somebody(3))
    run = linking.run("incremental")
    assert (run.counts["fresh"], run.counts["merged"]) == (2, 2)
    assert groups(one, two, new) == {frozenset({one, two, new})}
    assert PersonAlias.objects.count() == before + 2
    # told apart by a human, without a word kept on their records: both are known, nothing unites them again
    sides = people.split_person(linking.keeper, person=person_of(fresh))
    assert sides.apart == {person_of(fresh)}
    run = linking.run()
    assert run.counts["merged"] == 0
    held = Pair.objects.get(right__in=[fresh], left__in=Record.objects.filter(register=LEGAL).values("pk"))
    assert (held.refusal, held.state, held.rank) == ("two_known_persons", "to_review", KNOWN_PERSONS)


def test_what_humans_decided_comes_first_and_a_corrected_record_makes_it_wait(linking):
    fill(6)
    one, two = sealed(LEGAL, {**JEANNINE, "names": "BRUN, Claude"}, {**somebody(9), "names": "VIDAL, Zoé"})
    apart = sealed(LEGAL, JEANNINE) + sealed(FILE, JEANINE)
    for verdict, ends in (("must", (one, two)), ("cannot", apart)):
        left, right = sorted(ends)
        Decision.objects.create(
            left=left, right=right, verdict=verdict, request=linking.grant.public_id, author=linking.keeper.user_id
        )
    linking.run()
    assert groups(one, two) == {frozenset({one, two})}
    assert groups(*apart) == {frozenset({apart[0]}), frozenset({apart[1]})}
    assert Pair.objects.get(left=min(apart), right=max(apart)).refusal == "cannot_link"
    decided = Decision.objects.get(verdict="must")
    assert decided.left_digest
    vault.write(
        linking.keeper, person=person_of(two), values={f"{LEGAL}.names": "VIDAL, Zoa"}, purpose="registers.keep",
        motive="Correction d’un nom mal écrit",
    )  # fmt: skip
    run = linking.run()
    decided.refresh_from_db()
    assert (decided.state, run.counts["to_confirm"]) == ("to_confirm", 1)
    assert Decision.objects.get(verdict="cannot").state == "open"


def test_two_records_of_one_file_under_one_number_are_one_unless_a_guard_holds_them(linking):
    fill(6)
    same = {**JEANNINE, "file_number": "APA-77"}
    one, two = sealed(FILE, same, {**same, "names": "LEGOFF, J", "phone": "", "address": "3 rue Neuve, 69001 Lyon"})
    twin = {**somebody(40), "file_number": "APA-78"}
    three, four = sealed(FILE, twin, {**twin, "names": f"{twin['names'].partition(',')[0]}, Zoé"})
    linking.run()
    pair = Pair.objects.get(left=min(one, two), right=max(one, two))
    assert (pair.outcome, pair.rule) == ("auto", "")
    assert groups(one, two) == {frozenset({one, two})}
    held = Pair.objects.get(left=min(three, four), right=max(three, four))
    assert held.state == "to_review"
    assert held.guards
    assert groups(three, four) == {frozenset({three}), frozenset({four})}


def test_a_category_that_was_not_granted_is_missing_and_nothing_is_widened():
    linking = Linking(fields=("names", "birth_date"), numbers=False)
    sealed(LEGAL, JEANNINE)
    sealed(FILE, JEANINE)
    linking.run()
    assert {pair.levels[3] for pair in Pair.objects.all()} <= {-1}


def test_the_control_sample_is_drawn_in_every_band_automatic_pairs_included(linking):
    fill()
    linking.run()
    drawn = Pair.objects.filter(control=True)
    assert drawn.filter(state="auto").exists()
    assert drawn.count() <= 60 * 5
    linking.run()
    assert Pair.objects.filter(control=True).count() <= 60 * 5


def test_without_grant_proof_role_motive_or_open_register_nothing_starts(linking):
    ask = {"request": linking.grant.public_id, "motive": "Éviter deux appels à la même personne"}
    stale = linking.keeper.__class__(
        linking.keeper.user_id, "Camille", "web", linking.keeper.roles, linking.keeper.organisation_id, mfa=True
    )
    with override_settings(DEMO=False), pytest.raises(FreshFactorNeeded):
        usecases.start_run(stale, **ask)
    with pytest.raises(NotAllowed):
        usecases.start_run(linking.town.dpo, **ask)
    with pytest.raises(vault.MotiveMissing):
        usecases.start_run(linking.keeper, **{**ask, "motive": "court"})
    with pytest.raises(usecases.GrantMissing):
        usecases.start_run(linking.keeper, **{**ask, "request": "rien"})
    linking.start()
    with pytest.raises(usecases.RunInProgress):
        linking.start()
    LinkageRun.objects.update(state="cancelled")
    vault.suspend_register(linking.town.controller, register=FILE)
    with pytest.raises(usecases.RegisterNotOpen):
        linking.start()


def test_a_college_that_takes_its_agreement_back_stops_the_run(linking):
    fill(3)
    row = linking.start()
    vault.withdraw(linking.town.listed, request=linking.grant.public_id)
    taken = applying.take(row.pk, clock.now() + timedelta(minutes=2))
    assert working.work(taken.pk, taken.token) == working.ENDED
    row.refresh_from_db()
    assert row.state == "failed"
    assert not Line.objects.filter(action="feed").exists()


def test_a_lapsed_grant_leaves_no_alias_between_its_registers(linking):
    fill(6)
    inside = sealed(LEGAL, JEANNINE, JEANINE)
    (across,) = sealed(FILE, JEANINE)
    linking.run()
    assert groups(*inside, across) == {frozenset({*inside, across})}
    SpecialRequest.objects.update(until=clock.now() - timedelta(days=1))
    assert working.lapse_links() >= 1
    assert groups(*inside, across) == {frozenset(inside), frozenset({across})}
    assert not [row for row in PersonAlias.objects.filter(closed_at=None) if len(set(row.registers)) > 1]


def test_a_model_with_one_byte_changed_or_another_schema_is_refused_and_going_back_gives_the_same_pairs(linking):
    fill(12)
    first = linking.run()
    model = LinkageModel.objects.get(state="active")
    body = model.body
    LinkageModel.objects.filter(pk=model.pk).update(body={**body, "max_iterations": 41})
    with pytest.raises(usecases.ModelMismatch):
        linking.start()
    LinkageModel.objects.filter(pk=model.pk).update(body=body, prepared_schema=99)
    with pytest.raises(usecases.ModelMismatch):
        linking.start()
    LinkageModel.objects.filter(pk=model.pk).update(prepared_schema=1)
    learned = models.propose(linking.keeper, [(2, 1, 0.9, 0.0004)], 0.001, 20_000, 6.0, 0.0)
    assert learned is not None
    usecases.activate_model(linking.keeper, version=learned.version)
    assert linking.run().model_id == learned.pk
    usecases.activate_model(linking.keeper, version=model.version)
    linking.run()
    assert LinkageModel.objects.filter(state="active").count() == 1
    assert linking.run().result_sha256 == LinkageRun.objects.order_by("-pk")[1].result_sha256
    assert first.state == "done"
    with pytest.raises(NotAllowed):
        usecases.activate_model(linking.town.dpo, version=learned.version)
