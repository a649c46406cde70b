from __future__ import annotations

from datetime import time, timedelta

from django.core.management import call_command

from entremise.kernel.jobs import job
from entremise.site import demo, usecases

FINISH = "site.finish_demo"


@job(usecases.BEAT, every=timedelta(minutes=1))
def note_worker() -> None:
    """The worker says it lives: `entremise doctor` reads it."""
    usecases.note_worker()


@job("site.prune_jobs", daily=time(3, 10))
def prune_jobs() -> None:
    """Forget the jobs done long ago: their rows are of no use, and are not an archive."""
    call_command("prune_db_task_results", verbosity=0)


@job(FINISH, limit=timedelta(minutes=20))
def finish_demo() -> None:
    """What the demonstration prepares while its first pages are looked at."""
    demo.finish()
