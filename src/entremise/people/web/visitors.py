"""Who is behind « Mes données »: a person proved by a letter code, or come by a link; for themself or as a proxy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.http import Request
from entremise.people import queries, usecases
from entremise.people.models import Mandate, Person

KEY = "people.visitor"
STAY = timedelta(minutes=30)
"""How long a proof lasts in one browser (PD: ours): a shared computer forgets."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`actor` acts; `me` is who came; `person` whose data are shown; `proved`: by two means."""

    actor: Actor
    me: Person
    person: Person
    proved: bool
    mandate: Mandate | None = None


def let_in(request: Request, person: Person, *, proved: bool) -> None:
    """Remember who came, under a new session: whoever planted the old one learns nothing."""
    request.session.cycle_key()
    until = (clock.now() + STAY).isoformat()
    request.session[KEY] = {"person": str(person.pk), "until": until, "proved": proved, "mandate": ""}


def let_out(request: Request) -> None:
    request.session.pop(KEY, None)
    request.session.cycle_key()


def visitor(request: Request) -> Visitor | None:
    """Who is here now, None after half an hour; a mandate that ended or was taken back is no mandate."""
    said = request.session.get(KEY)
    if not said or datetime.fromisoformat(said["until"]) <= clock.now():
        return None
    try:
        me = queries.person(UUID(said["person"]))
    except NotFound:
        return None
    actor = replace(Actor.person(me.pk), mfa=said["proved"], fresh_mfa=said["proved"])
    if said["mandate"]:
        try:
            mandate = queries.mandate_of(said["mandate"])
            return Visitor(usecases.acting(actor, mandate=mandate), me, mandate.person, said["proved"], mandate)
        except (NotAllowed, NotFound):
            pass
    return Visitor(actor, me, me, said["proved"])


def expected(request: Request) -> Visitor:
    """Raises NotAllowed for nobody: the page says to type a code again."""
    who = visitor(request)
    if who is None:
        raise NotAllowed("Votre visite est finie. Retournez à « Mes données » et tapez un code.")
    return who


def act_for(request: Request, public_id: str) -> None:
    """From now on for this mandate (empty: for oneself again)."""
    said = dict(request.session[KEY])
    said["mandate"] = public_id
    request.session[KEY] = said
