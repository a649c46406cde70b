from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.mutualaid.models import Category

CATEGORIES_SET = declare("mutualaid.categories.set", "a mis à jour les catégories d’aide")


@transaction.atomic
def set_categories(actor: Actor, *, wanted: Iterable[Category]) -> list[Category]:
    """Create or reword categories, recognised by their code, and return those that changed.

    The bit of a category never changes; one that is absent from `wanted` stays as it is. Raises NotAllowed.
    """
    if not actor.has("administrator", "machine"):
        raise NotAllowed("Seule une personne qui administre la plateforme change les catégories. Demandez-le-lui.")
    known = {category.code: category for category in Category.objects.all()}
    last = Category.objects.aggregate(last=Max("bit"))["last"]
    free, changed = -1 if last is None else last, []
    for row in wanted:
        if old := known.get(row.code):
            row.pk, row.bit = old.pk, old.bit
            if all(getattr(row, f.name) == getattr(old, f.name) for f in Category._meta.concrete_fields):
                continue
        else:
            free += 1
            row.bit = free
        row.full_clean()
        row.save()
        changed.append(row)
    if changed:
        record(actor, CATEGORIES_SET, changed[-1], count=len(changed))
    return changed
