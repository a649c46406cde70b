"""Letters of a register: acknowledgements, information, confirmations. Printed in batches, addressed by what is held.

A batch is a paper list: motive, second factor, 200 lines and five lists an hour at most, decided by the rules
(`rule-inform-print`, `floor-print`). Whoever may not be on it stays out and is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, pdf
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.machines import IllegalTransition
from entremise.people.models import Person
from entremise.people.usecases import record_information
from entremise.registers import policies, queries
from entremise.registers.engine.cells import names_in
from entremise.registers.models import ENROLMENT, CheckLine, CheckRound, Enrolment
from entremise.territories.queries import theme
from entremise.vault import queries as facts, usecases as vault

ACKNOWLEDGED = declare("registers.enrolment.acknowledged", "a envoyé des accusés de réception d’inscription")
TOLD = declare("registers.information.printed", "a imprimé des lettres d’information sur un registre")
ASKED = declare("registers.check.printed", "a imprimé des lettres de confirmation")

INFORM: Final = "registers.inform"
BATCH: Final = 100
"""Letters in one print (PD). The rules allow 200 lines a list, and 120 records an hour to one person."""
SOURCE: Final = Path(__file__).parents[2] / "data" / "letters.typ"
TEXT_VERSION: Final = "registers.information.1"


class NoLetter(DomainError):
    """Nobody to write to: nothing waits, or no address may be read."""

    code = "no_letter"


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """A PDF to print at once, kept nowhere; for whom it is, and how many could not be on it."""

    content: bytes
    persons: tuple[UUID, ...]
    left_out: int

    def __repr__(self) -> str:
        return f"<Batch {len(self.persons)} letters, {self.left_out} left out>"


@sensitive_variables()
@transaction.atomic
def print_acknowledgements(
    actor: Actor, *, register: str, enrolments: Sequence[Enrolment] = (), large: bool = False
) -> Batch:
    """The letters that are due, the most pressing first, in one PDF; each enrolment is then *accusé envoyé*, today.

    `enrolments`: these ones only. All of one batch or none. Raises NotAllowed, NoLetter, IllegalTransition (somebody
    else printed them meanwhile), FreshFactorNeeded, and the refusals of `vault.usecases.open_many`.
    """
    policies.require_keeper(actor)
    row = queries.register_seen(actor, register)
    waiting = list(enrolments) or queries.letters_due(register, BATCH)
    by_person = {one.person_id: one for one in waiting if one.register == register}
    to, left_out = _addresses(actor, row, list(by_person), f"Accusés de réception, {row.label}")
    today = clock.today()
    letters = [
        _letter(to[pk], [*_received(by_person[pk], row), *RECEIPT_LINES], RIGHTS_LINES) for pk in by_person if pk in to
    ]
    made = _set("Votre inscription est enregistrée", letters, large)
    for pk in to:
        ENROLMENT.move(by_person[pk], "acknowledge", acknowledged_on=today)
    record(actor, ACKNOWLEDGED, next(by_person[pk] for pk in to), register=register, letters=len(to))
    return Batch(made, tuple(to), left_out)


@sensitive_variables()
@transaction.atomic
def print_information(actor: Actor, *, register: str, large: bool = False) -> Batch:
    """Tell the persons of a re-used file that it is held, where it comes from, how to say no (RGPD 14).

    The next ones that wait, oldest first; each is then *informée*, today. Raises as `print_acknowledgements`.
    """
    policies.require_keeper(actor)
    row = queries.register_seen(actor, register)
    waiting = queries.never_told(register)[:BATCH]
    to, left_out = _addresses(actor, row, waiting, f"Lettres d’information, {row.label}")
    letters = [_letter(to[pk], _information(row), OBJECT_LINES) for pk in waiting if pk in to]
    made = _set("Ce que nous savons de vous, et pourquoi", letters, large)
    persons = Person.objects.in_bulk(list(to))
    for pk in to:
        record_information(
            actor.through("paper"),
            person=persons[pk],
            register=register,
            way="letter",
            text_version=TEXT_VERSION,
            informed_on=clock.today(),
        )
    record(actor, TOLD, persons[next(iter(to))], register=register, letters=len(to))
    return Batch(made, tuple(to), left_out)


@sensitive_variables()
@transaction.atomic
def print_checks(actor: Actor, *, check_round: CheckRound, large: bool = False) -> Batch:
    """The next letters of a campaign: « Est-ce toujours juste ? » Raises as `print_acknowledgements`."""
    policies.require_keeper(actor)
    row = queries.register_seen(actor, check_round.register)
    lines = list(CheckLine.objects.filter(round=check_round, answer="", sent_on=None)[:BATCH])
    to, left_out = _addresses(actor, row, [one.person_id for one in lines], f"Lettres de confirmation, {row.label}")
    letters = [
        _letter(to[one.person_id], _check(row, f"{check_round.public_id}-{one.rank}"), RIGHTS_LINES)
        for one in lines
        if one.person_id in to
    ]
    made = _set("Ces informations sont-elles toujours justes ?", letters, large)
    sent = CheckLine.objects.filter(round=check_round, person__in=list(to), sent_on=None)
    sent.update(sent_on=clock.today())
    record(actor, ASKED, check_round, register=check_round.register, letters=len(to))
    return Batch(made, tuple(to), left_out)


@sensitive_variables()
def _addresses(
    actor: Actor, row: facts.RegisterRow, persons: Sequence[UUID], motive: str
) -> tuple[dict[UUID, list[str]], int]:
    """Person → lines of the address, for those whom the rules let be written to; how many stay out. NoLetter."""
    if not persons:
        raise NoLetter("Aucune lettre n’attend. Revenez quand une demande sera notée.")
    fields = [f"{row.code}.names", f"{row.code}.address"]
    found = vault.open_many(
        actor, persons=persons, fields=fields, purpose=INFORM, motive=motive[:300], listing="print"
    )
    to = {}
    for pk, opening in found.items():
        name, address = (opening.values.get(field, "") for field in fields)
        if name and address:
            to[pk] = [_spoken(name), *(part.strip() for part in address.split(",") if part.strip())]
    if not to:
        raise NoLetter("Aucune de ces personnes ne peut recevoir de lettre : adresse inconnue, opposition ou gel.")
    return to, len(persons) - len(to)


def _spoken(cell: str) -> str:
    said = names_in(cell)
    return f"{said.get('first_name', '')} {said.get('last_name', '')}".strip()


@sensitive_variables()
def _letter(to: Sequence[str], lines: Sequence[str], closing: Sequence[str]) -> dict[str, Any]:
    return {"to": list(to), "lines": list(lines), "closing": list(closing)}


@sensitive_variables()
def _set(title: str, letters: list[dict[str, Any]], large: bool) -> bytes:
    house = theme()
    sender = [house.name, *house.postal_address.splitlines(), *([house.phone] if house.phone else [])]
    data = {
        "title": title,
        "from": sender,
        "place": f"Le {date_format(clock.today(), 'j F Y')}",
        "large": large,
        "letters": letters,
    }
    return pdf.render(SOURCE.read_text(encoding="utf-8"), data)


def _day(day: date) -> str:
    return date_format(day, "j F Y")


def _received(one: Enrolment, row: facts.RegisterRow) -> list[str]:
    if one.received_on is None:
        raise IllegalTransition(
            "La date de la demande manque : complétez-la d’abord. La lettre la cite, elle ne s’invente pas."
        )
    who = {
        "self": "Vous nous avez demandé",
        "representative": "Votre représentant légal nous a demandé",
        "third_party": "Une personne qui vous connaît nous a demandé par écrit",
        "unsaid": "Vous nous avez demandé, ou votre représentant légal l’a fait pour vous",
    }[one.asked_by]
    return [
        f"{who}, le {_day(one.received_on)}, de vous inscrire au registre « {row.label} ». C’est fait : l’inscription "
        f"vaut depuis ce jour. Référence : {one.public_id}."
    ]


RECEIPT_LINES: Final = (
    "Sans opposition de votre part, la réception de cette lettre vaut confirmation de votre accord.",
    "En cas de forte chaleur, de grand froid ou d’un autre danger, et seulement quand le plan d’alerte est déclenché, "
    "nous pourrons vous appeler ou vous rendre visite. Ce registre ne sert à rien d’autre.",
)
RIGHTS_LINES: Final = (
    "Vous pouvez quitter ce registre à tout moment, sans donner de raison : appelez-nous, écrivez-nous ou venez.",
    "Vous pouvez demander à voir, corriger ou effacer ce que nous avons noté. Être inscrit est facultatif. Les agents "
    "qui lisent ce registre sont désignés par écrit et tenus au secret.",
)
OBJECT_LINES: Final = (
    "Si vous n’êtes pas d’accord, dites-le-nous par téléphone, par lettre ou sur place : nous ne nous servirons plus "
    "de ces informations. Vous pouvez aussi demander à les voir, à les corriger ou à les effacer.",
    "Un désaccord persiste ? La CNIL reçoit les réclamations : 3 place de Fontenoy, 75334 Paris Cedex 07, cnil.fr.",
)


def _information(row: facts.RegisterRow) -> list[str]:
    source = row.controller or theme().name
    return [
        f"Nous avons reçu des informations sur vous du fichier « {row.label} », tenu par {source}.",
        "Nous avons votre nom, vos coordonnées et ce que ce fichier dit de l’aide que vous recevez. Pour l’instant, "
        "ces informations ne servent qu’à vous écrire cette lettre et à ne pas vous compter deux fois.",
        "Pendant une crise, elles nous aideraient à vous appeler pour savoir si tout va bien. Il existe aussi un "
        "registre où vous pouvez demander à être inscrit : c’est votre choix, un appel suffit.",
        f"Ces informations seront détruites au plus tard le {_day(clock.day_of(row.expires_at))}.",
    ]


def _check(row: facts.RegisterRow, reference: str) -> list[str]:
    return [
        f"Vous êtes au registre « {row.label} ». Nous vérifions deux fois par an que ce que nous savons est juste.",
        "Votre nom et votre adresse sont ceux de cette lettre. Si votre téléphone ou votre adresse a changé, ou si "
        "vous ne voulez plus être dans ce registre, appelez-nous. Si tout est juste, un appel nous suffit aussi.",
        f"Référence à donner : {reference}.",
    ]
