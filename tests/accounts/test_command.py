"""The first administrator comes from the command line, and only with a role that exists."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from entremise.accounts.models import Membership
from entremise.audit.models import Entry

pytestmark = pytest.mark.django_db
WHO = ("--name", "Dominique", "--organisation", "Ville de Fiction")


def test_the_first_administrator_is_added_once_and_traced():
    call_command("accounts", "add", "dominique@exemple.test", *WHO)
    membership = Membership.objects.select_related("user", "organisation").get()
    assert (membership.role, membership.user.label) == ("administrator", "Dominique")
    assert not membership.user.has_usable_password()
    assert set(Entry.objects.values_list("channel", flat=True)) == {"cli"}
    with pytest.raises(CommandError):
        call_command("accounts", "add", "dominique@exemple.test", *WHO)
    assert Membership.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "role", "word"),
    [("pas une adresse", "administrator", "adresse"), ("a@b.test", "roi", "Choisissez parmi")],
)
def test_a_wrong_word_is_said_in_french_and_leaves_nothing(email, role, word):
    with pytest.raises(CommandError, match=word):
        call_command("accounts", "add", email, *WHO, "--role", role)
    assert not Membership.objects.exists()
    assert not Entry.objects.exists()
