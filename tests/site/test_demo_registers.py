"""The registers at work in the demonstration, on a tenth of its rows: what `make demo` leaves to the worker."""

from __future__ import annotations

import pytest

from entremise.audit.models import Entry
from entremise.kernel.actors import Actor
from entremise.registers.models import Cohort, ImportBatch, LinkageRun, Pair
from entremise.site import demo, tasks
from entremise.site.demo import veille
from entremise.site.installing import install_rooms
from entremise.site.invention import files

pytestmark = pytest.mark.django_db


def test_the_worker_loads_links_reads_and_targets_then_has_nothing_left_to_do(monkeypatch):
    install_rooms(Actor.machine("installation"))
    monkeypatch.setattr(veille, "PERSONS", 80)
    monkeypatch.setattr(veille, "CALLS", 60)
    monkeypatch.setattr(files, "SIZES", {"canicule": 120, "apa": 150, "transport": 180})
    for step in demo.STEPS:
        if not step.later and step.label != "habitants":
            step.body()
    assert not ImportBatch.objects.exists()
    tasks.finish_demo()
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"loaded"}
    assert LinkageRun.objects.get().state == "done"
    assert Pair.objects.filter(state="to_review").exists()
    assert Pair.objects.filter(state__in=("accepted", "refused")).exists()
    assert Cohort.objects.get().state == "frozen"
    said = Entry.objects.count()
    tasks.finish_demo()
    assert Entry.objects.count() == said
