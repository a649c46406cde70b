"""What is said of a service once it is in the directory: verified, full, wrong; which thématiques answer a need."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.referrals import policies
from entremise.referrals.engine.themes import themes
from entremise.referrals.models import CAPACITIES, NEEDS, REPORTS, NeedTheme, Service, ServiceReport

VERIFIED = declare("referrals.service.verified", "a vérifié un service")
CAPACITY_SET = declare("referrals.service.capacity_set", "a noté les places d’un service")
REPORTED = declare("referrals.service.reported", "a signalé une erreur de l’annuaire")
SETTLED = declare("referrals.service.report_settled", "a réglé une erreur de l’annuaire")
THEMES_SET = declare("referrals.need.themes_set", "a changé les thématiques d’un besoin")
WORDS = 300


class AlreadySettled(DomainError):
    code = "service_report_settled"


def require_reader(actor: Actor) -> None:
    if not actor.has("machine") and not policies.can_read_directory(actor):
        raise NotAllowed("L’annuaire est réservé aux agents qui orientent ou qui tiennent les registres.")


def require_keeper(actor: Actor) -> None:
    if not policies.can_keep_directory(actor):
        raise NotAllowed("Seuls les orientateurs et les gestionnaires de registre tiennent l’annuaire.")


@transaction.atomic
def verify_service(actor: Actor, *, service: Service) -> None:
    """Say that the record was checked with the service today: the badge of age goes. Raises NotAllowed."""
    require_reader(actor)
    Service.objects.filter(pk=service.pk).update(verified_at=clock.now(), verified_by=actor.user_id)
    record(actor, VERIFIED, service)


@transaction.atomic
def set_capacity(actor: Actor, *, service: Service, capacity: str) -> None:
    """Say whether a service has room today: `available`, `full`, `unknown`. Raises NotAllowed, ValidationError."""
    require_reader(actor)
    if capacity not in CAPACITIES:
        raise ValidationError({"capacity": "Choisissez si le service a de la place."})
    Service.objects.filter(pk=service.pk).update(capacity=capacity, capacity_at=clock.now())
    record(actor, CAPACITY_SET, service, capacity=capacity)


@transaction.atomic
def report_service(actor: Actor, *, service: Service, kind: str, words: str = "") -> ServiceReport:
    """« Signaler une erreur » : a code of `REPORTS`, and 300 signs at most. Raises NotAllowed, ValidationError."""
    require_reader(actor)
    text = " ".join(words.split())
    wrong = {}
    if kind not in REPORTS:
        wrong["kind"] = "Choisissez ce qui est faux."
    if len(text) > WORDS:
        wrong["words"] = f"Écrivez {WORDS} signes au plus, sans nommer personne."
    if kind == "other" and not text:
        wrong["words"] = "Dites en quelques mots ce qui est faux."
    if wrong:
        raise ValidationError(wrong)
    made = ServiceReport.objects.create(service=service, kind=kind, words=text, author_id=actor.user_id)
    record(actor, REPORTED, made, kind=kind)
    return made


@transaction.atomic
def settle_report(actor: Actor, *, report: ServiceReport) -> None:
    """Close an error once corrected, at the source or by a new file. Raises NotAllowed, AlreadySettled."""
    require_keeper(actor)
    open_one = ServiceReport.objects.filter(pk=report.pk, settled_at=None)
    if not open_one.update(settled_at=clock.now(), settled_by=actor.user_id):
        raise AlreadySettled("Cette erreur a déjà été réglée. Rechargez la page.")
    record(actor, SETTLED, report)


@transaction.atomic
def set_need_themes(actor: Actor, *, need: str, chosen: Sequence[str]) -> None:
    """Which thématiques answer a need, one at least. Raises NotAllowed, ValidationError."""
    require_keeper(actor)
    wanted = sorted(set(chosen))
    if need not in NEEDS:
        raise ValidationError({"need": "Choisissez un besoin de la liste."})
    if not wanted or set(wanted) - set(themes()):
        raise ValidationError({"themes": "Choisissez au moins une thématique de la liste."})
    NeedTheme.objects.filter(need=need).delete()
    rows = NeedTheme.objects.bulk_create([NeedTheme(need=need, theme=one) for one in wanted])
    record(actor, THEMES_SET, rows[0], need=need, themes=len(rows))
