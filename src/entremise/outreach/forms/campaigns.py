"""The guided form of a campaign: who, when, what is announced, who answers for safety. Few fields, all proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse_lazy

from entremise.kernel import clock
from entremise.outreach.engine import hours as engine
from entremise.outreach.models import LEVELS, STEP_KINDS, CallCampaign
from entremise.people.engine import phone as phones

OFF = {"autocomplete": "off"}
BAD_DAY = "Écrivez la date ainsi : 07/03/2026."
DAYS = ("Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi", "Dimanche")
DELAYS = {30: "30 minutes", 60: "1 heure", 120: "2 heures", 240: "4 heures", 480: "8 heures", 720: "12 heures",
          1440: "24 heures", 2880: "48 heures"}  # fmt: skip
LANGUAGES = "Leurs codes, séparés par des espaces : fr, ar, pt, tr…"


def spoken(labels: Mapping[Any, str]) -> list[tuple[Any, str]]:
    return [(code, label[0].upper() + label[1:]) for code, label in labels.items()]


def day(label: str, help_text: str = "", *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez cette date.", "invalid": BAD_DAY},
    )  # fmt: skip


def words(label: str, help_text: str = "", *, most: int, required: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=most, required=bool(required),
        widget=forms.TextInput(attrs=OFF), error_messages={"required": required},
    )  # fmt: skip


def number(label: str, help_text: str = "", *, least: int = 1, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=least, max_value=most,
        error_messages={
            "required": "Écrivez un nombre.", "invalid": "Écrivez un nombre entier.",
            "min_value": f"Au moins {least}.", "max_value": f"Au plus {most}.",
        },
    )  # fmt: skip


class PhoneField(forms.CharField):
    """A telephone of a service, as it is read aloud."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(max_length=20, widget=forms.TextInput(attrs={"type": "tel", **OFF}), **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        digits = text.replace(" ", "").replace(".", "")
        if not digits or (digits.isdecimal() and len(digits) == 4):  # 3977 and other short numbers
            return digits
        try:
            return phones.readable(phones.normalise(text))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class WhoForm(forms.Form):
    """Whom to call, for what, at which level of alert, until when."""

    label = words("Nom de la campagne", "Par exemple « Canicule, juillet ».", most=80, required="Donnez un nom.")
    source = forms.ChoiceField(
        label="Qui appeler ?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez une cohorte ou un registre.",
            "invalid_choice": "Choisissez dans la liste.",
        },
    )
    purpose = forms.ChoiceField(
        label="Pourquoi ?",
        help_text="Une cohorte garde le but pour lequel elle a été figée.",
        choices=spoken(CallCampaign.PURPOSES),
        widget=forms.RadioSelect,
        initial="outreach.call",
    )
    kit = forms.ChoiceField(
        label="Réglages de départ",
        help_text="Horaires, essais, délais et textes d’un kit de crise. Tout se change ensuite.",
        required=False,
    )
    alert_level = forms.TypedChoiceField(
        label="Niveau d’alerte", choices=spoken(LEVELS), coerce=int, widget=forms.RadioSelect, initial=1
    )
    starts_on = day("Premier jour", required=True)
    ends_on = day("Dernier jour", "Laissez vide si vous ne le savez pas encore.")

    def __init__(
        self, sources: Sequence[tuple[str, str]], kits: Sequence[tuple[str, str]], *args: Any, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.fields["source"].choices = sources  # type: ignore[attr-defined]
        self.fields["kit"].choices = [*kits, ("", "Réglages du produit")]  # type: ignore[attr-defined]
        self.fields["starts_on"].initial = clock.today()

    def said(self) -> dict[str, Any]:
        clean = dict(self.cleaned_data)
        kind, _, code = clean.pop("source").partition(":")
        return clean | {"source": {"cohort": code} if kind == "c" else {"registers": [code]}}


class RenameForm(forms.Form):
    """What of the first page still changes once the campaign exists."""

    label = words("Nom de la campagne", most=80, required="Donnez un nom.")
    source = forms.ChoiceField(label="Qui appeler ?", widget=forms.RadioSelect)
    starts_on = day("Premier jour", required=True)
    ends_on = day("Dernier jour", "Laissez vide si vous ne le savez pas encore.")

    def __init__(self, sources: Sequence[tuple[str, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["source"].choices = sources  # type: ignore[attr-defined]

    said = WhoForm.said


class WhenForm(forms.Form):
    """Hours, attempts, rhythm, script."""

    MAIN = ("script", "languages")
    RHYTHM = ("attempts_max", "slots_required", "cooldown", "recurrence", "every_days", "recur_until", "same_caller")
    MORE = ("keep_until", "lease", "person_gap", "daily_conversations", "daily_minutes", "notes_on", "sheets_on", "workbook_on")  # noqa: E501  # fmt: skip

    script = forms.ChoiceField(label="Script d’appel", help_text="Demandé à l’ouverture.", required=False)
    languages = words(
        "Langues des appels", LANGUAGES, most=60, required="Écrivez au moins une langue, par exemple fr."
    )
    holidays_open = forms.BooleanField(label="Ouverte aussi les jours fériés", required=False)
    attempts_max = number("Essais sans réponse avant de chercher autrement", most=10)
    slots_required = number("Moments de la journée différents à essayer", "Matin, midi, après-midi, soir.", most=4)
    cooldown = forms.TypedChoiceField(label="Délai entre deux essais", coerce=int)
    recurrence = forms.ChoiceField(
        label="Rappeler régulièrement ?", choices=spoken(CallCampaign.RECURRENCES), widget=forms.RadioSelect
    )
    every_days = number("Si « tous les n jours » : combien de jours", most=60)
    recur_until = day("Rythme jusqu’au", "Un rythme s’arrête toujours à une date.")
    same_caller = forms.BooleanField(label="Si possible, la même personne rappelle", required=False)
    keep_until = day("Comptes rendus gardés jusqu’au", "Ils sont ensuite effacés.")
    lease = number("Durée d’une prise d’appel, en minutes", most=60, least=5)
    person_gap = number("Entre deux campagnes pour une même personne, en minutes", least=0, most=10080)
    daily_conversations = number("Conversations par jour et par appelant, au plus", most=40)
    daily_minutes = number("Minutes d’appel par jour et par appelant, au plus", most=360)
    notes_on = forms.BooleanField(label="Note libre permise", required=False)
    sheets_on = forms.BooleanField(label="Feuilles papier permises", required=False)
    workbook_on = forms.BooleanField(label="Tableur permis", required=False)

    def __init__(self, scripts: Sequence[tuple[str, str]], row: CallCampaign, data: Any = None) -> None:
        names = (*self.MAIN, "holidays_open", *self.RHYTHM, *self.MORE)
        initial = {name: getattr(row, name) for name in names if name not in ("script", "languages")}
        initial |= {"script": str(row.script_id or ""), "languages": " ".join(row.languages)}
        super().__init__(data, initial=initial)
        self.fields["script"].choices = [("", "À choisir"), *scripts]  # type: ignore[attr-defined]
        delays = DELAYS | {row.cooldown: DELAYS.get(row.cooldown, f"{row.cooldown} minutes")}
        self.fields["cooldown"].choices = sorted(delays.items())  # type: ignore[attr-defined]
        for place, ranges in engine.week(row.hours):
            self.fields[f"day_{place}"] = forms.CharField(
                label=DAYS[place], required=False, max_length=60, initial=engine.said(ranges),
                widget=forms.TextInput(attrs=OFF),
            )  # fmt: skip

    def main(self) -> list[Any]:
        return [self[name] for name in self.MAIN]

    def days(self) -> list[Any]:
        return [self[f"day_{place}"] for place in range(7)] + [self["holidays_open"]]

    def rhythm(self) -> list[Any]:
        return [self[name] for name in self.RHYTHM]

    def more(self) -> list[Any]:
        return [self[name] for name in self.MORE]

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        hours = {}
        for place in range(7):
            try:
                hours[str(place)] = engine.read_ranges(str(clean.get(f"day_{place}") or ""))
            except engine.HoursWrong as error:
                self.add_error(f"day_{place}", str(error))
        clean["hours"] = {place: ranges for place, ranges in hours.items() if ranges}
        clean["languages"] = list(dict.fromkeys(str(clean.get("languages", "")).lower().replace(",", " ").split()))
        if any(not (code.isascii() and code.isalpha() and 2 <= len(code) <= 3) for code in clean["languages"]):
            self.add_error("languages", "Écrivez des codes de deux ou trois lettres, par exemple fr ar.")
        return clean

    def said(self) -> dict[str, Any]:
        clean = {name: value for name, value in self.cleaned_data.items() if not name.startswith("day_")}
        return clean | {"script": clean["script"] or None}


class TellForm(forms.Form):
    """What persons are told before they are called, and what everybody may read."""

    announcement = forms.ChoiceField(
        label="Prévenir avant d’appeler",
        help_text="Une personne prévenue décroche plus souvent. Le premier appel vient au moins un jour après.",
        choices=[(code, label) for code, label in spoken(CallCampaign.ANNOUNCEMENTS) if code],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment prévenir, ou dites pourquoi vous ne le faites pas."},
    )
    waived_reason = words("Si personne n’est prévenu, pourquoi ?", most=200)
    shown_number = PhoneField(
        label="Numéro qui s’affichera", help_text="Celui que la personne verra et pourra rappeler."
    )
    announcement_text = forms.CharField(
        label="Texte du SMS",
        help_text="{house} devient le nom de votre structure, {number} le numéro affiché. Ni aide reçue, ni santé.",
        required=False,
        max_length=600,
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "data-hx-post": reverse_lazy("outreach:sms_size"),
                "data-hx-trigger": "input changed delay:400ms",
                "data-hx-target": "#size",
                "data-hx-include": "closest form",
            }
        ),
    )
    duty_phone = PhoneField(label="Téléphone de permanence", help_text="Pour les appelants, surtout ceux qui appellent de chez eux.")  # noqa: E501  # fmt: skip
    public_message = forms.CharField(
        label="Message de la page publique",
        help_text="Tout le monde peut la lire. Par exemple : « Nous appelons jusqu’à vendredi soir. »",
        required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def said(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class SafeForm(forms.Form):
    """The law, the emergency numbers, who answers for each step of a search."""

    basis = forms.ChoiceField(
        label="Cadre légal",
        choices=[(code, label) for code, label in spoken(CallCampaign.BASES) if code],
        widget=forms.RadioSelect,
        required=False,
    )
    activation_act = words("Acte du préfet qui déclenche le plan", "Par exemple « Arrêté 2026-114 ».", most=120)
    activation_on = day("Plan déclenché le")
    emergency_numbers = forms.CharField(
        label="Numéros du territoire",
        help_text="Un par ligne : le numéro, puis à qui il répond. 15, 17, 18, 112, 114 et 3114 y sont toujours.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    confirmed = forms.BooleanField(label="J’ai composé ou vérifié chacun de ces numéros", required=False)
    everybody = forms.TypedChoiceField(
        label="Qui répond de la recherche d’une personne injoignable ?",
        help_text="Demandé à l’ouverture. Cette personne est prévenue quand une étape prend du retard.",
        coerce=lambda value: int(value) if value else None,
        empty_value=None,
        required=False,
    )

    def __init__(self, row: CallCampaign, team: Sequence[tuple[int, str]], legal: bool, data: Any = None) -> None:
        named = {step.get("responsible") for step in row.ladder}
        initial = {
            "basis": row.basis, "activation_act": row.activation_act, "activation_on": row.activation_on,
            "emergency_numbers": "\n".join(f"{one['number']} {one['label']}" for one in row.emergency_numbers),
            "confirmed": row.numbers_confirmed_at is not None,
            "everybody": next(iter(named)) if len(named) == 1 else None,
        }  # fmt: skip
        super().__init__(data, initial=initial)
        self.row = row
        people = [("", "À choisir"), *((str(pk), label) for pk, label in team)]
        self.fields["everybody"].choices = people  # type: ignore[attr-defined]
        for step in row.ladder:
            self.fields[f"step_{step['kind']}"] = forms.TypedChoiceField(
                label=STEP_KINDS[step["kind"]][0].upper() + STEP_KINDS[step["kind"]][1:],
                choices=[("", "Comme ci-dessus"), *people[1:]],
                coerce=lambda value: int(value) if value else None,
                empty_value=None,
                required=False,
                initial=step.get("responsible") if len(named) > 1 else None,
            )
        if not legal:
            for name in ("basis", "activation_act", "activation_on"):
                del self.fields[name]

    def law(self) -> list[Any]:
        return [self[name] for name in ("basis", "activation_act", "activation_on") if name in self.fields]

    def steps(self) -> Iterator[tuple[Any, str]]:
        """Each step of the search with its delays in words."""
        for step in self.row.ladder:
            yield self[f"step_{step['kind']}"], delays(step["hours"])

    def clean_emergency_numbers(self) -> list[dict[str, str]]:
        found = []
        for line in str(self.cleaned_data["emergency_numbers"]).splitlines():
            digits = line.strip()
            place = next((n for n, sign in enumerate(digits) if sign not in "0123456789 .+"), len(digits))
            called, label = digits[:place].strip(" ."), digits[place:].strip(" :,–-")
            if not line.strip():
                continue
            if not called or not label:
                raise forms.ValidationError(f"« {line.strip()[:40]} » : écrivez le numéro, puis à qui il répond.")
            found.append({"number": called[:20], "label": label[:60]})
        return found

    def said(self) -> dict[str, Any]:
        clean = self.cleaned_data
        ladder = [
            {**step, "responsible": clean.get(f"step_{step['kind']}") or clean.get("everybody")}
            for step in self.row.ladder
        ]
        kept = ("basis", "activation_act", "activation_on", "emergency_numbers")
        return {name: clean[name] for name in kept if name in clean} | {"ladder": ladder}


def delays(hours: Mapping[str, int]) -> str:
    """« vert et jaune : 24 h ; orange : 4 h ; rouge : 1 h »."""
    names = {"1": "vert et jaune", "3": "orange", "4": "rouge"}
    return " ; ".join(f"{names[group]} : {length(n)}" for group, n in sorted(hours.items()))


def length(hours: int) -> str:
    return f"{hours // 24} jours" if hours >= 48 and hours % 24 == 0 else f"{hours} h"


class LevelForm(forms.Form):
    """A new level of alert."""

    level = forms.TypedChoiceField(label="Niveau d’alerte", choices=spoken(LEVELS), coerce=int)
    adjust = forms.BooleanField(
        label="Prendre aussi les horaires et le rythme prévus à ce niveau", required=False, initial=True
    )


class PauseForm(forms.Form):
    reason = words("Pourquoi suspendre les appels ?", "L’équipe le lit.", most=200, required="Dites pourquoi.")
    public_message = forms.CharField(label="Message de la page publique", required=False, max_length=300, widget=forms.TextInput(attrs=OFF))  # noqa: E501  # fmt: skip


class CloseForm(forms.Form):
    transfer_to = forms.ChoiceField(
        label="Qui reprend les urgences et les recherches en cours ?", required=False,
        help_text="Sans repreneur, une campagne où l’on cherche encore quelqu’un ne se clôt pas.",
    )  # fmt: skip
    public_message = forms.CharField(label="Message de la page publique", required=False, max_length=300, widget=forms.TextInput(attrs=OFF))  # noqa: E501  # fmt: skip

    def __init__(self, supervisors: Sequence[tuple[int, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["transfer_to"].choices = [  # type: ignore[attr-defined]
            ("", "Personne"), *((str(pk), label) for pk, label in supervisors),
        ]  # fmt: skip


class PostedForm(forms.Form):
    posted_on = day("Lettres postées le", "Les appels commencent trois jours après.", required=True)


class StopForm(forms.Form):
    number = PhoneField(
        label="Numéro qui a répondu STOP", required=True, error_messages={"required": "Écrivez ce numéro."}
    )

    def clean_number(self) -> str:
        try:
            return phones.normalise(str(self.cleaned_data["number"]))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class DecisionForm(forms.Form):
    decision = words("Référence de votre décision", "Par exemple « Avis 12 du 3 juin 2026 ».", most=200, required="Écrivez la référence.")  # noqa: E501  # fmt: skip
