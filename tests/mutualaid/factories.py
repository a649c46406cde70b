"""Needs and helpers of fiction, made through the use cases: what the tests see is what the product writes."""

from __future__ import annotations

from itertools import count
from typing import Any

from entremise.accounts.models import User
from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from entremise.mutualaid import usecases
from entremise.mutualaid.models import Category, HelperProfile, Need, Proposal
from tests.accounts.factories import agent
from tests.territories.factories import commune

_phones = count(1)


def phone() -> str:
    """A number from a range no operator gives out."""
    return f"06 39 98 {next(_phones) % 10_000:04d}"


def category(code: str = "shopping", **more: Any) -> Category:
    found = Category.objects.filter(code=code).first()
    if found:
        return found
    bit = Category.objects.count()
    return Category.objects.create(code=code, bit=bit, label=f"Aide {code}", **more)


def matchmaker(label: str = "Nadia") -> tuple[User, Actor]:
    user = agent("matchmaker", label=label)
    return user, actor_of(user, "web", True)


def need(actor: Actor | None = None, **answers: Any) -> Need:
    """A request heard on the phone by a matchmaker: open at once."""
    answers.setdefault("values", {"first_name": "Odette", "last_name": "Fiction", "phone": phone()})
    facts = {
        "category": answers.pop("category", None) or category(),
        "territory": answers.pop("territory", None) or commune(),
        "urgency": "days",
        "origin": "phone",
        **answers,
    }
    return usecases.submit_need(actor or matchmaker()[1], **facts)


def helper(actor: Actor | None = None, **answers: Any) -> HelperProfile:
    """An available helper."""
    answers.setdefault("values", {"first_name": "Brahim", "last_name": "Fiction", "phone": phone()})
    facts = {
        "categories": [category()],
        "territory": answers.pop("territory", None) or commune(),
        "old_enough": True,
        "charter": True,
        "confirmed": True,
        **answers,
    }
    return usecases.register_helper(actor or matchmaker()[1], **facts)


def proposal(actor: Actor | None = None, **answers: Any) -> Proposal:
    who = actor or matchmaker()[1]
    asked = answers.get("need") or need(who)
    return usecases.send_proposal(who, need=asked, helper=answers.get("helper") or helper(who))
