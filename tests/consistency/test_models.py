from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader

MODELS = [model for model in apps.get_models() if model.__module__.startswith("entremise.")]
ACRONYMS = ("RNA", "SIRET", "SIREN", "H3", "SMS", "URL", "PDF", "INSEE", "TOTP", "API", "RIB", "AES")
REASONS = {
    "accounts.Membership.user": "a role says nothing once its account is gone",
    "mutualaid.HelperIndex.helper": "an index entry, made again from the helper",
    "territories.SearchTerm.territory": "an index entry, made again from the territory",
}
"""Foreign keys that take rows along, or let go of them, each with its reason."""
PERSONAL = re.compile(r"^(first_name|last_name|surname|birth_?(date|name)|phone|email|address|street|iban|lat|lon)$")
HOMES = {"vault", "accounts"}
"""Where a field may be named like personal data: sealed in one, a professional account in the other."""
OF_A_HOUSE = {"territories.Theme", "territories.Territory"}
"""The phone and e-mail of a town hall, the centre of a commune: nobody's personal data."""


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_names_shown_to_people_are_lower_case_french(model):
    names = {model._meta.label: str(model._meta.verbose_name)}
    names |= {f"{model._meta.label}.{f.name}": str(f.verbose_name) for f in model._meta.local_fields if f.name != "id"}
    wrong = {place: name for place, name in names.items() if name[:1].isupper() and not name.startswith(ACRONYMS)}
    assert not wrong, f"write these verbose_name in lower case: {wrong}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_deleting_a_row_never_takes_others_along_without_a_word_why(model):
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is not models.PROTECT:
            place = f"{model._meta.label}.{field.name}"
            how = field.remote_field.on_delete.__name__
            assert REASONS.get(place), f"{place} is {how}: make it PROTECT, or say why in REASONS of this file"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_personal_data_lies_in_the_vault(model):
    if model._meta.app_label in HOMES or model._meta.label in OF_A_HOUSE:
        return
    found = [field.name for field in model._meta.local_fields if PERSONAL.match(field.name)]
    assert not found, f"{model._meta.label}: {found} belong in the vault (vault.usecases.write)"


@pytest.mark.parametrize("alias", ["default", "keys", "journal"])
def test_migrations_are_one_line_per_app(alias):
    loader = MigrationLoader(None, ignore_no_migrations=True)
    assert connections[alias]
    for app in {model._meta.app_label for model in MODELS}:
        leaves = loader.graph.leaf_nodes(app)
        assert len(leaves) <= 1, f"{app}: two migrations end the line, {leaves}: renumber the later one"
        names = sorted(name for label, name in loader.disk_migrations if label == app)
        numbers = [int(name.split("_")[0]) for name in names]
        assert numbers == list(range(1, len(names) + 1)), f"{app}: migrations are not numbered 1, 2, 3…: {names}"
        vague = [name for name in names if re.match(r"\d{4}_(auto|alter_\w+_and_more)", name)]
        assert not vague, f"{app}: give {vague} a name that says what it changes"
