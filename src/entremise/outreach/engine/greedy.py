"""The simple way: the most fragile first, each at the cheapest place still free. No proof, no library.

Used where the extra `plan` is not installed, and as the baseline a proved plan is compared with.
"""

from __future__ import annotations

from collections import defaultdict

from entremise.outreach.engine.planning import NOBODY, Plan, Problem, Seat

Bucket = tuple[int, int, int, int]  # week, slot, level, languages


def greedy(problem: Problem) -> Plan:
    """A feasible plan. Persons of equal fragility keep their order; places of equal cost, that of the callers."""
    callers, weights = problem.callers, problem.weights
    slot_left = [[list(slots) for slots in caller.calls] for caller in callers]
    week_left = [list(caller.weekly) for caller in callers]
    here: dict[Bucket, list[int]] = defaultdict(list)  # those who may still call there, the first to be used last
    for who in reversed(range(len(callers))):
        for week, slots in enumerate(callers[who].calls):
            for slot, most in enumerate(slots):
                if most and week_left[who][week]:
                    here[week, slot, callers[who].levels[week], callers[who].languages].append(who)

    def free(who: int, week: int, slot: int) -> bool:
        return slot_left[who][week][slot] > 0 and week_left[who][week] > 0

    def take(who: int, week: int, slot: int) -> Seat:
        slot_left[who][week][slot] -= 1
        week_left[who][week] -= 1
        return Seat(who, week, slot)

    def first(bucket: Bucket) -> int:
        """Who calls next there, or NOBODY: those who are full leave for good."""
        waiting = here[bucket]
        while waiting and not free(waiting[-1], bucket[0], bucket[1]):
            waiting.pop()
        return waiting[-1] if waiting else NOBODY

    def miss(mask: int, slot: int) -> int:
        return weights.slot if mask and not mask & problem.slots[slot] else 0

    ways: dict[tuple[int, int, int, int, int], list[tuple[int, Bucket]]] = {}

    def cheapest(complexity: int, language: int, fragility: int, mask: int, start: int) -> list[tuple[int, Bucket]]:
        """Places for persons of this kind with any caller, the cheapest first; those found full are dropped."""
        kind = (complexity, language, fragility, mask, start)
        if kind not in ways:
            found = [
                (weights.delay[fragility] * (b[0] - start) + miss(mask, b[1]) + weights.over * (b[2] - complexity), b)
                for b in here
                if b[0] >= start and b[2] >= complexity and b[3] >> language & 1
            ]
            ways[kind] = sorted(found, reverse=True)
        return ways[kind]

    persons = list(problem.persons)
    plan: list[Seat | None] = [None] * len(persons)
    for at in sorted(range(len(persons)), key=lambda n: -persons[n].fragility):
        previous, complexity, language, fragility, mask, start = persons[at]
        queue = cheapest(complexity, language, fragility, mask, start)
        while queue and first(queue[-1][1]) == NOBODY:
            queue.pop()
        best: tuple[int, Seat] | None = None
        if queue:
            cost, (week, slot, *_) = queue[-1]
            best = cost + (weights.other_caller if previous != NOBODY else 0), Seat(first(queue[-1][1]), week, slot)
        if previous != NOBODY:
            caller = callers[previous]
            for week in range(start, problem.weeks):
                if not problem.can(caller, week, complexity=complexity, language=language):
                    continue
                base = weights.delay[fragility] * (week - start) + weights.over * (caller.levels[week] - complexity)
                if best and base >= best[0]:
                    continue
                for slot in range(len(problem.slots)):
                    cost = base + miss(mask, slot)
                    if free(previous, week, slot) and (best is None or cost < best[0]):
                        best = cost, Seat(previous, week, slot)
        if best and best[0] < weights.unserved[fragility]:
            plan[at] = take(best[1].caller, best[1].week, best[1].slot)
    return plan
