"""Attempt 1: somebody else's identifier in an address, a fragment or a call. 404 or a refusal, and a line."""

from __future__ import annotations

from uuid import uuid4

import pytest

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.accounts.factories import agent
from tests.mutualaid.factories import helper, need
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
ASKED = {"fields": ["entraide.phone"], "purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}


def test_another_record_and_one_that_never_was_are_refused_alike_with_a_line_each(acting):
    stranger, other = me(person().pk), person(first_name="Bruno")
    known = vault.open(stranger, person=other.pk, **ASKED)
    assert not known.values
    with pytest.raises(NotFound):
        vault.open(stranger, person=uuid4(), **ASKED)
    assert [line.verdict for line in Line.objects.all()[:2]] == ["refused", "refused"]
    with pytest.raises(NotFound):
        vault.open(acting("matchmaker"), person=uuid4(), **ASKED)
    assert Line.objects.first().verdict == "refused"


@pytest.mark.parametrize("role", ["analyst", "org_manager", "administrator", "budget_holder", "helper"])
@pytest.mark.parametrize("htmx", [False, True])
def test_a_role_without_need_of_it_gets_no_page_and_no_fragment(client, role, htmx):
    one, other = need(), helper()
    client.force_login(agent(role))
    more = {"HTTP_HX_REQUEST": "true"} if htmx else {}
    for path in (f"/entraide/demandes/{one.public_id}/", f"/entraide/aidants/{other.public_id}/"):
        answer = client.get(path, **more)
        assert answer.status_code in (403, 404)
        assert "06 39 98" not in answer.content.decode()


def test_a_link_altered_by_one_sign_is_unknown(client):
    from entremise.mutualaid.queries import link_of

    link = link_of("need", need().public_id)
    wrong = link[:-1] + ("a" if link[-1] != "a" else "b")
    assert client.get(f"/entraide/suivi/{link}/").status_code == 200
    assert client.get(f"/entraide/suivi/{wrong}/").status_code == 404


def test_an_anonymous_visitor_reads_nothing_by_a_call():
    who = person()
    opened = vault.open(Actor(None, "anonyme", "api"), person=who.pk, **ASKED)
    assert not opened.values
    assert Line.objects.first().verdict == "refused"
