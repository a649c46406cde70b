"""Thresholds move on evidence only: what control readings prove, kept beside the figures it allows."""

from __future__ import annotations

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.machines import IllegalTransition
from entremise.registers import policies
from entremise.registers.models import LinkageModel
from entremise.registers.queries.proof import Evidence, agreement, evidence
from entremise.registers.usecases.review.refusals import NotProven

MOVED = declare("registers.thresholds.set", "a réglé les seuils d’un modèle sur des relectures")


@transaction.atomic
def set_thresholds(actor: Actor, *, model: LinkageModel) -> Evidence:
    """Set `high` to the lowest weight whose pairs, with all above, are proven; `low` where readers are still useful.

    The evidence (bands, counts, bounds, target, date) is kept with them. Raises NotAllowed, SecondFactorNeeded,
    NotProven (it says how many readings are missing), IllegalTransition (the model changed meanwhile).
    """
    policies.require_keeper(actor)
    found = evidence(model)
    if (agreed := agreement()).suspended:
        raise NotProven(
            f"Deux lectures d’une même paire s’accordent trop peu ({said(agreed.kappa)}) : "
            "relisez ensemble les paires en désaccord avant de régler un seuil."
        )
    if found.high is None:
        raise NotProven(f"Les relectures ne prouvent encore aucun seuil. {lacking(found)}")
    low = min(found.high, model.low if found.low is None else found.low)
    proof = {
        "at": clock.now().isoformat(timespec="seconds"),
        "target": found.target,
        "bands": [list(band) for band in found.bands],
        "bounds": [[floor, round(bound, 5)] for floor, bound in found.bounds],
        "read": found.read,
        "pairs_read_twice": agreed.pairs,
        "kappa": agreed.kappa,
        "before": [model.high, model.low],
    }
    if "trial" in model.evidence:
        proof["trial"] = model.evidence["trial"]
    same = LinkageModel.objects.filter(pk=model.pk, high=model.high, low=model.low).exclude(state="retired")
    if not same.update(high=found.high, low=low, evidence=proof):
        raise IllegalTransition("Ce modèle a changé, ou n’est plus en service : rechargez la page.")
    model.refresh_from_db()
    record(actor, MOVED, model, read=found.read, high=str(found.high), low=str(low))
    return found


def lacking(found: Evidence) -> str:
    """How many readings are missing, in words."""
    if found.missing is None:
        return "Il y a trop peu de paires pour un jour le prouver : le seuil de départ reste en place."
    return f"Il manque environ {found.missing} relectures de contrôle sans erreur."


def said(kappa: float | None) -> str:
    return "aucune mesure" if kappa is None else f"{kappa:.2f}".replace(".", ",")
