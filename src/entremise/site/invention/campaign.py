"""A whole campaign invented and written at once: persons without identity, lines that some share, weeks of calls."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from entremise.outreach.models import CallAttempt, CallCampaign, CallTask, Escalation, EscalationStep
from entremise.people.models import Person
from entremise.referrals.models import Difficulty
from entremise.site.invention import calls
from entremise.site.invention.calls import Story

BATCH = 2_000
COUPLES = 0.12
"""Persons who share their line with the one before."""
LEVELS = ((1, 0.55), (2, 0.27), (3, 0.13), (4, 0.05))
LANGUAGES = (("fr", 0.93), ("ar", 0.04), ("pt", 0.03))
REGISTERS = (("apa", 0.62), ("transport", 0.38))
NEEDS = ("loneliness", "food", "home_help", "care_access", "rights", "equipment", "money", "transport")


@dataclass
class Invented:
    story: Story
    tasks: list[CallTask]
    escalations: int
    difficulties: int


def _one_of(chance: random.Random, shares: Sequence[tuple[object, float]]) -> object:
    return chance.choices([value for value, _ in shares], [share for _, share in shares])[0]


@transaction.atomic
def invent(
    campaign: CallCampaign, *, persons: int, calls_made: int, callers: Sequence[int], start: datetime, now: datetime,
    seed: int = 93,
) -> Invented:  # fmt: skip
    """Write `persons` persons (no name, nothing sealed), their tasks, and `calls_made` calls between two dates, as the
    state machine would have left them; with the difficulties and the searches that came of them."""
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    people = [Person(language=str(_one_of(chance, LANGUAGES))) for _ in range(persons)]
    Person.objects.bulk_create(people, batch_size=BATCH)
    tasks: list[CallTask] = []
    for rank, person in enumerate(people):
        shared = tasks and chance.random() < COUPLES
        register = str(_one_of(chance, REGISTERS))
        level = int(str(_one_of(chance, LEVELS)))
        tasks.append(
            CallTask(
                campaign=campaign, person=person, register=register, state="ready", rank=rank, complexity=level,
                line=tasks[-1].line if shared else uuid4().hex, line_field=f"{register}.phone",
                language=person.language, fragility=3 - 4 * rank // max(persons, 1), not_before=start,
                changed_at=start, complexity_codes=["known_to_services"],
            )
        )  # fmt: skip
    story = calls.tell(campaign, tasks, callers, calls=calls_made, start=start, now=now, seed=seed)
    CallTask.objects.bulk_create(tasks, batch_size=BATCH)
    raised = keep(story, chance)
    return Invented(story, tasks, _search(campaign, story, now), raised)


def keep(story: Story, chance: random.Random) -> int:
    """Write the calls of a story and the difficulties they left, how many; the tasks exist already."""
    CallAttempt.objects.bulk_create(story.attempts, batch_size=BATCH)
    raised = [
        Difficulty(
            person_id=one.person_id, needs=[chance.choice(NEEDS)], severity=chance.randint(0, 2), urgency="week",
            consent="yes", share=["name", "phone"], origin_kind="call", origin_id=one.public_id,
            author_id=one.caller_id, created_at=one.recorded_at,
        )
        for one in story.raised
    ]  # fmt: skip
    Difficulty.objects.bulk_create(raised, batch_size=BATCH)
    return len(raised)


def _search(campaign: CallCampaign, story: Story, now: datetime) -> int:
    """The search for each person who never answered, at its first step; how many."""
    searches = [
        Escalation(
            task=task, campaign=campaign, alert_level=campaign.alert_level, opened_at=task.last_attempt_at or now
        )
        for task in story.unreachable
    ]
    Escalation.objects.bulk_create(searches, batch_size=BATCH)
    EscalationStep.objects.bulk_create(
        [
            EscalationStep(escalation=one, rank=1, kind="other_number", due_at=one.opened_at + timedelta(hours=24))
            for one in searches
        ],
        batch_size=BATCH,
    )
    return len(searches)
