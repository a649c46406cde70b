"""The register communicated to the prefect: on request, plan triggered, by the controller, with two agreements.

CASF L121-6-1 and R121-4; reference outreach-and-referrals § 17.6. Exactly the nine items; sealed for who asked;
journalled line by line; never scheduled: no job calls this.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.machines import IllegalTransition
from entremise.registers import policies, queries
from entremise.registers.engine.prefect import workbook
from entremise.registers.models import Transmission
from entremise.registers.usecases.life.enrolling import ITEMS
from entremise.vault import queries as facts, registry, usecases as vault

PREPARED = declare("registers.transmission.asked", "a préparé une communication au préfet")
SENT = declare("registers.transmission.made", "a scellé le registre légal pour le préfet")

PREFECT: Final = "registers.prefect"


class PlanNotTriggered(DomainError):
    code = "plan_not_triggered"


@transaction.atomic
def ask_transmission(
    actor: Actor,
    *,
    register: str,
    requester: str,
    office: str,
    asked_on: date,
    plan_act: str,
    plan_on: date,
    recipients: str,
) -> Transmission:
    """Prepare the communication: a special request that two other persons must agree to.

    `requester`, `office`: who asks at the prefecture; `plan_act`, `plan_on`: the act that triggers the plan; they are
    in the request, so what is agreed to is exactly this. Raises NotAllowed, PlanNotTriggered, ValidationError.
    """
    me = policies.require_controller(actor)
    row = queries.enrolment_register(actor, register)
    if row.crisis_declared_at is None:
        raise PlanNotTriggered(
            "Le plan n’est pas déclenché dans ce registre : rien ne peut partir. Déclarez-le d’abord au coffre."
        )
    said = {"requester": requester, "office": office, "plan_act": plan_act, "recipients": recipients}
    said = {name: " ".join(text.split()) for name, text in said.items()}
    wrong = {name: "Remplissez cette réponse." for name, text in said.items() if len(text) < 3}
    wrong |= {name: "Cette date est à venir." for name, day in (("asked_on", asked_on), ("plan_on", plan_on))
              if day > clock.today()}  # fmt: skip
    if not wrong and len(f"{said['requester']}, {said['office']}") > 140:
        wrong["office"] = "Écrivez le nom et la fonction plus court : 140 signes en tout."
    if wrong:
        raise ValidationError(wrong)
    count = len(facts.members(register))
    if not count:
        raise ValidationError({"recipients": "Personne n’est au registre : il n’y a rien à communiquer."})
    asked = vault.ask(
        actor,
        kind="prefect",
        purpose=PREFECT,
        motive=f"Demande du {date_format(asked_on, 'j F Y')}, plan déclenché le {date_format(plan_on, 'j F Y')} par "
        f"{said['plan_act']}"[:300],
        registers=[register],
        fields=[f"{register}.{item}" for item in ITEMS],
        recipients=f"{said['requester']}, {said['office']}. Destinataires : {said['recipients']}"[:300],
        cap=min(5000, count + 50),
    )
    made = Transmission(
        register=register,
        request=asked.public_id,
        asked_on=asked_on,
        plan_on=plan_on,
        plan_act=said["plan_act"],
        asked_by=me,
        created_at=clock.now(),
    )
    made.full_clean(exclude=["made_at"])
    made.save(force_insert=True)
    record(actor, PREPARED, made, register=register, rows=count)
    return made


@sensitive_variables()
@transaction.atomic
def transmit_to_prefect(actor: Actor, *, transmission: Transmission) -> str:
    """Once agreed to: the nine items of the active persons, sealed in a file; the token of its link, given once.

    Line by line in the access journal, under the request, which is spent. Whoever the rules leave out is counted.
    Raises NotAllowed, RequestSpent, IllegalTransition (made already), FreshFactorNeeded, PlanNotTriggered.
    """
    policies.require_controller(actor)
    row = queries.enrolment_register(actor, transmission.register)
    if row.crisis_declared_at is None:
        raise PlanNotTriggered("Le plan n’est plus déclenché : rien ne part.")
    if not Transmission.objects.filter(pk=transmission.pk, made_at=None).update(made_at=clock.now()):
        raise IllegalTransition("Cette communication est déjà faite : le fichier ne se refait pas.")
    asked = facts.request(transmission.request)
    members = facts.members(row.code)
    fields = [f"{row.code}.{item}" for item in ITEMS]
    motive = f"Communication au préfet, demande {transmission.request}"
    found = vault.open_many(
        actor,
        persons=members,
        fields=fields,
        purpose=PREFECT,
        motive=motive,
        listing="export",
        request=transmission.request,
    )
    labels = registry.profile(row.code).labels
    lines = [[opening.values.get(field, "") for field in fields] for opening in found.values()]
    mark = (
        f"Communiqué à {asked.recipients.partition('.')[0]} le {date_format(clock.today(), 'j F Y')} "
        f"par {actor.label}, demande n° {transmission.request}. Copie unique, à détruire à la fin du plan."
    )
    content = workbook([labels[item].capitalize() for item in ITEMS], lines, mark)
    reference, token = vault.seal_parcel(
        actor,
        register=row.code,
        name=f"registre-{transmission.public_id}.xlsx",
        content=content,
        recipient=asked.recipients.partition(".")[0],
        purpose=PREFECT,
        motive=motive,
        request=transmission.request,
    )
    said = {
        "rows": len(lines),
        "left_out": len(members) - len(lines),
        "sha256": hashlib.sha256(content).hexdigest(),
        "envelope": reference,
    }
    Transmission.objects.filter(pk=transmission.pk).update(**said)
    record(actor, SENT, transmission, register=row.code, rows=len(lines))
    return token
