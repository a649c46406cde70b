from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given, strategies as st

from entremise.accounts import engine, policies, queries, registry
from entremise.accounts.models import Membership, Organisation, User
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from tests.accounts.factories import agent, organisation

WORKING = sorted(code for code, role in registry.declared().items() if role.working)
pytestmark = pytest.mark.django_db


def test_an_actor_has_the_roles_that_live_today_and_costs_one_query(django_assert_num_queries):
    user, today = agent("matchmaker", "caller"), clock.today()
    Membership.objects.filter(role="caller").update(starts_on=today - timedelta(9), ends_on=today)
    Membership.objects.create(user=user, organisation=organisation(), role="dpo", starts_on=today + timedelta(1))
    with django_assert_num_queries(1):
        actor = queries.actor_of(user, "phone", mfa=True)
    assert actor == Actor(user.pk, user.label, "phone", frozenset({"matchmaker"}), organisation().pk, mfa=True)


def test_a_role_with_an_end_to_come_still_counts():
    user, today = agent("desk"), clock.today()
    Membership.objects.update(ends_on=today + timedelta(1))
    assert queries.actor_of(user, "web").roles == {"desk"}


def test_a_visitor_is_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert queries.actor_of(object(), "web") == Actor(None, "anonyme", "web")


def test_colleagues_are_active_and_in_office():
    agent("caller")
    gone, there, first = agent("matchmaker"), agent("matchmaker", label="Zoé"), agent("matchmaker", label="Ali")
    agent("matchmaker", label="Parti").memberships.update(ends_on=clock.today())
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert queries.colleagues("matchmaker") == [first, there]
    assert queries.actor_of(User.objects.get(pk=gone.pk), "web").roles == frozenset()


@pytest.mark.parametrize("role", WORKING)
def test_a_working_role_without_second_factor_sees_nobody(role, settings):
    settings.DEMO = False
    one, two = (Actor(1, "Camille", "web", frozenset({role}), mfa=mfa) for mfa in (False, True))
    with pytest.raises(policies.SecondFactorNeeded):
        policies.require_second_factor(one)
    policies.require_second_factor(two)
    assert not queries.may_see_persons(one)
    assert queries.may_see_persons(two) == registry.declared()[role].persons


def test_the_demonstration_relaxes_the_second_factor_not_the_roles(settings):
    settings.DEMO = True
    policies.require_second_factor(Actor(1, "Camille", "web", frozenset({"matchmaker"})))
    assert queries.may_see_persons(Actor(1, "Camille", "web", frozenset({"matchmaker"})))
    for codes in ({"administrator"}, {"elected"}, {"helper"}, set(), {"unheard_of"}):
        assert not queries.may_see_persons(Actor(1, "Camille", "web", frozenset(codes)))


def test_roles_have_french_labels_and_are_declared_once():
    assert registry.label_of("matchmaker") == "agent entremetteur"
    assert registry.label_of("gone") == "gone"
    with pytest.raises(ValueError, match="twice"):
        registry.declare_role(registry.Role("matchmaker", "autre", working=True))


def test_an_address_opens_one_account_whatever_its_capitals():
    user = User.objects.create_user(" Nadia@Exemple.TEST ")
    assert user.email == "nadia@exemple.test"
    assert User.objects.get_by_natural_key("NADIA@exemple.test") == user
    with pytest.raises(ValidationError, match="existe déjà"):
        User(email="Nadia@exemple.test", label="x", password="!").full_clean()
    for email in ("nadia@exemple.test", "Nadia@exemple.test"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(email=email, label="x")


def test_a_role_is_held_once_at_a_time_and_its_dates_make_sense():
    user, house, today = agent("caller"), organisation(), clock.today()
    wrong = [{"role": "caller"}, {"role": "desk", "starts_on": today, "ends_on": today - timedelta(1)}]
    for fields in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(user=user, organisation=house, **fields)
        with pytest.raises(ValidationError):
            Membership(user=user, organisation=house, **fields).full_clean()
    with pytest.raises(ValidationError, match="liste"):
        Membership(user=user, organisation=house, role="king").full_clean()
    user.memberships.update(ends_on=today)
    Membership.objects.create(user=user, organisation=house, role="caller")
    assert user.memberships.count() == 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"siret": "213 801 855 00012"}, "siret"),
        ({"siret": "123"}, "siret"),
        ({"siret": "١٢٣٤٥٦٧٨٩٠١٢٣٤"}, "siret"),
        ({"rna": "38"}, "rna"),
        ({"kind": "entreprise"}, "kind"),
        ({"name": ""}, "name"),
    ],
)
def test_an_organisation_with_a_wrong_number_is_refused_in_french(fields, wrong):
    with pytest.raises(ValidationError) as refused:
        Organisation(**{"name": "Ville", "kind": "collectivite", **fields}).full_clean()
    assert list(refused.value.message_dict) == [wrong]


def test_an_organisation_keeps_clean_numbers_used_once():
    house = Organisation(name="Ville", kind="collectivite", siret="213 801 855 00015", rna="w38.1000001")
    house.full_clean()
    house.save()
    assert (house.siret, house.rna) == ("21380185500015", "W381000001")
    for number in ("siret", "rna"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.create(name="Autre", kind="association", **{number: getattr(house, number)})
    organisation("Une")
    organisation("Deux")


def test_la_poste_has_its_own_rule():
    assert engine.siret("356 000 000 00047") == "35600000000047"
    with pytest.raises(ValueError, match="faute"):
        engine.siret("356 000 000 00046")


@given(place=st.integers(0, 13), digit=st.integers(0, 9))
def test_any_single_wrong_digit_of_a_siret_is_caught(place, digit):
    good = "21380185500015"
    typed = good[:place] + str(digit) + good[place + 1 :]
    if typed == good:
        assert engine.siret(typed) == good
    else:
        with pytest.raises(ValueError, match="faute"):
            engine.siret(typed)


@pytest.mark.parametrize(
    ("steps", "proved"),
    [
        ([], False),
        ([{"method": "password"}], False),
        ([{"method": "password"}, {"method": "code"}], False),
        ([{"method": "mfa", "type": "totp"}], False),
        ([{"method": "mfa", "type": "webauthn"}], False),
        ([{"method": "mfa", "type": "totp"}, {"method": "mfa", "type": "webauthn"}], False),
        ([{"method": "password"}, {"method": "mfa", "type": "totp"}], True),
        ([{"method": "code"}, {"method": "mfa", "type": "recovery_codes"}], True),
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}], True),
        ([{"method": "mfa", "type": "totp", "passwordless": True}], False),
    ],
)
def test_two_factors_of_different_kinds_are_needed(steps, proved):
    assert engine.two_factors(steps) is proved
