"""What a supervisor fills in: to whom tasks go, what becomes of one, why."""

from __future__ import annotations

from typing import Any

from django import forms

from entremise.accounts.models import User
from entremise.outreach.models import CLOSED, DISPOSITIONS, CallCampaign, CallTask
from entremise.outreach.usecases.calls.incoming import RECEIVABLE
from entremise.people.engine import phone as phones

AFTER = {
    "ready": "la remettre dans la file",
    "scheduled": "la rappeler à une date",
    "escalated": "la faire rechercher (proche, voisin, visite)",
    "done": "elle est faite",
    "closed": "la clore, avec un motif",
}
REASON = "Écrivez en quelques mots pourquoi, sans donnée de santé."


class ReasonForm(forms.Form):
    use_required_attribute = False

    reason = forms.CharField(
        label="Pourquoi ?",
        max_length=180,
        help_text="Quelques mots, sans nom ni donnée de santé.",
        error_messages={"required": REASON},
    )


class OrphanForm(ReasonForm):
    """Taking up a late report, or putting it aside."""


class BulkForm(ReasonForm):
    """Chosen tasks, given to a caller of the territory (or to anybody), or taken back when they are `stuck`."""

    to = forms.ModelChoiceField(
        User.objects.none(), label="Les confier à", required=False, empty_label="n’importe quel appelant"
    )

    def __init__(self, *args: Any, campaign: CallCampaign, stuck: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["to", "reason"])
        if stuck:
            del self.fields["to"]
        else:
            users = User.objects.filter(caller__state="active", caller__level__gte=1, is_active=True)
            self.fields["to"].queryset = users.order_by("label")  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[str]:
        """The references ticked on the page, kept when the form comes back with an error."""
        return list(self.data.getlist("tasks")) if hasattr(self.data, "getlist") else []

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        found["tasks"] = self.chosen[:500]
        if not found["tasks"]:
            self.add_error(None, "Cochez au moins une fiche.")
        return found


class DecisionForm(ReasonForm):
    """What becomes of a task put aside, or of a closed one opened again."""

    to = forms.ChoiceField(
        label="Que fait-on ?",
        choices=list(AFTER.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la suite."},
    )
    next_at = forms.DateTimeField(
        label="Prochain appel",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "Donnez le jour et l’heure, par exemple 12/07/2030 10:30."},
    )
    closed_reason = forms.ChoiceField(
        label="Motif de fin",
        required=False,
        choices=[("", "sans objet"), *((code, CLOSED[code]) for code in ("moved", "deceased", "institution",
                                                                         "no_number", "other"))],
    )  # fmt: skip
    complexity = forms.TypedChoiceField(
        label="Complexité",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "inchangée"), (1, "1"), (2, "2"), (3, "3"), (4, "4")],
    )

    def __init__(self, *args: Any, task: CallTask, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["to", "next_at", "closed_reason", "complexity", "reason"])
        if task.state == "closed":
            self.fields["to"].choices = [("ready", AFTER["ready"])]  # type: ignore[attr-defined]
            for name in ("next_at", "closed_reason", "complexity"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("to") == "scheduled" and not found.get("next_at") and "next_at" not in self.errors:
            self.add_error("next_at", "Donnez le jour et l’heure du prochain appel.")
        if found.get("to") == "closed" and not found.get("closed_reason"):
            self.add_error("closed_reason", "Choisissez le motif de fin.")
        return found


class NumberForm(forms.Form):
    """The number a person calls from, normalised; shown again only when it must be corrected."""

    use_required_attribute = False

    phone = forms.CharField(
        label="Numéro affiché, ou dit par la personne",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": "Écrivez le numéro, en dix chiffres."},
    )

    def clean_phone(self) -> str:
        try:
            return phones.normalise(self.cleaned_data["phone"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class IncomingForm(forms.Form):
    """What came of a call that was received."""

    use_required_attribute = False

    key = forms.CharField(widget=forms.HiddenInput, min_length=8, max_length=64)
    disposition = forms.ChoiceField(
        label="Que s’est-il passé ?",
        choices=[(code, DISPOSITIONS[code]) for code in DISPOSITIONS if code in RECEIVABLE and code != "emergency"],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez ce que la personne a dit."},
    )
    next_at = forms.DateTimeField(
        label="Rappeler le",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "Donnez le jour et l’heure, par exemple 12/07/2030 10:30."},
    )
    message = forms.CharField(label="Message pour le prochain appel", max_length=280, required=False)
