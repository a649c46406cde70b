"""The versions of the model: shipped or trained here, checked before use, activated by a human."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.metadata import version
from typing import Any

from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction

from entremise.accounts.policies import require_second_factor
from entremise.accounts.queries import colleagues
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.jobs import enqueue
from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import HIGH, LOW
from entremise.registers.engine.prepare import PREPARED_SCHEMA
from entremise.registers.models import LinkageModel
from entremise.registers.queries import starting_model
from entremise.registers.queries.trial import trial_of
from entremise.registers.usecases.linkage.refusals import ModelMismatch

INSTALLED = declare("registers.model.installed", "a installé le modèle de rapprochement livré")
PROPOSED = declare("registers.model.proposed", "a proposé un modèle de rapprochement appris ici")
ACTIVATED = declare("registers.model.activated", "a activé un modèle de rapprochement")
KEEPERS = "Seule la personne qui tient les registres choisit le modèle."


def fingerprint(body: Model) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def checked(row: LinkageModel) -> Model:
    """The body, if it is what was kept and fits this code. Raises ModelMismatch."""
    if row.prepared_schema != PREPARED_SCHEMA:
        raise ModelMismatch("Ce modèle a été appris pour une autre version du logiciel : activez-en un autre.")
    body: Model = row.body
    if fingerprint(body) != row.sha256:
        raise ModelMismatch("Ce modèle a été modifié depuis qu’il a été enregistré : activez-en un autre.")
    return body


def engines() -> dict[str, str]:
    """The versions that a model's figures were computed with."""
    return {name: version(name) for name in ("splink", "duckdb")}


@transaction.atomic
def install_model(actor: Actor) -> LinkageModel:
    """The model in force; the shipped one becomes version 1, active, where there is none yet."""
    active = LinkageModel.objects.filter(state="active").first()
    if active is not None:
        return active
    body = starting_model()
    row = LinkageModel(
        version=_next(), body=body, sha256=fingerprint(body), prepared_schema=PREPARED_SCHEMA, versions=engines(),
        high=HIGH, low=LOW, state="active", activated_at=clock.now(), activated_by=actor.user_id,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # installed by somebody else at the same moment
        return LinkageModel.objects.get(state="active")
    record(actor, INSTALLED, row, version=row.version)
    return row


def _next() -> int:
    last = LinkageModel.objects.order_by("-version").values_list("version", flat=True).first()
    return (last or 0) + 1


def rebuilt(levels: Sequence[tuple[int, int, float, float]], prior: float) -> Model:
    """A model from its numbers alone: the levels and their SQL are this code's, never anybody's text."""
    body: Model = deepcopy(starting_model())
    for place, rank, m, u in levels:
        level = body["comparisons"][place]["comparison_levels"][rank]
        level["m_probability"], level["u_probability"] = m, u
    body["probability_two_random_records_match"] = prior
    return body


def propose(
    actor: Actor,
    levels: Sequence[tuple[int, int, float, float]],
    prior: float,
    trained_on: int,
    high: float,
    low: float,
) -> LinkageModel | None:
    """Keep what a run learned, for a keeper to look at, with what it makes of the pairs that humans read; None when
    another one waits already."""
    if LinkageModel.objects.filter(state="proposed").exists():
        return None
    body = rebuilt(levels, prior)
    row = LinkageModel(
        version=_next(), body=body, sha256=fingerprint(body), prepared_schema=PREPARED_SCHEMA, versions=engines(),
        trained_on=trained_on, high=high, low=low, state="proposed",
        evidence={"trained_on": trained_on, "from": "run"},
    )  # fmt: skip
    if (found := trial_of(row, prior)) is not None:
        row.evidence["trial"] = found.kept()
    row.save(force_insert=True)
    return row


@transaction.atomic
def activate_model(actor: Actor, *, version: int) -> LinkageModel:
    """This model serves from the next run on; the former is retired, and may come back the same way. The DPO is told.
    What both make of the pairs read by then is kept beside it.

    Raises NotAllowed, SecondFactorNeeded, NotFound, ModelMismatch.
    """
    require_keeper(actor)
    row = LinkageModel.objects.filter(version=version).exclude(state="draft").first()
    if row is None:
        raise NotFound("Ce modèle n’existe pas.")
    checked(row)
    if row.state != "active":
        known = {"trial": found.kept()} if (found := trial_of(row)) is not None else {}
        LinkageModel.objects.filter(state="active").update(state="retired")
        done = {"state": "active", "activated_by": actor.user_id, "activated_at": clock.now()}
        LinkageModel.objects.filter(pk=row.pk).update(**done, evidence=row.evidence | known)
        row.refresh_from_db()
        enqueue("registers.tell_model", version=version)
        record(actor, ACTIVATED, row, version=version)
    return row


def require_keeper(actor: Actor) -> None:
    """Raises NotAllowed, SecondFactorNeeded."""
    if actor.user_id is None or not actor.has("keeper"):
        raise NotAllowed(KEEPERS)
    require_second_factor(actor)


def tell_model(version: int) -> int:
    """A word to the DPO: another model serves. How many letters left."""
    who = [user.email for user in colleagues("dpo")]
    if who:
        EmailMessage(
            subject=f"Rapprochement : le modèle {version} est actif",
            body="La personne qui tient les registres a activé un autre modèle de rapprochement. "
            "La page « Modèles » des registres en donne les preuves et permet de revenir au précédent.",
            to=who,
        ).send()
    return len(who)


def evidence(row: LinkageModel) -> Mapping[str, Any]:
    """What the keeper looks at before activating."""
    return dict(row.evidence)
