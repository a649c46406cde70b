"""Three weeks of an invented town: who offers, who asks, who was asked, what came of it.

Plain objects, drawn from a seed. Every deed is one the product would have allowed at its date: five days between
two solicitations of a helper satisfy the weekly cap, the cool-down and the rest after a refusal all at once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from entremise.mutualaid.engine import masks
from entremise.mutualaid.engine.fiction import Drawer, Ground
from entremise.territories.engine import cells

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APART = timedelta(days=5)
REACH_M, TOLERANCE_M = 10_000, 500
# States of 400 requests, as a desk of ten shows after three weeks.
STAGES = {"submitted": 24, "qualified": 14, "open": 62, "proposed": 45, "matched": 22, "in_progress": 38,
          "on_hold": 16, "done": 120, "closed": 59}  # fmt: skip
AGES = {"submitted": (0.2, 30), "qualified": (2, 40), "open": (2, 70), "proposed": (6, 64), "matched": (14, 110),
        "in_progress": (30, 220), "on_hold": (48, 300), "done": (60, 500), "closed": (30, 500)}  # fmt: skip
REASONS = Drawer({"no_follow_up": 12, "duplicate": 10, "out_of_scope": 8, "redirected": 22, "cancelled": 30,
                  "unreachable": 10, "unmet": 8})  # fmt: skip
HELPER_STATES = Drawer({"available": 900, "registered": 40, "paused": 45, "suspended": 2, "withdrawn": 13})
ORIGINS = Drawer({"phone": 50, "web": 27, "paper": 5, "counter": 6, "check_in_call": 5, "service": 7})
SLOTS = Drawer({masks.ANY_SLOT: 40, masks.WEEKDAYS: 14, masks.WEEKEND: 12, masks.MORNINGS: 8, masks.AFTERNOONS: 16,
                masks.AFTERNOONS & masks.WEEKDAYS: 6, masks.MORNINGS & masks.WEEKDAYS: 4})  # fmt: skip
RADII = Drawer({1000: 10, 2000: 24, 3000: 20, 5000: 34, 10_000: 12})


@dataclass(frozen=True, slots=True)
class Kind:
    """A category as the story sees it; `needs` and `offers` in thousandths."""

    code: str
    bit: int
    remote: bool
    sensitive: bool
    urgency: str
    needs: int
    offers: int
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Town:
    """`number` tells which territory; `postcode` for addresses."""

    number: int
    ground: Ground
    postcode: str


@dataclass(slots=True, eq=False)
class Ask:
    """A proposal."""

    aid: Aid
    want: Want
    state: str
    sent_at: datetime
    expires_at: datetime
    agent: int
    channel: str = "email"
    answered_at: datetime | None = None
    declined_by: str = ""


@dataclass(slots=True, eq=False)
class Tie:
    """A match, with its releases (direction, state, start) and what each side said (side, outcome, again, at)."""

    ask: Ask
    state: str
    confirmed_at: datetime
    ended_at: datetime | None = None
    minutes: int | None = None
    failed_reason: str = ""
    releases: list[tuple[str, str, datetime]] = field(default_factory=list)
    words: list[tuple[str, str, bool | None, datetime]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Aid:
    """A helper; `person` is a place in the list of figures."""

    person: int
    town: Town
    h8: int
    categories: int
    slots: int
    languages: int
    radius_m: int
    monthly_max: int
    state: str
    registered_at: datetime
    screened: bool
    origin: str
    paused_until: date | None
    asks: list[Ask] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Want:
    """A need."""

    person: int
    town: Town
    kind: Kind
    h8: int
    origin: str
    requester: str
    consent_mode: str
    urgency: str
    slots: int
    languages: int
    received_at: datetime
    state: str
    agent: int
    text: str
    due_on: date | None = None
    held_from: str = ""
    follow_up_at: datetime | None = None
    closed_at: datetime | None = None
    closed_reason: str = ""
    duplicate_of: Want | None = None
    taken_by: Ask | None = None
    asks: list[Ask] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)


class Story:
    """Draws the helpers, then the requests, then what happened between them."""

    def __init__(
        self, chance: random.Random, now: datetime, zone: tzinfo, towns: Sequence[Town], kinds: Sequence[Kind],
        languages: Mapping[str, Sequence[int]], agents: int,
    ) -> None:  # fmt: skip
        self.chance, self.now, self.zone, self.agents = chance, now, zone, agents
        self.home, self.around, self.kinds, self.languages = towns[0], towns[1:], kinds, languages
        self.aids: list[Aid] = []
        self.wants: list[Want] = []
        self._by_kind: dict[int, list[Aid]] = {}

    # -- people

    def add_aid(self, person: int) -> None:
        chance, town = self.chance, self._town()
        offered = [kind.bit for kind in self.kinds if chance.random() * 1000 < kind.offers]
        state = HELPER_STATES.draw(chance)
        aid = Aid(
            person=person,
            town=town,
            h8=town.ground.draw(chance),
            categories=masks.mask_of(offered or [self.kinds[0].bit]),
            slots=SLOTS.draw(chance),
            languages=masks.languages_mask(["fr", *(c for c, s in self.languages.items() if self._one_in(s[0]))]),
            radius_m=RADII.draw(chance),
            monthly_max=chance.choices((0, 1, 2, 4), (2, 14, 34, 50))[0],
            state=state,
            registered_at=self._humane(self.now - DAY * (22 - 20 * chance.random() ** 2)),  # most came at once
            screened=chance.random() < 0.3,
            origin="web" if chance.random() < 0.93 else "phone",
            paused_until=self.now.date() + DAY * chance.randint(2, 30)
            if state == "paused" and chance.random() < 0.6
            else None,
        )
        self.aids.append(aid)
        if state == "available":
            for bit in masks.bits_of(aid.categories):
                self._by_kind.setdefault(bit, []).append(aid)

    def add_wants(self, count: int, people: Sequence[int]) -> None:
        """So many requests, in the proportions of `STAGES`; `people[n]` asks for the n-th."""
        stages = [stage for stage, share in STAGES.items() for _ in range(share)]
        stages = [stages[n * len(stages) // count] for n in range(count)]
        self.chance.shuffle(stages)
        for person, stage in zip(people, stages, strict=True):
            self.wants.append(self._want(person, stage))
        self._make_sure()
        self.wants.sort(key=lambda want: want.received_at)
        for want in self.wants:
            getattr(self, f"_{want.state}")(want)
        self._pair_duplicates()

    def _want(self, person: int, stage: str) -> Want:
        chance, town = self.chance, self._town()
        kind = chance.choices(self.kinds, [kind.needs for kind in self.kinds])[0]
        spoken = [code for code, share in self.languages.items() if self._one_in(share[1])]
        requester = chance.choices(("self", "relative", "neighbour", "professional"), (80, 9, 7, 4))[0]
        if stage == "qualified":
            requester = chance.choice(("neighbour", "neighbour", "relative", "professional"))
        urgency = chance.choices(("today", "days", "week", "planned"), (10, 48, 34, 8))[0]
        if chance.random() < 0.3:
            urgency = kind.urgency
        low, high = AGES[stage]
        if urgency == "today" and stage in ("submitted", "open", "proposed"):
            low, high = 0.4, 6
        received = self.now - HOUR * (low + (high - low) * chance.random())
        return Want(
            person=person,
            town=town,
            kind=kind,
            h8=town.ground.draw(chance),
            origin=ORIGINS.draw(chance) if stage != "submitted" else "web",
            requester=requester,
            consent_mode="delegated" if chance.random() < 0.45 else "each",
            urgency=urgency,
            slots=SLOTS.draw(chance) if chance.random() < 0.5 else masks.ANY_SLOT,
            languages=masks.languages_mask(spoken[:1]),
            received_at=received if high <= 6 else self._humane(received),
            state=stage,
            agent=chance.randrange(self.agents),
            text=chance.choice(kind.texts) if chance.random() < 0.55 else "",
            due_on=(received if stage in ("done", "closed") else self.now).date() + DAY * chance.randint(1, 9)
            if urgency == "planned"
            else None,
        )

    def _make_sure(self) -> None:
        """What a visitor must find, whatever the draw: old requests, urgent ones, delicate ones, languages."""
        opened = [want for want in self.wants if want.state == "open"]
        sensitive = next((kind for kind in self.kinds if kind.sensitive), None)
        for n, want in enumerate(opened):
            if n % 4 == 1:
                want.urgency, want.due_on = self.chance.choice(("days", "week")), None
                want.received_at = self._humane(self.now - HOUR * (76 + 130 * self.chance.random()))
            elif n % 8 == 2:
                want.urgency, want.due_on = "today", None
                want.received_at = self.now - HOUR * (0.4 + 5 * self.chance.random())
            elif n % 16 == 3 and sensitive:
                want.kind, want.text = sensitive, sensitive.texts[n % len(sensitive.texts)]
            elif n % 16 == 7:
                want.languages = masks.languages_mask(["ar" if n % 32 == 7 else "pt"])

    # -- what happened, by the stage reached

    def _submitted(self, want: Want) -> None:
        want.agent = -1

    def _qualified(self, want: Want) -> None:
        pass

    def _open(self, want: Want) -> None:
        age = (self.now - want.received_at) / HOUR
        if age > 74 and self.chance.random() < 0.3:
            self._failed(want)
        elif age > 74 and self.chance.random() < 0.5:
            self._unanswered(want, want.received_at + HOUR * self.chance.uniform(2, 20))
        elif age > 40 and self.chance.random() < 0.3:
            self._refused(want, want.received_at + HOUR * self.chance.uniform(2, 12))

    def _proposed(self, want: Want) -> None:
        limit = 2 if want.urgency == "today" else 24
        since = (self.now - want.received_at) / HOUR
        accepted = self.chance.random() < 0.28
        for n in range(self.chance.choices((1, 2, 3), (50, 35, 15))[0]):
            ago = min(since, limit) * self.chance.uniform(0.05, 0.9)
            ask = self._ask(want, self.now - HOUR * ago, live=True)
            if ask is None:
                continue
            if accepted and n == 0:
                ask.state, ask.answered_at = "accepted_by_helper", ask.sent_at + HOUR * ago * 0.6
                want.taken_by, want.consent_mode = ask, "each"
        if not want.asks:
            want.state = "open"

    def _matched(self, want: Want) -> None:
        self._agree(want, "confirmed")

    def _in_progress(self, want: Want) -> None:
        tie = self._agree(want, "contact_released")
        if tie is not None:
            tie.releases = self._releases(tie, "active")

    def _on_hold(self, want: Want) -> None:
        want.held_from = self.chance.choices(("open", "submitted", "qualified"), (80, 12, 8))[0]
        hours = self.chance.uniform(-30, -1) if self.chance.random() < 0.45 else self.chance.uniform(4, 220)
        want.follow_up_at = self.now + HOUR * hours
        if want.held_from != "open":
            return
        if self.chance.random() < 0.5:
            self._refused(want, want.received_at + HOUR * self.chance.uniform(1, 20))

    def _done(self, want: Want) -> None:
        if (self.now - want.received_at) / HOUR > 130 and self.chance.random() < 0.2:
            self._unanswered(want, want.received_at + HOUR * self.chance.uniform(1, 6))
        tie = self._agree(want, "done")
        if tie is None:
            return
        tie.ended_at = tie.confirmed_at + (self.now - tie.confirmed_at) * self.chance.uniform(0.15, 0.7)
        tie.minutes = self.chance.choice((15, 20, 30, 45, 60, 60, 90, 120))
        past = self.now - tie.confirmed_at > timedelta(days=14, hours=2)
        tie.releases = self._releases(tie, "expired" if past else "active")
        outcome = "yes" if self.chance.random() < 0.88 else "partly"
        again = self.chance.random() < 0.7 if self.chance.random() < 0.8 else None
        tie.words.append((self.chance.choice(("person", "helper")), outcome, again, tie.ended_at))
        if self.chance.random() < 0.6:
            other = "helper" if tie.words[0][0] == "person" else "person"
            later = tie.ended_at + (self.now - tie.ended_at) * self.chance.uniform(0.05, 0.8)
            tie.words.append((other, "yes", again, later))

    def _closed(self, want: Want) -> None:
        want.closed_at = want.received_at + (self.now - want.received_at) * self.chance.uniform(0.1, 0.9)
        want.closed_reason = REASONS.draw(self.chance)
        if want.closed_reason == "cancelled" and self.chance.random() < 0.3:
            sent = want.received_at + (want.closed_at - want.received_at) * 0.6
            if want.closed_at - sent < DAY and (ask := self._ask(want, sent)):
                ask.state, ask.answered_at = "superseded", want.closed_at
        elif want.closed_reason == "unmet":
            self._unanswered(want, want.received_at + (want.closed_at - want.received_at) * 0.1)

    def _pair_duplicates(self) -> None:
        """A duplicate is the second request of the same person for the same thing."""
        firsts = [want for want in self.wants if want.state in ("open", "proposed", "done")]
        for want in [want for want in self.wants if want.closed_reason == "duplicate"]:
            first = next((one for one in firsts if one.received_at < want.received_at), None)
            if first is None:
                want.closed_reason = "no_follow_up"
                continue
            firsts.remove(first)
            want.duplicate_of, want.person, want.kind = first, first.person, first.kind
            want.town, want.h8, want.text = first.town, first.h8, ""

    # -- pieces

    def _agree(self, want: Want, state: str) -> Tie | None:
        """Somebody said yes, then the person: a match, or an open request when nobody can be found."""
        after = max([want.received_at, *(ask.expires_at for ask in want.asks if ask.state == "expired")])
        room = self.now - after
        sent = after + min(room * 0.25, HOUR * self.chance.uniform(1, 18))
        limit = HOUR * (2 if want.urgency == "today" else 24)
        ask = self._ask(want, sent)
        if ask is None:
            want.state = "open"
            return None
        ask.state, ask.answered_at = "matched", sent + min(room * 0.25, limit * self.chance.uniform(0.03, 0.9))
        confirmed = ask.answered_at
        if want.consent_mode == "each":
            confirmed += min(room * 0.2, HOUR * self.chance.uniform(0.2, 8))
        if self.chance.random() < 0.25 and (other := self._ask(want, sent)):
            other.state = "superseded"
        tie = Tie(ask, state, confirmed)
        want.ties.append(tie)
        want.taken_by = ask
        return tie

    def _failed(self, want: Want) -> None:
        """A match that came to nothing: the request is open again, with its date."""
        tie = self._agree(want, "failed")
        if tie is None:
            return
        tie.ended_at = tie.confirmed_at + (self.now - tie.confirmed_at) * self.chance.uniform(0.2, 0.8)
        tie.failed_reason = self.chance.choice(("helper_absent", "person_unreachable", "mismatch", "other"))
        tie.releases = self._releases(tie, "revoked")
        want.taken_by = None

    def _releases(self, tie: Tie, state: str) -> list[tuple[str, str, datetime]]:
        start = tie.confirmed_at + min(HOUR, (self.now - tie.confirmed_at) * 0.1)
        both = [("to_helper", state, start)]
        return [*both, ("to_person", state, start)] if self.chance.random() < 0.7 else both

    def _unanswered(self, want: Want, sent: datetime) -> None:
        if sent + DAY < (want.closed_at or self.now) and (ask := self._ask(want, sent, silent=True)):
            ask.state = "expired"

    def _refused(self, want: Want, sent: datetime) -> None:
        if sent + 9 * HOUR < self.now and (ask := self._ask(want, sent)):
            limit = 2 if want.urgency == "today" else 9
            ask.state, ask.declined_by = "declined", "helper"
            ask.answered_at = sent + HOUR * limit * self.chance.uniform(0.1, 0.95)

    def _ask(self, want: Want, sent: datetime, *, live: bool = False, silent: bool = False) -> Ask | None:
        """The nearest of some helpers drawn, whom the rules allowed to ask at that moment."""
        those = self._by_kind.get(want.kind.bit, [])
        drawn = self.chance.sample(those, min(len(those), 60 if want.languages < 2 else len(those)))
        fit = [(self._away(want, aid), n) for n, aid in enumerate(drawn) if self._may(want, aid, sent, silent)]
        near = [(away, n) for away, n in fit if away <= min(REACH_M, drawn[n].radius_m + TOLERANCE_M)]
        if not near:
            return None
        aid = drawn[min(near)[1]]
        hours = 2 if want.urgency == "today" else 24
        way = "email" if self.chance.random() < 0.8 else "phone"
        ask = Ask(aid, want, "sent", sent, sent + HOUR * hours, max(want.agent, 0), way)
        aid.asks.append(ask)
        want.asks.append(ask)
        return ask

    def _may(self, want: Want, aid: Aid, sent: datetime, silent: bool) -> bool:
        return (
            aid.registered_at < sent
            and bool(aid.slots & want.slots)
            and (not want.languages or bool(aid.languages & want.languages))
            and (aid.screened or not want.kind.sensitive)
            and len(aid.asks) < min(4, aid.monthly_max)
            and all(abs(ask.sent_at - sent) >= APART for ask in aid.asks)
            and not (silent and any(ask.state == "expired" for ask in aid.asks))
            and all(ask.want is not want for ask in aid.asks)
        )

    def _away(self, want: Want, aid: Aid) -> float:
        return 0.0 if want.kind.remote else cells.distance_m(want.h8, aid.h8)

    def _town(self) -> Town:
        return self.home if not self.around or self.chance.random() > 1 / 12 else self.chance.choice(self.around)

    def _one_in(self, thousandths: int) -> bool:
        return self.chance.random() * 1000 < thousandths

    def _humane(self, moment: datetime) -> datetime:
        """Between 8 h and 19 h, and not in the future."""
        local = moment.astimezone(self.zone)
        if not 8 <= local.hour < 19:
            local = local.replace(hour=self.chance.randint(8, 18))
        while local > self.now:
            local -= DAY
        return local
