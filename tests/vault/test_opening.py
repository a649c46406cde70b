"""`vault.open`: decided, journalled, then opened."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from entremise.accounts.policies import SecondFactorNeeded
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.rules import queries as rules
from entremise.rules.usecases import activate_rules, prepare_rules
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Line, Record
from entremise.vault.usecases import journal, opening
from tests.accounts.factories import habilitate
from tests.people.factories import me, person
from tests.rules.factories import SIGNER

pytestmark = pytest.mark.django_db

RIGHTS = {"purpose": "people.rights", "motive": "Lecture de sa propre fiche"}
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
PHONE, FIRST, ADDRESS = "entraide.phone", "entraide.first_name", "entraide.address"


def test_a_matchmaker_opens_a_phone_and_leaves_a_line(actor):
    who = person()
    opened = vault.open(actor("matchmaker", user_id=3), person=who.pk, fields=[PHONE, FIRST], **WHY)
    assert opened.values == {PHONE: "+33639981234", FIRST: "Aline"}
    assert opened.refused == {}
    line = Line.objects.get(number=opened.number)
    assert (line.human, line.action, line.verdict, line.rules) == ("user:3", "read", "granted", ["rule-match"])


def test_a_field_that_no_rule_allows_stays_closed_and_says_so_in_french(actor):
    who = person(address="12 rue des Essais")
    opened = vault.open(actor("matchmaker", user_id=3), person=who.pk, fields=[PHONE, ADDRESS], **WHY)
    assert set(opened.values) == {PHONE}
    assert opened.refused[ADDRESS].reason == "Aucune règle ne l’autorise."
    assert "contester" in opened.refused[ADDRESS].contest
    assert Line.objects.get(number=opened.number).verdict == "partly"


@pytest.mark.parametrize(
    ("roles", "purpose", "allowed"),
    [
        (["matchmaker"], "mutualaid.contact", {"name", "phone"}),
        (["lead_matchmaker"], "mutualaid.contact", {"name", "phone"}),
        (["sensitive_referent"], "mutualaid.contact", set()),  # not confided
        (["matchmaker"], "mutualaid.geocode_fix", {"address"}),
        (["matchmaker"], "mutualaid.meet", set()),
        (["matchmaker"], "people.rights", set()),
        (["desk"], "people.rights", set()),  # no identity was checked
        (["dpo"], "mutualaid.contact", set()),
        (["machine"], "mutualaid.contact", {"phone"}),
        (["machine"], "insights.statistics", set()),
        (["analyst", "caller", "org_manager", "operator"], "mutualaid.contact", set()),
        ([], "mutualaid.contact", set()),
    ],
)
def test_roles_open_what_the_rules_say_and_nothing_else(actor, roles, purpose, allowed):
    who = person(consents=("mutualaid.contact", "mutualaid.meet"), address="12 rue des Essais")
    fields = {"name": FIRST, "phone": PHONE, "address": ADDRESS}
    opened = vault.open(
        actor(*roles), person=who.pk, fields=list(fields.values()), purpose=purpose, motive=WHY["motive"]
    )
    assert set(opened.values) == {fields[category] for category in allowed}
    assert set(opened.refused) == set(fields.values()) - set(opened.values)
    assert all(refused.reason and refused.contest for refused in opened.refused.values())


def test_the_desk_opens_a_file_for_whom_it_has_checked_and_for_nobody_else(actor):
    who, other, desk = person(address="12 rue des Essais"), person(), actor("desk", user_id=3)
    vault.check_identity(desk, person=who.pk, how="document", until=clock.now() + timedelta(hours=1))
    asked = {"fields": [FIRST, PHONE, ADDRESS], "purpose": "people.rights", "motive": "Demande au guichet"}
    assert len(vault.open(desk, person=who.pk, **asked).values) == 3
    for wrong, whose in ((desk, other), (actor("desk", user_id=4), who)):
        refused = vault.open(wrong, person=whose.pk, **asked).refused
        assert {one.rule for one in refused.values()} == {"floor-identity"}


def test_a_referent_opens_what_is_confided_to_them_until_its_end(actor):
    who, referent = person(address="12 rue des Essais"), actor("sensitive_referent", user_id=3)
    asked = {"person": who.pk, "fields": [FIRST, ADDRESS], **WHY}
    number = vault.assign(
        actor("machine"), person=who.pk, register="entraide", user=3, purpose="mutualaid.contact",
        until=clock.now() + timedelta(minutes=30),
    )  # fmt: skip
    assert set(vault.open(referent, **asked).values) == {FIRST, ADDRESS}
    assert not vault.open(actor("sensitive_referent", user_id=4), **asked).values
    vault.unassign(actor("machine"), assignment=number)
    assert not vault.open(referent, **asked).values


@pytest.mark.parametrize(
    ("signed", "rule", "words"),
    [
        (None, "floor-habilitation", "signer votre habilitation"),
        ({"purposes": ["people.rights"]}, "floor-habilitation", "ne couvre pas"),
        ({"active_until": clock.now() - timedelta(days=1)}, "floor-habilitation", "échue"),
        ({"suspended_at": clock.now()}, "floor-habilitation", "suspendue"),
        ({"commitment_until": None}, "floor-commitment", "lisez-le et signez-le"),
        ({"commitment_until": clock.now() - timedelta(days=1)}, "floor-commitment", "engagement"),
    ],
)
def test_without_habilitation_or_promise_nothing_opens_and_the_refusal_says_what_to_do(actor, signed, rule, words):
    if signed is not None:
        habilitate(9, "matchmaker", **signed)
    asked = {"person": person().pk, "fields": [PHONE], **WHY}
    refused = vault.open(actor("matchmaker", user_id=9, habilitated=False), **asked).refused[PHONE]
    assert refused.rule == rule
    assert words in refused.reason
    assert refused.link == ("/coffre/engagement/" if rule == "floor-commitment" else "")


@pytest.mark.parametrize(
    ("fact", "rule"),
    [
        ({"status": "frozen"}, "floor-frozen"), ({"status": "closed"}, "floor-frozen"),
        ({"protected": True}, "floor-protected"),
    ],
)  # fmt: skip
def test_what_a_person_asked_for_holds_at_the_next_opening(actor, fact, rule):
    who = person().pk
    vault.set_record(actor("machine"), person=who, register="entraide", **fact)
    for asker in (actor("matchmaker"), Actor.machine("envois")):
        opened = vault.open(asker, person=who, fields=[PHONE], **WHY)
        assert not opened.values
        assert opened.refused[PHONE].rule in (rule, "fixed-send")


@pytest.mark.parametrize("word", ["objection", "withdrawal"])
def test_an_objection_or_a_withdrawal_closes_at_once_for_agents_and_machines(actor, word):
    who = person().pk
    asked = {"person": who, "purpose": "mutualaid.contact"}
    if word == "objection":
        vault.set_stance(actor(), **asked, word="objection", on=True)
    else:
        vault.set_stance(actor(), **asked, word="consent", on=False)
    for asker in (actor("matchmaker"), Actor.machine("envois")):
        opened = vault.open(asker, person=who, fields=[PHONE], **WHY)
        assert not opened.values
    with pytest.raises(NotAllowed):
        vault.write(actor("matchmaker"), person=who, values={PHONE: "+33639980001"}, **WHY)


def test_a_closed_register_serves_nobody_and_rights_go_on(actor):
    who = person().pk
    vault.suspend_register(actor("controller", user_id=1), register="entraide")
    for asker in (actor("matchmaker"), Actor.machine("envois")):
        assert not vault.open(asker, person=who, fields=[PHONE], **WHY).values
    with pytest.raises(NotAllowed):
        person(first_name="Bruno")
    with pytest.raises(NotAllowed):
        vault.find(Actor.machine("essai"), register="entraide", by="phone", value="+33639981234", **WHY)
    assert vault.open(me(who), person=who, fields=[PHONE], **RIGHTS).values


def test_a_person_reads_themself_and_nobody_else():
    mine, other = person(), person(first_name="Bruno")
    assert vault.open(me(mine), person=mine.pk, fields=[FIRST], **RIGHTS).values == {FIRST: "Aline"}
    for asker, whose, why in (
        (me(mine), mine, WHY),
        (me(mine), other, RIGHTS),
        (me(mine), other, WHY),
        (Actor.person(mine.pk), mine, RIGHTS),
    ):
        refused = vault.open(asker, person=whose.pk, fields=[FIRST], **why).refused
        assert refused[FIRST].rule == "floor-self"


def test_a_field_without_value_is_neither_given_nor_refused(actor):
    opened = vault.open(actor("matchmaker"), person=person().pk, fields=["entraide.email"], **WHY)
    assert (opened.values, opened.refused) == ({}, {})


def test_an_unknown_person_leaves_a_refused_line_and_is_not_found(actor):
    with pytest.raises(NotFound):
        vault.open(actor("matchmaker"), person=uuid4(), fields=[PHONE], **WHY)
    assert Line.objects.get().verdict == "refused"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"purpose": "fraud.control"}, vault.PurposeUnknown),
        ({"motive": "appel"}, vault.MotiveMissing),
        ({"motive": "aaaaaaaaaaaaaa"}, vault.MotiveMissing),
        ({"motive": "   .      .    "}, vault.MotiveMissing),
        ({"motive": "ab " * 200}, vault.MotiveMissing),
        ({"fields": ["entraide.salary"]}, vault.FieldUnknown),
        ({"fields": ["heat.phone"]}, vault.FieldUnknown),
        ({"fields": ["entraide.note"]}, vault.FieldUnknown),
        ({"fields": ["entraide.phone#2"]}, vault.FieldUnknown),
        ({"fields": []}, vault.FieldUnknown),
    ],
)
def test_a_bad_question_is_refused_before_anything_else(actor, changed, refusal):
    question = {"person": person().pk, "fields": [PHONE], **WHY, **changed}
    lines = Line.objects.count()
    with pytest.raises(refusal):
        vault.open(actor("matchmaker"), **question)
    assert Line.objects.count() == lines


def test_an_opening_shows_no_value_and_cannot_be_kept(actor):
    opened = vault.open(actor("matchmaker"), person=person().pk, fields=[PHONE, FIRST], **WHY)
    assert "Aline" not in repr(opened) + str(opened) + f"{opened}"
    for keep in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            keep(opened)


def test_a_list_costs_the_same_queries_for_one_and_for_fifty(actor):
    persons = [person(first_name=f"Fiction{n}").pk for n in range(50)]
    who, counts = actor("matchmaker", user_id=3), []
    for asked in (persons[:1], persons):
        captures = [CaptureQueriesContext(connections[alias]) for alias in ("default", "keys", "journal")]
        for capture in captures:
            capture.__enter__()
        opened = vault.open_many(who, persons=asked, fields=[PHONE, FIRST], **WHY)
        for capture in captures:
            capture.__exit__(None, None, None)
        counts.append([len(capture) for capture in captures])
        assert [opened[pk].values[FIRST] for pk in asked] == [f"Fiction{persons.index(pk)}" for pk in asked]
    assert counts[0] == counts[1]
    assert sum(counts[0]) <= 20


def test_a_list_decides_once_per_situation(actor, monkeypatch):
    persons = [person().pk for _ in range(5)]
    vault.set_record(actor(), person=persons[0], register="entraide", difficulty_open=True)
    asked = []
    real = rules.decide
    monkeypatch.setattr(rules, "decide", lambda some, *more: asked.extend(some) or real(some, *more))
    vault.open_many(actor("matchmaker"), persons=persons, fields=[PHONE, FIRST, "entraide.email"], **WHY)
    assert len(asked) == 4  # two situations, two categories: the e-mail shares the decision of the phone


def test_a_list_answers_for_everybody_asked(actor):
    known, unknown = person().pk, uuid4()
    opened = vault.open_many(actor("matchmaker"), persons=[known, unknown], fields=[PHONE], **WHY)
    assert opened[known].values
    assert opened[unknown].refused[PHONE].rule == "unknown"
    assert vault.open_many(actor("matchmaker"), persons=[], fields=[PHONE], **WHY) == {}
    with pytest.raises(vault.TooManyRows):
        vault.open_many(actor("matchmaker"), persons=[uuid4() for _ in range(501)], fields=[PHONE], **WHY)


def test_the_hourly_cap_counts_distinct_records_on_the_server(actor):
    cap(2)
    one, two, three = (person().pk for _ in range(3))
    who = actor("matchmaker", user_id=3)
    for pk in (one, two, one, two):
        assert vault.open(who, person=pk, fields=[PHONE], **WHY).values
    assert vault.open(who, person=three, fields=[PHONE], **WHY).refused[PHONE].reason == "Aucune règle ne l’autorise."
    assert vault.open(who, person=one, fields=[PHONE], **WHY).values
    assert vault.open(actor("matchmaker", user_id=4), person=three, fields=[PHONE], **WHY).values
    listed = vault.open_many(actor("matchmaker", user_id=5), persons=[one, two, three], fields=[PHONE], **WHY)
    assert [bool(listed[pk].values) for pk in (one, two, three)] == [True, True, False]


def cap(most: int) -> None:
    """The rules in force, with another number of files in the hour for matchmakers."""
    forms = [
        replace(form, when=tuple((k, most if k == "records_in_hour" else v) for k, v in form.when))
        if form.id == "rule-match"
        else form
        for form in rules.forms(rules.active())
    ]
    row = prepare_rules(SIGNER, decision="Essai", forms=forms)
    activate_rules(SIGNER, number=row.number)


def test_a_rule_set_that_moves_while_it_decides_decides_again_then_gives_up(actor, monkeypatch):
    who, numbers = person().pk, iter([99, 1])
    real = rules.active_number
    monkeypatch.setattr(rules, "active_number", lambda: next(numbers))
    assert vault.open(actor("matchmaker"), person=who, fields=[PHONE], **WHY).rule_set == 1
    monkeypatch.setattr(rules, "active_number", lambda: 99)
    lines = Line.objects.count()
    with pytest.raises(vault.Busy):
        vault.open(actor("matchmaker"), person=who, fields=[PHONE], **WHY)
    assert Line.objects.count() == lines
    monkeypatch.setattr(rules, "active_number", real)
    assert Line.objects.first().rule_set == 1


def test_without_journal_nothing_is_decrypted(actor, monkeypatch):
    from django.db import DatabaseError

    who = person().pk
    touched = []
    monkeypatch.setattr(opening.cells, "read", lambda *a: touched.append(a))

    def full(*args, **kwargs):
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(journal.Line.objects, "bulk_create", full)
    with pytest.raises(vault.JournalUnavailable):
        vault.open(actor("matchmaker"), person=who, fields=[PHONE], **WHY)
    assert not touched


@pytest.mark.django_db(transaction=True)
def test_the_line_survives_the_rollback_of_whoever_asked(actor):
    who = person().pk
    with transaction.atomic():
        number = vault.open(actor("matchmaker"), person=who, fields=[PHONE], **WHY).number
        transaction.set_rollback(True)
    assert Line.objects.filter(number=number, verdict="granted").exists()


@pytest.mark.parametrize("harm", ["blob", "swap", "version", "missing", "manifest"])
def test_an_altered_cell_gives_no_value_at_all(actor, harm, caplog):
    who, other = person().pk, person(phone="06 39 98 00 01").pk
    mine = Cell.objects.get(record__person=who, field="phone")
    if harm == "blob":
        Cell.objects.filter(pk=mine.pk).update(blob=bytes(mine.blob)[:-1] + bytes([mine.blob[-1] ^ 1]))
    elif harm == "swap":
        theirs = Cell.objects.get(record__person=other, field="phone")
        Cell.objects.filter(pk=mine.pk).update(blob=theirs.blob)
    elif harm == "version":
        Cell.objects.filter(pk=mine.pk).update(version=2)
    elif harm == "missing":
        mine.delete()
    else:
        Record.objects.filter(person=who).update(manifest=Record.objects.get(person=other).manifest)
    with pytest.raises(vault.Tampered) as refusal:
        vault.open(actor("matchmaker"), person=who, fields=[PHONE, FIRST], **WHY)
    assert refusal.value.code == "tampered"
    assert Line.objects.first().verdict == "failed"
    assert "tampered record" in caplog.text
    listed = vault.open_many(actor("matchmaker"), persons=[who, other], fields=[PHONE], **WHY)
    assert not listed[who].values
    assert listed[other].values or harm == "swap"


def test_search_by_phone_finds_those_who_share_a_line(actor):
    one, two = person().pk, person(first_name="Bruno").pk
    person(phone="06 39 98 00 01")
    question = {"register": "entraide", "by": "phone", "value": "+33639981234", **WHY}
    assert set(vault.find(actor("matchmaker"), **question)) == {one, two}
    assert Line.objects.first().action == "search"
    with pytest.raises(NotAllowed):
        vault.find(actor("analyst"), **question)
    assert Line.objects.first().verdict == "refused"
    with pytest.raises(vault.FieldUnknown):
        vault.find(actor("matchmaker"), **{**question, "by": "last_name"})
    for _ in range(4):
        person()
    with pytest.raises(vault.TooManyRows):
        vault.find(actor("matchmaker"), **question)


def test_outside_a_demonstration_an_agent_proves_a_second_factor_first(actor, settings):
    who = person().pk
    settings.DEMO = False
    agent = actor("matchmaker", user_id=3)
    lines = Line.objects.count()
    for deed in (
        lambda: vault.open(agent, person=who, fields=[PHONE], **WHY),
        lambda: vault.open_many(agent, persons=[who], fields=[PHONE], **WHY),
        lambda: vault.find(agent, register="entraide", by="phone", value="+33639981234", **WHY),
    ):
        with pytest.raises(SecondFactorNeeded):
            deed()
    assert Line.objects.count() == lines
    assert vault.open(actor("matchmaker", mfa=True), person=who, fields=[PHONE], **WHY).values
    assert vault.open(me(who), person=who, fields=[PHONE], **RIGHTS).values
