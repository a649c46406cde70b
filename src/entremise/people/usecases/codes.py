"""Codes printed on letters: issued, typed once with the birth date, killed after five errors."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NoReturn
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people import queries
from entremise.people.engine import codes
from entremise.people.models import Knock, LetterCode, Person
from entremise.people.usecases.speaking import require_desk

ISSUED = declare("people.code.issued", "a remis un code de lettre")
ISSUED_MANY = declare("people.codes.issued", "a remis plusieurs codes de lettre")
USED = declare("people.code.used", "a ouvert « Mes données » avec un code de lettre")
EXPIRED = declare("people.codes.expired", "a fait échoir des codes de lettre")
TOLD = declare("people.code.told", "a imprimé la lettre qui dit qu’un code a été annulé")

LIFE = timedelta(days=30)
MOST_ERRORS = 5
NETWORK, ALL = 20, 2000
"""Tries in one hour: from one network, and on the whole site (PD: ours)."""
NOBODY = b"\x00" * 16


class CodeRefused(DomainError):
    """One sentence for every cause: wrong, unknown, used, old or killed code, wrong date."""

    code = "code_refused"


class TooManyTries(DomainError):
    code = "too_many_tries"


class BirthDateMissing(DomainError):
    code = "birth_date_missing"


SAME = (
    "Ce code et cette date ne vont pas ensemble, ou le code a déjà servi. Vérifiez les deux. "
    "Au bout de 5 erreurs, le code est annulé : demandez-en un autre par téléphone ou au guichet."
)


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A code, to be printed at once: it is kept nowhere. `person` is whom it is for."""

    person: UUID
    code: str
    row: LetterCode

    def __repr__(self) -> str:
        return f"<Issued {self.row.public_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a code is printed, neither cached, queued nor pickled")


def _selector(code: str) -> str:
    return salted_hmac("entremise.people.letter", code[: codes.SELECTOR], algorithm="sha256").hexdigest()[:32]


@sensitive_variables()
@transaction.atomic
def issue_codes(actor: Actor, *, births: Sequence[tuple[UUID, date | None]]) -> list[Issued]:
    """One fresh code per person, for letters to the address held; the former one is replaced. Rights desk only.

    `births`: (person, birth date held, or seen on a document). Raises NotAllowed, SecondFactorNeeded, NotFound,
    BirthDateMissing (without a date, a found letter would open the file).
    """
    require_desk(actor)
    made = [_issue(actor, queries.person(pk), birth) for pk, birth in births]
    if made:
        record(actor, ISSUED if len(made) == 1 else ISSUED_MANY, made[0].row, codes=len(made))
    return made


@sensitive_variables()
def _issue(actor: Actor, person: Person, birth: date | None) -> Issued:
    if birth is None:
        raise BirthDateMissing(
            "La date de naissance n’est pas connue : vérifiez l’identité de la personne au guichet, notez sa date, "
            "puis remettez le code."
        )
    now = clock.now()
    live = LetterCode.objects.filter(person=person, state="issued")
    live.update(state="replaced", closed_at=now)
    while True:
        code, salt = codes.new(), secrets.token_bytes(16)
        row = LetterCode(
            person=person,
            selector=_selector(code),
            salt=salt,
            digest=codes.digest(code, birth, salt),
            issued_by=actor.user_id,
            issued_at=now,
            until=now + LIFE,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # these four signs are taken, or a colleague has just issued one for this person
            live.update(state="replaced", closed_at=now)
            continue
        return Issued(person.pk, code, row)


def knock(*, network: str) -> None:
    """Count one try of this network, and one of everybody. Raises TooManyTries. Kept even if the try is refused."""
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    for who, most in ((network, NETWORK), ("*", ALL)):
        mark = salted_hmac(f"entremise.people.knock.{now:%Y%m%d}", who, algorithm="sha256").hexdigest()[:32]
        with transaction.atomic():
            count = Knock.one_more(mark=mark, hour=hour)
        if count > most:
            raise TooManyTries("Beaucoup d’essais sont arrivés d’ici en une heure. Appelez-nous : on s’en occupe.")


@sensitive_variables()
def use_code(actor: Actor, *, code: str, birth: date) -> Person:
    """The person whose code it is; the code is then spent. The same work and the same refusal in every other case.

    Not one transaction: an error that counts must stay counted when the door answers no.
    Raises CodeRefused.
    """
    said = codes.read(code) or "?" * codes.LENGTH
    row = LetterCode.objects.filter(selector=_selector(said), state="issued").first()
    digest = codes.digest(said, birth, bytes(row.salt) if row else NOBODY)
    right = row is not None and secrets.compare_digest(digest, bytes(row.digest)) and clock.now() < row.until
    if row is None or not right:
        _count_error(row)
        raise CodeRefused(SAME)
    with transaction.atomic():
        spent = LetterCode.objects.filter(pk=row.pk, state="issued", errors__lt=MOST_ERRORS)
        if not spent.update(state="used", closed_at=clock.now()):  # of two who come at once, one enters
            raise CodeRefused(SAME)
        record(actor, USED, row)
    return queries.person(row.person_id)


def _count_error(row: LetterCode | None) -> None:
    """One more error on this row; the fifth kills it. The same two statements when there is none."""
    with transaction.atomic():
        rows = LetterCode.objects.filter(pk=row.pk if row else 0, state="issued")
        rows.update(errors=F("errors") + 1)
        rows.filter(errors__gte=MOST_ERRORS).update(state="killed", closed_at=clock.now())


@transaction.atomic
def tell_killed(actor: Actor, *, code: LetterCode) -> bool:
    """The letter that says a code was killed has been printed. NotAllowed, SecondFactorNeeded."""
    require_desk(actor)
    if not LetterCode.objects.filter(pk=code.pk, state="killed", told=False).update(told=True):
        return False
    record(actor, TOLD, code)
    return True


@transaction.atomic
def expire_codes(actor: Actor) -> int:
    """Every day: codes past their 30 days, and old counts of tries; how many codes fell."""
    now = clock.now()
    Knock.objects.filter(hour__lt=now - timedelta(days=1)).delete()
    old = LetterCode.objects.filter(state="issued", until__lte=now)
    first = old.order_by("pk").first()
    count = old.update(state="expired", closed_at=now)
    if first is not None and count:
        record(actor, EXPIRED, first, codes=count)
    return count
