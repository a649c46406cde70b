from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.db.models import Count, Q, QuerySet

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.db import read_rows
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.mutualaid import policies, rules
from entremise.mutualaid.models import Category, HelperProfile, Match, Need, Proposal, SheetImport
from entremise.mutualaid.models.needs import NeedQuerySet
from entremise.rules.queries import number_of

LINK_DAYS = 90
_NO_PAGE = "Cette page n’existe pas, ou ne vous est pas ouverte. Vérifiez le lien, ou appelez-nous."
NO_LINK = "Ce lien n’est plus valable. Demandez-en un nouveau, ou appelez-nous."


def categories() -> QuerySet[Category]:
    return Category.objects.filter(retired=False).order_by("bit")


def category(code: str) -> Category:
    found = categories().filter(code=code).first()
    if found is None:
        raise NotFound("Cette aide n’est pas proposée ici.")
    return found


def needs(actor: Actor) -> NeedQuerySet:
    """The requests this agent may see, with what a list shows."""
    _agents_only(actor)
    return Need.objects.select_related("category", "territory", "claimed_by", "agent")


def queue(actor: Actor) -> NeedQuerySet:
    """The one queue: what waits for a matchmaker, in the order of the work; who holds a file is shown."""
    return needs(actor).waiting(clock.now()).in_queue_order()


def queue_counts(actor: Actor) -> dict[str, int]:
    """How many requests in each heap of the desk, in one query."""
    _agents_only(actor)
    now = clock.now()
    age = timedelta(hours=number_of(rules.AGE_ALERT))
    mine = Q(agent_id=actor.user_id)
    return Need.objects.aggregate(
        to_qualify=Count("pk", filter=Q(state__in=("submitted", "qualified"))),
        to_match=Count("pk", filter=Q(state="open")),
        waiting_answer=Count("pk", filter=Q(state="proposed", taken_by__isnull=True)),
        to_call=Count("pk", filter=Q(state="proposed", taken_by__isnull=False)),
        matched=Count("pk", filter=Q(state__in=("matched", "in_progress"))),
        on_hold=Count("pk", filter=Q(state="on_hold")),
        overdue=Count("pk", filter=Q(state="on_hold", follow_up_at__lte=now)),
        old=Count("pk", filter=Q(state__in=("submitted", "qualified", "open", "proposed"), received_at__lt=now - age)),
        mine=Count("pk", filter=mine & ~Q(state__in=("done", "closed"))),
    )


def need(actor: Actor, public_id: str) -> Need:
    try:  # `get` sorts nothing. The agents are read when there are any: two joins cost more than a rare query.
        found = Need.objects.select_related("category", "territory").get(public_id=public_id)
    except Need.DoesNotExist:
        raise NotFound(_NO_PAGE) from None
    if not policies.can_see_need(actor, found):
        raise NotFound(_NO_PAGE)
    return found


_DEALINGS_SQL = """SELECT EXISTS (SELECT 1 FROM mutualaid_proposal WHERE need_id = %s),
 EXISTS (SELECT 1 FROM mutualaid_match WHERE need_id = %s)"""


def dealings(need: Need) -> tuple[list[Proposal], list[Match]]:
    """What was proposed and agreed, newest first. Most needs that are opened have neither: one query tells."""
    proposed, matched = read_rows(_DEALINGS_SQL, [need.pk, need.pk])[0]
    proposals = need.proposals.select_related("helper", "sent_by").order_by("-sent_at", "-pk")
    matches = need.matches.select_related("helper").prefetch_related("releases", "feedback").order_by("-pk")
    return list(proposals) if proposed else [], list(matches) if matched else []


def need_by_code(actor: Actor, said: str) -> Need | None:
    """For agents: the request of a spoken code, put right; None when the code is wrong."""
    _agents_only(actor)
    code = ids.read_spoken(said)
    return Need.objects.filter(code=code).first() if code else None


def helpers(actor: Actor) -> QuerySet[HelperProfile]:
    _agents_only(actor)
    return HelperProfile.objects.select_related("territory")


def helper(actor: Actor, public_id: str) -> HelperProfile:
    found = HelperProfile.objects.select_related("territory", "person").filter(public_id=public_id).first()
    if found is None or not policies.can_change_helper(actor, found):
        raise NotFound(_NO_PAGE)
    return found


def proposal(actor: Actor, public_id: str) -> Proposal:
    found = (
        Proposal.objects.select_related("need__category", "need__territory", "need__person", "helper__person")
        .filter(public_id=public_id)
        .first()
    )
    if found is None or not (
        policies.can_answer_proposal(actor, found.helper) or actor.person_id == found.need.person_id
    ):
        raise NotFound(_NO_PAGE)
    return found


def match(actor: Actor, public_id: str) -> Match:
    found = (
        Match.objects.select_related("need__category", "need__territory", "need__person", "helper__person", "proposal")
        .filter(public_id=public_id)
        .first()
    )
    if found is None or not policies.can_take_part(actor, found.need, found.helper):
        raise NotFound(_NO_PAGE)
    return found


def my_needs(actor: Actor) -> NeedQuerySet:
    """The requests of the person themselves."""
    if actor.person_id is None:
        raise NotFound(NO_LINK)
    return Need.objects.select_related("category", "territory").filter(person_id=actor.person_id).order_by("-pk")


def possible_duplicates(person_ids: Sequence[UUID]) -> QuerySet[Need]:
    """The live requests of these persons: shown to the agent, never a block (shared phones are normal)."""
    return Need.objects.live().select_related("category", "territory").filter(person_id__in=person_ids)


def link_of(kind: str, public_id: str) -> str:
    """A signed token that proves the right to one page, for a person without account; valid 90 days."""
    return signing.dumps(public_id, salt=f"entremise.mutualaid.{kind}")


def need_of_link(token: str) -> Need:
    public_id = read_link(token, "need")
    found = Need.objects.select_related("category", "territory", "person").filter(public_id=public_id).first()
    if found is None:
        raise NotFound(NO_LINK)
    return found


def helper_of_link(token: str) -> HelperProfile:
    public_id = read_link(token, "helper")
    found = HelperProfile.objects.select_related("territory", "person").filter(public_id=public_id).first()
    if found is None or found.state == "withdrawn":
        raise NotFound(NO_LINK)
    return found


def proposal_of_link(token: str) -> Proposal:
    public_id = read_link(token, "proposal")
    found = (
        Proposal.objects.select_related("need__category", "need__territory", "need__person", "helper__person")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise NotFound(NO_LINK)
    return found


def sheets(actor: Actor) -> QuerySet[SheetImport]:
    """The spreadsheets sent for import, without their sealed bytes."""
    _agents_only(actor)
    return SheetImport.objects.select_related("agent").defer("content", "rejects")


def sheet(actor: Actor, public_id: str) -> SheetImport:
    found = SheetImport.objects.select_related("agent", "category", "territory").filter(public_id=public_id).first()
    if found is None or not policies.can_handle_sheet(actor, found):
        raise NotFound(_NO_PAGE)
    return found


def read_link(token: str, kind: str) -> str:
    try:
        return str(signing.loads(token, salt=f"entremise.mutualaid.{kind}", max_age=timedelta(days=LINK_DAYS)))
    except signing.BadSignature as error:
        raise NotFound(NO_LINK) from error


def _agents_only(actor: Actor) -> None:
    if not policies.can_match(actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
