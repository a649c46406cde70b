from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.territories import policies
from entremise.territories.engine import logos
from entremise.territories.models import Theme

THEMED = declare("territories.theme.set", "a changé l’identité du site")
FIELDS = frozenset(field.name for field in Theme._meta.concrete_fields) - {"id", "only"}


class LogoRefused(DomainError):
    code = "logo_refused"


@transaction.atomic
def set_theme(actor: Actor, **values: Any) -> Theme:
    """Change what is given of the instance's face, and leave the rest. Any colour may be chosen: what is shown
    of it is moved until it reads (`Theme.palette`).

    `logo_svg` is cleaned. Raises NotAllowed, LogoRefused, ValidationError by field.
    """
    if not policies.can_set_theme(actor):
        raise NotAllowed("Seuls les administrateurs changent l’identité du site.")
    if unknown := set(values) - FIELDS:
        raise TypeError(f"unknown fields: {sorted(unknown)}")
    theme = Theme.objects.select_for_update().first() or Theme()
    if values.get("logo_svg"):
        try:
            values["logo_svg"] = logos.clean(values["logo_svg"])
        except logos.UnsafeLogo as unsafe:
            raise LogoRefused(str(unsafe)) from None
        if not (values.get("logo_text") or theme.logo_text):
            raise ValidationError({"logo_text": "Décrivez le logo en quelques mots, pour qui ne le voit pas."})
    if "colour" in values:
        values["colour"] = values["colour"].strip().lower()
    for name, value in values.items():
        setattr(theme, name, value)
    theme.full_clean()
    theme.save()
    record(actor, THEMED, theme, fields=" ".join(sorted(values)))
    return theme
