from __future__ import annotations

from datetime import time, timedelta

from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.mutualaid import usecases
from entremise.mutualaid.models import SheetImport


@job("mutualaid.send_proposal", tries=3)
def send_proposal(proposal_id: int) -> None:
    usecases.tell_helper(Actor.machine("envois"), proposal_id=proposal_id)


@job("mutualaid.announce_match", tries=3)
def announce_match(match_id: int) -> None:
    usecases.tell_match(Actor.machine("envois"), match_id=match_id)


@job("mutualaid.welcome_helper", tries=3)
def welcome_helper(helper_id: int) -> None:
    usecases.welcome_helper(Actor.machine("envois"), helper_id=helper_id)


@job("mutualaid.expire_proposals", every=timedelta(minutes=5))
def expire_proposals() -> None:
    usecases.expire_proposals(Actor.machine("délais"))


@job("mutualaid.expire_releases", every=timedelta(minutes=15))
def expire_releases() -> None:
    usecases.expire_releases(Actor.machine("délais"))


@job("mutualaid.resume_rested_helpers", daily=time(6, 30))
def resume_rested_helpers() -> None:
    usecases.resume_rested_helpers(Actor.machine("délais"))


@job("mutualaid.send_need_link", tries=3)
def send_need_link(need_id: int) -> None:
    usecases.send_need_link(Actor.machine("envois"), need_id=need_id)


@job("mutualaid.send_helper_link", tries=3)
def send_helper_link(helper_id: int) -> None:
    usecases.send_helper_link(Actor.machine("envois"), helper_id=helper_id)


@job("mutualaid.forget_knocks", daily=time(4, 10))
def forget_knocks() -> None:
    usecases.forget_knocks()


@job("mutualaid.import_sheet", tries=1, limit=timedelta(minutes=30))
def import_sheet(sheet_id: int) -> None:
    """In the name of the agent who asked, with the roles they hold now; both proofs were asked at the start."""
    sheet = SheetImport.objects.select_related("agent", "category", "territory").get(pk=sheet_id)
    if sheet.state == "running":
        usecases.run_sheet(actor_of(sheet.agent, "task", True, True), sheet=sheet)


@job("mutualaid.forget_sheets", every=timedelta(hours=1))
def forget_sheets() -> None:
    usecases.forget_sheets(Actor.machine("délais"))
