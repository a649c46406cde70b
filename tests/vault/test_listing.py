"""Lists that leave: printed, exported, given to a service. What is refused is counted and never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entremise.accounts.policies import FreshFactorNeeded
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import usecases as vault
from entremise.vault.models import Envelope, Line
from tests.accounts.factories import agent
from tests.vault.granting import Town, proved
from tests.vault.registers import CODE, open_apa, residents

pytestmark = pytest.mark.django_db
NAMES, PHONE, GIR = f"{CODE}.names", f"{CODE}.phone", f"{CODE}.gir"
PRINT = {"fields": [NAMES, PHONE], "purpose": "outreach.call", "motive": "Liste d’appel du 14 juillet"}


@pytest.fixture
def apa():
    return open_apa()


@pytest.fixture
def supervisor(apa):
    return proved(agent("supervisor"))


def test_a_printed_list_holds_those_who_may_be_on_it_and_nobody_else(supervisor):
    who = residents(4)
    vault.set_stance(supervisor, person=who[0], purpose="outreach.call", word="objection", on=True)
    vault.set_record(supervisor, person=who[1], register=CODE, status="frozen")
    vault.set_record(supervisor, person=who[2], register=CODE, protected=True)
    unknown = ids.uuid7()
    listed = vault.open_many(supervisor, persons=[*who, unknown], listing="print", **PRINT)
    assert set(listed) == {who[3]}
    assert listed[who[3]].values == {NAMES: "Fiction 3", PHONE: "+33639980003"}
    lines = list(Line.objects.order_by("number").values_list("action", "verdict"))[-6:]
    assert lines[0] == ("print", "granted")
    assert sorted(lines[1:]) == [("print_line", "granted")] + [("print_line", "refused")] * 4
    assert Line.objects.get(number=listed[who[3]].number).tag


def test_the_sixty_first_line_the_sixth_list_and_a_stale_proof_are_refused(supervisor, settings):
    who = residents(61)
    with pytest.raises(NotAllowed):
        vault.open_many(supervisor, persons=who, listing="print", **PRINT)
    for _ in range(5):
        assert len(vault.open_many(supervisor, persons=who[:2], listing="print", **PRINT)) == 2
    with pytest.raises(NotAllowed) as refusal:
        vault.open_many(supervisor, persons=who[:2], listing="print", **PRINT)
    assert "cinq par heure" in refusal.value.message
    settings.DEMO = False
    other = agent("supervisor")
    stale = Actor(other.pk, "S", "web", frozenset({"supervisor"}), supervisor.organisation_id, mfa=True)
    with pytest.raises(FreshFactorNeeded):
        vault.open_many(stale, persons=who[:2], listing="print", **PRINT)
    with pytest.raises(vault.TooManyRows):
        vault.open_many(supervisor, persons=[ids.uuid7() for _ in range(201)], listing="print", **PRINT)


def test_an_export_needs_two_colleges_for_these_very_fields_and_is_spent_once(apa):
    town, who = Town(), residents(3)
    asked = {"fields": [NAMES, PHONE], "purpose": "outreach.call", "motive": "Liste pour la plateforme de soutien"}
    with pytest.raises(NotAllowed):
        vault.open_many(town.dpo, persons=who, listing="export", **asked)
    row = town.granted(town.export(purpose="outreach.call", registers=[CODE], fields=[NAMES, PHONE], cap=3))
    wider = {**asked, "fields": [NAMES, PHONE, f"{CODE}.address"]}
    for wrong, said in ((town.dpo, wider), (town.keeper, asked)):
        with pytest.raises(NotAllowed):
            vault.open_many(wrong, persons=who, listing="export", request=row.public_id, **said)
    listed = vault.open_many(town.dpo, persons=who, listing="export", request=row.public_id, **asked)
    assert set(listed) == set(who)
    assert set(Line.objects.filter(action="export_line").values_list("request", flat=True)) == {row.public_id}
    with pytest.raises(NotAllowed):
        vault.open_many(town.dpo, persons=who, listing="export", request=row.public_id, **asked)


def test_an_envelope_opens_by_its_link_only_and_ends_with_the_person(apa):
    nina = proved(agent("referrer"))
    one, two = residents(2, consents=("referrals.refer",))
    asked = {"recipient": "Service social du secteur", "purpose": "referrals.refer", "motive": "Orientation demandée"}
    vault.set_record(nina, person=one, register=CODE, difficulty_open=True)
    made = vault.disclose(nina, person=one, fields=[NAMES, PHONE, f"{CODE}.note"], **asked)
    assert made.given == (NAMES, PHONE)
    assert made.refused[f"{CODE}.note"].rule == "floor-health"
    assert made.token not in str(Envelope.objects.values()) + repr(made)
    service = Actor(None, "service", "web")
    assert vault.open_envelope(service, token=made.token) == {NAMES: "Fiction 0", PHONE: "+33639980000"}
    row = Envelope.objects.get()
    assert (row.openings, row.first_opened_at is not None) == (1, True)
    assert Line.objects.first().action == "envelope"
    for refused in (two,):  # no difficulty is open
        with pytest.raises(NotAllowed):
            vault.disclose(nina, person=refused, fields=[NAMES], **asked)
    vault.set_stance(nina, person=one, purpose="referrals.refer", word="consent", on=False)
    with pytest.raises(NotAllowed) as refusal:
        vault.disclose(nina, person=one, fields=[NAMES], **asked)
    assert "accord de la personne" in refusal.value.message
    with pytest.raises(NotFound):
        vault.open_envelope(service, token=made.token + "x")
    Envelope.objects.update(until=clock.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        vault.open_envelope(service, token=made.token)
