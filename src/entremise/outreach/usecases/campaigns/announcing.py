"""Telling persons that somebody will call: by text message or letter, once per line, a day before the first attempt.

No word says why they are called. A message that does not leave becomes a letter. « STOP » stops messages at once, and
asks a human what the person meant. Reference outreach-and-referrals § 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, pdf
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies, rules
from entremise.outreach.engine import defaults
from entremise.outreach.models import Announcement, CallCampaign, CallEvent, CallTask
from entremise.outreach.queries import campaigns as queries
from entremise.outreach.queries.campaigns import sliced
from entremise.outreach.usecases.campaigns.defaults import letter_of
from entremise.outreach.usecases.campaigns.refusals import AnnouncementImpossible
from entremise.people import usecases as people
from entremise.people.models import LineMark
from entremise.people.registry import REGISTER as COMMON
from entremise.registers.engine.cells import names_in
from entremise.rules.queries import values_of
from entremise.territories.queries import theme
from entremise.vault import usecases as vault

PREPARED = declare("outreach.announcements.prepared", "a préparé l’annonce des appels")
SENT = declare("outreach.announcements.sent", "a annoncé les appels par SMS")
PRINTED = declare("outreach.announcements.printed", "a imprimé les lettres qui annoncent les appels")
POSTED = declare("outreach.announcements.posted", "a dit que les lettres d’annonce sont parties")
STOPPED = declare("outreach.sms.stopped", "a noté un STOP reçu par SMS")

BATCH: Final = 1000
"""Messages of one run of the job: a run ends, the next one goes on."""
LETTERS: Final = 60
"""Letters of one print: what the provisional rules allow for a list of calls."""
POST: Final = timedelta(days=3)
"""From the post office to the letter box (PD)."""
LOST: Final = timedelta(minutes=15)
"""A message being sent for so long was interrupted: nobody knows whether it left, so it is not sent twice."""
HELD: Final = ("ready", "scheduled", "done")
SOURCE: Final = Path(__file__).parents[2] / "data" / "announcement.typ"
MOTIVE: Final = "Annonce d’un appel de veille"


@transaction.atomic
def prepare_announcements(actor: Actor, *, campaign: CallCampaign) -> dict[str, int]:
    """Who is to be told, and how: a message to each mobile line, a letter to the others; once per line, ever.

    Who can be told by no way of this campaign is called without. Safe to run again. Returns counts by way.
    """
    if not actor.has("machine"):
        policies.require_supervisor(actor)
    ways = {"sms": ("sms",), "letter": ("letter",), "sms_letter": ("sms", "letter")}.get(campaign.announcement, ())
    waiting = CallTask.objects.filter(campaign=campaign, state="scheduled", wait_reason="announced").exclude(line="")
    rows = list(waiting.order_by("rank", "pk").values_list("pk", "person", "line", "line_field"))
    told = set(Announcement.objects.filter(campaign=campaign).values_list("line", flat=True))
    said_stop = set(Announcement.objects.filter(way="sms", state="stopped").values_list("line", flat=True))
    mobile: set[str] = set()
    for some in sliced(sorted({line for _, _, line, _ in rows})):
        mobile |= set(LineMark.objects.filter(mark__in=some, mobile=True).values_list("mark", flat=True))
    mobile -= said_stop
    fresh, silent = [], []
    for pk, person, line, field in rows:
        way = "sms" if "sms" in ways and line in mobile else "letter" if "letter" in ways else ""
        if not way:
            silent.append(pk)
        elif line not in told:
            told.add(line)
            fresh.append(Announcement(campaign=campaign, person=person, line=line, field=field, way=way))
    Announcement.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    now = clock.now()
    for some_tasks in sliced(silent):
        waiting.filter(pk__in=some_tasks).update(state="ready", wait_reason="", not_before=now, changed_at=now)
    counts = {"sms": 0, "letter": 0, "without": len(silent)}
    for one in fresh:
        counts[one.way] += 1
    if fresh or silent:
        record(actor, PREPARED, campaign, **counts)
    return counts


@sensitive_variables()
def send_announcements(actor: Actor, *, campaign: CallCampaign) -> int:
    """Send the next messages of an open campaign, in its hours; how many left. Called outside any transaction.

    Each row is taken before it is sent, so that two workers never send twice; what was interrupted is a failure, and
    a failure becomes a letter. The machine reads where to write, and shows it to nobody.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("messages are sent outside transactions")
    now = clock.now()
    lost = Announcement.objects.filter(campaign=campaign, way="sms", state="sending", at__lte=now - LOST)
    _failed(campaign, list(lost))
    if not queries.is_open_now(campaign, now) or campaign.announcement not in ("sms", "sms_letter"):
        return 0
    some = list(Announcement.objects.filter(campaign=campaign, way="sms", state="waiting").order_by("pk")[:BATCH])
    text = defaults.filled(campaign.announcement_text, house=theme().name, number=campaign.shown_number)
    left, failed = [], []
    for one in some:
        if not Announcement.objects.filter(pk=one.pk, state="waiting").update(state="sending", at=clock.now()):
            continue
        try:
            people.text_line(
                actor, person=one.person, field=one.field, text=text, purpose=campaign.purpose, motive=MOTIVE
            )
        except DomainError:
            failed.append(one)
        else:
            left.append(one)
    if left:
        with transaction.atomic():
            at = clock.now()
            Announcement.objects.filter(pk__in=[one.pk for one in left]).update(state="sent", at=at)
            _from(campaign, [one.line for one in left], at + notice())
            CallCampaign.objects.filter(pk=campaign.pk, announced_at=None).update(announced_at=at)
            record(actor, SENT, campaign, messages=len(left), failures=len(failed))
    _failed(campaign, failed)
    return len(left)


def notice() -> timedelta:
    """What the rules leave between the announcement and the first attempt."""
    return timedelta(hours=int(values_of(rules.NOTICE)[rules.NOTICE.key]))


@transaction.atomic
def _failed(campaign: CallCampaign, rows: list[Announcement]) -> None:
    """A message that did not leave: a letter instead, when the campaign writes any; else the person is called."""
    if not rows:
        return
    now = clock.now()
    Announcement.objects.filter(pk__in=[one.pk for one in rows]).update(state="failed", at=now)
    if campaign.announcement == "sms_letter":
        letters = [
            Announcement(campaign=campaign, person=one.person, line=one.line, field=one.field, way="letter")
            for one in rows
        ]
        Announcement.objects.bulk_create(letters, ignore_conflicts=True)
    else:
        _from(campaign, [one.line for one in rows], now)


def _from(campaign: CallCampaign, lines: list[str], at: datetime) -> None:
    """From when on the persons of these lines may be called."""
    for some in sliced(lines):
        rows = CallTask.objects.filter(campaign=campaign, wait_reason="announced", line__in=some, state="scheduled")
        rows.update(not_before=at, changed_at=clock.now())


@dataclass(frozen=True, slots=True, repr=False)
class Letters:
    """A PDF to print at once, kept nowhere; how many letters, how many persons could not be written to."""

    content: bytes
    count: int
    left_out: int


@sensitive_variables()
@transaction.atomic
def print_announcements(actor: Actor, *, campaign: CallCampaign, large: bool = False) -> Letters:
    """The next letters that wait, in one PDF. Whoever has no address that may be read is called without a letter.

    Decided by the vault as any list on paper. Raises NotAllowed, FreshFactorNeeded, AnnouncementImpossible.
    """
    policies.require_supervisor(actor)
    waiting = Announcement.objects.filter(campaign=campaign, way="letter", state="waiting")
    some = list(waiting.order_by("pk")[:LETTERS])
    if not some:
        raise AnnouncementImpossible("Aucune lettre n’attend.")
    fields = [f"{code}.{name}" for code in campaign.registers for name in ("names", "address")]
    opened = vault.open_many(
        actor, persons=[one.person for one in some], fields=fields, purpose=campaign.purpose,
        motive=f"Lettres d’annonce, {campaign.label}", listing="print",
    )  # fmt: skip
    to = {one.pk: _address(opened[one.person].values) for one in some if one.person in opened}
    able = {pk: lines for pk, lines in to.items() if lines}
    made = _set(campaign, list(able.values()), large) if able else b""
    now = clock.now()
    # Who was left out: no longer to be told by letter, and to be called all the same.
    out = [one for one in some if one.pk not in able]
    Announcement.objects.filter(pk__in=[one.pk for one in out]).update(state="failed", at=now)
    _from(campaign, [one.line for one in out], now)
    Announcement.objects.filter(pk__in=list(able)).update(state="sending", at=now)
    record(actor, PRINTED, campaign, letters=len(able), left_out=len(out))
    return Letters(made, len(able), len(out))


@transaction.atomic
def post_announcements(actor: Actor, *, campaign: CallCampaign, posted_on: date) -> int:
    """The letters that were printed left that day: from when their persons may be called. How many letters.

    Raises NotAllowed, AnnouncementImpossible (none was printed, or a day to come).
    """
    policies.require_supervisor(actor)
    if posted_on > clock.today():
        raise AnnouncementImpossible("Ce jour n’est pas encore venu : notez le départ le jour où il a lieu.")
    rows = list(Announcement.objects.filter(campaign=campaign, way="letter", state="sending"))
    if not rows:
        raise AnnouncementImpossible("Aucune lettre imprimée n’attend son départ : imprimez-les d’abord.")
    at = datetime.combine(posted_on, time(12), queries.zone())
    Announcement.objects.filter(pk__in=[one.pk for one in rows]).update(state="sent", at=at)
    _from(campaign, [one.line for one in rows], max(at + POST, clock.now()))
    CallCampaign.objects.filter(pk=campaign.pk, announced_at=None).update(announced_at=at)
    record(actor, POSTED, campaign, letters=len(rows), posted_on=posted_on.isoformat())
    return len(rows)


@sensitive_variables()
@transaction.atomic
def receive_stop(actor: Actor, *, number: str = "", line: str = "") -> int:
    """« STOP » came from this number (E.164), or this line (its mark): no message goes there any more, whatever the
    campaign, and each task of the line that is not closed waits for a supervisor, who has one working day; how
    many tasks.

    Never an objection by itself: a misread key must not cost an old person their calls. Raises NotAllowed.
    """
    if not actor.has("machine"):
        policies.require_supervisor(actor)
    mark = line or vault.fingerprints(register=COMMON, kind="line", values=[number])[0].hex()
    now = clock.now()
    tasks = list(CallTask.objects.filter(line=mark).order_by("pk"))
    Announcement.objects.bulk_create(
        [
            Announcement(campaign_id=one.campaign_id, person=one.person_id, line=mark, field=one.line_field, way="sms")
            for one in {task.campaign_id: task for task in tasks}.values()
        ],
        ignore_conflicts=True,
    )
    Announcement.objects.filter(line=mark, way="sms").update(state="stopped", at=now)
    found = [(one.pk, one.state) for one in tasks if one.state in HELD]
    CallTask.objects.filter(pk__in=[pk for pk, _ in found], state__in=HELD).update(
        state="needs_supervisor", cause="sms_stop", wait_reason="", reserved_for=None, reserved_until=None,
        changed_at=now,
    )  # fmt: skip
    CallEvent.objects.bulk_create(
        CallEvent(
            task_id=pk,
            event="hold",
            before=state,
            after="needs_supervisor",
            reason="STOP reçu par SMS",
            user_id=actor.user_id,
            at=now,
        )  # fmt: skip
        for pk, state in found
    )
    record(actor, STOPPED, tasks[0].campaign if tasks else CallCampaign(pk=0), tasks=len(found))
    return len(found)


@sensitive_variables()
def _address(values: Any) -> list[str]:
    """Name and address lines of a window envelope; empty when one of them is missing."""
    name = next((value for field, value in values.items() if field.endswith(".names") and value), "")
    address = next((value for field, value in values.items() if field.endswith(".address") and value), "")
    said = names_in(name)
    spoken = f"{said.get('first_name', '')} {said.get('last_name', '')}".strip()
    lines = [part.strip() for part in address.split(",") if part.strip()]
    return [spoken, *lines] if spoken and lines else []


@sensitive_variables()
def _set(campaign: CallCampaign, addresses: list[list[str]], large: bool) -> bytes:
    house = theme()
    text = defaults.filled(letter_of(campaign.kit), house=house.name, number=campaign.shown_number)
    data = {
        "title": "Nous allons vous appeler",
        "from": [house.name, *house.postal_address.splitlines(), *([house.phone] if house.phone else [])],
        "place": f"Le {date_format(clock.today(), 'j F Y')}",
        "large": large,
        "lines": text.splitlines(),
        "letters": [{"to": lines} for lines in addresses],
    }
    return pdf.render(SOURCE.read_text(encoding="utf-8"), data)
