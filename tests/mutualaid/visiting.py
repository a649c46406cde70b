"""What the tests of the pages without account share: a town, forms as visitors fill them, pages as they read them."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from entremise.kernel import ids
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import Proposal
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

CANARY = {"first_name": "Quetzalie", "last_name": "Zyrbanski", "phone": "06 39 98 77 01", "address": "9 rue Xylophone"}
HELPER_CANARY = {"first_name": "Wenceslas", "last_name": "Kwiatkol", "phone": "06 39 98 77 02"}


@pytest.fixture(autouse=True)
def _town():
    commune()
    category()
    category("conversation")


def asked(**more):
    return {
        "category": "shopping", "urgency": "days", "commune": "38000", "phone": "06 39 98 12 34",
        "first_name": "Odette", "requester_kind": "self", "submission_key": ids.new(), **more,
    }  # fmt: skip


def offered(**more):
    return {
        "categories": ["shopping", "conversation"], "commune": "Grenoble", "contact": "brahim@exemple.fr",
        "submission_key": ids.new(), **more,
    }  # fmt: skip


PLEDGED = {"old_enough": "on", "charter": "on", "envoyer": "1"}


def soup(answer):
    return BeautifulSoup(answer.content, "html5lib")


def mistakes(answer):
    return [li.text for li in soup(answer).select(".summary li")]


def address(kind, public_id):
    page = {"need": "entraide/suivi", "helper": "mon-engagement", "proposal": "entraide/proposition"}[kind]
    return f"/{page}/{queries.link_of(kind, public_id)}/"


def relation(client, *, until="matched"):
    """A need and a helper brought together through the public pages, as far as asked."""
    nadia = matchmaker()[1]
    asked_for = need(nadia, values={**CANARY})
    who = helper(nadia, values={**HELPER_CANARY})
    usecases.send_proposal(nadia, need=asked_for, helper=who)
    proposal = Proposal.objects.get()
    question = address("proposal", proposal.public_id)
    if until == "sent":
        return nadia, asked_for, who, question
    client.post(question, {"answer": "oui"})
    if until == "accepted":
        return nadia, asked_for, who, question
    client.post(f"{address('need', asked_for.public_id)}reponse/oui/")
    match = asked_for.matches.get()
    if until == "released":
        for direction in ("to_helper", "to_person"):
            usecases.release_contact(nadia, match=match, direction=direction)
    return nadia, asked_for, who, match
