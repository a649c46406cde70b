"""Who may do what in Entraide. Each function is pure; its docstring is the reason shown to whoever asks why."""

from __future__ import annotations

from entremise.kernel.actors import Actor
from entremise.mutualaid.models import HelperProfile, Need, SheetImport

MATCHMAKERS = ("matchmaker", "lead_matchmaker", "sensitive_referent")
SERVICES = (*MATCHMAKERS, "org_manager", "caller", "supervisor", "referrer", "desk", "partner")


def can_match(actor: Actor) -> bool:
    """Only agents who have signed the commitment bring people together: a person decides, not a machine."""
    return actor.has(*MATCHMAKERS)


def can_submit_need(actor: Actor) -> bool:
    """Anyone may ask for help, without account; an agent may write it down for somebody who speaks."""
    return actor.user_id is None or actor.has(*SERVICES)


def can_see_need(actor: Actor, need: Need) -> bool:
    """A request is seen by those who match, by the person concerned; a delicate one by few."""
    if actor.person_id == need.person_id:
        return True
    if need.sensitive:
        return actor.has("lead_matchmaker", "sensitive_referent", "matchmaker")
    return can_match(actor)


def can_cancel_need(actor: Actor, need: Need) -> bool:
    """The person who asked may always stop; an agent may do it for them."""
    return actor.person_id == need.person_id or can_match(actor)


def can_register_helper(actor: Actor) -> bool:
    """Anyone may offer help, without account; an agent may write the offer down."""
    return actor.user_id is None or actor.has(*SERVICES)


def can_change_helper(actor: Actor, helper: HelperProfile) -> bool:
    """The helper decides on pauses and withdrawal; an agent may do it when asked on the phone."""
    return actor.person_id == helper.person_id or can_match(actor)


def can_answer_proposal(actor: Actor, helper: HelperProfile) -> bool:
    """The helper answers, by link; or says it to an agent who writes it down."""
    return actor.person_id == helper.person_id or can_match(actor)


def can_take_part(actor: Actor, need: Need, helper: HelperProfile) -> bool:
    """The two sides of a match, and the agents who follow it."""
    return actor.person_id in (need.person_id, helper.person_id) or can_match(actor)


def can_handle_sheet(actor: Actor, sheet: SheetImport) -> bool:
    """Whoever sent a list of persons sees it through, or who leads the team; colleagues see only its figures."""
    return can_match(actor) and (sheet.agent_id == actor.user_id or actor.has("lead_matchmaker"))
