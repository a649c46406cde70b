"""Registers as they are governed: created, assessed, opened, suspended, closed; a crisis declared in them.

States: reference rules-vault-commons § 19. The floor reads the row at each decision (`floor-open`, `floor-crisis`,
`floor-recipient`, `floor-named`, `floor-purpose`, `floor-consent`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.rules import queries as rules
from entremise.vault import policies, registry
from entremise.vault.models import Register
from entremise.vault.usecases.refusals import RegisterUnready

INSTALLED = declare("vault.register.installed", "a installé le registre de l’entraide, analyse d’impact provisoire")
CREATED = declare("vault.register.created", "a créé un registre")
ASSESSED = declare("vault.register.assessed", "a signé l’analyse d’impact d’un registre")
OPENED = declare("vault.register.opened", "a ouvert un registre")
SUSPENDED = declare("vault.register.suspended", "a suspendu un registre")
CLOSED = declare("vault.register.closed", "a clos un registre")
CRISIS = declare("vault.crisis.declared", "a déclaré le plan déclenché dans un registre")
CALM = declare("vault.crisis.ended", "a déclaré la fin de la crise dans un registre")

PARTS = {
    "processing": "description du traitement",
    "necessity": "nécessité et proportion",
    "risks": "risques pour les personnes",
    "measures": "mesures qui les réduisent",
}
"""The parts of an impact assessment (RGPD 35.7)."""
EVERY_HOUSE = "*"
ENTRAIDE = "entraide"
PROVISIONAL = "provisoire, à relire par le délégué"
FIRST_TERM = timedelta(days=5 * 365)
"""Until when the register of the first start serves; the controller sets another date."""
FIRST_PURPOSES = (
    "mutualaid.contact", "mutualaid.meet", "mutualaid.geocode_fix", "mutualaid.refund", "mutualaid.moderate",
    "insights.statistics",
)  # fmt: skip
ASSESSMENT = {
    "status": PROVISIONAL,
    "processing": "Mettre en relation des habitants qui demandent de l’aide et d’autres qui en proposent.",
    "necessity": "Le nom, un moyen de joindre la personne, la commune, ce qui est demandé ou proposé. L’adresse "
    "seulement pour une rencontre convenue. Chaque champ est facultatif sauf un moyen de joindre.",
    "risks": "Lecture par qui n’en a pas besoin ; coordonnées transmises trop longtemps ; recherche d’une personne "
    "par un tiers ; perte ou vol d’une base.",
    "measures": "Une règle pour chaque lecture, une ligne de journal avant elle ; coordonnées transmises par double "
    "accord et pour quatorze jours ; cellules chiffrées, clés à part ; effacement par destruction de clé.",
}


@transaction.atomic
def install_registers(actor: Actor) -> Register:
    """The register of mutual aid, open, at a first start; does nothing where it exists.

    Its impact assessment is shipped as a text and marked as it is: provisional, to be read again by the DPO.
    Raises NotAllowed.
    """
    policies.require_controller(actor)
    if (row := Register.objects.filter(pk=ENTRAIDE).first()) is not None:
        return row
    row = default_register(clock.now())
    row.full_clean()
    row.save(force_insert=True)
    trace(actor, INSTALLED, row, assessment="provisional")
    return row


def default_register(now: datetime) -> Register:
    """The register of a first start, not saved."""
    return Register(
        code=ENTRAIDE,
        profile=ENTRAIDE,
        kind="mutual_aid",
        label="Entraide entre habitants",
        recipients=[EVERY_HOUSE],
        bases={purpose: registry.USUAL[purpose] for purpose in {*FIRST_PURPOSES, *registry.COMPULSORY}},
        consent_purposes=["mutualaid.contact", "mutualaid.meet", "mutualaid.refund"],
        status="open",
        assessment=dict(ASSESSMENT),
        assessment_signed_at=now,
        expires_at=now + FIRST_TERM,
        created_at=now,
    )


@transaction.atomic
def create_register(
    actor: Actor,
    *,
    code: str,
    kind: str,
    label: str,
    bases: Mapping[str, str],
    expires_at: datetime,
    controller: str = "",
    recipients: Collection[str] = (EVERY_HOUSE,),
    crisis_purposes: Collection[str] = (),
    nominative: bool | None = None,
    k_threshold: int = 11,
    assessment: Mapping[str, str] | None = None,
) -> Register:
    """A register in project. `code` is `<profile>` or `<profile>-<suffix>`; `bases`: purpose → legal basis.

    Purposes based on `consent` need each person's; those that the law commands everywhere are added. `recipients`
    are organisations' numbers, or `*` for every house of this site. A legal register is nominative and reserves its
    calls, visits and the prefect to a crisis unless said otherwise. `assessment`: a draft of the impact assessment, to
    be read, corrected and signed; it opens nothing. Raises NotAllowed, SecondFactorNeeded,
    ValidationError by field.
    """
    policies.require_controller(actor)
    try:
        profile = registry.profile(code)
    except KeyError:
        raise ValidationError({"code": f"Commencez par un profil connu : {', '.join(registry.profiles())}."}) from None
    said = {**{purpose: registry.USUAL[purpose] for purpose in registry.COMPULSORY}, **bases}
    if unknown := set(said) - set(registry.PURPOSES):
        raise ValidationError({"bases": f"Ces finalités n’existent pas : {', '.join(sorted(unknown))}."})
    if unknown := set(said.values()) - set(registry.BASES):
        raise ValidationError({"bases": f"Ces bases légales n’existent pas : {', '.join(sorted(unknown))}."})
    if any(said[purpose] == "consent" for purpose in registry.NO_OBJECTION & set(said)):
        raise ValidationError({"bases": "Ce que la loi commande ne repose pas sur un accord."})
    if expires_at <= clock.now():
        raise ValidationError({"expires_at": "Choisissez une échéance à venir."})
    reserved = {"outreach.call", "outreach.visit", "registers.prefect"} if kind == "legal" else set()
    row = Register(
        code=code,
        profile=profile.code,
        kind=kind,
        label=label,
        controller=controller,
        recipients=sorted(map(str, recipients)),
        bases=said,
        consent_purposes=sorted(purpose for purpose, basis in said.items() if basis == "consent"),
        crisis_purposes=sorted({*crisis_purposes, *reserved} & set(said)),
        nominative=kind == "legal" if nominative is None else nominative,
        k_threshold=k_threshold,
        assessment={name: text for name, text in (assessment or {}).items() if name in PARTS},
        expires_at=expires_at,
    )
    row.full_clean()
    row.save(force_insert=True)
    trace(actor, CREATED, row, kind=kind)
    return row


@transaction.atomic
def sign_assessment(actor: Actor, *, register: str, parts: Mapping[str, str], controller: str = "") -> None:
    """Sign the impact assessment (RGPD 35), part by part, none empty; `controller`: in whose name, if it was not said.

    Raises NotAllowed, NotFound, ValidationError.
    """
    policies.require_controller(actor)
    row = _row(register)
    if not parts or not all(text.strip() for text in parts.values()):
        raise ValidationError({"assessment": "Remplissez chaque partie de l’analyse d’impact avant de la signer."})
    said = {"controller": " ".join(controller.split())[:160]} if controller.strip() else {}
    Register.objects.filter(pk=row.pk).update(assessment=dict(parts), assessment_signed_at=clock.now(), **said)
    trace(actor, ASSESSED, row, parts=len(parts))


@transaction.atomic
def open_register(actor: Actor, *, register: str) -> None:
    """From project or suspension to use: its assessment signed, whole, and a purpose that the rules in force grant.

    Raises RegisterUnready with what is missing, IllegalTransition, NotFound.
    """
    policies.require_controller(actor)
    row = _row(register)
    if row.assessment_signed_at is None:
        raise RegisterUnready("Faites signer l’analyse d’impact avant d’ouvrir ce registre.")
    if missing := [label for name, label in PARTS.items() if not str(row.assessment.get(name, "")).strip()]:
        raise RegisterUnready(f"Il manque à l’analyse d’impact : {', '.join(missing)}. Complétez-la et signez-la.")
    if not granted_purposes(row):
        raise RegisterUnready(
            "Le règlement en vigueur n’accorde à personne aucune des finalités de ce registre : ouvert, il ne "
            "servirait à rien. Déclarez une finalité que le règlement accorde, ou proposez une règle aux communs."
        )
    if row.expires_at <= clock.now():
        raise RegisterUnready("Ce registre est échu : il ne s’ouvre plus.")
    if not row.recipients:
        raise RegisterUnready("Indiquez au moins une structure destinataire avant d’ouvrir ce registre.")
    _move(row, ("project", "suspended"), status="open")
    trace(actor, OPENED, row)


def granted_purposes(row: Register) -> frozenset[str]:
    """The purposes of a register, besides those that every register serves, that a rule in force grants to somebody.

    A rule counts when it bears on this register and, if it names categories, on one that the register can hold.
    """
    rule_set = rules.active()
    if rule_set is None or (rule_set.until is not None and rule_set.until <= clock.now()):
        return frozenset()
    held = set(registry.profile(row.code).fields.values()) | {"free_text"}
    found: set[str] = set()
    for form in rules.forms(rule_set):
        limited, categories = form.some("registers"), set(form.some("category"))
        if (not limited or row.code in limited) and (not categories or categories & held):
            found |= set(form.some("purpose")) & set(row.bases)
    legal = {"registers.prefect"} & set(row.bases)  # a right of the floor (`right-prefect`), never voted
    return frozenset((found - registry.COMPULSORY) | legal)


@transaction.atomic
def suspend_register(actor: Actor, *, register: str) -> None:
    """No use any more until it is opened again; rights go on. Raises NotAllowed, IllegalTransition, NotFound."""
    policies.require_watcher(actor)
    row = _row(register)
    _move(row, ("open",), status="suspended")
    trace(actor, SUSPENDED, row)


@transaction.atomic
def close_register(actor: Actor, *, register: str) -> None:
    """The end of use; only rights and destruction remain. Raises NotAllowed, IllegalTransition, NotFound."""
    policies.require_controller(actor)
    row = _row(register)
    _move(row, ("project", "open", "suspended"), status="closed", closed_at=clock.now())
    trace(actor, CLOSED, row)


@transaction.atomic
def declare_crisis(actor: Actor, *, register: str) -> bool:
    """The plan is triggered: the crisis purposes of this register live. False when it was declared already."""
    policies.require_controller(actor)
    row = _row(register)
    if not Register.objects.filter(pk=row.pk, crisis_declared_at=None).update(crisis_declared_at=clock.now()):
        return False
    trace(actor, CRISIS, row)
    return True


@transaction.atomic
def end_crisis(actor: Actor, *, register: str) -> bool:
    """The plan is over: the crisis purposes sleep again. False when none was declared."""
    policies.require_controller(actor)
    row = _row(register)
    if not Register.objects.filter(pk=row.pk).exclude(crisis_declared_at=None).update(crisis_declared_at=None):
        return False
    trace(actor, CALM, row)
    return True


def _row(code: str) -> Register:
    row = Register.objects.filter(pk=code).first()
    if row is None:
        raise NotFound("Ce registre n’existe pas.")
    return row


def _move(row: Register, sources: tuple[str, ...], **changes: object) -> None:
    if not Register.objects.filter(pk=row.pk, status__in=sources).update(**changes):
        label = Register.STATES[Register.objects.get(pk=row.pk).status]
        raise IllegalTransition(f"Ce n’est plus possible : le registre est « {label} ». Rechargez la page.")
