"""What the guides tell an administrator to type does what they say."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command

from entremise.accounts.models import Membership
from entremise.audit.queries import first_broken
from entremise.territories.models import Theme
from tests.people.factories import person

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.django_db


def run(guide: str) -> int:
    blocks = BLOCK.findall((GUIDES / guide).read_text(encoding="utf-8"))
    for block in blocks:
        exec(compile(block, guide, "exec"), {})  # as `entremise shell < file` would
    return len(blocks)


def test_the_administrator_s_guide_opens_the_first_account_and_names_the_site():
    guide = (GUIDES / "administrateur.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^entremise (accounts add .*)$", guide, re.MULTILINE)
    call_command(*shlex.split(line), stdout=io.StringIO())
    assert run("administrateur.md") == 1
    assert list(Membership.objects.values_list("role", "user__label")) == [("administrator", "Olivier")]
    assert Theme.objects.get().short_name == "Montville"
    assert first_broken() is None


def test_the_delegate_s_guide_verifies_the_access_journal():
    guide = (GUIDES / "delegue-protection-donnees.md").read_text(encoding="utf-8")
    assert "entremise journal verify" in guide
    person()  # a line to verify
    said = io.StringIO()
    call_command("journal", "verify", stdout=said)  # anything wrong would leave with 1 or 2
    assert "intact" in said.getvalue().lower()
