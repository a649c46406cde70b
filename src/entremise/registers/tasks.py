from __future__ import annotations

from datetime import time, timedelta

from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from entremise.kernel.jobs import job
from entremise.registers import usecases
from entremise.registers.models import ImportBatch
from entremise.registers.usecases.linkage import models, working
from entremise.registers.usecases.targeting import running


def _batch(batch_id: int) -> ImportBatch:
    return ImportBatch.objects.defer("content").select_related("agent", "source").get(pk=batch_id)


def _agent(batch: ImportBatch) -> Actor:
    """Who asked, with the roles they hold now; both proofs were asked at the start."""
    return actor_of(batch.agent, "task", True, True)


@job("registers.read_file", tries=1, limit=timedelta(minutes=30))
def read_file(batch_id: int) -> None:
    """Read a file that was received, or check one whose columns were put right."""
    batch = _batch(batch_id)
    if batch.state == "reading":
        usecases.read_file(_agent(batch), batch=batch)
    elif batch.state == "checking":
        usecases.check_file(_agent(batch), batch=batch)


@job("registers.load_batch", tries=1, limit=timedelta(minutes=60))
def load_batch(batch_id: int) -> None:
    batch = _batch(batch_id)
    if batch.state == "loading":
        usecases.load_batch(_agent(batch), batch=batch)


@job("registers.resume_imports", every=timedelta(minutes=2))
def resume_imports() -> None:
    usecases.resume_imports(Actor.machine("délais"))


@job("registers.forget_files", daily=time(4, 40))
def forget_files() -> None:
    usecases.forget_files(Actor.machine("délais"))


@job("registers.remind_reviews", daily=time(5, 40))
def remind_reviews() -> None:
    """La relecture semestrielle des registres ouverts ; rien n’est détruit par l’horloge."""
    usecases.remind_reviews(Actor.machine("conservation"))


# targeting


@job("registers.run_targeting", limit=timedelta(minutes=30))
def run_targeting(targeting_id: int) -> None:
    """A computation asked for by a keeper, in their name, with the roles and the second proof they have."""
    running.run(targeting_id)


@job("registers.expire_cohorts", daily=time(3, 10))
def expire_cohorts() -> None:
    """End cohorts past their date and destroy their reasons, and the results nobody froze in a week."""
    usecases.expire_cohorts(Actor.machine("échéances"))


@job("registers.rescore_cohorts", daily=time(5, 20))
def rescore_cohorts() -> None:
    """Say which cohorts a new targeting would change; nothing is opened."""
    usecases.rescore_cohorts(Actor.machine("échéances"))


@job("registers.run_linkage", limit=timedelta(hours=2))
def run_linkage(run_id: int) -> None:
    """Un rapprochement, dans son propre processus."""
    working.run_linkage(run_id)


@job("registers.resume_linkage", every=timedelta(minutes=2))
def resume_linkage() -> None:
    """Les rapprochements dont le travailleur a disparu."""
    working.resume_runs()


@job("registers.lapse_links", daily=time(1, 15))
def lapse_links() -> None:
    """Les réunions entre registres dont l’accord a pris fin."""
    working.lapse_links()


@job("registers.tell_model", tries=3)
def tell_model(version: int) -> None:
    """Dire au délégué qu’un autre modèle sert."""
    models.tell_model(version)
