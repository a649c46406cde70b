"""Consents given before the rules in force looked at stances still count."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from entremise.kernel import clock
from entremise.people.models import Consent
from entremise.vault.models import Stance
from tests.people.factories import person

pytestmark = pytest.mark.django_db


def answered(who, answer, days, withdrawn=False):
    at = clock.now() - timedelta(days=days)
    Consent.objects.create(
        person=who, purpose="mutualaid.contact", answer=answer, text_version="t1", channel="web", at=at,
        withdrawn_at=clock.now() if withdrawn else None,
    )  # fmt: skip


def test_only_the_last_yes_that_stands_becomes_a_stance():
    yes, changed, taken_back = (person(phone=f"06 39 98 00 0{n}") for n in (1, 2, 3))
    answered(yes, "partly", 3)
    answered(changed, "yes", 3)
    answered(changed, "no", 1)
    answered(taken_back, "yes", 2, withdrawn=True)
    Stance.objects.all().delete()
    import_module("entremise.people.migrations.0003_consents_as_stances").forwards(apps, None)
    assert set(Stance.objects.values_list("person", "word")) == {(yes.pk, "consent")}
