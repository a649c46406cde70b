from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms

from entremise.accounts import registry
from entremise.accounts.models import Organisation

EMAIL = {
    "required": "Écrivez votre adresse électronique, par exemple prenom.nom@ville.fr",
    "invalid": "Vérifiez l’adresse : elle s’écrit comme prenom.nom@ville.fr",
}


class LoginForm(account_forms.LoginForm):  # type: ignore[misc]
    """No « remember me »: workplaces are shared."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("remember", None)
        self.fields["login"].label = "Adresse électronique"
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["login"].error_messages.update(EMAIL)
        password = self.fields["password"]
        password.label, password.help_text = "Mot de passe", ""
        password.widget.attrs.pop("placeholder", None)
        password.error_messages["required"] = "Écrivez votre mot de passe, ou demandez un code par courriel"


class RequestLoginCodeForm(account_forms.RequestLoginCodeForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _email(self.fields["email"])


class ResetPasswordForm(account_forms.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _email(self.fields["email"])


class AddWebAuthnForm(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Nom de cette clé"
        self.fields["passwordless"].label = "Se connecter avec cette clé seule, sans mot de passe"
        self.fields["passwordless"].help_text = "La clé demande alors un code, une empreinte ou un visage."


def _email(field: forms.Field) -> None:
    field.label = "Adresse électronique"
    field.widget.attrs.pop("placeholder", None)
    field.error_messages.update(EMAIL)


class InviteForm(forms.Form):
    email = forms.EmailField(label="Adresse électronique", max_length=254, error_messages=EMAIL)
    label = forms.CharField(
        label="Nom affiché aux collègues",
        max_length=120,
        error_messages={"required": "Écrivez un nom, par exemple « Nadia B. »"},
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.all(),
        label="Structure",
        to_field_name="public_id",
        error_messages={
            "required": "Choisissez une structure de la liste",
            "invalid_choice": "Choisissez une structure de la liste",
        },
    )
    role = forms.ChoiceField(
        label="Rôle",
        error_messages={"required": "Choisissez un rôle", "invalid_choice": "Choisissez un rôle de la liste"},
    )
    starts_on = forms.DateField(
        label="Début",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Vide : dès aujourd’hui.",
        error_messages={"invalid": "Écrivez la date comme 31/12/2026"},
    )
    ends_on = forms.DateField(
        label="Fin",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Le rôle cesse ce jour-là au matin. Vide : sans fin prévue.",
        error_messages={"invalid": "Écrivez la date comme 31/12/2026"},
    )

    def __init__(self, *args: Any, houses: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = houses  # type: ignore[attr-defined]
        roles = sorted(registry.declared().values(), key=lambda role: role.label)
        self.fields["role"].choices = [(role.code, role.label) for role in roles]  # type: ignore[attr-defined]


class OrganisationForm(forms.ModelForm[Organisation]):
    class Meta:
        model = Organisation
        fields = ["name", "kind", "siret", "rna"]
        error_messages = {
            "name": {"required": "Écrivez le nom de la structure, par exemple « CCAS de Grenoble »"},
            "kind": {"required": "Choisissez la nature de la structure"},
        }
