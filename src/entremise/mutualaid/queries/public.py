"""What pages without account read: never a name, a number nor a place; those come from the vault, to who may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.mutualaid import rules
from entremise.mutualaid.models import HelperProfile, Match, Need, Proposal
from entremise.mutualaid.models.matching import MATCH_LIVE
from entremise.mutualaid.queries.files import NO_LINK, read_link
from entremise.rules.queries import number_of


def figure(code: str) -> int:
    """One living figure of the public home: available, open, helped or month; 0 under the threshold.

    The rule is read only when it may hide the figure: no vote can set it above its highest bound.
    """
    now = clock.now()
    live = Match.objects.filter(need=OuterRef("pk"), state__in=(*MATCH_LIVE, "done"))
    rows: dict[str, QuerySet[Any]] = {
        "available": HelperProfile.objects.filter(state="available"),
        "open": Need.objects.filter(state__in=("open", "proposed")),
        "helped": Need.objects.filter(Exists(live)),
        "month": Need.objects.filter(received_at__gt=now - timedelta(days=30)),
    }
    count = rows[code].count()
    sure = not count or count >= (rules.PUBLIC_K.maximum or 0)
    return count if sure or count >= number_of(rules.PUBLIC_K) else 0


def expected_wait(available: int) -> str:
    """How long before a helper is asked (§ 5): `short` < 1 week, `medium` 1–3 weeks, `long`, or `` when unknown.

    14 days × helpers available ÷ solicitations of the last 14 days.
    """
    sent = Proposal.objects.filter(sent_at__gt=clock.now() - timedelta(days=14)).count()
    if not available or not sent:
        return ""
    days = 14 * available / sent
    return "short" if days < 7 else "medium" if days <= 21 else "long"


def need_done(token: str) -> Need:
    """The request just sent, for the page « Et maintenant »: it opens nothing else."""
    found = Need.objects.select_related("category", "territory").filter(public_id=read_link(token, "done")).first()
    if found is None:
        raise NotFound(NO_LINK)
    return found


def match_of_need(need: Need) -> Match | None:
    """The last match of a request, with what was shared and said."""
    rows = need.matches.select_related("helper", "need").prefetch_related("releases", "feedback")
    return rows.order_by("-pk").first()


def accepted_of_need(need: Need) -> Proposal | None:
    """The helper who said yes and waits for the person's own yes."""
    return need.proposals.select_related("need__category", "helper").filter(state="accepted_by_helper").first()


def matches_of_helper(helper: HelperProfile) -> list[Match]:
    """What this helper has in hand, then what ended in the last 30 days; at most 20."""
    rows = helper.matches.select_related("need__category", "need__territory", "helper").prefetch_related(
        "releases", "feedback"
    )
    recent = clock.now() - timedelta(days=30)
    return [m for m in rows.order_by("-pk")[:20] if m.state in MATCH_LIVE or (m.ended_at and m.ended_at > recent)]


def proposals_waiting(helper: HelperProfile) -> list[Proposal]:
    """The questions put to this helper that still want an answer, and those answered yes."""
    rows = helper.proposals.select_related("need__category", "need__territory", "helper")
    live = list(rows.filter(state__in=("sent", "accepted_by_helper")).order_by("expires_at")[:10])
    return [p for p in live if standing(p) in ("asked", "yes")]


def standing(proposal: Proposal) -> str:
    """Where a proposal is for the helper: asked, yes, agreed, no, late or taken. Pure."""
    by_state = {
        "accepted_by_helper": "yes",
        "matched": "agreed",
        "declined": "no",
        "expired": "late",
        "superseded": "taken",
    }
    if proposal.state != "sent":
        return by_state[proposal.state]
    if proposal.expires_at <= clock.now():
        return "late"
    need = proposal.need
    return "asked" if need.state == "proposed" and need.taken_by_id is None else "taken"


def match_of_link(actor: Actor, public_id: str) -> Match:
    """A match of the person or helper whose link was opened."""
    found = (
        Match.objects.select_related("need__category", "need__territory", "helper")
        .prefetch_related("releases", "feedback")
        .filter(public_id=public_id)
        .first()
    )
    if (
        found is None
        or actor.person_id is None
        or actor.person_id
        not in (
            found.need.person_id,
            found.helper.person_id,
        )
    ):
        raise NotFound(NO_LINK)
    return found
