from __future__ import annotations

from datetime import date
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from entremise.accounts import policies, queries
from entremise.accounts.models import Membership, Organisation, User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.territories.models import Territory

CREATED = declare("accounts.user.created", "a ouvert un compte")
FOUNDED = declare("accounts.organisation.created", "a créé une structure")
JOINED = declare("accounts.membership.added", "a donné un rôle")
LEFT = declare("accounts.membership.ended", "a mis fin à un rôle")
CLOSED = declare("accounts.session.ended", "a fermé des sessions")
SEEDED = declare("accounts.demo.seeded", "a préparé les comptes de démonstration")
MATCHMAKERS = ["Nadia", "Karim", "Lucie", "Amadou", "Jeanne", "Samir", "Inès", "Théo", "Yasmine", "Paul"]
DEMO_ACCOUNTS = (
    *(
        (name, ("matchmaker",))
        for name in ["Nadia", "Karim", "Lucie", "Amadou", "Jeanne", "Samir", "Inès", "Théo", "Yasmine", "Paul"]
    ),
    ("Claire", ("lead_matchmaker", "sensitive_referent")),
    ("Bruno", ("supervisor",)),
    ("Maud", ("dpo",)),
    ("Hélène", ("controller", "elected")),
    ("Olivier", ("administrator",)),
)
PLAIN = str.maketrans("éèÉÈ", "eeee")


class AlreadyEnded(DomainError):
    code = "membership_already_ended"


class LastAdministrator(DomainError):
    code = "last_administrator"


def _manages(actor: Actor, organisation: Organisation) -> None:
    if not queries.houses_managed(actor).filter(pk=organisation.pk).exists():
        raise NotAllowed("Seules les personnes qui administrent cette structure changent ses membres.")


@transaction.atomic
def create_user(actor: Actor, *, email: str, label: str, password: str | None = None) -> User:
    """Open an account. Without password it opens by a code sent to the address. Raises ValidationError, NotAllowed."""
    if not (policies.administers(actor) or actor.has("org_manager")):
        raise NotAllowed("Seules les personnes qui administrent le site ou une structure ouvrent un compte.")
    user = User(email=email, label=label)
    user.set_password(password)
    user.full_clean()
    user.save()
    record(actor, CREATED, user)
    return user


@transaction.atomic
def create_organisation(
    actor: Actor, *, name: str, kind: str, siret: str = "", rna: str = "", territory: Territory | None = None
) -> Organisation:
    """Add a house (`kind`: see Organisation.KINDS). Raises ValidationError, NotAllowed."""
    if not policies.administers(actor):
        raise NotAllowed("Seules les personnes qui administrent le site créent une structure.")
    house = Organisation(name=name, kind=kind, siret=siret, rna=rna, territory=territory)
    house.full_clean()
    house.save()
    record(actor, FOUNDED, house, kind=kind)
    return house


@transaction.atomic
def add_membership(
    actor: Actor,
    *,
    user: User,
    organisation: Organisation,
    role: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Membership:
    """Give a role in a house, from today unless said; it stops on the morning of `ends_on`."""
    _manages(actor, organisation)
    if not policies.can_give(actor, role):
        raise NotAllowed("Ce rôle est donné par les personnes qui administrent le site.")
    starts = starts_on or clock.today()
    membership = Membership(user=user, organisation=organisation, role=role, starts_on=starts, ends_on=ends_on)
    membership.full_clean()
    membership.save()
    record(actor, JOINED, membership, user=user.public_id, role=role)
    return membership


@transaction.atomic
def invite_member(
    actor: Actor,
    *,
    email: str,
    label: str,
    organisation: Organisation,
    role: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Membership:
    """Give a role to an address: the account is opened when it does not exist yet."""
    _manages(actor, organisation)
    user = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if user is None:
        user = create_user(actor, email=email, label=label)
    return add_membership(actor, user=user, organisation=organisation, role=role, starts_on=starts_on, ends_on=ends_on)


@transaction.atomic
def end_membership(actor: Actor, *, public_id: str, on: date | None = None) -> None:
    """The role stops on the morning of `on`, at once by default. Guarded: the second who ends it is told."""
    membership = queries.memberships_managed(actor).filter(public_id=public_id).first()
    if membership is None:
        raise NotFound("Ce rattachement n’existe pas, ou n’est pas de votre structure.")
    if not policies.can_give(actor, membership.role):
        raise NotAllowed("Ce rôle est retiré par les personnes qui administrent le site.")
    today = clock.today()
    if membership.role == "administrator":  # the rows are locked: two administrators cannot remove each other
        live = Membership.objects.live(today).filter(role="administrator").order_by("pk")
        if set(live.select_for_update(of=("self",)).values_list("user", flat=True)) == {membership.user_id}:
            raise LastAdministrator("C’est la dernière personne qui administre le site : nommez-en d’abord une autre.")
    end = max(on or today, membership.starts_on)
    if not Membership.objects.live_or_to_come(today).filter(pk=membership.pk).update(ends_on=end):
        raise AlreadyEnded("Ce rôle a déjà pris fin.")
    record(actor, LEFT, membership, role=membership.role)


@transaction.atomic
def end_session(actor: Actor, *, keep: str, number: int | None = None) -> int:
    """Close one of one's own sessions, or all but the one whose key is `keep`. Gives how many were closed."""
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour fermer vos sessions.")
    rows = apps.get_model("usersessions", "UserSession").objects.filter(user=actor.user_id)
    rows = rows.exclude(session_key=keep) if number is None else rows.filter(pk=number)
    keys = list(rows.values_list("session_key", flat=True))
    if number is not None and not keys:
        raise NotFound("Cette session est déjà fermée.")
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for key in keys:
        store.delete(key)
    rows.delete()
    record(actor, CLOSED, User(pk=actor.user_id), sessions=len(keys))
    return len(keys)


@transaction.atomic
def seed_demo_accounts(organisation: Organisation) -> list[User]:
    """The accounts of a demonstration: invented first names, password `demo`. Run again, it changes nothing."""
    if not settings.DEMO:
        raise NotAllowed("Les comptes de démonstration ont un mot de passe connu : ENTREMISE_DEMO=1 les permet.")
    actor = Actor.machine("démonstration")
    users, added, secret = [], 0, ""
    for name, roles in DEMO_ACCOUNTS:
        email = f"{name.lower().translate(PLAIN)}@{queries.DEMO_DOMAIN}"
        user = User.objects.filter(email=email).first()
        if user is None:
            secret = secret or make_password("demo")  # once for all: slow by design, and known to everybody
            user, added = User.objects.create(email=email, label=name, password=secret), added + 1
        users.append(user)
        for role in roles:
            if not user.memberships.filter(organisation=organisation, role=role).exists():
                Membership.objects.create(user=user, organisation=organisation, role=role)
    if added:
        record(actor, SEEDED, organisation, accounts=added)
    return users
