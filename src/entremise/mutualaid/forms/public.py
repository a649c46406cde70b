"""Forms of people without account: few questions, plain words, an error sentence for each."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext, gettext_lazy as _, ngettext

from entremise.kernel import clock, ids
from entremise.mutualaid.forms.fields import (
    CategoriesField,
    CategoryField,
    CommuneField,
    LanguagesField,
    PhoneField,
    RefreshedForm,
    SlotsField,
)
from entremise.mutualaid.models import Category
from entremise.people.engine import email, phone

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
KEY = re.compile(r"[0-9a-z]{12}")
DAYS = (_("lundi"), _("mardi"), _("mercredi"), _("jeudi"), _("vendredi"), _("samedi"), _("dimanche"))
HALVES = (_("matin"), _("après-midi"))
SLOTS = [(n, format_lazy("{} {}", DAYS[n // 2], HALVES[n % 2])) for n in range(14)]
LANGUAGES = {
    "fr": _("français"), "en": _("anglais"), "ar": _("arabe"), "es": _("espagnol"), "pt": _("portugais"),
    "it": _("italien"), "tr": _("turc"), "ber": _("berbère"), "zh": _("chinois"), "vi": _("vietnamien"),
    "ru": _("russe"), "uk": _("ukrainien"), "ro": _("roumain"), "pl": _("polonais"), "de": _("allemand"),
    "ta": _("tamoul"), "bn": _("bengali"), "ur": _("ourdou"), "fa": _("persan"), "so": _("somali"),
    "wo": _("wolof"), "ff": _("peul"), "bm": _("bambara"), "ln": _("lingala"), "sq": _("albanais"),
    "sr": _("serbe"), "hy": _("arménien"), "ka": _("géorgien"), "km": _("khmer"), "fsl": _("langue des signes"),
}  # fmt: skip
URGENCIES = {
    "today": _("Aujourd’hui"),
    "days": _("Dans les 3 jours"),
    "week": _("Dans la semaine"),
    "planned": _("À une date précise"),
}
WHO = {
    "self": _("Pour moi"),
    "relative": _("Pour un ou une proche"),
    "neighbour": _("Pour un voisin, une voisine"),
    "professional": _("Pour une personne que j’accompagne dans mon métier"),
}
CHOOSE = _("Choisissez une réponse de la liste.")
INVISIBLE = _("Ce texte contient un signe invisible : effacez-le et écrivez-le à la main.")
TOO_LONG = _("Cette réponse est trop longue. Relisez-la.")
BAD_DAY = _("Écrivez la date ainsi : 31/12/2026.")


class Words:
    """Labels of a category in the language of the page: the name, and what it covers."""

    @staticmethod
    def name(category: Category) -> str:
        return category.label_en if get_language() == "en" and category.label_en else category.label

    @staticmethod
    def hint(category: Category) -> str:
        return category.hint_en if get_language() == "en" and category.hint_en else category.hint


def _label(category: Category) -> str:
    """The name, and under it what it covers."""
    return format_html('{}<span class="hint">{}</span>', Words.name(category), Words.hint(category))


class TextField(forms.CharField):
    """A text whose refusals say what to do: too long, with an invisible sign. `name` says what it is."""

    def __init__(self, *, longest: int, **options: Any) -> None:
        super().__init__(max_length=longest, **options)
        for validator in self.validators:
            if isinstance(validator, MaxLengthValidator):
                validator.message = format_lazy(
                    _("Ce texte est trop long : écrivez {n} caractères au plus."), n=longest
                )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if any(sign < " " and sign not in "\n\r\t" for sign in text):
            raise forms.ValidationError(INVISIBLE)
        return text


class SpokenForm(RefreshedForm):
    """Every form of people without account: Django's own sentences never come out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, CategoryField | CategoriesField):
                field.label_from_instance = _label  # type: ignore[assignment,method-assign]
            if isinstance(field, SlotsField):
                field.choices = SLOTS
            if isinstance(field, LanguagesField):
                field.choices = list(LANGUAGES.items())
            for validator in field.validators:
                if isinstance(validator, ProhibitNullCharactersValidator):
                    validator.message = INVISIBLE
                if isinstance(validator, MaxLengthValidator) and not isinstance(field, TextField):
                    validator.message = TOO_LONG


class PublicForm(SpokenForm):
    """`submission_key` makes a double sending one; `website` is a trap that people never see."""

    submission_key = forms.CharField(widget=forms.HiddenInput, required=False)
    website = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_submission_key(self) -> str:
        said = self.cleaned_data["submission_key"]
        return said if KEY.fullmatch(said) else ids.new()

    def carried(self) -> list[tuple[str, str]]:
        """Every answer as it was typed, for the hidden inputs of the page « Vérifiez »: nothing is kept by us."""
        pairs: list[tuple[str, str]] = []
        for bound in self:
            if bound.name == "submission_key":
                pairs.append((bound.html_name, self.cleaned_data.get("submission_key") or ids.new()))
                continue
            data = bound.data
            many = data if isinstance(data, list | tuple) else [data]
            pairs += [(bound.html_name, str(value)) for value in many if value not in (None, "")]
        return pairs


class NeedForm(PublicForm):
    """Four questions: what, when, where, whom to call."""

    category = CategoryField(
        label=_("De quoi avez-vous besoin ?"),
        error_messages={
            "required": _("Choisissez l’aide dont vous avez besoin. Vous hésitez ? Appelez-nous."),
            "invalid_choice": _("Cette aide n’est plus proposée : choisissez-en une autre."),
        },
    )
    note = TextField(
        label=_("Quelques mots utiles"),
        required=False,
        longest=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Des faits pratiques : la liste de courses, l’étage, parler fort. Rien sur la santé."),
    )
    urgency = forms.ChoiceField(
        label=_("Pour quand ?"),
        choices=list(URGENCIES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Dites pour quand : même à peu près."), "invalid_choice": CHOOSE},
    )
    due_on = forms.DateField(
        label=_("La date, si vous l’avez"),
        required=False,
        widget=DAY,
        error_messages={"invalid": BAD_DAY},
    )
    commune = CommuneField(
        label=_("Dans quelle commune ?"),
        help_text=_("Son nom ou son code postal, par exemple Grenoble ou 38000. Pas d’adresse ici."),
        error_messages={"required": _("Indiquez la commune, par exemple Grenoble ou 38000.")},
    )
    requester_kind = forms.ChoiceField(
        label=_("Pour qui demandez-vous ?"),
        help_text=_("Pour une autre personne, donnez son numéro à elle : rien n’est proposé avant son accord."),
        choices=list(WHO.items()),
        widget=forms.RadioSelect,
        initial="self",
        error_messages={"required": _("Dites pour qui vous demandez."), "invalid_choice": CHOOSE},
    )
    first_name = TextField(
        label=_("Qui demander au téléphone ?"),
        longest=80,
        help_text=_("Un prénom suffit."),
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": _("Indiquez un prénom, pour savoir qui demander au téléphone.")},
    )
    phone = PhoneField(
        label=_("Quel numéro appeler ?"),
        help_text=_("Fixe ou mobile. Il n’est donné à personne sans votre accord."),
        error_messages={"required": _("Indiquez un numéro où vous appeler, par exemple 06 39 98 12 34.")},
    )

    def clean_due_on(self) -> Any:
        day = self.cleaned_data["due_on"]
        if day and day < clock.today():
            raise forms.ValidationError(gettext("Cette date est passée : choisissez-en une à venir."))
        if day and day.year > clock.today().year + 1:
            raise forms.ValidationError(gettext("Cette date est trop lointaine : choisissez-en une plus proche."))
        return day

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        category: Category | None = said.get("category")
        if said.get("urgency") == "planned" and not said.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", gettext("Indiquez la date, ou choisissez une autre réponse au-dessus."))
        if category and category.needs_text and not said.get("note") and "note" not in self.errors:
            self.add_error("note", gettext("Dites en quelques mots ce dont il s’agit : un agent vous répondra."))
        return said


class ContactField(TextField):
    """An e-mail address or a mobile number; cleans to the values of a person, ready for the vault."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return {}
        if "@" in text:
            try:
                return {"email": email.normalise(text)}
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        try:
            number = phone.normalise(text)
        except ValueError:
            raise forms.ValidationError(
                gettext(
                    "Ce n’est ni un courriel ni un numéro de mobile. "
                    "Par exemple : prenom@exemple.fr, ou 06 39 98 12 34."
                )
            ) from None
        if not phone.receives_sms(number):
            raise forms.ValidationError(
                gettext(
                    "Un téléphone fixe ne reçoit pas notre lien. Donnez un mobile ou un courriel, "
                    "ou appelez-nous : on vous inscrit de vive voix."
                )
            )
        return {"phone": number}


class OfferDetails(PublicForm):
    """What may be said more, and changed later."""

    slots = SlotsField(
        label=_("À quels moments ?"),
        help_text=_("Rien de coché : n’importe quand."),
        error_messages={"invalid_choice": CHOOSE},
    )
    radius_km = forms.IntegerField(
        label=_("Jusqu’à combien de kilomètres ?"),
        required=False,
        min_value=1,
        max_value=30,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": _("Écrivez un nombre de kilomètres, par exemple 5."),
            "min_value": _("Indiquez 1 km au moins."),
            "max_value": _("Indiquez 30 km au plus."),
        },
    )
    languages = LanguagesField(
        label=_("Quelles langues parlez-vous ?"),
        help_text=_("Rien de coché : français."),
        error_messages={"invalid_choice": CHOOSE},
    )


class OfferForm(OfferDetails):
    """Three questions: what, where, how to be reached."""

    categories = CategoriesField(
        label=_("Que pouvez-vous faire ?"),
        help_text=_("Plusieurs réponses possibles."),
        error_messages={
            "required": _("Choisissez au moins une aide que vous pouvez apporter."),
            "invalid_choice": _("Une de ces aides n’est plus proposée : relisez vos choix."),
            "invalid_pk_value": _("Une de ces aides n’est plus proposée : relisez vos choix."),
            "invalid_list": _("Choisissez au moins une aide que vous pouvez apporter."),
        },
    )
    commune = CommuneField(
        label=_("Où habitez-vous ?"),
        help_text=_("Commune ou code postal, par exemple Grenoble ou 38000. Votre adresse n’est pas demandée."),
        error_messages={"required": _("Indiquez votre commune, par exemple Grenoble ou 38000.")},
    )
    contact = ContactField(
        label=_("Comment vous joindre ?"),
        longest=254,
        help_text=_("Courriel ou mobile. Un lien y arrive pour confirmer, faire une pause ou arrêter."),
        widget=forms.TextInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": _("Donnez un courriel ou un mobile, par exemple prenom@exemple.fr ou 06 39 98 12 34.")
        },
    )
    first_name = TextField(
        label=_("Votre prénom"),
        required=False,
        longest=80,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    note = TextField(
        label=_("Autre chose à savoir ?"),
        required=False,
        longest=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Par exemple : « J’ai une voiture », « Je préfère le téléphone »."),
    )


class PledgeForm(SpokenForm):
    """The two boxes of the page where an offer is checked, the charter above them."""

    old_enough = forms.BooleanField(
        error_messages={"required": _("Cochez la case si vous avez l’âge demandé. Sinon, appelez-nous.")}
    )
    charter = forms.BooleanField(
        error_messages={"required": _("Lisez la charte et cochez la case pour proposer votre aide.")}
    )

    def __init__(self, *args: Any, age: int, signature: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_enough"].label = ngettext("J’ai %(age)s an ou plus.", "J’ai %(age)s ans ou plus.", age) % {
            "age": age
        }
        self.fields["charter"].label = signature


class ChangeForm(OfferDetails):
    categories = CategoriesField(
        label=_("Que pouvez-vous faire ?"),
        error_messages={
            "required": _("Choisissez au moins une aide, ou mettez votre offre en pause."),
            "invalid_choice": _("Une de ces aides n’est plus proposée : relisez vos choix."),
            "invalid_pk_value": _("Une de ces aides n’est plus proposée : relisez vos choix."),
        },
    )
    monthly_max = forms.IntegerField(
        label=_("Combien de demandes par mois, au plus ?"),
        help_text=_("0 : gardez-moi inscrit·e, ne me proposez rien."),
        min_value=0,
        max_value=12,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": _("Écrivez un nombre de demandes par mois, par exemple 2."),
            "invalid": _("Écrivez un nombre de demandes par mois, par exemple 2."),
            "min_value": _("Écrivez 0 ou plus."),
            "max_value": _("Écrivez 12 au plus."),
        },
    )
    field_order = ("categories", "monthly_max", "radius_km", "slots", "languages")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("submission_key", "website"):
            del self.fields[name]
        self.fields["radius_km"].required = True
        self.fields["radius_km"].error_messages["required"] = _("Écrivez un nombre de kilomètres, par exemple 5.")


class PauseForm(SpokenForm):
    until = forms.DateField(
        label=_("Reprendre le"),
        required=False,
        widget=DAY,
        help_text=_("Vide : vous reprendrez quand vous voudrez."),
        error_messages={"invalid": BAD_DAY},
    )


class FollowForm(SpokenForm):
    code = TextField(
        label=_("Code de la demande"),
        longest=20,
        help_text=_("Six signes, par exemple H6K-347."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Écrivez le code de la demande : six signes, par exemple H6K-347.")},
    )
    digits = TextField(
        label=_("Les 4 derniers chiffres du téléphone"),
        longest=20,
        help_text=_("Du numéro donné avec la demande."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Écrivez les 4 derniers chiffres du téléphone, par exemple 1234.")},
    )

    def clean_code(self) -> str:
        code = ids.read_spoken(self.cleaned_data["code"])
        if code is None:
            raise forms.ValidationError(
                gettext("Ce code n’est pas juste : six signes, par exemple H6K-347. Relisez-le.")
            )
        return code

    def clean_digits(self) -> str:
        digits = "".join(self.cleaned_data["digits"].split())
        if not re.fullmatch(r"[0-9]{4}", digits):
            raise forms.ValidationError(gettext("Écrivez 4 chiffres : les derniers du numéro, par exemple 1234."))
        return digits


class LinkForm(SpokenForm):
    phone = PhoneField(
        label=_("Votre numéro de mobile"),
        error_messages={
            "required": _("Indiquez votre numéro, par exemple 06 39 98 12 34."),
        },
    )


class OutcomeForm(SpokenForm):
    outcome = forms.ChoiceField(
        label=_("L’aide a-t-elle eu lieu ?"),
        choices=[("yes", _("Oui")), ("partly", _("En partie")), ("no", _("Non"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Répondez par oui, en partie ou non."), "invalid_choice": CHOOSE},
    )
