"""A verification of the journal asked for on a page: done by a job, seen as it goes."""

from __future__ import annotations

from django.db import transaction

from entremise.accounts.policies import require_second_factor
from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.vault.models import Verification
from entremise.vault.usecases import verifying

ASKED = declare("vault.journal.verification.asked", "a demandé une vérification du journal des accès")


def require_delegate(actor: Actor) -> None:
    """Only the delegate reads the journal (RGPD 39.1.b; floor-trail). Raises NotAllowed, SecondFactorNeeded."""
    if not actor.has("dpo"):
        raise NotAllowed("Le journal des accès se lit par la personne déléguée à la protection des données seulement.")
    require_second_factor(actor)


@transaction.atomic
def ask_verification(actor: Actor) -> Verification:
    """Ask a worker to read the whole journal; the one under way, if there is one. Raises NotAllowed."""
    require_delegate(actor)
    going = Verification.objects.filter(state__in=("waiting", "running")).first()
    if going is not None and going.asked_at > clock.now() - jobs.declared()["vault.verify_journal"].limit:
        return going
    row = Verification(asked_at=clock.now())
    row.full_clean(exclude=["finished_at"])
    row.save(force_insert=True)
    trace(actor, ASKED, row)
    jobs.enqueue("vault.verify_journal", verification=row.pk)
    return row


def run(verification: int) -> None:
    """Read the journal and note how far it is; one that is done already stays as it is."""
    rows = Verification.objects.filter(pk=verification, state__in=("waiting", "running"))
    if not rows.update(state="running"):
        return

    def note(done: int, total: int) -> None:
        rows.update(checked=done, total=total)

    try:
        report = verifying.verify(progress=note)
    except Exception:
        rows.update(state="failed", finished_at=clock.now())
        raise
    rows.update(
        state="done",
        findings=[{"code": f.code, "number": f.number, "words": f.words} for f in report.findings],
        points=report.checked,
        finished_at=clock.now(),
    )
