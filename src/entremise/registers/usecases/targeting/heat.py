"""What the territory says of the heat: the product ships no table of exposure, and guesses none."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.registers import policies
from entremise.registers.models import HeatExposure
from entremise.territories.models import Kind, Territory

HEAT = declare("registers.heat.declared", "a déclaré l’exposition de communes à la chaleur")


@transaction.atomic
def declare_heat(actor: Actor, *, exposed: Collection[str], spared: Collection[str], source: str) -> int:
    """Say which communes are very exposed to heat and which are not, with the source. The former list is replaced.

    What is declared nowhere stays unknown: the product ships no such table. Raises NotAllowed, ValidationError.
    """
    me = policies.require_keeper(actor)
    words = " ".join(source.split())
    wanted = {code.strip().upper(): False for code in spared} | {code.strip().upper(): True for code in exposed}
    wanted.pop("", None)
    _heat_known(wanted, words)
    HeatExposure.objects.exclude(commune__in=wanted).delete()
    rows = [HeatExposure(commune=code, exposed=hot, source=words, declared_by=me) for code, hot in wanted.items()]
    HeatExposure.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["commune"],
        update_fields=["exposed", "source", "declared_by", "declared_at"],
    )  # fmt: skip
    first = HeatExposure.objects.first() or HeatExposure(pk=0)
    record(actor, HEAT, first, communes=len(rows), exposed=sum(wanted.values()))
    return len(rows)


def _heat_known(wanted: Mapping[str, bool], source: str) -> None:
    wrong: dict[str, str] = {}
    known = set(Territory.objects.filter(kind=Kind.COMMUNE, code__in=wanted).values_list("code", flat=True))
    if unknown := sorted(set(wanted) - known):
        wrong["exposed"] = f"Ces communes sont inconnues : {', '.join(unknown[:10])}. Écrivez leur code INSEE."
    if wanted and not 5 <= len(source) <= 200:
        wrong["source"] = "Dites d’où vient cette liste, en 5 à 200 caractères."
    if wrong:
        raise ValidationError(wrong)
