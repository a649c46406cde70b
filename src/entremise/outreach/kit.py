"""The section `[outreach]` of a crisis kit: what a campaign of this crisis starts from. It opens nothing by itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from entremise.kernel.actors import Actor
from entremise.kits.registry import Change, Rows, Sentence, Strict, section
from entremise.outreach import usecases
from entremise.outreach.engine import hours, sms
from entremise.outreach.models import CampaignDefaults
from entremise.outreach.queries.scripts import scripts_missing, shipped_scripts

Ranges = Annotated[str, Field(max_length=60)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Hour = Annotated[int, Field(ge=1, le=24 * 60)]
HOUSE, NUMBER = "x" * 24, "04 76 00 00 00"
"""What the places of a text are measured with: a usual name of a town hall, a telephone."""


class LevelSchema(Strict):
    """Hours and rhythm at a level of alert. `cooldown`: minutes between two attempts; `slots`: kinds of slots."""

    weekdays: Ranges
    saturday: Ranges = ""
    sunday: Ranges = ""
    holidays: bool = False
    attempts: Annotated[int, Field(ge=1, le=10)]
    slots: Annotated[int, Field(ge=1, le=4)]
    cooldown: Annotated[int, Field(ge=5, le=7 * 24 * 60)]
    recurrence: Literal["none", "daily", "weekly"] = "none"

    @model_validator(mode="after")
    def _read(self) -> LevelSchema:
        for text in (self.weekdays, self.saturday, self.sunday):
            try:
                hours.read_ranges(text)
            except hours.HoursWrong as error:
                raise ValueError(str(error)) from None
        return self


class StepSchema(Strict):
    """A step of the search for who does not answer: hours from its opening, by group of levels of alert."""

    kind: Literal["other_number", "relative", "neighbour", "visit", "letter", "police", "fire"]
    level_1: Hour | None = None
    level_3: Hour | None = None
    level_4: Hour | None = None

    @model_validator(mode="after")
    def _some(self) -> StepSchema:
        if not self.hours():
            raise ValueError("donnez un délai, en heures, pour au moins un niveau : level_1, level_3 ou level_4")
        return self

    def hours(self) -> dict[str, int]:
        said = {"1": self.level_1, "3": self.level_3, "4": self.level_4}
        return {level: hours for level, hours in said.items() if hours is not None}


class NumberSchema(Strict):
    number: Annotated[str, Field(pattern=r"^[0-9][0-9 ]{1,17}$")]
    label: Annotated[Sentence, Field(max_length=60)]


class TextsSchema(Strict):
    """`{house}` and `{number}` are filled at sending. The SMS stays in the GSM alphabet: two messages at most."""

    sms: Sentence
    letter: Sentence

    @model_validator(mode="after")
    def _short(self) -> TextsSchema:
        found = sms.size(self.sms.replace("{house}", HOUSE).replace("{number}", NUMBER))
        if found.strange:
            raise ValueError(f"le SMS contient « {found.strange[0]} », qui le couperait à 70 signes")
        if found.segments > 2:
            raise ValueError(f"le SMS tient en {found.segments} messages ; la limite est de deux")
        if "STOP" not in self.sms:
            raise ValueError("le SMS dit comment refuser : répondre STOP")
        return self


class Schema(Strict):
    purpose: Literal["outreach.call", "outreach.keep_in_touch"] = "outreach.call"
    languages: Annotated[Rows[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]], Field(min_length=1)] = ("fr",)
    same_caller: bool = True
    scripts: Rows[Slug] = ()
    modules: Rows[Slug] = ()
    levels: dict[Literal["1", "3", "4"], LevelSchema]
    ladder: Annotated[Rows[StepSchema], Field(min_length=1, max_length=9)]
    numbers: Rows[NumberSchema] = ()
    announcement: TextsSchema

    @model_validator(mode="after")
    def _whole(self) -> Schema:
        if missing := sorted({"1", "3", "4"} - set(self.levels)):
            raise ValueError(f"réglages absents pour les niveaux d’alerte : {', '.join(missing)}")
        if unknown := sorted(set(self.scripts) - set(shipped_scripts())):
            raise ValueError(f"scripts qui ne sont pas livrés : {', '.join(unknown)}")
        kinds = [one.kind for one in self.ladder]
        if len(kinds) != len(set(kinds)):
            raise ValueError("une étape de recherche figure deux fois")
        return self

    def values(self) -> dict[str, Any]:
        """As `CampaignDefaults` keeps it: JSON, every key present."""
        said = self.model_dump(mode="json")
        return said | {"ladder": [{"kind": one.kind, "hours": one.hours()} for one in self.ladder]}


def plan(content: Schema) -> list[Change]:
    """What is proposed to the next campaigns (those that exist keep theirs), and the scripts that are missing."""
    changes = [
        Change("add", f"script d’appel {code}", after="en service") for code in scripts_missing(list(content.scripts))
    ]
    if any(row.values == content.values() for row in CampaignDefaults.objects.all()):
        return changes
    said = "horaires, rythme, recherche, textes"
    return [Change("add", "réglages proposés aux campagnes d’appels", after=said), *changes]


def apply(actor: Actor, content: Schema, kit: str) -> None:
    usecases.install_scripts(actor, codes=content.scripts, kit=kit)
    usecases.set_campaign_defaults(actor, kit=kit, values=content.values())


section("outreach", Schema, plan, apply)
