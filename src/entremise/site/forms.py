from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from entremise.kernel import ids


class AccessReportForm(forms.Form):
    """What stopped somebody. `website` is a trap for programs: people never see it."""

    obstacle = forms.CharField(
        label=_("Qu’est-ce qui vous a empêché d’avancer ?"),
        help_text=_("Par exemple : « Le bouton Continuer ne se lit pas ». N’indiquez ni nom, ni santé."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Décrivez ce qui vous a arrêté, même en quelques mots")},
    )
    page = forms.CharField(
        label=_("Adresse de la page"),
        help_text=_("Elle est déjà remplie si vous venez de cette page."),
        required=False,
        max_length=200,
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40, initial=ids.new)
    website = forms.CharField(required=False, widget=forms.HiddenInput)
