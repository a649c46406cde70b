"""The engine of the plan: its optimum against other ways of computing, its proof, its names, its prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from entremise.outreach.engine import flow as solving, making, mending, naming, network as graphs
from entremise.outreach.engine.checking import PlanRefused, check
from entremise.outreach.engine.greedy import greedy
from entremise.outreach.engine.making import make
from entremise.outreach.engine.planning import Caller, Persons, Problem, Seat, terms
from tests.outreach.planning import example, invented, tiny


def linear(problem: Problem) -> int:
    """The same plan person by person, each with each seat, by the linear solver of scipy: none of our graph."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    cost, rows, columns, limits = [], [], [], []
    people = list(problem.persons)
    seats = [
        (who, week, slot)
        for who, caller in enumerate(problem.callers)
        for week in range(problem.weeks)
        for slot in range(len(problem.slots))
        if caller.calls[week][slot]
    ]
    slot_row = {seat: len(people) + n for n, seat in enumerate(seats)}
    week_row = {key: len(people) + len(seats) + n for n, key in enumerate(sorted({s[:2] for s in seats}))}
    limits = [1] * len(people) + [problem.callers[w].calls[k][s] for w, k, s in seats]
    limits += [problem.callers[w].weekly[k] for w, k in week_row]
    for at, person in enumerate(people):
        for seat in [None, *seats]:
            able = not seat or problem.can(
                problem.callers[seat[0]], seat[1], complexity=person.complexity, language=person.language
            )
            if not able or (seat and seat[1] < person.first):
                continue
            place = Seat(*seat) if seat else None
            for row in [at, *([slot_row[seat], week_row[seat[:2]]] if seat else [])]:
                rows.append(row)
                columns.append(len(cost))
            cost.append(sum(terms(problem, person, place).values()))
    matrix = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(limits), len(cost))).tocsr()
    served, held = matrix[: len(people)], matrix[len(people) :]
    found = linprog(
        cost, A_eq=served, b_eq=limits[: len(people)], A_ub=held if held.shape[0] else None,
        b_ub=limits[len(people) :] if held.shape[0] else None, method="highs",
    )  # fmt: skip
    assert found.status == 0
    return round(found.fun)


def test_the_example_of_the_reference() -> None:
    made = make(example())
    assert (made.value, made.bound, made.certified) == (18, 18, True)
    assert list(made.plan) == [Seat(0, 0, 0), Seat(0, 1, 0), Seat(1, 0, 1)] or list(made.plan) == [
        Seat(0, 0, 0), Seat(0, 1, 1), Seat(1, 0, 1),
    ]  # fmt: skip
    assert [terms(example(), p, s) for p, s in zip(example().persons, made.plan, strict=True)] == [
        {}, {"delay": 10}, {"over": 8},
    ]  # fmt: skip


def test_its_next_best_plan_costs_26_and_is_refused_by_the_proof() -> None:
    second = [Seat(1, 0, 0), Seat(0, 1, 0), Seat(1, 0, 1)]
    assert check(example(), second).value == 26
    network = graphs.build(example())
    flow, lost = naming.flow_of(network, second)
    assert not len(lost)
    assert int((flow * network.cost).sum()) == 26
    assert graphs.lower_bound(network, flow) is None


@pytest.mark.parametrize("seed", range(40))
def test_the_optimum_is_that_of_a_linear_solver(seed: int) -> None:
    problem = tiny(seed)
    made = make(problem)
    assert made.certified
    assert made.value == linear(problem)
    assert made.simple is not None
    assert made.simple.value >= made.value


@pytest.mark.parametrize("seed", range(12))
def test_a_larger_one_too(seed: int) -> None:
    problem = invented(60, 4, weeks=3, halves=4, seed=seed, ease=0.9)
    assert make(problem).value == linear(problem)


@pytest.mark.parametrize("seed", range(25))
def test_a_price_is_what_one_more_call_really_brings(seed: int) -> None:
    problem = invented(80, 4, weeks=3, halves=4, seed=seed, ease=0.8) if seed % 2 else tiny(seed)
    made = make(problem)
    assert made.prices or seed % 2 == 0
    for price in list(made.prices)[::7]:
        calls = tuple(
            tuple(int((week, slot) == (price.week, price.slot)) for slot in range(len(problem.slots)))
            for week in range(problem.weeks)
        )
        more = Caller(1 | 1 << price.language, (price.level,) * problem.weeks, (1,) * problem.weeks, calls)
        richer = make(replace(problem, callers=(*problem.callers, more)))
        assert made.value - richer.value == price.points


@pytest.mark.parametrize("seed", range(25))
def test_an_absence_is_mended_as_well_as_planned_anew(seed: int) -> None:
    problem = invented(150, 6, weeks=4, halves=4, seed=seed) if seed % 2 else tiny(seed)
    before = make(problem)
    gone = seed % len(problem.callers)
    callers = list(problem.callers)
    callers[gone] = callers[gone].without(None if seed % 3 else 0)
    after = replace(problem, callers=tuple(callers))
    mended, anew = make(after, before=before.plan), make(after)
    assert (mended.solver, anew.solver) == ("mended", "flow")
    assert mended.value == anew.value
    assert mended.certified
    weeks = range(problem.weeks) if seed % 3 else (0,)
    assert not any(seat and seat.caller == gone and seat.week in weeks for seat in mended.plan)


def test_a_plan_made_again_moves_few_people() -> None:
    problem = invented(2_000, 25)
    before = make(problem)
    again = make(problem, before=before.plan)
    assert (again.solver, list(again.plan)) == ("mended", list(before.plan))
    callers = (problem.callers[0].without(), *problem.callers[1:])
    lost = sum(seat is not None and seat.caller == 0 for seat in before.plan)
    after = make(replace(problem, callers=callers), before=before.plan)
    assert sum(old != new for old, new in zip(before.plan, after.plan, strict=True)) < 6 * lost


def test_more_than_an_absence_is_planned_anew() -> None:
    problem = invented(300, 6, weeks=4, halves=4)
    half = replace(problem, callers=tuple(caller.without(0) for caller in problem.callers))
    back = make(problem, before=make(half).plan)
    assert (back.solver, back.certified, back.value) == ("flow", True, make(problem).value)


def test_who_comes_first_keeps_the_simple_way_honest() -> None:
    persons = Persons()
    persons.add(complexity=1, fragility=0)
    persons.add(complexity=1, fragility=3)
    problem = Problem(1, (1,), persons, (Caller(1, (1,), (1,), ((1,),)),))
    assert greedy(problem) == [None, Seat(0, 0, 0)]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ([Seat(0, 0, 0), Seat(0, 0, 1), None], "below the level"),
        ([Seat(0, 0, 0), None, Seat(0, 1, 1)], "does not speak"),
        ([Seat(1, 1, 0), None, None], "more calls than a slot"),
        ([Seat(1, 0, 0), Seat(1, 0, 0), Seat(1, 0, 1)], "more calls than their week"),
        ([None, None], "every person once"),
    ],
)
def test_the_second_look_refuses(plan: list[Seat | None], said: str) -> None:
    with pytest.raises(PlanRefused, match=said):
        check(example(), plan)


def test_a_lying_solver_is_not_certified() -> None:
    def lazy(
        tail: graphs.Ints, head: graphs.Ints, cap: graphs.Ints, cost: graphs.Ints, supply: graphs.Ints
    ) -> graphs.Ints:
        """Serves nobody: a flow, never the cheapest."""
        return np.where((head == len(supply) - 1) & (supply[tail] > 0), supply[tail], 0)

    made = make(example(), solver=lazy)
    assert (made.account.served, made.bound, made.certified) == (0, None, False)


def test_without_the_library_the_plan_is_made_and_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "find_spec", lambda name: None)
    made = make(invented(200, 4))
    assert (made.solver, made.bound, made.certified) == ("greedy", None, False)
    assert made.account.served


def test_the_simple_way_needs_no_library_at_all() -> None:
    """Read by a plain interpreter where numpy cannot be imported."""
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['numpy'] = None; sys.modules['ortools'] = None\n"
        "from entremise.outreach.engine import making\n"
        "making.find_spec = lambda name: None\n"
        "from tests.outreach.planning import invented\n"
        "made = making.make(invented(50, 2)); assert made.account.served and not made.certified\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src:."}, timeout=60)


@pytest.mark.parametrize("people", [0, 3])
def test_nobody_to_call_or_nobody_to_call_them(people: int) -> None:
    problem = invented(people, 0, weeks=2, halves=2, known=0)
    made = make(problem)
    assert made.certified
    assert made.account.served == 0
    assert make(problem, before=made.plan).value == made.value


def test_too_many_lost_are_left_to_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "MOST", 1)
    problem = invented(60, 2, weeks=2)
    gone = replace(problem, callers=(problem.callers[0].without(), problem.callers[1]))
    assert make(gone, before=make(problem).plan).solver == "flow"


def test_the_hash_says_whether_anything_changed() -> None:
    assert invented(50, 2).hash() == invented(50, 2).hash()
    assert invented(50, 2).hash() != invented(50, 2, seed=2).hash()
    one = example()
    assert replace(one, callers=(one.callers[0].without(1), one.callers[1])).hash() != one.hash()


def test_a_solver_that_finds_nothing_says_so() -> None:
    network = graphs.build(example())
    with pytest.raises(solving.SolverFailed):
        solving.ortools(network.tail, network.head, network.cap * 0, network.cost, network.supply)
