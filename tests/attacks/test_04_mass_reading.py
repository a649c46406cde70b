"""Attempt 4: reading in bulk: one file over the limit, parallel requests, several pages at once.

One human has one account here: the count is by account, taken under the lock of the journal.
"""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from entremise.accounts.queries import actor_of
from entremise.people.usecases import register_many
from entremise.vault import usecases as vault
from entremise.vault.models import Line, Stance
from tests.accounts.factories import agent
from tests.vault.test_opening import cap

WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
PHONE = ["entraide.phone"]


def town(count):
    from entremise.kernel.actors import Actor

    rows = [{"first_name": "Aline", "phone": f"06 39 98 {n:04d}"} for n in range(count)]
    found = register_many(Actor.machine("essais"), rows=rows, motive="Personnes de fiction")
    Stance.objects.bulk_create(Stance(person=who.pk, purpose=WHY["purpose"], word="consent") for who in found)
    return [who.pk for who in found]


@pytest.mark.django_db
def test_the_sixty_first_file_of_the_hour_stays_closed_page_by_page_or_in_one_list(acting):
    persons = town(62)
    for nadia, pages in ((acting("matchmaker"), 31), (acting("matchmaker"), 1)):
        opened, size = {}, 62 // pages
        for start in range(0, 62, size):
            opened |= vault.open_many(nadia, persons=persons[start : start + size], fields=PHONE, **WHY)
        assert sum(bool(one.values) for one in opened.values()) == 60
        refused = [one.refused["entraide.phone"].reason for one in opened.values() if one.refused]
        assert refused == ["Aucune règle ne l’autorise."] * 2
        assert vault.open(nadia, person=persons[0], fields=PHONE, **WHY).values  # already open: it counts once


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_share_one_count():
    cap(5)
    persons = town(12)
    nadia = actor_of(agent("matchmaker"), "web", True)
    gate, got, wrong = threading.Barrier(6), [], []

    def read(some):
        try:
            gate.wait(30)
            opened = vault.open_many(nadia, persons=some, fields=PHONE, **WHY)
            got.extend(one for one in opened.values() if one.values)
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read, args=(persons[n * 2 : n * 2 + 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(got) == 5
    assert Line.objects.filter(action="read", verdict="granted").values("tag").distinct().count() == 5
