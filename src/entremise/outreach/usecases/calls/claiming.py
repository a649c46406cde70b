"""« Personne suivante »: one task for one caller, never two callers for one. Reference outreach-and-referrals § 8."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from entremise.audit.registry import declare
from entremise.audit.usecases import record_soon
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.db import run_prepared
from entremise.outreach import policies
from entremise.outreach.engine.dispositions import slots_allowed
from entremise.outreach.models import CHANNELS, CallCampaign, CallTask, ScriptVersion
from entremise.outreach.queries.callers import PAUSES
from entremise.outreach.queries.calls import why_nothing
from entremise.outreach.usecases.calls import statement, timing
from entremise.outreach.usecases.calls.holding import expire_due
from entremise.outreach.usecases.calls.moving import note
from entremise.outreach.usecases.calls.refusals import CallerPaused, CampaignNotOpen, CapReached, OutsideHours

CLAIMED = declare("outreach.call.claimed", "a pris un appel")
TRIES: Final = 3
"""Two who take two persons of one line at once: the second looks again, three times at most (§ 8.4)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task held: everything that writes on it must show the token. `script`: the version pinned, None without."""

    task: CallTask
    token: int
    lease_until: datetime
    script_version: int | None
    again: bool = False

    @property
    def script(self) -> ScriptVersion | None:
        return ScriptVersion.objects.filter(pk=self.script_version).first() if self.script_version else None


@dataclass(frozen=True, slots=True)
class Nothing:
    """No task fits now: `why` counts the open tasks by cause; `step`: what would open more to this caller, a French
    sentence, empty when nothing would."""

    why: Mapping[str, int] = field(default_factory=dict)
    step: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one round trip tells of a caller before a claim: `due`: leases that ended and block their lines."""

    campaign: str
    profile: str | None
    level: int
    languages: Sequence[str]
    paused_until: datetime | None
    available: tuple[date | None, date | None]
    live: int | None
    due: bool
    conversations: int
    minutes: int
    debrief_due: bool


def claim_call(
    actor: Actor, *, campaign: CallCampaign, now: datetime | None = None, channel: str = ""
) -> Claim | Nothing:
    """Give this caller the next person to call, in the order of § 8.1, or say why there is nobody now.

    Somebody who already holds a call by the screen gets it back (double click, second tab). Raises NotAllowed,
    SecondFactorNeeded, CampaignNotOpen, OutsideHours, CallerPaused, CapReached.
    """
    user = policies.require_caller(actor)
    now = now or clock.now()
    through = channel or (actor.channel if actor.channel in CHANNELS else "web")
    for _ in range(TRIES):
        try:
            if (taken := _at_once(actor, campaign, user, through, now)) is not None:
                return taken
        except IntegrityError:
            continue
        who = standing(user, campaign, now)
        if who.live is not None and through == "web":
            return held(CallTask.objects.get(pk=who.live))
        may_call(campaign, who, now)
        if who.due:
            expire_due(now)
        try:
            taken = take_next(actor, campaign, who, user, through, now)
        except IntegrityError:  # somebody took this line, this person, or a call for this very caller, just now
            continue
        if taken is not None:
            return taken
        return _nothing(campaign, who, user, now)
    return Nothing({"line_busy": 1})


def standing(user: int, campaign: CallCampaign, now: datetime) -> Standing:
    """Everything a claim asks before it takes: one query."""
    asked = {"user": user, "campaign": campaign.pk, "now": now, "day": timing.day_start(now)}
    ((state, profile, level, languages, paused, start, end, live, due, conversations, minutes, debrief),) = (
        run_prepared(statement.STANDING, asked)
        or [("closed", None, 0, [], None, None, None, None, False, 0, 0, False)]
    )
    if isinstance(languages, str):
        languages = json.loads(languages)
    if isinstance(paused, str):
        paused = datetime.fromisoformat(paused)
    if paused is not None and paused.tzinfo is None:  # SQLite keeps no zone: UTC
        paused = paused.replace(tzinfo=UTC)
    return Standing(
        state, profile, level or 0, languages or (), paused, (_day(start), _day(end)), live, bool(due), conversations,
        minutes, bool(debrief),
    )  # fmt: skip


def _day(said: date | str | None) -> date | None:
    return date.fromisoformat(said) if isinstance(said, str) else said


def may_call(campaign: CallCampaign, who: Standing, now: datetime, *, hours: bool = True) -> None:
    """`hours`: look at them too (a sheet is printed before they open).

    Raises CampaignNotOpen, OutsideHours, CallerPaused, CapReached, in French.
    """
    if who.campaign != "open" or (campaign.ends_on is not None and campaign.ends_on < clock.day_of(now)):
        word = "en pause" if who.campaign == "paused" else "close ou pas encore ouverte"
        raise CampaignNotOpen(
            f"Cette campagne est {word} : aucun nouvel appel n’est donné. Choisissez-en une autre, ou voyez le "
            "superviseur."
        )
    if hours and not timing.is_open(campaign, now):
        next_one = timezone.localtime(timing.opening(campaign, now))
        when = f" Prochaine ouverture le {next_one:%d/%m à %H h %M}." if next_one > now else ""
        raise OutsideHours(f"La campagne n’appelle pas à cette heure.{when} Un appel reçu se note à tout moment.")
    if who.profile != "active":
        raise CallerPaused("Votre inscription n’est pas encore validée : le superviseur doit l’accepter.")
    if who.debrief_due:
        raise CallerPaused(
            "Après une urgence, un temps d’échange avec votre référent vient avant l’appel suivant. Il peut se tenir, "
            "ou être refusé par écrit, sur la page « Mon parcours »."
        )
    if who.paused_until is not None and who.paused_until > now:
        until = timezone.localtime(who.paused_until)
        raise CallerPaused(f"Vous êtes en pause jusqu’au {until:%d/%m à %H h %M}. Votre parcours permet de l’abréger.")
    start, end = who.available
    if start is not None and clock.day_of(now) < start:
        raise CallerPaused(PAUSES["too_early"].format(day=f"{start:%d/%m/%Y}"))
    if end is not None and clock.day_of(now) > end:
        raise CallerPaused(PAUSES["too_late"].format(day=f"{end:%d/%m/%Y}"))
    if who.conversations >= campaign.daily_conversations or who.minutes >= campaign.daily_minutes:
        raise CapReached(
            f"Vous avez fait votre part pour aujourd’hui : {who.conversations} conversations, {who.minutes} minutes. "
            "À demain."
        )


def _at_once(actor: Actor, campaign: CallCampaign, user: int, channel: str, now: datetime) -> Claim | None:
    """PostgreSQL, from the screen: everything in one round trip. None when something stops the caller, or there is
    nothing to take: asked again step by step, to say what."""
    last = campaign.ends_on is not None and campaign.ends_on < clock.day_of(now)
    if connection.vendor != "postgresql" or channel != "web" or last or not timing.is_open(campaign, now):
        return None
    asked = _common(campaign, user, channel, now) | {"day": timing.day_start(now)}
    asked |= {"action": CLAIMED, "actor": actor.user_id, "label": actor.label, "through": actor.channel}
    with _apart():
        rows = run_prepared(statement.claim_at_once(asked["slot"]), asked)
    return held(_task(rows[0]), again=False) if rows else None


def parameters(campaign: CallCampaign, who: Standing, user: int, channel: str, now: datetime) -> dict[str, Any]:
    """What the statements of `statement` ask."""
    spoken = list(who.languages)
    return _common(campaign, user, channel, now) | {
        "level": who.level,
        "languages": spoken if connection.vendor == "postgresql" else json.dumps(spoken),
    }


def _common(campaign: CallCampaign, user: int, channel: str, now: datetime) -> dict[str, Any]:
    slot, slots = timing.slot(now), timing.slots_open(campaign)
    allowed = slots_allowed(slot, slots_required=campaign.slots_required, slots_open=slots)
    return {
        "campaign": campaign.pk,
        "purpose": campaign.purpose,
        "caller": user,
        "now": now,
        "until": now + timedelta(minutes=campaign.lease),
        "rested": now - timedelta(minutes=statement.REST),
        "today": clock.day_of(now),
        "gap": now - timedelta(minutes=campaign.person_gap),
        "slot": slot,
        "slots": sum(1 << tried for tried in allowed),
        "turning": campaign.recur_until is None or campaign.recur_until >= clock.day_of(now),
        "channel": channel,
    }


def take_next(
    actor: Actor,
    campaign: CallCampaign,
    who: Standing,
    user: int,
    channel: str,
    now: datetime,
    *,
    until: datetime | None = None,
) -> Claim | None:
    """The next task, taken with its event and its trace; None when none fits. IntegrityError: look again."""
    asked = parameters(campaign, who, user, channel, now)
    if until is not None:
        asked["until"] = until
    if connection.vendor == "postgresql":
        asked |= {"action": CLAIMED, "actor": actor.user_id, "label": actor.label, "through": actor.channel}
        with _apart():
            rows = run_prepared(statement.claim(asked["slot"]), asked)
        return held(_task(rows[0]), again=False) if rows else None
    with transaction.atomic():
        for pick in statement.lite_picks(asked["slot"]):
            for pk, before in run_prepared(pick, asked):
                return take(actor, pk, before, asked)
    return None


def take(actor: Actor, pk: int, before: str, asked: Mapping[str, Any]) -> Claim | None:
    """Take this very task if it still waits, with its event and its trace; None when somebody else just did."""
    if not run_prepared(statement.TAKE, {**asked, "task": pk}):
        return None
    task = CallTask.objects.get(pk=pk)
    note(pk, "claim", before, "claimed", user=asked["caller"])
    record_soon(actor, CLAIMED, task, token=task.token)
    return held(task, again=False)


def _apart() -> AbstractContextManager[Any]:
    """On PostgreSQL a statement is a transaction; inside another one it needs a savepoint to be able to fail."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def held(task: CallTask, *, again: bool = True) -> Claim:
    """The claim of a task that is held. The lease is that of the row."""
    if task.lease_until is None:
        raise ValueError(f"{task} is not held")
    return Claim(task, task.token, task.lease_until, task.script_version_id, again)


_FIELDS: Final = CallTask._meta.concrete_fields
_NAMES: Final = [one.attname for one in _FIELDS]
_JSON: Final = [place for place, one in enumerate(_FIELDS) if isinstance(one, models.JSONField)]


def _task(row: Sequence[Any]) -> CallTask:
    """The row that the claim gave back, without asking for it again (PostgreSQL)."""
    values = list(row[: len(_NAMES)])
    for place in _JSON:
        if isinstance(values[place], str):
            values[place] = json.loads(values[place])
    return CallTask.from_db("default", _NAMES, values)


def _nothing(campaign: CallCampaign, who: Standing, user: int, now: datetime) -> Nothing:
    asked = parameters(campaign, who, user, "web", now)
    why = why_nothing(asked)
    step = ""
    if why.get("level_too_low"):
        callers = import_module("entremise.outreach.queries.callers")
        step = callers.caller_facts(user, campaign, now).next_step
    return Nothing(why, step)
