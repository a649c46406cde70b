from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.test import Client
from django.urls import reverse

from entremise.accounts import queries, usecases
from entremise.accounts.models import Membership, Organisation, User
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.site import env
from tests.accounts.factories import PASSWORD, agent, organisation

pytestmark = pytest.mark.django_db


def acting(user):
    return queries.actor_of(user, "web", mfa=True)


def logged(user):
    """Through the real door: it is there that the list of sessions is kept."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def test_an_invitation_opens_an_account_once_and_leaves_traces():
    admin, house = acting(agent("administrator")), organisation()
    one = usecases.invite_member(admin, email="Lea@Ville.test", label="Léa", organisation=house, role="desk")
    two = usecases.invite_member(admin, email="lea@ville.test", label="L.", organisation=house, role="caller")
    assert one.user == two.user
    assert one.user.label == "Léa"
    assert not one.user.has_usable_password()
    actions = list(Entry.objects.order_by("seq").values_list("action", flat=True))
    assert actions == ["accounts.user.created", "accounts.membership.added", "accounts.membership.added"]
    assert "ville.test" not in str(list(Entry.objects.values_list("data", "subject")))
    assert first_broken() is None
    with pytest.raises(ValidationError):
        usecases.invite_member(admin, email="lea@ville.test", label="", organisation=house, role="desk")
    with pytest.raises(ValidationError):
        usecases.invite_member(admin, email="pas une adresse", label="x", organisation=house, role="desk")
    assert User.objects.count() == 2


def test_a_manager_rules_their_own_house_only_and_gives_no_role_that_watches():
    mine, other = organisation("A"), organisation("B")
    boss = agent("org_manager", organisation=mine)
    Membership.objects.create(user=boss, organisation=other, role="caller")
    actor = acting(boss)
    usecases.invite_member(actor, email="x@a.test", label="X", organisation=mine, role="caller")
    for house, role in ((other, "caller"), (mine, "administrator"), (mine, "dpo"), (mine, "org_manager")):
        with pytest.raises(NotAllowed):
            usecases.invite_member(actor, email="y@a.test", label="Y", organisation=house, role=role)
    hidden = agent("caller", organisation=other)
    with pytest.raises(NotFound):
        queries.user_managed(actor, hidden.public_id)
    with pytest.raises(NotFound):
        usecases.end_membership(actor, public_id=hidden.memberships.get().public_id)
    assert not User.objects.filter(email="y@a.test").exists()


@pytest.mark.parametrize("role", ["matchmaker", "dpo", "helper"])
def test_others_open_no_account_and_no_house(role):
    actor = acting(agent(role))
    for refused in (
        lambda: usecases.create_user(actor, email="z@a.test", label="Z"),
        lambda: usecases.create_organisation(actor, name="Z", kind="association"),
        lambda: usecases.add_membership(actor, user=agent(), organisation=organisation(), role="caller"),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_an_ended_role_is_gone_at_once_and_ends_once():
    admin, user = acting(agent("administrator")), agent("caller")
    membership = user.memberships.get()
    usecases.end_membership(admin, public_id=membership.public_id)
    assert acting(user).roles == frozenset()
    with pytest.raises(usecases.AlreadyEnded):
        usecases.end_membership(admin, public_id=membership.public_id)
    assert list(Entry.objects.values_list("action", flat=True)) == ["accounts.membership.ended"]


def test_a_role_to_come_can_be_called_off():
    admin, user = acting(agent("administrator")), agent("caller")
    user.memberships.update(starts_on=clock.today() + timedelta(5))
    usecases.end_membership(admin, public_id=user.memberships.get().public_id)
    row = user.memberships.get()
    assert row.ends_on == row.starts_on


def test_the_last_administrator_stays():
    first = agent("administrator")
    with pytest.raises(usecases.LastAdministrator):
        usecases.end_membership(acting(first), public_id=first.memberships.get().public_id)
    second = agent("administrator")
    usecases.end_membership(acting(second), public_id=first.memberships.get().public_id)
    assert acting(first).roles == frozenset()


def test_sessions_are_seen_and_ended_by_their_owner_only():
    user, other = agent("matchmaker"), agent("matchmaker")
    here, there, stranger = logged(user), logged(user), logged(other)
    rows = here.get(reverse("accounts:my_account")).context["sessions"]
    assert len(rows) == 2
    far = next(r for r in rows if r.key == there.session.session_key)
    assert stranger.post(reverse("accounts:session_end", args=[far.number])).status_code == 404
    assert there.get(reverse("accounts:my_account")).status_code == 200
    assert here.post(reverse("accounts:session_end", args=[far.number])).status_code == 302
    assert there.get(reverse("accounts:my_account")).status_code == 302
    assert here.get(reverse("accounts:my_account")).status_code == 200
    logged(user), logged(user)
    here.post(reverse("accounts:session_end"))
    assert len(queries.sessions_of(user.pk)) == 1
    assert list(Entry.objects.values_list("action", "data")) == [
        ("accounts.session.ended", {"sessions": 2}),
        ("accounts.session.ended", {"sessions": 1}),
    ]
    Session.objects.update(expire_date=clock.now() - timedelta(1))
    assert queries.sessions_of(user.pk) == []


def test_an_administrator_invites_ends_and_creates_by_the_pages():
    client, house = logged(agent("administrator")), organisation()
    answers = {"email": "lea@ville.test", "label": "Léa", "organisation": house.public_id, "role": "caller"}
    there = client.post(reverse("accounts:invite"), answers).url
    page = client.get(there).content.decode()
    assert "appelant·e" in page
    again = client.post(reverse("accounts:invite"), answers)
    assert again.status_code == 422
    assert "a déjà ce rôle" in again.content.decode()
    membership = Membership.objects.get(role="caller")
    for words in ("Le rôle a pris fin", "a déjà pris fin"):
        ended = client.post(reverse("accounts:membership_end", args=[membership.public_id]), follow=True)
        assert words in ended.content.decode()
    made = client.post(reverse("accounts:organisation_create"), {"name": "CCAS", "kind": "service"}, follow=True)
    assert "Structure créée" in made.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"email": "x", "role": "king", "organisation": "nulle", "label": "\x00"},
        {"starts_on": "32/13/2026", "ends_on": "demain"},
        {"starts_on": "2026-05-02", "ends_on": "2026-05-01"},
    ],
)
def test_a_wrong_invitation_is_explained_and_changes_nothing(wrong):
    client = logged(agent("administrator"))
    good = {"email": "lea@ville.test", "label": "Léa", "organisation": organisation().public_id, "role": "caller"}
    page = client.post(reverse("accounts:invite"), {**good, **wrong} if wrong else {})
    assert page.status_code == 422
    assert "à corriger" in page.content.decode()
    assert User.objects.count() == 1


def test_a_wrong_organisation_number_is_explained():
    client = logged(agent("administrator"))
    page = client.post(reverse("accounts:organisation_create"), {"name": "A", "kind": "service", "siret": "1"})
    assert page.status_code == 422
    assert "14 chiffres" in page.content.decode()
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize("name", ["user_list", "invite", "organisation_list", "organisation_create"])
def test_lists_of_members_ask_for_the_role_then_two_factors(name, settings):
    settings.DEMO = False
    assert logged(agent("matchmaker")).get(reverse(f"accounts:{name}")).status_code == 403
    assert logged(agent("administrator")).get(reverse(f"accounts:{name}")).url.startswith(reverse("mfa_index"))


def test_the_list_of_members_costs_the_same_for_many(flat):
    client = logged(agent("administrator"))
    flat(lambda: client.get(reverse("accounts:user_list")), lambda: agent("caller", "desk"))


def test_the_demonstration_is_seeded_once_and_its_roles_can_be_tried(client):
    house = organisation()
    users = usecases.seed_demo_accounts(house)
    assert usecases.seed_demo_accounts(house) == users
    assert User.objects.count() == len(users) == 15
    assert len(queries.colleagues("matchmaker")) == 10
    assert list(Entry.objects.values_list("action", flat=True)) == ["accounts.demo.seeded"]
    assert users[0].check_password("demo")
    label, public_id = queries.demo_accounts()[0]
    assert label == "Nadia, agent entremetteur"
    assert client.post("/demo/role/", {"account": public_id}).status_code == 302
    page = client.get("/")
    assert page.context["user"] == users[0]
    assert page.context["demo_account"] == public_id
    assert "Hélène, responsable de traitement, élu·e" in page.content.decode()
    assert client.post("/demo/role/", {"account": agent("dpo").public_id}).status_code == 404
    assert client.get("/demo/role/").status_code == 405


def test_a_real_site_has_no_switch_and_no_demo_account(client, settings):
    settings.DEMO = False
    nadia = agent("matchmaker", email="nadia@demo.entremise.example")
    assert client.post("/demo/role/", {"account": nadia.public_id}).status_code == 404
    assert "_auth_user_id" not in client.session
    assert "nadia" not in client.get("/").content.decode().lower()
    with pytest.raises(NotAllowed):
        usecases.seed_demo_accounts(organisation())


@pytest.mark.parametrize(
    "url", ["", "console", "file:", "file:///", "smtp:", "smtp://", "smtp://h:port", "http://h", "smtp://h?tls=oui", "smtp://h?x=1"]
)  # fmt: skip
def test_a_mail_address_that_makes_no_sense_stops_the_start(monkeypatch, url):
    monkeypatch.setenv("MAIL", url)
    with pytest.raises(ImproperlyConfigured, match="MAIL"):
        env.mail("MAIL", "console:")


def test_mail_is_configured_by_one_address(monkeypatch):
    assert env.mail("MAIL", "console:")["EMAIL_BACKEND"].endswith("console.EmailBackend")
    monkeypatch.setenv("MAIL", "file:///courrier/sortant")
    assert env.mail("MAIL", "")["EMAIL_FILE_PATH"] == "/courrier/sortant"
    monkeypatch.setenv("MAIL", "smtp://agent%40ville.fr:s%2Fecret@mail.ville.fr")
    read = env.mail("MAIL", "")
    assert (read["EMAIL_HOST"], read["EMAIL_PORT"], read["EMAIL_USE_TLS"]) == ("mail.ville.fr", 587, True)
    assert (read["EMAIL_HOST_USER"], read["EMAIL_HOST_PASSWORD"]) == ("agent@ville.fr", "s/ecret")
    monkeypatch.setenv("MAIL", "smtps://mail.ville.fr")
    monkeypatch.setenv("MAIL_PASSWORD", "autre")
    read = env.mail("MAIL", "")
    assert (read["EMAIL_PORT"], read["EMAIL_USE_SSL"], read["EMAIL_HOST_PASSWORD"]) == (465, True, "autre")


def test_machines_may_create_the_first_administrator():
    machine = Actor.machine("commande")
    house = usecases.create_organisation(machine, name="Ville", kind="collectivite")
    user = usecases.create_user(machine, email="a@ville.test", label="A", password="une phrase bien longue")
    usecases.add_membership(machine, user=user, organisation=house, role="administrator")
    assert acting(user).roles == {"administrator"}
