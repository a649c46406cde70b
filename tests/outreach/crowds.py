"""A call centre too large to seal person by person: rows only, for what never opens a person."""

from __future__ import annotations

import random

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.outreach.models import CallCampaign, CallerProfile, CallTask
from entremise.people.models import Person

SPOKEN = {"ar": 0.12, "pt": 0.1, "tr": 0.06}
HOURS = {str(day): [["09:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


def crowd(people: int, callers: int, seed: int = 1) -> CallCampaign:
    """An open campaign with so many tasks and callers, drawn as `tests.outreach.planning.invented` draws them."""
    draw = random.Random(seed)
    row = CallCampaign.objects.create(
        label=f"Veille de {people} personnes", purpose="outreach.call", state="open", hours=HOURS,
        languages=["fr"], holidays_open=True, starts_on=clock.today(),
    )  # fmt: skip
    users = User.objects.bulk_create(
        [User(email=f"{ids.new()}@exemple.test", label=f"Appelant {n}") for n in range(callers)]
    )
    CallerProfile.objects.bulk_create(
        CallerProfile(
            user=user, kind="staff", state="active", level=draw.choices([1, 2, 3, 4], [35, 35, 20, 10])[0],
            languages=["fr", *(code for code, share in SPOKEN.items() if draw.random() < share)],
            weekly_calls=max(1, round(people / callers / 8 * draw.uniform(0.6, 1.6))),
            share=draw.choice([20, 50, 100]),
        )
        for user in users
    )  # fmt: skip
    persons = Person.objects.bulk_create([Person() for _ in range(people)], batch_size=5_000)
    CallTask.objects.bulk_create(
        (
            CallTask(
                campaign=row, person=person, state="ready", line=ids.new(),
                previous_caller=draw.choice(users) if draw.random() < 0.8 else None,
                complexity=draw.choices([1, 2, 3, 4], [50, 30, 15, 5])[0],
                language=draw.choices(["fr", "ar", "pt", "tr"], [85, 7, 5, 3])[0],
                fragility=draw.choices([0, 1, 2, 3], [40, 30, 20, 10])[0],
                slot_mask=draw.choices([0, 1, 4, 5], [40, 30, 20, 10])[0],
            )
            for person in persons
        ),
        batch_size=2_000,
    )  # fmt: skip
    return row
