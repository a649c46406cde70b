"""The claim, written once: which task comes next for a caller, and taking it. Reference outreach-and-referrals § 8.

One guarded statement on PostgreSQL, that also writes the event and the trace; the same pick and a guarded UPDATE under
the only write lock on SQLite. A picked row is locked (SKIP LOCKED) and tested again in the UPDATE: never two takers.
The order is read from indexes, tier by tier, so that a queue of 50,000 costs what a queue of 50 does:

1. urgent, call-back promised and due, kept for this caller: few rows, sorted;
2. planned for this caller: their own rows, sorted;
3. who prefers the present kind of moment, then everybody: in the order of the index, until one row fits.

`LIMIT 1 OFFSET 0` keeps a condition from becoming a join: it is asked of the rows that pass the others, by an index.
`<> 0` rather than `= 1`: PostgreSQL takes an unknown equality for one row in 200, and would sort the whole queue.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from entremise.outreach.models import CallTask
from entremise.outreach.models.tasks import masks_with

REST: Final = 30
"""Minutes a line rests after a contact, and a task given back is kept from who gave it back (§§ 8.4, 13)."""

ELIGIBLE: Final = """t.campaign_id = %(campaign)s AND t.state IN ('ready', 'scheduled') AND t.not_before <= %(now)s
 AND t.line <> '' AND t.complexity <= {level} AND {language}
 AND (t.released_by_id IS NULL OR t.released_by_id <> %(caller)s OR t.released_at <= %(rested)s)
 AND (t.reserved_for_id IS NULL OR t.reserved_for_id = %(caller)s OR t.reserved_until IS NULL
      OR t.reserved_until <= %(now)s)
 AND (t.promised_at IS NOT NULL OR ((CAST(%(slots)s AS integer) >> t.tried_slots) & 1) <> 0)
 AND (t.cycle = 1 OR %(turning)s)
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o
                 WHERE o.line = t.line AND o.line <> '' AND o.state = 'claimed' LIMIT 1 OFFSET 0)
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o
                 WHERE o.person_id = t.person_id AND o.state = 'claimed' LIMIT 1 OFFSET 0)
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o
                 WHERE o.line = t.line AND o.id <> t.id AND o.last_contact_at > %(rested)s LIMIT 1 OFFSET 0)
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.person_id = t.person_id
                 AND o.campaign_id <> t.campaign_id AND o.last_attempt_at > %(gap)s LIMIT 1 OFFSET 0)
 AND NOT EXISTS (SELECT 1 FROM people_objection x WHERE x.person_id = t.person_id AND x.purpose = %(purpose)s
                 AND x.withdrawn_at IS NULL LIMIT 1 OFFSET 0)"""
_DUE = "(t.promised_at IS NOT NULL AND t.promised_at <= %(now)s)"
_KEPT = "(t.reserved_for_id IS NOT NULL AND t.reserved_for_id = %(caller)s)"
_RANKED = "t.rank, t.heard_at, t.id"
FIRST: Final = f"""(t.urgent OR t.promised_at IS NOT NULL OR t.reserved_for_id IS NOT NULL)
 AND (t.urgent OR {_DUE} OR {_KEPT})"""
MINE: Final = "t.planned_caller_id = %(caller)s"
_PLANNED = "(t.planned_caller_id IS NOT NULL AND t.planned_caller_id = %(caller)s)"


def tiers(slot: int) -> list[tuple[str, str, str]]:
    """(name, which rows, in which order). `slot`: a bit of `SLOTS`; its index names the masks that hold it."""
    preferred = f"t.slot_mask IN ({', '.join(map(str, masks_with(slot)))})"
    flags = f"t.urgent DESC, {_DUE} DESC, {_KEPT} DESC, {_PLANNED} DESC, ({preferred}) DESC"
    return [
        ("first", FIRST, f"{flags}, {_RANKED}"),
        ("mine", MINE, f"({preferred}) DESC, {_RANKED}"),
        ("preferred", preferred, _RANKED),
        ("rest", "TRUE", _RANKED),
    ]


_LITE_LANGUAGE = "t.language IN (SELECT value FROM json_each(%(languages)s))"
_SCRIPT = """(SELECT v.id FROM outreach_scriptversion v JOIN outreach_callcampaign c ON c.script_id = v.script_id
 WHERE c.id = %(campaign)s AND v.state = 'active')"""
_SET = f"""state = 'claimed', claimed_by_id = %(caller)s, claimed_at = %(now)s, lease_until = %(until)s,
 token = token + 1, claim_channel = %(channel)s, wait_reason = '', cause = '', changed_at = %(now)s,
 script_version_id = {_SCRIPT}"""


OPEN: Final = "EXISTS (SELECT 1 FROM outreach_callcampaign c WHERE c.id = %(campaign)s AND c.state = 'open')"
_KNOWN = {"level": "%(level)s", "language": "t.language = ANY(%(languages)s::text[])"}
_ASKED = {"level": "(SELECT level FROM who)", "language": "t.language = ANY((SELECT languages FROM who)::text[])"}
_WHO = """who AS MATERIALIZED (SELECT p.level, ARRAY(SELECT jsonb_array_elements_text(p.languages)) AS languages
 FROM outreach_callerprofile p JOIN outreach_callcampaign c ON c.id = %(campaign)s AND c.state = 'open'
 WHERE p.user_id = %(caller)s AND p.state = 'active' AND (p.paused_until IS NULL OR p.paused_until <= %(now)s)
 AND (p.available_from IS NULL OR p.available_from <= %(today)s::date)
 AND (p.available_until IS NULL OR p.available_until >= %(today)s::date)
 AND NOT EXISTS (SELECT 1 FROM outreach_debrief d WHERE d.caller_id = p.id AND d.cause = 'emergency'
                 AND d.held_at IS NULL AND d.declined_at IS NULL)
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.claimed_by_id = %(caller)s AND o.state = 'claimed'
                 AND o.claim_channel = 'web')
 AND NOT EXISTS (SELECT 1 FROM outreach_calltask o WHERE o.state = 'claimed' AND o.lease_until <= %(now)s)
 AND (SELECT COUNT(*) FROM outreach_callattempt a WHERE a.caller_id = %(caller)s AND a.happened_at >= %(day)s
      AND a.disposition IN ('reached_complete', 'reached_partial', 'reached_callback')) < c.daily_conversations
 AND (SELECT COALESCE(SUM(a.minutes), 0) FROM outreach_callattempt a
      WHERE a.caller_id = %(caller)s AND a.happened_at >= %(day)s) < c.daily_minutes), """
"""One row when nothing stops this caller and no lease is to be ended first: the same questions as `STANDING`."""


def _picks(slot: int, where: dict[str, str] = _KNOWN, gate: str = OPEN) -> str:
    """PostgreSQL's pick: a tier is looked at only when those before it gave nothing."""
    parts: list[str] = []
    before: list[str] = []
    for name, which, order in tiers(slot):
        later = "".join(f" AND NOT EXISTS (SELECT 1 FROM {one})" for one in before)  # noqa: S608
        parts.append(
            f"{name} AS MATERIALIZED (SELECT t.id, t.state FROM outreach_calltask t\n WHERE "  # noqa: S608
            f"{ELIGIBLE.format(**where)} AND {which} AND {gate}{later}\n ORDER BY {order} LIMIT 1 "
            "FOR UPDATE OF t SKIP LOCKED)"
        )
        before.append(name)
    parts.append(
        "pick AS MATERIALIZED (" + " UNION ALL ".join(f"SELECT id, state FROM {name}" for name in before) + ")"  # noqa: S608
    )
    return ", ".join(parts)


_COLUMNS: Final = ", ".join(f"u.{field.column}" for field in CallTask._meta.concrete_fields)
_AFTER = """, event AS (INSERT INTO outreach_callevent (task_id, event, before, after, reason, user_id, at)
 SELECT id, 'claim', before, 'claimed', '', %(caller)s, %(now)s FROM taken),
trace AS (INSERT INTO audit_entry (at, action, actor_id, actor_label, channel, on_behalf_of, subject, data, link)
 SELECT %(now)s, %(action)s, %(actor)s::bigint, %(label)s, %(through)s, NULL, 'outreach.calltask:' || id,
        jsonb_build_object('token', token), '' FROM taken)
SELECT taken.* FROM taken"""


@cache
def bare_claim(slot: int) -> str:
    """PostgreSQL: pick and take, nothing else (what `benchmarks claims` measures the whole use case against)."""
    return f"""WITH {_picks(slot)} UPDATE outreach_calltask u SET {_SET} FROM pick
WHERE u.id = pick.id AND u.state IN ('ready', 'scheduled')
RETURNING u.id, u.token, u.script_version_id, pick.state"""  # noqa: S608


@cache
def claim(slot: int) -> str:
    """PostgreSQL: pick, take, event and trace in one round trip, which is a transaction by itself. Gives the columns
    of the task, in the order of the model, then the state it had."""
    return f"""WITH {_picks(slot)}, taken AS (UPDATE outreach_calltask u SET {_SET} FROM pick
WHERE u.id = pick.id AND u.state IN ('ready', 'scheduled')
RETURNING {_COLUMNS}, pick.state AS before){_AFTER}"""  # noqa: S608


@cache
def claim_at_once(slot: int) -> str:
    """The same, asking of the caller what `STANDING` asks, in the same round trip: what nearly every claim is. No row
    when anything stops them: `STANDING` then says what."""
    picks = _picks(slot, _ASKED, "EXISTS (SELECT 1 FROM who)")
    return f"""WITH {_WHO}{picks}, taken AS (UPDATE outreach_calltask u SET {_SET} FROM pick
WHERE u.id = pick.id AND u.state IN ('ready', 'scheduled')
RETURNING {_COLUMNS}, pick.state AS before){_AFTER}"""  # noqa: S608


@cache
def lite_picks(slot: int) -> tuple[str, ...]:
    """SQLite, inside BEGIN IMMEDIATE: asked in turn until one gives a row."""
    where = ELIGIBLE.format(level="%(level)s", language=_LITE_LANGUAGE)
    return tuple(
        f"SELECT t.id, t.state FROM outreach_calltask t WHERE {where} AND {which} AND {OPEN} ORDER BY {order} LIMIT 1"  # noqa: S608
        for _, which, order in tiers(slot)
    )


TAKE: Final = f"""UPDATE outreach_calltask SET {_SET} WHERE id = %(task)s AND state IN ('ready', 'scheduled')
RETURNING id"""  # noqa: S608
"""Both engines: this very task, its eligibility checked by `lite_picks` or by whoever names it."""
EXPIRE: Final = """UPDATE outreach_calltask SET state = 'scheduled', wait_reason = 'released', not_before = %(now)s,
 released_by_id = claimed_by_id, released_at = %(now)s, claimed_by_id = NULL, lease_until = NULL, changed_at = %(now)s
WHERE id IN (SELECT t.id FROM outreach_calltask t WHERE t.state = 'claimed' AND t.lease_until <= %(now)s
             ORDER BY t.lease_until LIMIT %(most)s{skip}) AND state = 'claimed' AND lease_until <= %(now)s
RETURNING id"""
PG_EXPIRE: Final = EXPIRE.format(skip=" FOR UPDATE SKIP LOCKED")
LITE_EXPIRE: Final = EXPIRE.format(skip="")
STANDING: Final = """SELECT c.state, p.state, p.level, p.languages, p.paused_until,
 p.available_from, p.available_until,
 (SELECT t.id FROM outreach_calltask t WHERE t.claimed_by_id = %(user)s AND t.state = 'claimed'
   AND t.claim_channel = 'web' AND t.lease_until > %(now)s),
 EXISTS (SELECT 1 FROM outreach_calltask t WHERE t.state = 'claimed' AND t.lease_until <= %(now)s),
 (SELECT COUNT(*) FROM outreach_callattempt a WHERE a.caller_id = %(user)s AND a.happened_at >= %(day)s
   AND a.disposition IN ('reached_complete', 'reached_partial', 'reached_callback')),
 (SELECT COALESCE(SUM(a.minutes), 0) FROM outreach_callattempt a
   WHERE a.caller_id = %(user)s AND a.happened_at >= %(day)s),
 EXISTS (SELECT 1 FROM outreach_debrief d WHERE d.caller_id = p.id AND d.cause = 'emergency'
   AND d.held_at IS NULL AND d.declined_at IS NULL)
FROM outreach_callcampaign c LEFT JOIN outreach_callerprofile p ON p.user_id = %(user)s
WHERE c.id = %(campaign)s"""
"""What a claim asks before anything, in one round trip."""
