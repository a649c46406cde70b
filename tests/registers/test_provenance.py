"""Who said what of a person that several records are: one value kept by a written rule, nothing copied nor guessed."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from hypothesis import given, strategies as st

from entremise.accounts.models import User
from entremise.kernel.errors import NotFound
from entremise.registers import usecases
from entremise.registers.engine.provenance import Word, choose_address, choose_all, choose_birth, choose_name
from entremise.registers.models import Enrolment, ImportBatch, ImportedRow, Source
from entremise.vault.models import Habilitation, Line, Register
from tests.registers.reviewing import FILE, JEANINE, JEANNINE, LABELS, LEGAL, Review, person_of, record, user

OLD, NEW = date(2026, 5, 2), date(2026, 7, 3)


def word(at, key, voice="file", day=None):
    return Word(at, key, (key,) if key else (), voice, day)


def test_a_name_is_the_corrected_one_then_the_declared_one_then_the_usual_one_then_the_latest():
    file, other = word(0, "DUPOND", day=NEW), word(1, "DUPONT", day=OLD)
    assert choose_name([file, other, word(2, "DUPONS", "declared"), word(3, "DUPON", "corrected")]).kept == (3,)
    assert choose_name([file, other, word(2, "DUPONS", "declared")]).kept == (2,)
    assert choose_name([file, other, word(2, "DUPONT")]).rule == "frequent"
    assert choose_name([file, other, word(2, "DUPONT")]).kept == (1,)
    assert (choose_name([file, other]).rule, choose_name([file, other]).kept) == ("latest", (0,))
    assert choose_name([file, word(3, "DUPOND")]).rule == "same"
    assert choose_name([word(0, "")]).rule == "unknown"


def test_two_birth_dates_that_cannot_be_one_give_none():
    found = choose_birth([word(0, "19380312"), word(1, "19620704")])
    assert (found.conflict, found.kept) == (True, ())
    assert choose_birth([word(0, "19380312"), word(1, "19620704"), word(2, "19380312")]).rule == "shared"
    assert choose_birth([word(0, "19380312"), word(1, "")]).rule == "single"
    assert choose_birth([word(0, "19380312"), word(1, "19620704", "corrected")]).kept == (1,)
    assert choose_birth([word(0, "19380312", day=OLD), word(1, "19380313", day=NEW)]).kept == (1,)


def test_telephones_are_all_kept_the_latest_first_and_the_declared_address_wins():
    assert choose_all([word(0, "a", day=OLD), word(1, ""), word(2, "b", day=NEW)]).kept == (2, 0)
    assert choose_address([word(0, "a", day=NEW), word(1, "b", "declared", OLD)]).kept == (1,)
    assert choose_address([word(0, "a", day=OLD), word(1, "b", day=NEW)]).kept == (1,)


KEYS = st.sampled_from(["", "19380312", "19380313", "19620704", "19380412"])
VOICES = st.sampled_from(["declared", "file", "written"])


@given(st.lists(st.tuples(KEYS, VOICES), max_size=6))
def test_no_birth_date_is_invented_and_a_conflict_keeps_none(said):
    words = [word(at, key, voice) for at, (key, voice) in enumerate(said)]
    found = choose_birth(words)
    assert all(words[at].keys for at in found.kept)
    assert len(found.kept) <= 1
    assert not (found.conflict and found.kept)


@pytest.fixture
def desk():
    return Review()


def brought(record_id, register, *, day, row, label):
    """This record came from that row of that file."""
    source = Source.objects.create(
        register=register, label=label, giver="Maison départementale d’essai", legal_basis="Convention d’essai",
        origin="existing",
    )  # fmt: skip
    batch = ImportBatch.objects.create(source=source, received_on=day, agent=User.objects.first(), size=1, digest=b"d")
    ImportedRow.objects.create(batch=batch, number=row, person=person_of(record_id), outcome="accepted", effect="new")


@pytest.mark.django_db
def test_each_value_names_its_file_its_row_its_day_and_its_rule(client, desk):
    a, b = record(LEGAL, **JEANNINE), record(FILE, **{**JEANINE, "birth_date": "1962-07-04"})
    brought(b, FILE, day=NEW, row=12, label="Liste d’essai")
    Enrolment.objects.create(
        register=LEGAL, person_id=person_of(a), channel="phone", received_on=OLD, due_on=OLD, asked_by="self"
    )
    pair = desk.pair(a, b)
    desk.says(desk.mehdi, pair, "same")
    before = Line.objects.count()
    view = usecases.person_view(
        desk.mehdi, person=person_of(b), purpose="registers.link", motive="Provenance d’une fiche d’essai"
    )
    assert Line.objects.count() == before + 2
    fields = {field.label: field for field in view.fields}
    assert fields["Naissance"].conflict
    assert fields["Naissance"].kept == ()
    assert fields["Prénom"].rule == "declared"
    assert fields["Prénom"].kept == ("Jeannine",)
    assert fields["Adresse"].kept == (JEANNINE["address"].partition(",")[0],)
    assert fields["Téléphone"].kept == ("06 39 98 00 02", "06 39 98 00 01")  # one has a day, the other has none
    from_file, from_her = sorted(view.sources, key=lambda one: one.origin is None)
    assert (from_file.register, from_file.origin.row, from_file.day) == (LABELS[FILE], 12, NEW)
    assert (from_her.register, from_her.voice) == (LABELS[LEGAL], "dit par la personne")
    assert {one.letter: one.kept for one in fields["Prénom"].said} == {from_her.letter: True, from_file.letter: False}
    client.force_login(user(desk.mehdi))
    text = client.get(reverse("registers:pair_sources", args=[pair.pk])).content.decode()
    for told in ("Liste d’essai, ligne 12", "3 juillet 2026", "Convention d’essai", "aucune n’est retenue"):
        assert told in text
    assert "Jeannine" not in text.partition("</title>")[0]


@pytest.mark.django_db
def test_a_view_for_one_purpose_asks_nothing_of_a_register_that_does_not_serve_it(desk):
    a, b = record(LEGAL, **JEANNINE), record(FILE, **JEANINE)
    desk.says(desk.mehdi, desk.pair(a, b), "same")
    asked = {"person": person_of(a), "motive": "Provenance d’une fiche d’essai"}
    Register.objects.filter(pk=FILE).update(bases={"registers.link": "public_interest"})
    before = Line.objects.count()
    view = usecases.person_view(desk.mehdi, purpose="registers.keep", **asked)
    assert len(view.sources) == 1
    assert "Jeanine" not in repr([field.said[0].raw for field in view.fields])
    assert Line.objects.count() == before + 1
    Register.objects.update(bases={})
    with pytest.raises(NotFound):
        usecases.person_view(desk.mehdi, purpose="registers.keep", **asked)


@pytest.mark.django_db
def test_the_source_of_a_register_one_may_not_know_is_not_told(client, desk):
    a, b = record(LEGAL, **JEANNINE), record(FILE, **JEANINE)
    brought(b, FILE, day=NEW, row=12, label="Liste d’essai")
    pair = desk.pair(a, b)
    desk.says(desk.mehdi, pair, "same")
    Habilitation.objects.filter(user=desk.mehdi.user_id).update(purposes=["registers.link"])
    client.force_login(user(desk.mehdi))
    text = client.get(reverse("registers:pair_sources", args=[pair.pk])).content.decode()
    assert "un autre fichier" in text
    assert not any(secret in text for secret in (*LABELS.values(), "Liste d’essai", "Convention d’essai"))


@pytest.mark.django_db
def test_two_persons_have_no_common_page(client, desk):
    pair = desk.pair()
    client.force_login(user(desk.mehdi))
    assert client.get(reverse("registers:pair_sources", args=[pair.pk])).status_code == 404
