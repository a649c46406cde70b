from __future__ import annotations

from entremise.rules.models import AdoptedValue
from entremise.rules.registry import RulePoint, Value


def values_of(*points: RulePoint) -> dict[str, Value]:
    """Key → value in force, for several points in one query. An adopted value out of bounds is ignored."""
    adopted = dict(AdoptedValue.objects.filter(key__in=[p.key for p in points]).values_list("key", "value"))
    return {p.key: adopted[p.key] if p.accepts(adopted.get(p.key)) else p.default for p in points}


def value_of(point: RulePoint) -> Value:
    return values_of(point)[point.key]


def number_of(point: RulePoint) -> int:
    return int(value_of(point))


def flag_of(point: RulePoint) -> bool:
    return bool(value_of(point))


def choice_of(point: RulePoint) -> str:
    return str(value_of(point))
