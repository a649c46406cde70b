"""Targeting through the vault: one person once, order, channel, exclusions at use, nothing half-frozen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from entremise.accounts.policies import FreshFactorNeeded
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.people.usecases import merge_persons
from entremise.registers import queries, usecases
from entremise.registers.models import Cohort, CohortMember, Targeting
from entremise.registers.queries.cohorts import cohorts_of
from entremise.registers.usecases import GrantMissing
from entremise.registers.usecases.targeting import (
    CohortEmpty,
    CohortTooWide,
    PointsNotVoted,
    ResultDestroyed,
    RunInProgress,
    freezing,
    running,
)
from entremise.registers.usecases.targeting.drafting import open_reasons, open_roll
from entremise.vault import usecases as vault
from entremise.vault.models import Line, RecordKey, Register, SpecialRequest
from tests.registers.targets import OTHER, VOIRON, Board, old
from tests.vault.registers import CODE, MACHINE

pytestmark = pytest.mark.django_db


def who(cohort: Cohort) -> list[UUID]:
    return [one.person for one in queries.members(cohort, clock.now())]


def test_the_most_fragile_come_first_and_who_has_no_telephone_stays_for_a_visit():
    board = Board()
    people = board.people(
        [
            old(1980, aid="aucune", lives_alone="non"),
            old(1942, aid="APA, RSA", lives_alone="oui"),
            old(1942, aid="APA", lives_alone="non", phone=""),
            old(1931, aid="aucune", lives_alone="non"),
        ]
    )
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    assert who(cohort) == [people[1], people[2], people[3]]
    channels = dict(CohortMember.objects.values_list("person", "channel"))
    assert (channels[people[2]], channels[people[1]]) == ("visit", "phone")


def test_the_sentence_of_the_worked_example_is_on_the_page_of_its_cohort():
    board = Board()
    board.people([old(1942, aid="APA", lives_alone="oui", housing="appartement avec ascenseur")])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=1))
    (row,) = usecases.read_cohort(board.keeper, cohort=cohort).rows
    assert row.name == "Fiction 0"
    assert row.sentence.startswith("80 à 89 ans\u00a0: 3 · APA\u00a0: 3 · vit seul·e\u00a0: 2 — inconnu\u00a0: ")
    assert "dernier étage" in row.sentence
    assert row.points == 8


def test_a_person_of_two_registers_is_once_in_the_cohort_with_what_both_know():
    board = Board(codes=(CODE, OTHER))
    (one,) = board.people([old(1942, aid="APA")])
    vault.write_many(
        MACHINE, rows={one: {f"{OTHER}.names": "Fiction 0", f"{OTHER}.address": f"1 rue, {VOIRON}"}}, register=OTHER,
        purpose="registers.keep", motive="La même personne, inscrite aussi",
    )  # fmt: skip
    (same,) = board.people([old(1942)], code=OTHER)
    merge_persons(MACHINE, absorbed=same, kept=one)
    done = board.run()
    (entry,) = open_roll(board.keeper, done)
    assert entry.person == one
    assert entry.commune == ""  # two records, two communes: unknown
    assert (entry.known()["apa"], entry.known()["age_80"], entry.registers) == (True, True, 0b11)
    assert done.counts == {"fed": 3, "left_out": 0, "persons": 1}


@pytest.mark.parametrize("why", ["objection", "target", "closed", "frozen", "protected"])
def test_who_may_no_longer_be_reached_after_freezing_is_excluded_at_the_next_use(why):
    board = Board()
    people = board.people([old(), old(), old()])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    assert set(who(cohort)) == set(people)
    gone = people[1]
    if why in ("objection", "target"):
        purpose = "outreach.call" if why == "objection" else "registers.target"
        vault.set_stance(board.keeper, person=gone, purpose=purpose, word="objection", on=True)
    elif why == "protected":
        vault.set_record(board.keeper, person=gone, register=CODE, protected=True)
    else:
        vault.set_record(board.keeper, person=gone, register=CODE, status=why)
    assert set(who(cohort)) == {people[0], people[2]}
    assert CohortMember.objects.filter(cohort=cohort).count() == 3


def test_an_objection_of_either_of_two_united_persons_excludes_both():
    board = Board()
    one, other, third = board.people([old(), old(), old()])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    merge_persons(MACHINE, absorbed=other, kept=one)
    assert len(who(cohort)) == 2
    vault.set_stance(board.keeper, person=other, purpose="outreach.call", word="objection", on=True)
    assert who(cohort) == [third]


def test_a_death_said_of_one_of_two_united_persons_is_said_of_both():
    board = Board(codes=(CODE, OTHER))
    one, third = board.people([old(), old()])
    (other,) = board.people([old()], code=OTHER)
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    merge_persons(MACHINE, absorbed=other, kept=one)
    assert set(who(cohort)) == {one, third}
    usecases.report_death(board.keeper, person=other, register=OTHER, source="registry")
    assert who(cohort) == [third]


def test_who_objected_between_the_draft_and_the_freezing_is_not_in_it():
    board = Board()
    people = board.people([old(), old()])
    draft = board.draft(board.run(), capacity=2)
    vault.set_stance(board.keeper, person=people[0], purpose="outreach.call", word="objection", on=True)
    usecases.freeze_cohort(board.keeper, cohort=draft)
    assert list(CohortMember.objects.values_list("person", "rank")) == [(people[1], 1)]


def test_a_revoked_request_or_a_closed_register_leaves_nobody_to_call():
    board = Board()
    board.people([old(), old()])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=2))
    Register.objects.filter(pk=CODE).update(status="suspended")
    assert who(cohort) == []
    Register.objects.filter(pk=CODE).update(status="open")
    assert len(who(cohort)) == 2
    SpecialRequest.objects.filter(public_id=board.request).update(state="revoked")
    assert who(cohort) == []


def test_records_that_wait_to_be_informed_are_never_targeted():
    board = Board()
    people = board.people([old(), old()])
    vault.set_record(board.keeper, person=people[0], register=CODE, status="frozen")
    Register.objects.filter(pk=CODE).update(kind="service")
    waiting = board.people([old()])
    done = board.run()
    assert [entry.person for entry in open_roll(board.keeper, done)] == [people[1]]
    assert done.counts["left_out"] == 2
    assert waiting[0] not in who(board.draft(done, capacity=2))


def test_points_further_from_the_vote_than_allowed_are_refused_and_the_frozen_ones_are_kept():
    board = Board()
    board.people([old(aid="APA"), old()])
    done = board.run()
    for wrong in ({"apa": 5}, {"apa": -1}, {"gir_1_2": 5}, {"name": 1}):
        with pytest.raises(PointsNotVoted):
            board.draft(done, points=wrong)
    cohort = board.draft(done, points={"apa": 4}, capacity=1)
    assert (cohort.points["apa"], cohort.voted["apa"]) == (4, 3)
    assert cohort.rule_set == done.rule_set
    with pytest.raises(CohortTooWide):
        board.draft(done, capacity=5001)
    with pytest.raises(ValidationError):
        board.draft(done, expires_on=clock.today())
    with pytest.raises(ValidationError):
        board.draft(done, profile="guerre")


def test_without_a_request_that_covers_everything_nothing_is_computed():
    board = Board()
    board.people([old()])
    for wrong in ("", "nothing"):
        with pytest.raises(GrantMissing):
            usecases.ask_targeting(board.keeper, request=wrong, registers=[CODE])
    narrow = board.ask(fields=[f"{CODE}.birth_date"])
    with pytest.raises(GrantMissing) as refusal:
        usecases.ask_targeting(board.keeper, request=narrow.public_id, registers=[CODE])
    assert f"{CODE}.aid" in refusal.value.message
    with pytest.raises(NotAllowed):
        usecases.ask_targeting(board.town.dpo, request=board.request, registers=[CODE])
    assert not Targeting.objects.exists()


def test_of_two_computations_of_one_request_one_waits():
    board = Board()
    board.people([old()])
    usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])
    with pytest.raises(RunInProgress):
        usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])


@pytest.mark.parametrize("step", ["compute", "seal", "finish"])
def test_a_computation_killed_anywhere_is_resumed_and_leaves_nothing_half_there(step, monkeypatch):
    board = Board()
    board.people([old(), old()])
    row = usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])

    class Killed(BaseException):
        pass

    def kill(*args, **named):
        raise Killed

    with monkeypatch.context() as broken:
        if step == "compute":
            broken.setattr(running.vault, "compute", kill)
        elif step == "seal":
            broken.setattr(running.vault, "seal_document", kill)
        else:
            broken.setattr(running, "record", kill)
        with pytest.raises(Killed):
            running.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.document, bytes(row.sealed)) == ("running", None, b"")
    assert not RecordKey.objects.filter(pk__in=[row.document]).exists()
    running.run(row.pk)  # the queue gives it again too early: somebody may still hold it
    row.refresh_from_db()
    assert row.state == "running"
    with pytest.raises(RunInProgress):
        usecases.resume_targeting(board.keeper, targeting=row)
    Targeting.objects.filter(pk=row.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    running.run(row.pk)
    row.refresh_from_db()
    assert row.state == "done"
    assert len(open_roll(board.keeper, row)) == 2


def test_a_cancelled_computation_throws_away_what_its_worker_found(monkeypatch):
    board = Board()
    board.people([old()])
    row = usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])
    compute = running.vault.compute

    def cancelled_meanwhile(*args, **named):
        done = compute(*args, **named)
        usecases.cancel_targeting(board.keeper, targeting=Targeting.objects.get(pk=row.pk))
        return done

    monkeypatch.setattr(running.vault, "compute", cancelled_meanwhile)
    running.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.document) == ("cancelled", None)
    with pytest.raises(ResultDestroyed):
        board.draft(row)


def test_a_computation_whose_proof_is_too_old_fails_and_says_so(settings):
    settings.DEMO = False
    board = Board()
    board.people([old()])
    row = usecases.ask_targeting(board.keeper, request=board.request, registers=[CODE])
    Targeting.objects.filter(pk=row.pk).update(proved_at=clock.now() - timedelta(minutes=16))
    running.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "fresh_factor_needed")
    usecases.resume_targeting(board.keeper, targeting=row)
    running.run(row.pk)
    row.refresh_from_db()
    assert row.state == "done"


def test_a_cohort_freezes_once_and_whole(monkeypatch):
    board = Board()
    board.people([old(), old()])
    draft = board.draft(board.run(), capacity=2)
    with monkeypatch.context() as broken:
        broken.setattr(freezing, "record", lambda *a, **k: (_ for _ in ()).throw(KeyError("killed")))
        with pytest.raises(KeyError), transaction.atomic():
            usecases.freeze_cohort(board.keeper, cohort=draft)
    draft.refresh_from_db()
    assert (draft.state, CohortMember.objects.count()) == ("draft", 0)
    usecases.freeze_cohort(board.keeper, cohort=draft)
    with pytest.raises(IllegalTransition):
        usecases.freeze_cohort(board.keeper, cohort=Cohort.objects.get(pk=draft.pk))
    assert CohortMember.objects.count() == 2


def test_at_its_expiry_nobody_is_called_and_reasons_are_destroyed(run_jobs, django_capture_on_commit_callbacks):
    board = Board()
    board.people([old(), old()])
    done = board.run()
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(done, capacity=2))
    document = cohort.document
    assert usecases.expire_cohorts(MACHINE) == 0
    Cohort.objects.filter(pk=cohort.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert who(cohort) == []
    Targeting.objects.update(keep_until=clock.now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert usecases.expire_cohorts(MACHINE) == 2
    cohort.refresh_from_db()
    assert (cohort.state, bytes(cohort.sealed)) == ("expired", b"")
    assert not CohortMember.objects.exists()
    assert not RecordKey.objects.filter(pk__in=[document, done.document]).exists()
    with pytest.raises(ResultDestroyed):
        open_reasons(board.keeper, cohort)


def test_only_a_keeper_with_a_fresh_proof_reads_reasons_and_others_see_no_score(settings):
    settings.DEMO = False
    board = Board()
    board.people([old()])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=1))
    for other in (board.town.dpo, board.town.controller, board.town.staff):
        with pytest.raises(NotAllowed):
            usecases.read_cohort(other, cohort=cohort)
    with pytest.raises(FreshFactorNeeded):
        usecases.read_cohort(replace(board.keeper, fresh_mfa=False), cohort=cohort)
    assert not {f.name for f in CohortMember._meta.get_fields()} & {"score", "points", "reason"}


def test_reading_a_page_writes_one_journal_line_a_record_before_names_are_shown():
    board = Board()
    board.people([old(), old(), old()])
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    before = Line.objects.filter(action="read", purpose="registers.keep").count()
    page = usecases.read_cohort(board.keeper, cohort=cohort)
    assert {row.name for row in page.rows} == {"Fiction 0", "Fiction 1", "Fiction 2"}
    assert Line.objects.filter(action="read", purpose="registers.keep").count() == before + 3


def test_members_cost_the_same_queries_for_few_or_many(django_assert_num_queries):
    board = Board()
    board.people([old()] * 3)
    few = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=3))
    with CaptureQueriesContext(connection) as counted:
        assert len(who(few)) == 3
    board.people([old()] * 30)
    many = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=33))
    with django_assert_num_queries(len(counted)):
        assert len(who(many)) == 33


def test_a_new_targeting_is_only_proposed():
    board = Board()
    people = board.people([old()] * 14)
    cohort = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=14))
    assert usecases.rescore_cohorts(MACHINE) == 1
    for person in people[:12]:
        vault.set_record(board.keeper, person=person, register=CODE, status="closed")
    lines = Line.objects.count()
    assert usecases.rescore_cohorts(MACHINE) == 1
    cohort.refresh_from_db()
    assert cohort.proposal["lost"] == 12
    assert (cohort.state, CohortMember.objects.count(), Line.objects.count()) == ("frozen", 14, lines)


def test_a_person_s_copy_says_in_which_cohorts_they_are():
    board = Board()
    (one,) = board.people([old()])
    assert cohorts_of(one) == []
    usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=1))
    (said,) = cohorts_of(one)
    assert (said["Cohorte"], said["Rang proposé"]) == ("Appels de la vigilance", "1")


def test_a_draft_of_nobody_is_refused():
    board = Board()
    board.people([old()])
    Register.objects.filter(pk=CODE).update(
        bases={"registers.target": "public_interest", "registers.keep": "public_interest"}
    )
    with pytest.raises(CohortEmpty):
        board.draft(board.run(), purpose="outreach.call")
