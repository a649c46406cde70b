"""Before a model is adopted: what it and the one in force make of the pairs that humans read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.registers.engine import explain, outcomes, trial
from entremise.registers.models import Decision, LinkageModel, LinkageRun, Pair
from entremise.registers.queries import starting_model
from entremise.registers.queries.trial import answers, trial_of
from entremise.registers.usecases.linkage import models
from tests.registers.linking import FILE, LEGAL, Linking

pytestmark = pytest.mark.django_db
PRIOR = 0.001
STRONG, DOUBTFUL, WEAK = [8, 5, 5, 7], [8, 5, 5, 0], [0, 5, 0, 1]
"""All agrees; the same person moved, another telephone; a name and a commune."""


def codes() -> dict[str, list[int]]:
    return {name: sorted(known) for name, known in explain.levels(starting_model()).items()}


@pytest.fixture
def linking():
    made = Linking()
    models.install_model(made.keeper)
    LinkageRun.objects.create(
        request=made.grant.public_id, registers=[LEGAL, FILE], motive="Essai", state="done", high=6.0, low=0.0,
        model=LinkageModel.objects.get(state="active"), asked_by=made.keeper.user_id, proved_at=clock.now(),
        finished_at=clock.now(), counts={"prior": PRIOR},
    )  # fmt: skip
    return made


def read(levels: Sequence[int], state: str, count: int, guards: Sequence[str] = ()) -> list[tuple[UUID, UUID]]:
    run = LinkageRun.objects.get()
    ends = [tuple(sorted((uuid4(), uuid4()))) for _ in range(count)]
    Pair.objects.bulk_create(
        Pair(
            run=run, request=run.request, left=left, right=right, left_register=LEGAL, right_register=FILE,
            weight=1.0, levels=list(levels), guards=list(guards), rule="1", outcome="to_review", state=state, rank=3,
        )
        for left, right in ends
    )  # fmt: skip
    return ends


def weight(levels: Sequence[int], body: dict) -> float:
    pair = outcomes.Pair(1, 2, 0.0, 0, *levels, 0, (), "to_review")
    bars = explain.waterfall(body | {"probability_two_random_records_match": PRIOR}, pair)
    return bars[-1].end


def stricter_on_place() -> list[tuple[int, int, float, float]]:
    """A model for which no telephone nor commune in common weighs a lot against."""
    place = next(n for n, one in enumerate(starting_model()["comparisons"]) if one["output_column_name"] == "place")
    last = len(starting_model()["comparisons"][place]["comparison_levels"]) - 1
    return [(place, last, 1e-6, 0.9)]


def test_the_codes_of_these_tests_are_those_of_the_shipped_model():
    assert all(
        code in codes()[name]
        for levels in (STRONG, DOUBTFUL, WEAK)
        for name, code in zip(explain.COMPARISONS, levels, strict=True)
    )


def test_a_score_counts_what_the_weights_of_the_waterfall_say(linking):
    body = starting_model()
    every = [
        trial.Answer(tuple(levels), guarded, same)
        for levels in (STRONG, DOUBTFUL, WEAK)
        for guarded in (False, True)
        for same in (False, True)
    ]
    high, low = weight(DOUBTFUL, body) - 0.01, weight(WEAK, body) + 0.01
    said = trial.score(body, PRIOR, high, low, every)
    assert weight(STRONG, body) > high > weight(DOUBTFUL, body) - 1 > low
    assert (said.same, said.linked, said.right, said.found) == (6, 4, 2, 4)
    assert (said.precision, said.recall, said.reach) == (0.5, 2 / 6, 4 / 6)
    nothing = trial.score(body, PRIOR, 1e6, 1e6, every)
    assert (nothing.precision, nothing.recall, nothing.reach) == (None, 0.0, 0.0)


def test_under_the_floor_nothing_is_said_of_a_model(linking):
    read(STRONG, "accepted", 60)
    read(WEAK, "refused", 19)
    found = trial_of(models.propose(linking.keeper, stricter_on_place(), PRIOR, 20_000, 6.0, 0.0))
    assert (found.enough, found.answers, found.missing) == (False, 79, 21)
    read(STRONG, "accepted", 40)
    again = trial_of(LinkageModel.objects.get(state="proposed"))
    assert (again.enough, again.missing) == (False, 1), "a hundred answers of one kind prove nothing"
    assert "proposed" not in again.kept()


def test_the_proposed_model_and_the_one_in_force_are_judged_on_the_same_answers(linking):
    high = weight(DOUBTFUL, starting_model()) - 0.5
    LinkageModel.objects.filter(state="active").update(high=high, low=0.0)
    read(STRONG, "accepted", 50)
    read(DOUBTFUL, "accepted", 30)
    read(DOUBTFUL, "refused", 10)
    read(STRONG, "refused", 10, guards=["twins_possible"])
    read(WEAK, "refused", 20)
    learned = models.propose(linking.keeper, stricter_on_place(), PRIOR, 20_000, high, 0.0)
    kept = learned.evidence["trial"]
    assert (kept["answers"], kept["same"], kept["against"]) == (120, 80, 1)
    assert kept["in_force"] == {"same": 80, "linked": 90, "right": 80, "found": 80}
    assert kept["proposed"] == {"same": 80, "linked": 50, "right": 50, "found": 80}
    found = trial_of(learned)
    assert (found.other.precision, found.other.recall) == (80 / 90, 1.0)
    assert (found.mine.precision, found.mine.recall, found.mine.reach) == (1.0, 50 / 80, 1.0)


def test_the_figures_of_the_day_of_adoption_stay_beside_the_model(linking, run_jobs):
    learned = models.propose(linking.keeper, stricter_on_place(), PRIOR, 20_000, 6.0, 0.0)
    assert learned.evidence["trial"] == {"answers": 0, "same": 0, "against": 1}
    read(STRONG, "accepted", 80)
    read(WEAK, "refused", 40)
    models.activate_model(linking.keeper, version=learned.version)
    kept = LinkageModel.objects.get(state="active").evidence
    assert kept["trial"]["answers"] == 120
    assert kept["trial"]["proposed"]["right"] == 80
    assert kept["trained_on"] == 20_000


def test_doubts_changed_records_and_file_numbers_are_no_answers(linking):
    read(STRONG, "accepted", 2)
    read(STRONG, "unsure", 5)
    read(STRONG, "to_review", 5)
    read(STRONG, "auto", 5)
    read([-1, -1, -1, -1], "accepted", 5)
    ((left, right),) = read(STRONG, "accepted", 1)
    Decision.objects.create(left=left, right=right, verdict="must", state="to_confirm", author=linking.keeper.user_id)
    assert len(answers()) == 2


def test_the_page_says_it_before_anybody_adopts(linking, client):
    client.force_login(User.objects.get(pk=linking.keeper.user_id))
    learned = models.propose(linking.keeper, stricter_on_place(), PRIOR, 20_000, 6.0, 0.0)
    read(STRONG, "accepted", 3)
    said = client.get("/registres/modeles/").content.decode()
    assert f"Le modèle {learned.version} est-il meilleur" in said
    assert "Trop peu de réponses" in said
    read(STRONG, "accepted", 77)
    read(WEAK, "refused", 40)
    said = client.get("/registres/modeles/").content.decode()
    assert "Trop peu de réponses" not in said
    assert "Sur 120 paires relues, dont 80 d’une même personne" in said
    assert said.count("100,0") >= 2
    reader = client
    reader.force_login(User.objects.get(pk=linking.town.dpo.user_id))
    assert "Sur 120 paires relues" in reader.get("/registres/modeles/").content.decode()
