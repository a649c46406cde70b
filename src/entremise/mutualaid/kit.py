"""The section `[mutualaid]` of a crisis kit: categories of help, sentences, charter, consents, messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from entremise.kernel.actors import Actor
from entremise.kits import queries as kits, usecases as kits_usecases
from entremise.kits.registry import Change, Code, Rows, Strict, Text, section
from entremise.mutualaid import usecases
from entremise.mutualaid.models import Category

# Places a message may hold, with the longest value each takes. None says anything of a person: a message travels
# in clear, through operators, to a telephone others may read.
PLACES: Mapping[str, int] = {
    "service": 20,  # short name of the service
    "phone": 14,  # its telephone
    "code": 7,  # case code
    "url": 38,  # link with its token
    "category": 24,  # short label of the category
    "when": 14,  # day and half-day
    "hours": 2,  # hours left to answer
}
SMS_SIGNS = 160
# The signs of one SMS of 160: GSM 03.38, default alphabet. Any other sign cuts the message to 70.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

Urgency = Literal["today", "days", "week", "planned"]


class CategorySchema(Strict):
    """One kind of help. `code` never changes; `needs_text` asks the person for a few words."""

    code: Code
    label: Text
    hint: Text
    remote: Literal["no", "yes", "mixed"]
    sensitivity: Literal["standard", "sensitive"]
    urgency: Urgency
    needs_text: bool = False
    reviewed: bool = False


class MessageSchema(Strict):
    """A message by SMS (≤ 160 signs in each language, places at their longest) or e-mail (with a subject)."""

    channel: Literal["sms", "email"]
    subject: Text | None = None
    text: Text

    @model_validator(mode="after")
    def _fits(self) -> MessageSchema:
        if (self.channel == "email") != (self.subject is not None):
            raise ValueError("un courriel a un objet (subject), un SMS n’en a pas")
        subject = self.subject.as_dict() if self.subject else {}
        for text in [*self.text.as_dict().values(), *subject.values()]:
            _check_places(text)
        if self.channel == "sms":
            for language, text in self.text.as_dict().items():
                _check_sms(language, text)
        return self


class CharterSchema(Strict):
    title: Text
    intro: Text
    rules: Annotated[Rows[Text], Field(min_length=1)]
    signature: Text


class Schema(Strict):
    categories: Annotated[Rows[CategorySchema], Field(min_length=1, max_length=62)]
    texts: dict[Code, Text]
    consents: dict[Code, Text]
    charter: CharterSchema
    messages: dict[Code, MessageSchema]

    @model_validator(mode="after")
    def _codes_once(self) -> Schema:
        seen: set[str] = set()
        for category in self.categories:
            if category.code in seen:
                raise ValueError(f"la catégorie « {category.code} » figure deux fois")
            seen.add(category.code)
        return self

    def wordings(self) -> dict[str, Text]:
        """Key → sentence, as `kits` keeps them: `mutualaid.texts.hours`, `mutualaid.consents.phone_intake`…"""
        return dict(self._wordings())

    def _wordings(self) -> Iterator[tuple[str, Text]]:
        for key, text in self.texts.items():
            yield f"mutualaid.texts.{key}", text
        for key, text in self.consents.items():
            yield f"mutualaid.consents.{key}", text
        yield "mutualaid.charter.title", self.charter.title
        yield "mutualaid.charter.intro", self.charter.intro
        rules = self.charter.rules
        yield "mutualaid.charter.rules", _joined(rules)
        yield "mutualaid.charter.signature", self.charter.signature
        for key, message in self.messages.items():
            if message.subject:
                yield f"mutualaid.messages.{key}.subject", message.subject
            yield f"mutualaid.messages.{key}.{message.channel}", message.text


def _joined(rules: tuple[Text, ...]) -> Text:
    """One rule a line: the charter is read and signed as a whole, and has one version."""
    return Text(fr="\n".join(rule.fr for rule in rules), en="\n".join(rule.en for rule in rules))


def _check_places(text: str) -> None:
    try:
        places = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(f"accolades mal fermées dans « {text[:40]}… »") from error
    if unknown := sorted(set(places) - set(PLACES)):
        known = ", ".join(f"{{{name}}}" for name in PLACES)
        raise ValueError(f"emplacement inconnu {{{unknown[0]}}} ; un message n’admet que {known}")


def _check_sms(language: str, text: str) -> None:
    longest = text.format(**{name: "x" * length for name, length in PLACES.items()})
    if strange := sorted(set(longest) - GSM):
        raise ValueError(f"le SMS ({language}) contient « {strange[0]} », qui le couperait à 70 signes")
    if len(longest) > SMS_SIGNS:
        raise ValueError(f"le SMS ({language}) peut atteindre {len(longest)} signes ; la limite est de {SMS_SIGNS}")


COLUMNS = (
    "label",
    "label_en",
    "hint",
    "hint_en",
    "remote",
    "sensitive",
    "needs_text",
    "reviewed",
    "urgency",
    "retired",
)


def _rows(content: Schema) -> list[Category]:
    return [
        Category(
            code=item.code,
            label=item.label.fr,
            label_en=item.label.en,
            hint=item.hint.fr,
            hint_en=item.hint.en,
            remote=item.remote,
            sensitive=item.sensitivity == "sensitive",
            needs_text=item.needs_text,
            reviewed=item.reviewed,
            urgency=item.urgency,
        )
        for item in content.categories
    ]


def plan(content: Schema) -> list[Change]:
    """A category in use is never deleted: one that left the kit stays as it is."""
    known = {category.code: category for category in Category.objects.all()}
    changes = []
    for row in _rows(content):
        old = known.get(row.code)
        if old is None:
            changes.append(Change("add", f"catégorie {row.code}", after=row.label))
            continue
        for name in COLUMNS:
            before, after = getattr(old, name), getattr(row, name)
            if before != after:
                changes.append(Change("change", f"catégorie {row.code}, {name}", str(before), str(after)))
    return changes + kits.plan_texts(content.wordings())


def apply(actor: Actor, content: Schema, kit: str) -> None:
    usecases.set_categories(actor, wanted=_rows(content))
    kits_usecases.set_wordings(actor, texts=content.wordings(), kit=kit)


section("mutualaid", Schema, plan, apply)
