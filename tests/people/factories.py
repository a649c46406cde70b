"""Persons of fiction: phones from the ranges that no operator gives out."""

from __future__ import annotations

from entremise.kernel.actors import Actor
from entremise.people.models import Person
from entremise.people.usecases import register_person

VALUES = {"first_name": "Aline", "last_name": "Fiction", "phone": "06 39 98 12 34"}


def person(**values: str) -> Person:
    """A registered person; `person(phone="…", email="…", address="…")` changes or adds values, "" leaves one out.

    `language` and `preferred_channel` go to the person's row.
    """
    preferences = {name: values.pop(name) for name in ("language", "preferred_channel") if name in values}
    return register_person(
        Actor.machine("essais"),
        values={**VALUES, **values},
        purpose="mutualaid.contact",
        motive="Personne de fiction pour un essai",
        **preferences,
    )
