"""Letters: codes, answers, warnings. Addressed to where the person lives by what is held, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock, pdf
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people.engine import codes, identity
from entremise.people.models import LetterCode, Person, RightsRequest
from entremise.people.usecases.codes import issue_codes, tell_killed
from entremise.people.usecases.copies import Copy, copy_of
from entremise.people.usecases.journal import Access, accesses_of
from entremise.people.usecases.rights import person_asked
from entremise.people.usecases.speaking import RIGHTS, require_desk
from entremise.territories.queries import theme
from entremise.vault import queries as facts, registry, usecases as vault

DATA = Path(__file__).parents[1] / "data"
SEEN = timedelta(minutes=15)
MOST = 50
"""Codes in one batch."""
CNIL = "CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07 (cnil.fr)"


class AddressMissing(DomainError):
    code = "address_missing"


class TooManyLetters(DomainError):
    code = "too_many_letters"


@dataclass(frozen=True, slots=True, repr=False)
class Addressee:
    lines: tuple[str, ...]
    birth: date | None

    def __repr__(self) -> str:
        return "<Addressee>"


@sensitive_variables()
def addressee(actor: Actor, *, person: Person, motive: str) -> Addressee:
    """Name, address and birth date held, in whatever register. AddressMissing when no letter can reach them."""
    wanted: dict[str, list[str]] = {"names": [], "first_name": [], "last_name": [], "address": [], "birth_date": []}
    for record in facts.records_of(person.pk):
        for code in registry.profile(record.register).fields:
            if code in wanted:
                wanted[code].append(f"{record.register}.{code}")
    names = [name for some in wanted.values() for name in some]
    values = vault.open(actor, person=person.pk, fields=names, purpose=RIGHTS, motive=motive).values if names else {}
    first = {code: next((values[name] for name in some if values.get(name)), "") for code, some in wanted.items()}
    who = " ".join(f"{first['first_name']} {first['last_name']}".split()) or first["names"]
    if not who or not first["address"]:
        raise AddressMissing("Le nom ou l’adresse n’est pas connu : aucune lettre ne peut partir. Voyez au guichet.")
    lines = [line.strip() for line in first["address"].replace("\n", ",").split(",") if line.strip()]
    return Addressee((who, *lines), identity.birth_date(first["birth_date"]))


def _frame(title: str, large: bool) -> dict[str, Any]:
    house = theme()
    sender = [house.name, *house.postal_address.splitlines(), *([house.phone] if house.phone else [])]
    day = date_format(clock.today(), "j F Y")
    return {"title": title, "from": sender, "place": f"Le {day}", "large": large}


def _set(source: str, data: dict[str, Any]) -> bytes:
    return pdf.render((DATA / source).read_text(encoding="utf-8"), data)


def _ask_dpo() -> str:
    contact = theme().dpo_contact
    return f"délégué à la protection des données ({contact})" if contact else "délégué à la protection des données"


@sensitive_variables()
def print_codes(actor: Actor, *, persons: Sequence[Person], motive: str, large: bool = False) -> bytes:
    """One PDF, a letter each, with a fresh code to the address held: that address is the proof of who receives it.

    The desk's own check (`known`) is journalled for each. All or none: raises NotAllowed, AddressMissing,
    BirthDateMissing, TooManyLetters, and the refusals of the vault.
    """
    require_desk(actor)
    if len(persons) > MOST:
        raise TooManyLetters(f"Imprimez {MOST} codes à la fois au plus.")
    to: dict[UUID, Addressee] = {}
    for person in persons:
        vault.check_identity(actor, person=person.pk, how="known", until=clock.now() + SEEN)
        to[person.pk] = addressee(actor, person=person, motive=motive)
    made = issue_codes(actor, births=[(person.pk, to[person.pk].birth) for person in persons])
    until = date_format(clock.today() + timedelta(days=30), "j F Y")
    letters = [
        {
            "to": to[one.person].lines,
            "code": codes.readable(one.code),
            "lines": [
                "Ce code ouvre la page « Mes données » : ce que nous avons noté sur vous, qui l’a lu, et pourquoi.",
                "Allez à l’adresse /mes-donnees/ de notre site, tapez le code et votre date de naissance.",
            ],
            "closing": [
                f"Il sert une seule fois, jusqu’au {until}. Après 5 erreurs, il est annulé.",
                "Ne le donnez à personne : nous ne vous le demanderons jamais par téléphone, sauf si c’est vous qui "
                "appelez pour exercer vos droits.",
            ],
        }
        for one in made
    ]
    return _set("codes.typ", {**_frame("Votre code pour « Mes données »", large), "letters": letters})


@sensitive_variables()
def killed_letter(actor: Actor, *, code: LetterCode, motive: str, large: bool = False) -> bytes:
    """The letter that tells a person that somebody typed their code wrong five times. Rights desk only."""
    require_desk(actor)
    vault.check_identity(actor, person=code.person_id, how="known", until=clock.now() + SEEN)
    to = addressee(actor, person=code.person, motive=motive)
    made = _set(
        "answer.typ",
        {
            **_frame("Votre code a été annulé", large),
            "to": to.lines,
            "lines": [
                "Quelqu’un a tapé votre code avec 5 erreurs. Il est annulé : rien n’a été montré.",
                "Si c’était vous, demandez un autre code par téléphone ou au guichet. Sinon, prévenez-nous.",
            ],
        },
    )
    tell_killed(actor, code=code)
    return made


@sensitive_variables()
def warning_letter(actor: Actor, *, person: Person, motive: str, large: bool = False) -> bytes:
    """The word that goes to the address held, before contact data change. Rights desk only."""
    require_desk(actor)
    to = addressee(actor, person=person, motive=motive)
    lines = [
        "Les coordonnées que nous avons pour vous joindre vont changer, à votre demande.",
        "Si vous n’avez rien demandé, appelez-nous tout de suite : nous arrêtons le changement.",
    ]
    return _set("answer.typ", {**_frame("Vos coordonnées vont changer", large), "to": to.lines, "lines": lines})


@sensitive_variables()
def answer_letter(actor: Actor, *, request: RightsRequest, motive: str, large: bool = False) -> bytes:
    """The answer to a request, as it stands: received, extended, refused, done; with the copy when it was asked.

    Rights desk only. Raises NotFound (nobody identified), AddressMissing, and the refusals of the vault.
    """
    require_desk(actor)
    person = person_asked(request)
    to = addressee(actor, person=person, motive=motive)
    day = date_format(request.received_on, "j F Y")
    lines = [f"Référence : {request.code}.", f"Vous avez exercé un droit le {day} : {request.get_kind_display()}."]
    sections: list[dict[str, Any]] = []
    closing: list[str] = []
    if request.state == "refused":
        lines.append(f"Nous ne pouvons pas y répondre favorablement : {request.get_refusal_display()}.")
        closing = [
            f"Vous pouvez contester cette réponse auprès de notre {_ask_dpo()}, faire une réclamation auprès de la "
            f"{CNIL}, ou saisir le tribunal administratif."
        ]
    elif request.state == "done" or request.kind in ("access", "portability"):
        lines.append(DONE[request.kind])
        if request.kind in ("access", "portability"):
            copy = copy_of(actor, person=person, motive=motive)
            sections = _sections(copy, accesses_of(actor, person=person))
        closing = [f"Une question, un désaccord ? Écrivez à notre {_ask_dpo()}, ou à la {CNIL}."]
    elif request.extended_at is not None:
        due = date_format(request.due_on, "j F Y")
        lines.append(f"Il nous faut plus de temps, car {WHY[request.extension]}. Nous répondrons avant le {due}.")
        closing = [f"Vous pouvez contester ce délai auprès de notre {_ask_dpo()}, ou de la {CNIL}."]
    else:
        lines.append(f"Nous l’avons bien reçue. Nous répondrons avant le {date_format(request.due_on, 'j F Y')}.")
    frame = _frame("Réponse à votre demande", large)
    return _set("answer.typ", {**frame, "to": to.lines, "lines": lines, "sections": sections, "closing": closing})


@sensitive_variables()
def copy_letter(actor: Actor, *, person: Person, motive: str, large: bool = False) -> bytes:
    """What the person downloads from « Mes données »: the whole copy, with who opened what and why."""
    copy = copy_of(actor, person=person, motive=motive)
    sections = _sections(copy, accesses_of(actor, person=person))
    lines = ["Voici ce que nous avons noté à votre sujet, et qui l’a ouvert."]
    closing = [f"Une question, un désaccord ? Écrivez à notre {_ask_dpo()}, ou à la {CNIL}."]
    frame = _frame("Mes données", large)
    return _set("answer.typ", {**frame, "to": [], "lines": lines, "sections": sections, "closing": closing})


DONE = {
    "access": "Voici la copie de vos données.",
    "portability": "Voici vos données. Un fichier réutilisable vous est remis sur demande, sur clé ou par la page.",
    "rectify": "Vos données sont corrigées. Ceux à qui nous les avions données en sont prévenus.",
    "object": "Nous ne nous servons plus de vos données pour cela, dans aucun de nos registres.",
    "restrict": "Vos données sont gelées : elles ne servent plus à rien, même pas aux secours, jusqu’à votre avis.",
    "erase": "Vos données sont effacées. Les copies de sauvegarde le seront dans 30 jours.",
    "contest": "Nous avons examiné l’accès que vous contestez.",
}
WHY = {"complex": "votre demande est complexe", "many": "nous avons reçu beaucoup de demandes"}


@sensitive_variables()
def _sections(copy: Copy, accesses: Sequence[Access] | None) -> list[dict[str, Any]]:
    said = []
    for section in copy.sections:
        rows = [[item.label, item.value or f"Non communiqué : {item.reason}"] for item in section.items]
        said.append({"title": section.label, "text": section.state[0].upper() + section.state[1:] + ".", "rows": rows})
    for label, kept in copy.rooms:
        said.append({"title": label, "rows": [[name, text] for row in kept for name, text in row.items()]})
    if copy.consents or copy.objections:
        told = [
            [registry.PURPOSES.get(one.purpose, one.purpose), _word(one.answer, one.withdrawn_at is not None)]
            for one in copy.consents
        ]
        told += [
            [registry.PURPOSES.get(one.purpose, one.purpose), "opposition" + (" levée" if one.withdrawn_at else "")]
            for one in copy.objections
        ]
        said.append({"title": "Ce que vous avez accepté ou refusé", "rows": told})
    if accesses is None:
        text = "Le délégué à la protection des données vous l’envoie : lui seul le lit."
        said.append({"title": "Qui a ouvert vos données", "text": text, "rows": []})
    else:
        rows = [[date_format(one.at, "j F Y, H:i"), one.sentence] for one in accesses]
        text = "" if rows else "Personne ne les a ouvertes."
        said.append({"title": "Qui a ouvert vos données", "text": text, "rows": rows})
    return said


def _word(answer: str, withdrawn: bool) -> str:
    return "accord retiré" if withdrawn else {"yes": "accord", "no": "refus", "partly": "accord en partie"}[answer]
