"""The section every kit shares: the crisis it answers."""

from __future__ import annotations

from typing import Literal

from entremise.kernel.actors import Actor
from entremise.kits import usecases
from entremise.kits.models import Crisis
from entremise.kits.registry import Change, Code, Strict, Text, section


class CrisisSchema(Strict):
    """`status` is where the crisis starts; afterwards people move it."""

    id: Code
    title: Text
    description: Text
    status: Literal["preparing", "active"]


def plan_crisis(content: CrisisSchema) -> list[Change]:
    crisis = Crisis.objects.filter(code=content.id).first()
    if crisis is None:
        return [Change("add", f"crise {content.id}", after=content.title.fr)]
    wanted = {"title": content.title.as_dict(), "description": content.description.as_dict()}
    return [
        Change("change", f"crise {content.id}, {name}", getattr(crisis, name)["fr"], text["fr"])
        for name, text in wanted.items()
        if getattr(crisis, name) != text
    ]


def apply_crisis(actor: Actor, content: CrisisSchema, kit: str) -> None:
    if plan_crisis(content):
        usecases.set_crisis(
            actor, code=content.id, title=content.title, description=content.description, state=content.status
        )


section("crisis", CrisisSchema, plan_crisis, apply_crisis)
