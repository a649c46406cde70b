"""A call centre of fiction: a register with people in it, a campaign, its tasks, its team. Cheap rows where the test
is not about them; persons go through the vault, for their names and numbers must really open.

    town(20)                                     # 20 persons, sealed, with lines
    row = campaign(persons=20)                   # open day and night, its tasks ready
    who = caller(level=2); boss = supervisor()   # accounts: `.actor`, `.user`, `.profile`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from entremise.accounts.models import User
from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach import usecases
from entremise.outreach.engine.defaults import LADDER
from entremise.outreach.engine.xlsform import fingerprint
from entremise.outreach.models import CallCampaign, CallerProfile, CallTask, Script, ScriptVersion, Shift, ShiftSeat
from entremise.people import usecases as people
from entremise.people.models import Person
from entremise.referrals import usecases as referrals
from entremise.vault.models import Register
from tests.accounts.factories import agent, habilitate
from tests.vault.registers import CODE, open_apa

MACHINE = Actor.machine("essais")
INSTALLATION = Actor.machine("installation")
ALWAYS = {str(day): [["00:00", "23:59"]] for day in range(7)}
_numbers = count(1)
CALLS = ["outreach.call", "outreach.keep_in_touch"]


def rooms() -> None:
    """The registers that the rooms keep: `personne`, `veille`, `orientation`."""
    for install in (people.install_register, referrals.install_register, usecases.install_register):
        install(INSTALLATION)


def register(code: str = CODE, **changed: Any) -> Register:
    """An open register of fiction (profile `apa`, plan triggered), made once, and those of the rooms."""
    rooms()
    return Register.objects.filter(code=code).first() or open_apa(code=code, **changed)


def number() -> str:
    """A telephone of fiction that no other person has (a range no operator gives out)."""
    return f"+33639{980000 + next(_numbers) % 10000:06}"


def town(persons: int = 5, *, code: str = CODE, **values: str) -> list[UUID]:
    """So many invented persons in a register, with names and a line each; `values` are the same for all.

    `town(2, phone="+33639981234")`: one line for both; `phone=""`: none.
    """
    register(code)
    rows = [{"names": f"Fiction {n}", "phone": number(), **values} for n in range(persons)]
    return people.enrol_many(MACHINE, register=code, rows=rows, motive="Personnes de fiction")


def script(code: str = "essai", *, model: dict[str, Any] | None = None) -> ScriptVersion:
    """An active version of a script; without `model`, one that asks nothing."""
    row, _ = Script.objects.get_or_create(code=code, defaults={"label": f"Script {code}"})
    found = ScriptVersion.objects.filter(script=row, state="active").first()
    said = model or {"format": 1, "default_language": "fr", "languages": ["fr"], "items": []}
    return found or ScriptVersion.objects.create(
        script=row, number=1, state="active", file_name="essai.xlsx", source=b"", model=said,
        sha256=fingerprint(said), languages=["fr"], activated_at=clock.now(),
    )  # fmt: skip


def campaign(
    state: str = "open", *, persons: int = 0, code: str = CODE, tasks: bool = True, **fields: Any
) -> CallCampaign:
    """A campaign on the register `code`, open day and night; `persons` more are enrolled, and tasks are filled.

    The row is written as such: opening is `tests/outreach/test_campaigns.py`'s affair.
    """
    if persons:
        town(persons, code=code)
    else:
        register(code)
    now = clock.now()
    facts = {
        "label": f"Veille {next(_numbers)}", "purpose": "outreach.call", "source": {"registers": [code]},
        "registers": [code], "hours": ALWAYS, "holidays_open": True, "languages": ["fr"], "state": state,
        "script": script().script, "starts_on": clock.today(), "announcement": "waived", "waived_reason": "essai",
        "ladder": [{**step, "responsible": None} for step in LADDER],
        "keep_until": clock.today() + timedelta(days=60), "duty_phone": "04 76 00 00 00",
        "opened_at": now if state != "draft" else None, "closed_at": now if state == "closed" else None,
    }  # fmt: skip
    row = CallCampaign.objects.create(**{**facts, **fields})
    if tasks and (persons or Person.objects.exists()):
        usecases.fill_tasks(MACHINE, campaign=row)
    return row


def task(row: CallCampaign | None = None, **changed: Any) -> CallTask:
    """One task of one more person; `changed` is written on the row as such (`complexity=2`, `state="done"`…)."""
    row = row or campaign()
    (who,) = town(1, code=row.registers[0])
    usecases.fill_tasks(MACHINE, campaign=row)
    CallTask.objects.filter(campaign=row, person=who).update(**changed) if changed else None
    return CallTask.objects.get(campaign=row, person=who)


def tasks(row: CallCampaign) -> list[CallTask]:
    return list(CallTask.objects.filter(campaign=row).order_by("pk"))


@dataclass(frozen=True)
class Member:
    """Somebody of the team: an account, its actor (two factors proved), its profile when it calls."""

    user: User
    actor: Actor
    profile: CallerProfile | None = None

    @property
    def pk(self) -> int:
        return self.user.pk


def caller(
    level: int = 1, *, languages: tuple[str, ...] = ("fr",), mentor: Member | None = None, **more: Any
) -> Member:
    """A caller at this level: role, signed habilitation, profile at work."""
    user = agent("caller", label=more.pop("label", ""))
    facts = {
        "kind": "staff", "state": "active", "level": level, "languages": list(languages),
        "charter_signed_at": clock.now(), "mentor": mentor.user if mentor else None, **more,
    }  # fmt: skip
    profile = CallerProfile.objects.create(user=user, **facts)
    return Member(user, actor_of(user, "web", True), profile)


def supervisor(**more: Any) -> Member:
    user = agent("supervisor", **more)
    return Member(user, actor_of(user, "web", True))


def mentor(**more: Any) -> Member:
    user = agent("mentor", **more)
    return Member(user, actor_of(user, "web", True))


def named_in(user: User, *roles: str, code: str = CODE) -> None:
    """Named in a nominative register, as CASF L121-6-1 asks."""
    habilitate(user.pk, *roles, named_in=[code])


def on_duty(row: CallCampaign, who: Member, *, role: str = "", days: int = 0, hours: int = 4) -> Shift:
    """A shift from an hour ago for so many hours, `days` later, with this member in it."""
    role = role or ("supervisor" if who.profile is None else "caller")
    start = clock.now() + timedelta(days=days, hours=-1)
    shift = Shift.objects.create(campaign=row, role=role, starts_at=start, ends_at=start + timedelta(hours=hours))
    ShiftSeat.objects.create(shift=shift, user=who.user)
    return shift
