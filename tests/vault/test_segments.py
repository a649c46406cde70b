"""A month of the journal: signed, sealed, verified, destroyed at its term; what stays of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import given, strategies as st

from entremise.kernel.actors import Actor
from entremise.vault import usecases as vault
from entremise.vault.models import Checkpoint, Line, Segment
from entremise.vault.usecases import segments
from tests.vault.lines import own, write
from tests.vault.test_journal import put_back

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("essai")
OLD = datetime(2024, 3, 5, 10, tzinfo=UTC)


@pytest.fixture
def years(monkeypatch):
    """March 2024, April 2024, today."""
    for at in (OLD, OLD + timedelta(days=31)):
        write(4, at=at, monkeypatch=monkeypatch)
    write(3, purpose="people.rights", verdict="refused")


def test_a_month_ends_at_the_first_line_of_a_later_one(years):
    vault.checkpoint(MACHINE)
    months = list(Segment.objects.values_list("first_number", "size"))
    assert months == [(1, 4), (5, 4), (9, 4)]
    assert [s.month for s in Segment.objects.all()][:2] == ["2024-03", "2024-04"]
    assert vault.verify_journal().intact
    assert Checkpoint.objects.count() == 3


def test_a_month_is_sealed_archived_and_destroyed_at_its_term_and_leaves_its_head_and_counts(years):
    put_back_on_sqlite()
    done = vault.keep_months(MACHINE)
    assert done["seal"] == 0  # no witness has its last point, and it ended a moment ago
    Segment.objects.filter(closed_at__isnull=False).update(closed_at=datetime(2024, 6, 1, tzinfo=UTC))
    head = Segment.objects.get(month="2024-03")
    assert vault.keep_months(MACHINE) == {"seal": 2, "archive": 2, "prune": 2}
    kept = Segment.objects.get(month="2024-03")
    assert (kept.state, kept.root, kept.last_link) == ("pruned", head.root, head.last_link)
    assert kept.counts == {"mutualaid.contact": {"granted": 4}}
    assert Line.objects.order_by("number").first().number == 9
    assert vault.verify_journal().intact
    assert vault.keep_months(MACHINE) == {"seal": 0, "archive": 0, "prune": 0}
    point = Checkpoint.objects.get(segment=kept)
    assert vault.verify_journal(outside=[("temoin", point.note)]).intact


def test_what_follows_a_destroyed_month_still_hangs_on_it(years):
    vault.checkpoint(MACHINE)
    Segment.objects.filter(closed_at__isnull=False).update(closed_at=datetime(2024, 6, 1, tzinfo=UTC))
    vault.keep_months(MACHINE)
    own("DELETE FROM vault_line WHERE number = 9")
    assert {f.code for f in vault.verify_journal().findings} >= {"missing"}


def test_a_month_that_does_not_verify_is_kept(years):
    vault.checkpoint(MACHINE)
    Segment.objects.filter(closed_at__isnull=False).update(closed_at=datetime(2024, 6, 1, tzinfo=UTC))
    own("UPDATE vault_line SET verdict = 'x' WHERE number = 2")
    assert vault.keep_months(MACHINE) == {"seal": 2, "archive": 1, "prune": 1}
    assert Segment.objects.get(month="2024-03").state == "sealed"
    assert Line.objects.filter(number=2).exists()


def put_back_on_sqlite() -> None:
    if connections["journal"].vendor == "sqlite":
        put_back()


def test_the_base_refuses_to_drop_lines_of_a_month_that_is_not_archived_or_is_young(years):
    put_back_on_sqlite()
    vault.checkpoint(MACHINE)
    Segment.objects.filter(month="2024-03").update(state="sealed")
    young = Segment.objects.exclude(month__startswith="2024").get()
    for state in ("sealed", "archived"):
        Segment.objects.filter(pk=young.pk).update(state=state)
    for number in (2, 6, 10):
        with pytest.raises(DatabaseError), transaction.atomic(using="journal"):
            Line.objects.filter(number=number).delete()
    Segment.objects.filter(month="2024-03").update(state="archived")
    assert Line.objects.filter(number__range=(1, 4)).delete()[0] == 4


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(0, 40))
def test_months_are_counted_across_years(year_now, month_now, months):
    moment = datetime(year_now, month_now, 15, tzinfo=UTC)
    found = segments.months_ago(moment, months)
    year, month = map(int, found.split("-"))
    assert 1 <= month <= 12
    assert (moment.year - year) * 12 + moment.month - month == months


def test_the_journal_without_key_still_ends_at_its_term(years, settings, tmp_path):
    vault.checkpoint(MACHINE)
    Segment.objects.filter(closed_at__isnull=False).update(closed_at=datetime(2024, 6, 1, tzinfo=UTC))
    settings.MASTER_KEY = "00" * 32
    assert vault.keep_months(MACHINE)["prune"] == 2
    report = vault.verify_journal()
    assert "Le coffre est fermé" in report.notices[0]
    assert report.intact
