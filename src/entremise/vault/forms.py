"""Special requests, habilitations and registers: what the pages of the vault ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from entremise.kernel import clock
from entremise.vault import registry
from entremise.vault.models import Register
from entremise.vault.usecases.kinds import KINDS, Kind

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NARROW = frozenset({"linkage_key", "payment", "position"})
"""Categories that no list carries (`floor-narrow`): the form does not offer them."""


def fields_of(kind: Kind, register: Register, *, alone: bool = False) -> list[tuple[str, str]]:
    """(name, French) of the fields of a register that this kind of request may bear on; its name too, unless alone."""
    shape = registry.profile(register.code)
    allowed = kind.categories or frozenset(registry.CATEGORIES) - NARROW
    return [
        (f"{register.code}.{code}", shape.labels.get(code, code) + ("" if alone else f" ({register.label})"))
        for code in shape.fields
        if shape.category(code) in allowed and code not in shape.repeated
    ]


def choices_of(kind: Kind, registers: Sequence[Register]) -> list[tuple[str, str]]:
    """The registers that this kind may bear on, by code and label."""
    return [
        (one.code, one.label)
        for one in registers
        if one.status != "shredded"
        and (not kind.fields or fields_of(kind, one))
        and (not kind.crisis or (one.kind == "legal" and one.crisis_declared_at is not None))
    ]


class RegistersForm(forms.Form):
    """The first question of a request: which registers."""

    registre = forms.MultipleChoiceField(
        label="Dans quel registre ?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choisissez au moins un registre.", "invalid_choice": "Choisissez dans la liste."},
    )

    def __init__(self, kind: Kind, registers: Sequence[Register], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["registre"].choices = choices_of(kind, registers)  # type: ignore[attr-defined]


class RequestForm(forms.Form):
    """The second: why, what, for whom, how long. Only what the kind needs is asked."""

    motive = forms.CharField(
        label="Pourquoi ?",
        help_text="De 10 à 300 caractères. Les personnes qui décident le liront. N’écrivez ni nom, ni santé.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Dites pourquoi cette demande est nécessaire."},
    )
    purpose = forms.ChoiceField(label="Pour quelle finalité ?", widget=forms.RadioSelect,
                                error_messages={"required": "Choisissez une finalité."})  # fmt: skip
    fields_asked = forms.MultipleChoiceField(
        label="Quelles données ?", help_text="Le moins possible : chaque donnée de plus est à défendre.",
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choisissez au moins une donnée."},
    )  # fmt: skip
    persons = forms.CharField(
        label="Quelles fiches ?", help_text="Leur référence, une par ligne. Jamais de nom.",
        widget=forms.Textarea(attrs={"rows": 2}), error_messages={"required": "Donnez la référence de la fiche."},
    )  # fmt: skip
    recipients = forms.CharField(label="À qui la liste est-elle destinée ?", max_length=300,
                                 error_messages={"required": "Dites à qui la liste est destinée."})  # fmt: skip
    minutes = forms.CharField(label="Référence du procès-verbal", max_length=300,
                              help_text="Par exemple : PV du conseil du 12 mai 2026, n° 14.",
                              error_messages={"required": "Donnez la référence du procès-verbal."})  # fmt: skip
    days = forms.IntegerField(label="Utilisable combien de jours ?", min_value=1,
                              error_messages={"required": "Indiquez un nombre de jours."})  # fmt: skip
    cap = forms.IntegerField(label="Combien de lignes au plus ?", min_value=1,
                             error_messages={"required": "Indiquez un nombre de lignes."})  # fmt: skip

    def __init__(self, kind: Kind, registers: Sequence[Register], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        alone = len(registers) == 1
        offered = [pair for one in registers for pair in fields_of(kind, one, alone=alone)] if kind.fields else []
        self.fields["fields_asked"].choices = offered  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [(p, registry.PURPOSES[p]) for p in kind.purposes]  # type: ignore[attr-defined]
        self.fields["days"].help_text = f"Au plus {kind.days}."
        self.fields["cap"].help_text = f"Au plus {kind.cap}."
        gone = {
            "fields_asked": not kind.fields,
            "persons": not kind.named,
            "recipients": not kind.recipients,
            "minutes": not kind.minutes,
            "days": kind.once,
            "cap": kind.named or kind.minutes,
            "purpose": len(kind.purposes) == 1,
        }
        for name, absent in gone.items():
            if absent:
                del self.fields[name]
        self.kind = kind

    def clean_persons(self) -> list[UUID]:
        try:
            return [UUID(word) for word in str(self.cleaned_data["persons"]).split()]
        except ValueError:
            raise forms.ValidationError("Une référence a 36 signes : copiez-la depuis la fiche.") from None

    def said(self) -> dict[str, Any]:
        """What `ask` takes, the bounds of the kind where nothing was asked."""
        given = dict(self.cleaned_data)
        persons = given.get("persons", ())
        return {
            "motive": given["motive"],
            "purpose": given.get("purpose") or self.kind.purposes[0],
            "fields": given.get("fields_asked", ()),
            "persons": persons,
            "recipients": given.get("recipients", ""),
            "minutes": given.get("minutes", ""),
            "days": given.get("days") or self.kind.days,
            "cap": given.get("cap") or max(1, len(persons)),
        }


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Raison",
        help_text="De 10 à 300 caractères. L’auteur de la demande la lira.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Écrivez une raison : l’auteur de la demande la lira."},
    )


class OpinionForm(forms.Form):
    opinion = forms.CharField(
        label="Avis du délégué à la protection des données",
        help_text="Il est montré avec la demande et ne compte pour aucun collège.",
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Écrivez l’avis avant de le joindre."},
    )


class HabilitationForm(forms.Form):
    """What the controller signs for one account."""

    purposes = forms.MultipleChoiceField(
        label="Finalités", choices=list(registry.PURPOSES.items()), widget=forms.CheckboxSelectMultiple,
        help_text="Celles que les rôles de cette personne appellent sont cochées.",
        error_messages={"required": "Choisissez au moins une finalité."},
    )  # fmt: skip
    named_in = forms.MultipleChoiceField(
        label="Désignée par écrit dans", widget=forms.CheckboxSelectMultiple, required=False,
        help_text="Un registre nominatif ne s’ouvre qu’aux agents que vous y désignez.",
    )  # fmt: skip
    professional_secrecy = forms.BooleanField(
        label="Cette personne est tenue au secret professionnel", required=False,
        help_text="Par son métier ou sa mission (Code pénal 226-13).",
    )  # fmt: skip
    level = forms.IntegerField(label="Niveau d’appel", min_value=0, max_value=4, help_text="De 0, en formation, à 4.")
    until = forms.DateField(label="Terme", widget=DAY, help_text="Trois ans au plus.",
                            error_messages={"required": "Indiquez un terme."})  # fmt: skip

    def __init__(self, nominative: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["named_in"].choices = list(nominative)  # type: ignore[attr-defined]
        if not nominative:
            del self.fields["named_in"]


class TermForm(forms.Form):
    """One term for all those who wait for a signature."""

    until = forms.DateField(label="Terme", widget=DAY, error_messages={"required": "Indiquez un terme."})


def one_year() -> datetime:
    return clock.now() + timedelta(days=365)


def end_of(day: Any) -> datetime:
    """The last second of this day, here."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


ASSESSMENT = {
    "processing": "Description du traitement",
    "necessity": "Nécessité et proportion",
    "risks": "Risques pour les personnes",
    "measures": "Mesures qui les réduisent",
}


class AssessmentForm(forms.Form):
    """The four parts of an impact assessment (RGPD 35.7), all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label in ASSESSMENT.items():
            self.fields[code] = forms.CharField(
                label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
                error_messages={"required": f"Remplissez la partie « {label} » avant de signer."},
            )  # fmt: skip
        self.fields["controller"] = forms.CharField(
            label="Responsable de traitement", required=False, max_length=160,
            help_text="La commune, le CCAS ou le département au nom de qui vous signez.",
        )  # fmt: skip


__all__ = ["ASSESSMENT", "KINDS", "AssessmentForm", "HabilitationForm", "OpinionForm", "ReasonForm", "RegistersForm",
           "RequestForm", "TermForm", "choices_of", "end_of", "fields_of", "one_year"]  # fmt: skip
