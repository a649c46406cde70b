"""Thresholds move on evidence only; a second opinion is used only where it wins and is proven."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

import pytest
from django.urls import reverse

from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.registers import rules, usecases
from entremise.registers.engine import rerank
from entremise.registers.engine.outcomes import Pair as Compared
from entremise.registers.engine.reading import twice
from entremise.registers.models import LinkageModel, LinkageRun, Pair, Reading
from entremise.registers.queries import proof
from entremise.registers.usecases.review import reranking
from tests.accounts.factories import agent
from tests.registers.reviewing import FILE, LEGAL, Review, user
from tests.vault.granting import proved

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return Review()


def drawn(desk, number, weight, *, true=0, read=0, guards=(), control=True, apart=0):
    """So many pairs of a weight; the first `read` are read, and `true` of these are one person."""
    rows = []
    for n in range(number):
        left, right = sorted((uuid4(), uuid4()))
        state = "auto" if n >= read else "accepted" if n < true else "refused"
        rows.append(
            Pair(
                run=desk.run, request=desk.grant.public_id, left=left, right=right, left_register=LEGAL,
                right_register=FILE, weight=weight, levels=[3, 2, 4, 5], guards=list(guards), outcome="auto",
                state=state, control=control,
            )
        )  # fmt: skip
    Pair.objects.bulk_create(rows)
    return rows


def test_a_hundred_readings_prove_nothing_and_the_page_says_how_many_are_missing(client, desk):
    drawn(desk, 900, 15.0, read=100, true=100)
    found = proof.evidence(desk.run.model)
    assert found.high is None
    assert found.missing is not None
    assert 50 < found.missing < 400
    with pytest.raises(usecases.NotProven) as refusal:
        usecases.set_thresholds(desk.mehdi, model=desk.run.model)
    assert f"environ {found.missing} relectures" in refusal.value.message
    client.force_login(user(desk.mehdi))
    text = client.get(reverse("registers:review")).content.decode()
    assert f"environ {found.missing} relectures" in text
    told = client.post(reverse("registers:thresholds_set", args=[desk.run.model.version]), follow=True)
    assert "ne prouvent encore aucun seuil" in told.content.decode()
    desk.run.model.refresh_from_db()
    assert (desk.run.model.high, desk.run.model.evidence) == (12.0, {})
    # as many more, without error, do prove it
    waiting = Pair.objects.filter(state="auto").values("pk")[: found.missing + 20]
    Pair.objects.filter(pk__in=[row["pk"] for row in waiting]).update(state="accepted")
    assert proof.evidence(desk.run.model).high == 12.0


def test_proven_readings_move_the_thresholds_and_are_kept_beside_them(desk):
    drawn(desk, 500, 15.0, read=400, true=400)
    drawn(desk, 300, 10.0, read=250, true=250)
    drawn(desk, 100, 7.0, read=60, true=30)
    drawn(desk, 100, 1.0, read=50, true=1)
    usecases.set_thresholds(desk.mehdi, model=desk.run.model)
    model = LinkageModel.objects.get(pk=desk.run.model.pk)
    assert (model.high, model.low) == (9.0, 6.0)
    assert model.evidence["bands"][0] == [12.0, 500, 400, 400]
    assert model.evidence["target"] == 0.99
    assert model.evidence["before"] == [12.0, 0.0]
    assert model.evidence["bounds"][1][1] >= 0.99
    assert model.evidence["at"]


def test_pairs_under_a_guard_and_pairs_not_drawn_at_random_prove_nothing(desk):
    drawn(desk, 400, 15.0, read=400, true=400, guards=["given_differs"])
    drawn(desk, 400, 15.0, read=400, true=400, control=False)
    assert proof.evidence(desk.run.model).read == 0
    assert proof.evidence(desk.run.model).high is None


def test_a_band_weighs_as_much_as_the_run_counted_not_as_little_as_is_kept(desk):
    """Nine pairs in ten of a low band are not kept: their errors count ten times those that are."""
    LinkageRun.objects.update(counts={"bands": [[12.0, 500, 400], [9.0, 5000, 300]]})
    drawn(desk, 500, 15.0, read=400, true=400)
    drawn(desk, 300, 10.0, read=250, true=247)
    found = proof.evidence(desk.run.model)
    assert [pairs for _, pairs, _, _ in found.bands][:2] == [500, 5000]
    assert found.high == 12.0


def test_doubts_count_against_a_threshold(desk):
    rows = drawn(desk, 400, 15.0, read=400, true=400)
    assert proof.evidence(desk.run.model).high == 12.0
    Pair.objects.filter(pk__in=[row.pk for row in rows[:10]]).update(state="unsure")
    assert proof.evidence(desk.run.model).high is None


def test_readers_who_disagree_keep_thresholds_where_they_are(desk, monkeypatch):
    drawn(desk, 500, 15.0, read=400, true=400)
    monkeypatch.setattr(proof, "AGREEMENT_FROM", 4)
    pairs = [row for row in drawn(desk, 200, 1.0) if twice(row.left, row.right)][:6]
    for n, pair in enumerate(pairs):
        for reader, answer in ((1, "same"), (2, "same" if n == 0 else "different")):
            Reading.objects.create(pair=pair, reader=reader, answer=answer)
    with pytest.raises(usecases.NotProven) as refusal:
        usecases.set_thresholds(desk.mehdi, model=desk.run.model)
    assert "s’accordent trop peu" in refusal.value.message


def test_only_a_keeper_sets_thresholds_and_a_retired_model_stays_as_it_was(desk):
    drawn(desk, 500, 15.0, read=400, true=400)
    with pytest.raises(NotAllowed):
        usecases.set_thresholds(proved(agent("analyst")), model=desk.run.model)
    LinkageModel.objects.update(state="retired")
    with pytest.raises(IllegalTransition):
        usecases.set_thresholds(desk.mehdi, model=desk.run.model)


# the second opinion


def compared(number, chance):
    """Doubtful pairs whose truth is in what only readers see: the weight alone misses half of them."""
    pairs, truth = [], {}
    for n in range(number):
        same = chance.random() < 0.5
        weight = chance.uniform(2.0, 9.0)
        signs = (1, 1, 0, int(same), 1 if same else 0, *([chance.randint(0, 1)] * 6))
        pairs.append(Compared(2 * n, 2 * n + 1, weight, 1, 3, 2, 4, 5, (), "to_review", signs))
        truth[2 * n, 2 * n + 1] = same
    return pairs, truth


def records(number):
    return [UUID(int=n + 1) for n in range(2 * number)]


def answered(desk, pairs, truth, ids):
    rows = [
        Pair(
            run=desk.run, request=desk.grant.public_id, left=ids[one.left], right=ids[one.right], left_register=LEGAL,
            right_register=FILE, weight=one.weight, levels=list(one.levels), outcome="to_review", control=True,
            state="accepted" if truth[one.left, one.right] else "refused",
        )
        for one in pairs
    ]  # fmt: skip
    Pair.objects.bulk_create(rows)
    Reading.objects.bulk_create(
        Reading(pair=row, reader=7, answer="same" if row.state == "accepted" else "different") for row in rows
    )


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.setattr(reranking, "flag_of", lambda point: point is rules.RERANK)


def test_the_second_opinion_is_off_until_the_contributors_say_so(desk):
    assert usecases.reranked([], records=[], high=6.0).why == "off"


def test_too_few_readings_teach_nothing(desk, allowed):
    pairs, truth = compared(50, random.Random(1))
    ids = records(50)
    answered(desk, pairs, truth, ids)
    found = usecases.reranked(pairs, records=ids, high=6.0)
    assert (found.used, found.why, found.pairs) == (False, "too_few_readings", pairs)


def test_a_second_opinion_that_wins_moves_pairs_and_never_those_under_a_guard(desk, allowed):
    pairs, truth = compared(1400, random.Random(2))
    ids = records(1500)
    answered(desk, pairs[:1200], truth, ids)
    held = [Compared(2 * n, 2 * n + 1, 7.0, 1, 3, 2, 4, 5, ("twins_possible",), "to_review", pairs[0].signs)
            for n in range(1400, 1410)]  # fmt: skip
    found = usecases.reranked([*pairs, *held], records=ids, high=6.0)
    assert (found.used, found.why) == (True, "used")
    assert found.moved > 500
    assert found.gain > 0.1
    unread = found.pairs[1200:1400]
    assert all(truth[one.left, one.right] for one in unread if one.outcome == "auto")
    assert {one.outcome for one in found.pairs[1400:]} == {"to_review"}
    again = usecases.reranked([*pairs, *held], records=ids, high=6.0)
    assert again == found  # refitted, and the same: nothing is saved


def test_a_second_opinion_that_does_not_win_changes_nothing(desk, allowed):
    chance = random.Random(3)
    pairs, _ = compared(1100, chance)
    truth = {(one.left, one.right): one.weight >= 6.0 for one in pairs}
    ids = records(1100)
    answered(desk, pairs, truth, ids)
    found = usecases.reranked(pairs, records=ids, high=6.0)
    assert (found.used, found.pairs) == (False, pairs)


def test_a_second_opinion_that_nothing_proves_joins_nobody(desk, allowed):
    pairs, truth = compared(1200, random.Random(4))
    ids = records(1200)
    answered(desk, pairs, truth, ids)
    Pair.objects.update(control=False)
    assert usecases.reranked(pairs, records=ids, high=6.0).why == "not_proven"


def test_without_the_extra_nothing_breaks(desk, allowed, monkeypatch):
    monkeypatch.setattr(reranking, "find_spec", lambda name: None)
    assert usecases.reranked([], records=[], high=6.0).why == "extra_missing"
    assert rerank.ENOUGH == 1000
