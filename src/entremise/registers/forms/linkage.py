"""What starting a run asks."""

from __future__ import annotations

from django import forms

from entremise.registers.models import LinkageRun


class RunForm(forms.Form):
    """One granted request has one form on the page: its fields are told apart by the prefix."""

    use_required_attribute = False

    mode = forms.ChoiceField(
        label="Quelles fiches comparer ?",
        widget=forms.RadioSelect,
        initial="full",
        choices=[(code, label.capitalize()) for code, label in LinkageRun.MODES.items()],
        help_text="Les nouvelles seulement : celles arrivées depuis le dernier rapprochement, comparées à toutes.",
        error_messages={
            "required": "Choisissez toutes les fiches, ou les nouvelles.",
            "invalid_choice": "Choisissez toutes les fiches, ou les nouvelles.",
        },
    )
    motive = forms.CharField(
        label="Pourquoi maintenant ?",
        max_length=300,
        help_text="Ce motif est écrit au journal. Par exemple : « Nouveau fichier APA reçu le 3 juillet ».",
        error_messages={
            "required": "Écrivez pourquoi vous lancez ce rapprochement.",
            "max_length": "Écrivez 300 caractères au plus.",
        },
    )
