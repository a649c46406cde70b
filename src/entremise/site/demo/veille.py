"""A heatwave: 5,000 sealed persons of the Isère, 60 callers at every level, days of calls, a morning under way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from entremise.accounts.models import Membership, Organisation, User
from entremise.accounts.queries import DEMO_DOMAIN
from entremise.accounts.registry import label_of
from entremise.kernel import clock
from entremise.outreach import usecases as outreach
from entremise.outreach.models import (
    CallCampaign,
    CallerProfile,
    CallTask,
    Script,
    Shift,
    ShiftSeat,
)
from entremise.outreach.usecases.calls.claiming import Claim
from entremise.outreach.usecases.care.answering import acknowledge_emergency
from entremise.outreach.usecases.care.opening import open_ladder
from entremise.outreach.usecases.care.raising import raise_emergency
from entremise.people.engine.phone import normalise
from entremise.people.models import LineMark
from entremise.people.usecases import enrol_many
from entremise.site.demo.account import Account
from entremise.site.demo.reference import PASSWORD, TOWN
from entremise.site.demo.vault import HEAT, MACHINE, MOTIVE, acting_as
from entremise.site.invention import calls
from entremise.site.invention.campaign import keep
from entremise.site.invention.population import Population, Town
from entremise.territories.models import Territory
from entremise.vault import usecases as vault

LABEL: Final = "Canicule, vigilance orange"
PERSONS, CALLERS, CALLS = 5_000, 60, 2_300
ALWAYS: Final = {str(day): [["00:00", "23:59"]] for day in range(7)}
NEW: Final = (("Inès", "mentor"),)
GIVEN: Final = ("Awa", "Bastien", "Chloé", "Driss", "Élodie", "Fabrice", "Gaëlle", "Hakim", "Ingrid",
                "Jonas", "Karima", "Loïc", "Maëva", "Nassim", "Oriane", "Pavel", "Quentin", "Rania", "Samir",
                "Tessa")  # fmt: skip
CLOSED: Final = "!"
"""No password: nobody logs in under these."""
LEVELS: Final = (0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 1)
"""One twelfth of the callers waits for its first call; the rest stands on every level."""
SPEAK: Final = (["fr"], ["fr"], ["fr", "ar"], ["fr"], ["fr", "pt"], ["fr"])


def campaign() -> list[Account]:
    """The step: does nothing where the campaign is there already."""
    house, _ = Organisation.objects.get_or_create(name=TOWN, kind="collectivite")
    cast = _cast(house)
    if not CallCampaign.objects.filter(label=LABEL).exists():
        with transaction.atomic():  # stopped half-way, it leaves nothing and begins again
            callers = _callers(house, cast[0][0])
            _persons()
            row = _open(callers)
            _three_days(row, callers)
        _this_morning(row, callers)
    return [Account(user.email, PASSWORD, f"{user.label}, {label_of(role)}") for user, role in cast]


def _cast(house: Organisation) -> list[tuple[User, str]]:
    found = []
    for name, role in NEW:
        email = f"ines@{DEMO_DOMAIN}"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create(email=email, label=name, password=make_password(PASSWORD))
            Membership.objects.create(user=user, organisation=house, role=role)
        found.append((user, role))
    return found


def _callers(house: Organisation, mentor: User) -> list[CallerProfile]:
    """Sixty accounts that call, Mehdi among them: roles, signed habilitations, a place on the path."""
    mehdi = User.objects.get(email=f"mehdi@{DEMO_DOMAIN}")
    fresh = [
        User(
            email=f"appel{n:02d}@{DEMO_DOMAIN}",
            label=f"{GIVEN[n % len(GIVEN)]} {chr(65 + n // len(GIVEN))}.",
            password=CLOSED,
        )
        for n in range(1, CALLERS)
    ]
    users = [mehdi, *User.objects.bulk_create(fresh)]
    Membership.objects.bulk_create(Membership(user=user, organisation=house, role="caller") for user in fresh)
    until = clock.now() + timedelta(days=365)
    purposes = vault.proposed_purposes({"caller"})
    grants = [
        replace(vault.grant_of(user, {"caller"}, purposes=purposes, until=until), named_in=(HEAT,)) for user in fresh
    ]
    mentoring = vault.grant_of(mentor, {"mentor"}, purposes=vault.proposed_purposes({"mentor"}), until=until)
    vault.habilitate_many(MACHINE, grants=[*grants, replace(mentoring, named_in=(HEAT,))], committed=True)
    now = clock.now()
    rows = [
        CallerProfile(
            user=user, kind=("citizen", "reassigned", "staff")[n % 3], state="active",
            level=2 if user is mehdi else LEVELS[n % len(LEVELS)], languages=SPEAK[n % len(SPEAK)],
            charter_signed_at=now - timedelta(days=12), mentor=mentor if n % 5 == 0 else None,
            manager="Direction de la culture (démonstration)" if n % 3 == 1 else "",
            available_from=(now - timedelta(days=12)).date(), share=50 if n % 3 == 1 else 100,
        )
        for n, user in enumerate(users)
    ]  # fmt: skip
    return CallerProfile.objects.bulk_create(rows)


def _persons() -> list[UUID]:
    """The persons of the legal register, 65 or older: nine items and no more, sealed; spouses share a telephone."""
    towns = [
        Town(row.code, row.name, tuple(row.postcodes.split()), row.population)
        for row in Territory.objects.filter(kind="commune", department_code="38").order_by("-population")[:60]
    ]
    rows: list[dict[str, str]] = []
    for home in Population(38, towns, fiction=True, year=clock.today().year).households():
        for one in home.persons:
            if one.born.year > clock.today().year - 66 or not (one.fixed or one.mobile):
                continue
            where = one.place
            rows.append(
                {
                    "names": f"{one.given} {one.usage_name or one.birth_name}",
                    "birth_date": one.born.isoformat(),
                    "phone": normalise(one.fixed or one.mobile),
                    "address": f"{where.number} {where.way} {where.street}, {where.postcode} {where.town.name}",
                    "capacity": "personne âgée" if len(rows) % 6 else "personne handicapée",
                    "requested_on": "2026-05-12",
                }
            )
        if len(rows) >= PERSONS:
            break
    return enrol_many(MACHINE, register=HEAT, rows=rows[:PERSONS], motive=MOTIVE)


def _open(callers: list[CallerProfile]) -> CallCampaign:
    """The campaign as Bruno would open it."""
    bruno = User.objects.get(email=f"bruno@{DEMO_DOMAIN}")
    actor, now = acting_as(bruno), clock.now()
    row = outreach.create_campaign(
        actor, label=LABEL, purpose="outreach.call", source={"registers": [HEAT]}, kit="canicule", alert_level=3,
        script=Script.objects.filter(code="canicule").first(), holidays_open=True,
        languages=["fr", "ar", "pt"], recurrence="none", basis="activation",
        activation_act="Arrêté préfectoral fictif n° 2026-187", activation_on=clock.today() - timedelta(days=4),
        announcement="waived", waived_reason="Vigilance orange : les appels commencent le jour même",
        shown_number="04 65 71 00 00", duty_phone="04 65 71 00 01",
        public_message="Nous appelons les personnes inscrites au registre. Nous ne demandons jamais d’argent.",
    )  # fmt: skip
    steps = [{**step, "responsible": bruno.pk} for step in row.ladder]
    CallCampaign.objects.filter(pk=row.pk).update(
        ladder=steps,
        numbers_confirmed_by=bruno.pk,
        numbers_confirmed_at=now,
        starts_on=clock.today() - timedelta(days=4),
    )
    outreach.fill_tasks(MACHINE, campaign=row)
    _shifts(row, bruno, callers, now)
    row.refresh_from_db()
    outreach.open_campaign(actor, campaign=row)
    # The rules say 8 a.m. to 9 p.m.; a visitor comes at any hour.
    CallCampaign.objects.filter(pk=row.pk).update(opened_at=now - timedelta(days=4), hours=ALWAYS)
    row.refresh_from_db()
    return row


def _shifts(row: CallCampaign, bruno: User, callers: list[CallerProfile], now: datetime) -> None:
    """Bruno answers for the three days to come; twenty callers are here now, ten come at each next half-day."""
    duty = Shift.objects.create(
        campaign=row, role="supervisor", starts_at=now - timedelta(hours=2), ends_at=now + timedelta(days=3), seats=2
    )
    ShiftSeat.objects.create(shift=duty, user=bruno)
    able = [one.user for one in callers if one.level]
    for place in range(4):
        start = now - timedelta(hours=1) + timedelta(hours=6 * place)
        shift = Shift.objects.create(campaign=row, starts_at=start, ends_at=start + timedelta(hours=4), seats=24)
        some = able[:20] if place == 0 else able[20 + 10 * (place - 1) : 30 + 10 * (place - 1)]
        ShiftSeat.objects.bulk_create(
            ShiftSeat(shift=shift, user=user, rank=rank) for rank, user in enumerate(some, start=1)
        )


HARD: Final = (
    (24, 4, ["distress_expressed"]), (9, 3, ["several_difficulties"]), (3, 2, ["lives_alone_no_contact"]),
)  # fmt: skip
"""One person in so many, the complexity, why: declared facts, as the first calls would have told them."""


def _three_days(row: CallCampaign, callers: list[CallerProfile]) -> None:
    """What was called since the plan was triggered: tasks as the calls left them, searches for who did not answer."""
    now = clock.now()
    tasks = list(CallTask.objects.filter(campaign=row, state="ready").order_by("rank", "pk"))
    for place, task in enumerate(tasks):
        for every, level, codes in HARD:
            if place % every == every - 1:
                task.complexity, task.complexity_codes = level, codes
                break
    hard = [task for task in tasks if task.complexity > 1]
    CallTask.objects.bulk_update(hard, ["complexity", "complexity_codes"], batch_size=400)
    able = {level: [one.user_id for one in callers if one.level >= level] for level in (1, 2, 3, 4)}
    story = calls.tell(
        row, tasks, able[1], calls=CALLS, start=now - timedelta(days=4), now=now - timedelta(minutes=20), able=able,
        lost=0.12,
    )  # fmt: skip
    touched = {one.task_id: one.task for one in story.attempts}
    for task in touched.values():
        CallTask.objects.filter(pk=task.pk).update(**{name: getattr(task, name) for name in CHANGED})
    keep(story, random.Random(38))  # noqa: S311 - a story, not a secret
    bad = [one.person_id for one in story.attempts if one.disposition in ("wrong_number", "out_of_service")]
    LineMark.objects.filter(person__in=bad).update(status="wrong", checked_at=now)
    for place, task in enumerate(story.unreachable):
        open_ladder(MACHINE, task=task, now=now - timedelta(hours=place % 9, minutes=40))


CHANGED: Final = (
    "state", "wait_reason", "cause", "not_before", "urgent", "language", "token", "cycle", "misses", "tried_slots",
    "previous_caller_id", "promised_at", "last_attempt_at", "last_contact_at", "last_sign_of_life_at",
    "closed_reason", "changed_at",
)  # fmt: skip


def _this_morning(row: CallCampaign, callers: list[CallerProfile]) -> None:
    """Calls under way, through the use cases: some reported, some live, one that comes late, two emergencies."""
    bruno = acting_as(User.objects.get(email=f"bruno@{DEMO_DOMAIN}"))
    able = [acting_as(one.user) for one in callers[1:20] if one.level]
    for place, actor in enumerate(able[:12]):
        claim = outreach.claim_call(actor, campaign=row)
        if not isinstance(claim, Claim):
            continue
        if place < 4:
            outreach.report_call(
                actor, task=claim.task, token=claim.token, key=f"demonstration-{place}",
                disposition="reached_complete", answers={"etat": "bien", "rappel": "non"},
                message="Répond lentement : laisser sonner." if place == 0 else "",
            )  # fmt: skip
        elif place == 4:
            raise_emergency(actor, task=claim.task, token=claim.token)
        elif place == 5:
            emergency = raise_emergency(actor, task=claim.task, token=claim.token)
            acknowledge_emergency(bruno, emergency=emergency)
        elif place == 6:
            outreach.release_tasks(bruno, tasks=[claim.task], reason="Écran fermé sans compte rendu")
            again = outreach.claim_task(able[7], task=claim.task)
            outreach.report_call(
                actor, task=claim.task, token=claim.token, key="demonstration-late", disposition="reached_partial",
                message="Doit prévenir sa fille, qui passe samedi.",
            )  # fmt: skip
            outreach.report_call(
                able[7], task=again.task, token=again.token, key="demonstration-kept", disposition="no_answer"
            )
    outreach.ask_plan(bruno, campaign=row)  # the worker makes it
    CallerProfile.objects.filter(user__in=[actor.user_id for actor in able[:12]]).update(seen_at=clock.now())
