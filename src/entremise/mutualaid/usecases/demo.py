"""A town of fiction after three weeks of help, for demonstrations: everybody in it is invented."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.mutualaid import rules
from entremise.mutualaid.engine import ranking
from entremise.mutualaid.engine.fiction import Cast, Ground, Names, reference, spoken
from entremise.mutualaid.engine.ranking import Candidate, Wanted, Weights
from entremise.mutualaid.engine.story import Aid, Ask, Kind, Story, Tie, Town, Want
from entremise.mutualaid.models import (
    Category,
    ContactRelease,
    Feedback,
    HelperIndex,
    HelperProfile,
    Match,
    Need,
    Proposal,
)
from entremise.mutualaid.usecases.helpers import free_after, limits, line_of
from entremise.people.models import Person
from entremise.people.usecases import record_consents, register_many
from entremise.rules.queries import number_of
from entremise.territories.engine import cells
from entremise.territories.models import Territory
from entremise.vault.usecases import release_many

SEEDED = declare("mutualaid.demo.seeded", "a inventé une ville qui s’entraide, pour une démonstration")
PURPOSE, MOTIVE = "mutualaid.contact", "Démonstration : personnes inventées"
FIELDS = ["entraide.first_name", "entraide.phone"]
SEED = 38185
LEASE = timedelta(minutes=20)


class KitMissing(DomainError):
    code = "kit_missing"


@transaction.atomic
def seed_demo(
    actor: Actor, *, territory: Territory, agents: Sequence[User], helpers: int = 2450, needs: int = 400
) -> int:
    """Invent helpers and requests at all stages, with what happened in three weeks; returns the rows of both.

    Only in a demonstration; the same seed gives the same town; a second run changes nothing and returns 0.
    `agents`: the matchmakers' accounts, at least one. Raises NotAllowed, KitMissing (no category yet).
    """
    if not settings.DEMO:
        raise NotAllowed("Une démonstration ne se prépare que sur un site de démonstration : ENTREMISE_DEMO=1.")
    if HelperProfile.objects.exists() or Need.objects.exists():
        return 0
    chance, now = random.Random(SEED), clock.now()  # noqa: S311 - invention, not secrecy
    told = tomllib.loads(_shipped("demo.toml"))
    kinds = _kinds(told["categories"])
    towns, places = _towns(territory, told)
    zone = timezone.get_current_timezone()
    story = Story(chance, now, zone, towns, kinds, told["languages"], len(agents))
    for number in range(helpers):
        story.add_aid(number)
    askers = [helpers + number - (number % 20 == 19) for number in range(needs)]  # one in twenty asks twice
    story.add_wants(needs, askers)
    writer = _Writer(actor, chance, now, list(agents), places)
    writer.people(story, told["streets"]["names"])
    writer.helpers(story.aids)
    writer.needs(story.wants)
    writer.proposals(story.wants)
    writer.matches([tie for want in story.wants for tie in want.ties])
    writer.finish(story.aids, story.wants)
    record(actor, SEEDED, territory, helpers=helpers, needs=needs)
    return helpers + needs


def _shipped(name: str) -> str:
    return resources.files("entremise.mutualaid").joinpath("data", name).read_text(encoding="utf-8")


def _kinds(told: dict[str, Any]) -> list[Kind]:
    rows = {row.code: row for row in Category.objects.filter(retired=False, code__in=told)}
    if not rows:
        raise KitMissing("Aucune catégorie d’aide : appliquez d’abord le kit, « entremise kit apply confinement ».")
    return [
        Kind(
            row.code,
            row.bit,
            row.remote == "yes",
            row.sensitive,
            row.urgency,
            told[code]["needs"],
            told[code]["offers"],
            told[code]["texts"],
        )
        for code in told
        if (row := rows.get(code))
    ]


def _towns(home: Territory, told: dict[str, Any]) -> tuple[list[Town], list[Territory]]:
    """The town with its quarters, then the communes around that are loaded, each a disc of its own area."""
    around = Territory.objects.filter(kind="commune", code__in=told["around"]["codes"], lat__isnull=False)
    places = [home, *around.exclude(pk=home.pk).order_by("code")]
    towns = []
    for number, place in enumerate(places):
        centre = (place.lat or 0.0, place.lon or 0.0)
        radius = 1000 * ((place.area_km2 or 3.0) / 3.1416) ** 0.5
        quarters = [{"point": centre, "weight": 1, "spread": radius / 2}]
        known = told["quarters"] if place.code == "38185" else quarters
        towns.append(Town(number, Ground(known, centre, max(radius, 700)), (place.postcodes or "").split(" ")[0]))
    return towns, places


class _Writer:
    """Writes the story in bulk; each method one table."""

    def __init__(
        self, actor: Actor, chance: random.Random, now: datetime, agents: list[User], places: list[Territory]
    ) -> None:
        self.actor, self.chance, self.now, self.agents, self.places = actor, chance, now, agents, places
        self.persons: list[Person] = []
        self.codes: set[str] = set()
        self.helper_of: dict[Aid, HelperProfile] = {}
        self.need_of: dict[Want, Need] = {}
        self.proposal_of: dict[Ask, Proposal] = {}

    def people(self, story: Story, streets: Sequence[str]) -> None:
        """Helpers first, then askers; the notes of a request go with the person who asks."""
        cast = Cast(Names(_shipped("names.csv")), streets, self.chance)
        self.references = {want: reference(self.chance) for want in story.wants}
        figures = [cast.helper(number) for number in range(len(story.aids))]
        last = max((want.person for want in story.wants), default=len(figures) - 1)
        towns = {want.person: want.town for want in story.wants}
        figures += [
            cast.asker(number, towns[number].postcode if number in towns else "")
            for number in range(len(figures), last + 1)
        ]
        rows = [{**figure.values, "preferred_channel": figure.channel} for figure in figures]
        for want in story.wants:
            if want.text:
                rows[want.person][f"note#{self.references[want]}"] = want.text
        self.persons = register_many(self.actor, rows=rows, purpose=PURPOSE, motive=MOTIVE)
        for some, text in (
            (self.persons[: len(story.aids)], "offer-1"),
            (self.persons[len(story.aids) :], "intake-1"),
        ):
            record_consents(self.actor, persons=some, purpose=PURPOSE, answer="yes", text_versions=[text] * len(some))

    def helpers(self, aids: Sequence[Aid]) -> None:
        for aid in aids:
            # A solicitation that ended before any answer does not count.
            asked = [ask.sent_at for ask in _counted(aid)]
            self.helper_of[aid] = HelperProfile(
                public_id=reference(self.chance),
                person=self.persons[aid.person],
                state=aid.state,
                territory=self.places[aid.town.number],
                h8=aid.h8,
                h7=cells.parent(aid.h8, 7),
                precision="street",
                categories=aid.categories,
                slots=aid.slots,
                languages=aid.languages,
                radius_m=aid.radius_m,
                monthly_max=aid.monthly_max,
                screened_at=aid.registered_at + (self.now - aid.registered_at) / 8 if aid.screened else None,
                screened_by=self.agents[aid.person % len(self.agents)] if aid.screened else None,
                charter_at=aid.registered_at,
                registered_at=aid.registered_at,
                origin=aid.origin,
                paused_until=aid.paused_until,
                last_solicited_at=max(asked, default=None),
                unanswered=_silences(aid),
            )
        HelperProfile.objects.bulk_create(self.helper_of.values(), batch_size=500)

    def needs(self, wants: Sequence[Want]) -> None:
        categories = {row.code: row for row in Category.objects.all()}
        reach = number_of(rules.MAX_REACH) * 1000
        for number, want in enumerate(wants):
            agent = self.agents[want.agent % len(self.agents)] if want.agent >= 0 else None
            waits = want.state in ("submitted", "qualified") or want.held_from in ("submitted", "qualified")
            self.need_of[want] = Need(
                public_id=self.references[want],
                code=self._code(),
                person=self.persons[want.person],
                category=categories[want.kind.code],
                territory=self.places[want.town.number],
                h8=want.h8,
                h7=cells.parent(want.h8, 7),
                precision="street",
                origin=want.origin,
                requester_kind=want.requester,
                consent_mode=want.consent_mode,
                consented=want.requester == "self" or not waits,
                received_at=want.received_at,
                created_at=want.received_at,
                urgency=want.urgency,
                due_on=want.due_on,
                slots=want.slots,
                languages=want.languages,
                reach_m=reach,
                remote=want.kind.remote,
                sensitive=want.kind.sensitive,
                has_note=bool(want.text),
                paper_ref=f"P-{number:04d}" if want.origin == "paper" else "",
                state=want.state,
                held_from=want.held_from,
                follow_up_at=want.follow_up_at,
                closed_at=want.closed_at,
                closed_reason=want.closed_reason,
                agent=agent,
            )
        first = [need for want, need in self.need_of.items() if want.duplicate_of is None]
        Need.objects.bulk_create(first, batch_size=200)
        for want, need in self.need_of.items():
            need.duplicate_of = self.need_of[want.duplicate_of] if want.duplicate_of else None
        Need.objects.bulk_create([need for need in self.need_of.values() if need.duplicate_of], batch_size=200)

    def _code(self) -> str:
        code = spoken(self.chance)
        while code in self.codes:
            code = spoken(self.chance)
        self.codes.add(code)
        return code

    def proposals(self, wants: Sequence[Want]) -> None:
        weights = Weights()
        for want in wants:
            for ask in want.asks:
                ranked = ranking.score(self._wanted(want), self._candidate(ask), weights, ask.sent_at)
                self.proposal_of[ask] = Proposal(
                    public_id=reference(self.chance),
                    need=self.need_of[want],
                    helper=self.helper_of[ask.aid],
                    state=ask.state,
                    channel=ask.channel,
                    sent_at=ask.sent_at,
                    expires_at=ask.expires_at,
                    answered_at=ask.answered_at,
                    declined_by=ask.declined_by,
                    score=ranked.score,
                    reasons=[list(reason) for reason in ranked.reasons],
                    sent_by=self.agents[ask.agent % len(self.agents)],
                )
        Proposal.objects.bulk_create(self.proposal_of.values(), batch_size=300)

    def _wanted(self, want: Want) -> Wanted:
        need = self.need_of[want]
        h8 = None if need.remote else need.h8
        mask = 1 << want.kind.bit
        return Wanted(need.pk, need.person_id, mask, need.slots, need.languages, need.reach_m, h8, need.languages or 1)

    def _candidate(self, ask: Ask) -> Candidate:
        """The helper as they were when asked."""
        aid, helper = ask.aid, self.helper_of[ask.aid]
        before = [one.sent_at for one in _counted(aid) if one.sent_at < ask.sent_at]
        recent = sum(ask.sent_at - at < timedelta(days=14) for at in before)
        away = None if ask.want.kind.remote else cells.distance_m(ask.want.h8, aid.h8)
        last = max(before, default=None)
        return Candidate(helper.pk, helper.person_id, away, aid.slots, aid.languages, last, recent, False)

    def matches(self, ties: Sequence[Tie]) -> None:
        rows = {
            tie: Match(
                public_id=reference(self.chance),
                need=self.need_of[tie.ask.want],
                proposal=self.proposal_of[tie.ask],
                helper=self.helper_of[tie.ask.aid],
                state=tie.state,
                agreed_on=tie.ask.want.due_on,
                confirmed_at=tie.confirmed_at,
                ended_at=tie.ended_at,
                minutes=tie.minutes,
                failed_reason=tie.failed_reason,
            )
            for tie in ties
        }
        Match.objects.bulk_create(rows.values(), batch_size=300)
        self._releases(rows)
        Feedback.objects.bulk_create(
            Feedback(match=rows[tie], side=side, outcome=outcome, again=again, at=at, channel="phone")
            for tie in ties
            for side, outcome, again, at in tie.words
        )

    def _releases(self, rows: dict[Tie, Match]) -> None:
        lasts = timedelta(days=number_of(rules.RELEASE_DAYS))
        drafts = [
            ContactRelease(
                match=match,
                direction=direction,
                fields=["first_name", "phone"],
                starts_at=start,
                until=start + lasts,
                # What would end within the hour has ended: nothing active turns false while the town is looked at.
                state="expired" if state == "active" and start + lasts < self.now + timedelta(hours=1) else state,
            )
            for tie, match in rows.items()
            for direction, state, start in tie.releases
        ]
        asked = []
        for row in drafts:
            sides = (row.match.need.person_id, row.match.helper.person_id)
            giver, receiver = sides if row.direction == "to_helper" else sides[::-1]
            # What was taken back or has ended opens nothing in the vault either.
            asked.append((giver, receiver, FIELDS, row.until if row.state == "active" else self.now))
        for row, number in zip(drafts, release_many(self.actor, rows=asked, purpose=PURPOSE), strict=True):
            row.vault_release = number
        ContactRelease.objects.bulk_create(drafts, batch_size=300)

    def finish(self, aids: Sequence[Aid], wants: Sequence[Want]) -> None:
        """What points from a request to later rows; the lines of search."""
        held = [want for want in wants if want.state in ("open", "submitted")][:3]
        taken = []
        for want in wants:
            if want.taken_by:
                self.need_of[want].taken_by = self.proposal_of[want.taken_by]
                taken.append(self.need_of[want])
        Need.objects.bulk_update(taken, ["taken_by"], batch_size=200)
        for number, want in enumerate(held):  # colleagues at work
            Need.objects.filter(pk=self.need_of[want].pk).update(
                claimed_by=self.agents[(number + 1) % len(self.agents)], lease_until=self.now + LEASE, token=1
            )
        now_limits = limits()
        lines = []
        for aid in aids:
            asks = sorted(_counted(aid), key=lambda ask: ask.sent_at, reverse=True)
            sent = [(ask.sent_at, ask.state, ask.answered_at, ask.declined_by) for ask in asks]
            lines.append(line_of(self.helper_of[aid], free_after(self.helper_of[aid], sent, now_limits)))
        HelperIndex.objects.bulk_create([line for line in lines if line is not None], batch_size=1000)


def _counted(aid: Aid) -> list[Ask]:
    return [ask for ask in aid.asks if ask.state != "superseded" or ask.answered_at is not None]


def _silences(aid: Aid) -> int:
    """Solicitations left without answer since the last answer."""
    silent = 0
    for ask in sorted(aid.asks, key=lambda one: one.sent_at):
        if ask.state == "expired":
            silent += 1
        elif ask.answered_at and ask.state != "superseded":
            silent = 0
    return silent


__all__ = ["KitMissing", "seed_demo"]
