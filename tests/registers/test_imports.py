"""A messy file into a register: every row has one outcome, a later file of the source knows the persons again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, assume, given, settings as hypothesis, strategies as st

from entremise.audit.models import Entry
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.people.models import Information, Person
from entremise.people.usecases import record_objection
from entremise.registers import queries, usecases
from entremise.registers.engine.intake.cleaning import CAPACITIES
from entremise.registers.engine.intake.problems import OUTCOMES, PROBLEMS
from entremise.registers.models import Enrolment, ImportBatch, ImportedRow, SourceRow
from entremise.vault import queries as registers, usecases as vault
from entremise.vault.models import Record, RecordKey
from tests.mutualaid import sheets
from tests.registers import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def odile():
    files.register()
    return files.keeper()[1]


def states(code="canicule"):
    return sorted(Record.objects.filter(register=code).values_list("status", flat=True))


def test_a_file_of_the_legal_register_comes_in_clean_with_what_was_received_beside(odile):
    rows = [files.legal(1), files.legal(2, phone="639980002", birth="14316", cp="1000", town="Bourg en Bresse")]
    batch = files.loaded(odile, rows, make=sheets.xlsx)
    assert (batch.state, batch.row_count) == ("loaded", 2)
    assert batch.effects["new"] == 2
    first, second = ImportedRow.objects.order_by("number")
    assert files.told(odile, first.person) == {
        "names": "FICTIONBAA, Odette",
        "birth_date": "1926-02-02",
        "phone": "+33639980001",
        "address": "2 rue des Essais, 38000 Grenoble",
        "capacity": "65 ans ou plus",
        "requested_on": "2024-03-12",
    }
    said = files.told(odile, second.person, "canicule", "birth_date", "birth_date~", "phone", "phone~", "address")
    assert said == {
        "birth_date": "1939-03-12",
        "birth_date~": "14316",
        "phone": "+33639980002",
        "phone~": "639980002",
        "address": "3 rue des Essais, 01000 Bourg en Bresse",
    }
    assert states() == ["active", "active"]
    assert Entry.objects.filter(action="registers.file.imported").count() == 1
    assert vault.find(
        odile, register="canicule", by="phone", value="+33639980002", purpose="registers.keep", motive="Un essai ici"
    ) == [second.person]


def test_two_telephones_are_one_cell_and_each_is_found(odile):
    rows = [files.legal(1, phone="06 39 98 00 01 / 02 61 91 00 07")]
    batch = files.loaded(odile, rows)
    person = batch.rows.get().person
    assert files.told(odile, person, "canicule", "phone")["phone"] == "+33639980001 / +33261910007"
    for value in ("+33639980001", "+33261910007"):
        assert vault.find(
            odile, register="canicule", by="phone", value=value, purpose="registers.keep", motive="Un essai ici"
        ) == [person]


def test_the_file_is_destroyed_once_loaded_and_nothing_of_it_can_be_opened(odile, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        batch = files.loaded(odile, [files.legal(1)])
    assert (bytes(batch.content), bytes(batch.sample), batch.aside_document) == (b"", b"", None)
    assert not RecordKey.objects.filter(pk=batch.document).exists()
    with pytest.raises(NotFound):
        usecases.open_sample(odile, batch=batch)


def test_the_same_file_twice_adds_nothing_and_says_when_it_came(odile):
    rows = [files.legal(n) for n in range(3)]
    with time_machine.travel("2026-05-04T10:00:00Z", tick=False):
        files.loaded(odile, rows)
    with pytest.raises(usecases.FileAlreadyLoaded) as refusal:
        files.loaded(odile, rows)
    assert "04/05/2026" in refusal.value.message
    assert "Rien n’a été ajouté" in refusal.value.message
    again = files.loaded(odile, rows, make=sheets.xlsx)  # saved again: other bytes, the same persons
    assert again.effects["same"] == 3
    assert Person.objects.count() == 3


def test_a_corrected_file_writes_the_cells_that_changed_and_no_other(odile):
    rows = [files.legal(1), files.legal(2)]
    files.loaded(odile, rows)
    person = ImportedRow.objects.get(number=2).person
    vault.write(
        odile, person=person, values={"canicule.address": "9 rue corrigée, 38000 Grenoble"}, purpose="registers.keep",
        motive="Corrigé par téléphone",
    )  # fmt: skip
    rows[0][3] = "06 39 98 77 77"
    batch = files.loaded(odile, rows)
    assert (batch.effects["changed"], batch.effects["same"], batch.effects.get("new", 0)) == (1, 1, 0)
    said = files.told(odile, person)
    assert said["phone"] == "+33639987777"
    assert said["address"] == "9 rue corrigée, 38000 Grenoble"
    found = vault.find(
        odile, register="canicule", by="phone", value="+33639980001", purpose="registers.keep", motive="Un essai ici"
    )
    assert found == []


def test_a_cell_left_empty_by_a_later_file_erases_nothing(odile):
    files.loaded(odile, [files.legal(1)])
    batch = files.loaded(odile, [files.legal(1, phone="")])
    person = ImportedRow.objects.filter(batch=batch).get().person
    assert files.told(odile, person)["phone"] == "+33639980001"


def test_a_partial_file_leaves_the_absent_alone_and_a_complete_one_marks_them(odile):
    rows = [files.legal(n) for n in range(4)]
    files.loaded(odile, rows)
    partial = files.loaded(odile, rows[:2])
    assert partial.effects["absent"] == 0
    checked = files.checked(odile, rows[1:3], complete=True)
    assert checked.effects["absent"] == 2
    usecases.start_load(odile, batch=checked)
    usecases.load_batch(odile, batch=checked)
    checked.refresh_from_db()
    assert checked.effects["absent"] == 2
    gone = queries.not_found(checked)
    assert len(gone) == 2
    assert states() == ["active"] * 4
    assert queries.provenance(gone[0].person)[0].absent_since == checked.received_on
    back = files.loaded(odile, rows, complete=True)
    assert back.effects["returned"] == 2
    assert not SourceRow.objects.exclude(absent_since=None).exists()


def test_rows_set_aside_do_not_make_their_persons_absent(odile):
    headings = ["N° dossier", *files.LEGAL]
    rows = [["A1", *files.legal(1)], ["A2", *files.legal(2)]]
    files.loaded(odile, rows, headings=headings)
    rows[1][1], rows[1][2] = "M. et Mme FICTION", "Jean et Odette"
    batch = files.loaded(odile, rows, headings=headings, complete=True)
    assert batch.outcomes["quarantined"] == 1
    assert batch.effects["absent"] == 0


def test_the_own_number_of_a_file_recognises_a_person_whose_name_changed(odile):
    headings = ["N° dossier", *files.LEGAL]
    files.loaded(odile, [["A1", *files.legal(1)]], headings=headings)
    batch = files.loaded(odile, [["A1", *files.legal(1, last="ÉPOUSÉE")]], headings=headings)
    assert batch.effects["changed"] == 1
    assert files.told(odile, batch.rows.get().person)["names"] == "ÉPOUSÉE, Odette"


def test_a_father_and_his_son_on_one_telephone_are_never_one_by_a_later_file(odile):
    son = files.legal(1, last="MARTIN", first="Jean", birth="02/02/1965")
    father = files.legal(1, last="MARTIN", first="Jean", birth="02/02/1935")
    files.loaded(odile, [son])
    batch = files.loaded(odile, [father, son])
    assert batch.effects["new"] == 1
    assert batch.effects["same"] == 1


def test_a_couple_on_one_row_is_set_aside_and_becomes_two_records(odile, django_capture_on_commit_callbacks):
    batch = files.loaded(odile, [files.legal(1, last="M. et Mme DURAND", first="Jean et Marie"), files.legal(2)])
    (aside,) = usecases.open_asides(odile, batch=batch)
    assert aside.reasons == [PROBLEMS["two_persons"].sentence]
    assert aside.proposals == [{"last_name": "DURAND", "first_name": one} for one in ("Jean", "Marie")]
    common = {**aside.said, "last_name": "DURAND"}
    with django_capture_on_commit_callbacks(execute=True):
        persons = usecases.correct_row(
            odile, batch=batch, number=2, parts=[{**common, "first_name": one} for one in ("Jean", "Marie")]
        )
    assert {files.told(odile, one)["names"] for one in persons} == {"DURAND, Jean", "DURAND, Marie"}
    batch.refresh_from_db()
    assert (sum(batch.outcomes.values()), batch.outcomes["quarantined"]) == (2, 0)
    assert batch.aside_document is None
    with pytest.raises(IllegalTransition):
        usecases.correct_row(odile, batch=batch, number=2, parts=[{**common, "first_name": "Jean"}])


def test_what_is_still_wrong_is_said_and_nothing_is_kept(odile):
    from django.core.exceptions import ValidationError

    batch = files.loaded(odile, [files.legal(1, last="", first=""), files.legal(2)])
    with pytest.raises(ValidationError, match="Le nom manque"):
        usecases.correct_row(odile, batch=batch, number=2, parts=[{"first_name": " "}])
    assert Person.objects.count() == 1


def test_rows_left_aside_are_counted_and_what_they_said_is_destroyed(odile, django_capture_on_commit_callbacks):
    batch = files.loaded(odile, [files.legal(1, last="", first=""), files.legal(2)])
    document = batch.aside_document
    with django_capture_on_commit_callbacks(execute=True):
        assert usecases.discard_rows(odile, batch=batch) == 1
    assert not RecordKey.objects.filter(pk=document).exists()
    batch.refresh_from_db()
    assert (batch.outcomes["rejected"], sum(batch.outcomes.values())) == (1, 2)


def test_social_security_numbers_never_enter(odile):
    def nir(n):
        number = 2380338185000 + n
        return f"{number}{97 - number % 97:02d}"

    rows = [[*files.legal(n), nir(n), f"vu le 3, NIR {nir(n + 50)}"] for n in range(4)]
    batch = files.received(odile, rows, headings=[*files.LEGAL, "N° dossier", "Personne à prévenir"])
    assert batch.refused_columns == [9]
    assert batch.mapping[9] == ""
    said = usecases.open_sample(odile, batch=batch)
    usecases.set_mapping(odile, batch=batch, mapping=["number" if n == 9 else t for n, t in enumerate(batch.mapping)])
    usecases.check_file(odile, batch=batch)
    batch.refresh_from_db()
    assert batch.mapping[9] == ""
    assert batch.problems["nir_removed"] == 4
    usecases.start_load(odile, batch=batch)
    usecases.load_batch(odile, batch=batch)
    cell = files.told(odile, batch.rows.order_by("number")[0].person, "canicule", "emergency_contact")
    assert cell == {"emergency_contact": "vu le 3, NIR [numéro retiré]"}
    assert "23803" not in str(said)


def test_unmapped_columns_leave_their_name_only(odile):
    headings = [*files.LEGAL, "Couleur préférée"]
    batch = files.loaded(odile, [[*files.legal(1), "vert bouteille"]], headings=headings)
    assert batch.ignored == ["Couleur préférée"]
    assert not any("vert" in str(row) for row in ImportBatch.objects.values())


def test_a_register_takes_the_fields_of_its_profile_and_no_other(odile):
    targets = usecases.targets_of("canicule")
    assert "gir" not in targets
    assert "note" not in targets
    batch = files.received(odile, [[*files.legal(1), "2"]], headings=[*files.LEGAL, "GIR"])
    with pytest.raises(usecases.MappingIncomplete):
        usecases.set_mapping(odile, batch=batch, mapping=[*batch.mapping[:-1], "gir"])


@pytest.mark.parametrize("origin", ["existing", "third_party"])
def test_a_list_given_by_others_never_enters_the_legal_register(odile, origin):
    with pytest.raises(usecases.ThirdPartyListForbidden):
        files.source(odile, label="Liste", origin=origin)


def test_a_list_that_one_third_party_made_is_recognised_whatever_it_was_called(odile):
    rows = [[*files.legal(n), "ADMR de Montville"] for n in range(30)]
    batch = files.checked(odile, rows, headings=[*files.LEGAL, "Tiers"])
    assert (batch.state, batch.failure) == ("failed", "third_party_list_forbidden")
    assert Person.objects.count() == 0


def test_persons_of_a_reused_file_are_to_inform_unless_the_file_says_when_they_were_told():
    files.register("apa-38", "service")
    _, odile = files.keeper("apa-38")
    there = files.source(odile, "apa-38", origin="existing")
    rows = [[*files.person(1), "12/03/2024"], [*files.person(2), ""], [*files.person(3), "bientôt"]]
    batch = files.loaded(odile, rows, of=there, headings=[*files.HEADINGS, "Informé le"])
    assert states("apa-38") == ["informed", "to_inform", "to_inform"]
    told = Information.objects.get()
    assert (told.informed_on, told.person_id) == (date(2024, 3, 12), batch.rows.get(number=2).person)
    assert batch.problems["informed_unreadable"] == 1


def test_whoever_was_erased_does_not_come_back_and_nothing_of_them_is_kept(odile):
    vault_values = {"names": "FICTIONBAA, Odette", "phone": "+33639980001", "birth_date": "1926-02-02"}
    from entremise.kernel import clock
    from entremise.vault.models import Mark

    Mark.objects.bulk_create([Mark(digest=one, at=clock.now()) for one in vault.erasure_mark(vault_values)])
    batch = files.loaded(odile, [files.legal(1), files.legal(2), files.legal(3, phone="06 39 98 00 01")])
    assert batch.problems["person_blocked"] == 1
    assert batch.problems["erased_phone"] == 1
    assert (batch.effects["new"], batch.outcomes["rejected"], batch.outcomes["quarantined"]) == (1, 1, 1)
    headings, rows = usecases.aside_table(odile, batch=batch)
    assert rows[0][0] == "2"
    assert not any(rows[0][2:])
    (aside,) = usecases.open_asides(odile, batch=batch)
    usecases.correct_row(odile, batch=batch, number=aside.number, parts=[aside.said], confirmed=True)
    assert Person.objects.count() == 2


def test_an_objection_comes_with_the_person_and_a_complete_one_keeps_them_out(odile):
    files.register("apa-38", "service")
    _, both = files.keeper("apa-38", "canicule")
    first = files.loaded(both, [files.legal(1), files.legal(2)])
    one, two = (row.person for row in first.rows.order_by("number"))
    record_objection(both, person=one, purpose="outreach.call")
    record_objection(both, person=two, purpose="registers.inform")
    there = files.source(both, "apa-38", origin="existing")
    batch = files.loaded(both, [files.person(1), files.person(2)], of=there, headings=files.HEADINGS)
    assert batch.problems["objection_kept"] == 1
    assert batch.problems["person_blocked"] == 1
    kept = batch.rows.get(effect="new").person
    assert registers.stances_of(kept)["objection"] == {"outreach.call"}


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_a_record_frozen_or_closed_is_not_opened_again_by_any_file(odile, status):
    rows = [files.legal(1), files.legal(2)]
    first = files.loaded(odile, rows)
    vault.set_record(odile, person=first.rows.get(number=2).person, register="canicule", status=status)
    rows[0][3] = "06 39 98 77 77"
    same = files.loaded(odile, rows)
    other = files.loaded(odile, rows, of=files.source(odile, label="Autre liste"))
    for batch in (same, other):
        assert batch.problems["record_closed"] == 1
    assert states() == sorted(["active", "active", status])


def test_a_withdrawn_file_closes_what_it_alone_brought_and_may_come_again(odile):
    rows = [files.legal(n) for n in range(4)]
    first = files.loaded(odile, rows[:2])
    second = files.loaded(odile, rows[1:])
    assert usecases.withdraw_batch(odile, batch=second) == 2
    assert states() == ["active", "active", "closed", "closed"]
    assert usecases.withdraw_batch(odile, batch=first) == 2
    assert states() == ["closed"] * 4
    again = files.loaded(odile, rows)
    assert again.effects["new"] == 4


def test_a_file_given_up_is_destroyed_and_may_be_sent_again(odile, django_capture_on_commit_callbacks):
    batch = files.checked(odile, [files.legal(1)])
    with django_capture_on_commit_callbacks(execute=True):
        usecases.reject_batch(odile, batch=batch)
    assert not RecordKey.objects.filter(pk=batch.document).exists()
    assert files.loaded(odile, [files.legal(1)]).effects["new"] == 1
    with pytest.raises(IllegalTransition):
        usecases.start_load(odile, batch=batch)


def test_thirty_days_later_nothing_that_waited_is_left(odile, django_capture_on_commit_callbacks, actor):
    waiting = files.checked(odile, [files.legal(1)])
    aside = files.loaded(odile, [files.legal(2, last="", first=""), files.legal(3)])
    with time_machine.travel(waiting.uploaded_at + timedelta(days=29)):
        assert usecases.forget_files(actor("machine")) == 0
    with (
        time_machine.travel(waiting.uploaded_at + timedelta(days=31)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert usecases.forget_files(actor("machine")) == 2
    assert not RecordKey.objects.filter(pk__in=[waiting.document, aside.aside_document]).exists()
    waiting.refresh_from_db()
    assert waiting.state == "rejected"


def test_columns_put_right_are_kept_for_the_next_file_of_the_source(odile):
    first = files.received(odile, [files.legal(1)], headings=["A", "B", *files.LEGAL[2:]])
    mapping = ["last_name", "first_name", *first.mapping[2:]]
    usecases.set_mapping(odile, batch=first, mapping=mapping)
    again = files.received(odile, [files.legal(2)], headings=["A", "B", *files.LEGAL[2:]])
    assert again.mapping == mapping


def test_titles_totals_repeated_headings_and_blank_rows_are_told_and_are_nobody(odile):
    rows = [files.legal(1), [], files.LEGAL, files.legal(2), ["TOTAL", "", "", "", "2"]]
    data = sheets.text([["Registre canicule 2026"], [], files.LEGAL, *rows])
    batch = usecases.receive_file(odile, source=files.source(odile), content=data)
    usecases.read_file(odile, batch=batch)
    batch.refresh_from_db()
    usecases.set_mapping(odile, batch=batch, mapping=batch.mapping)
    usecases.check_file(odile, batch=batch)
    batch.refresh_from_db()
    assert (batch.head_row, batch.row_count, batch.outcomes["blank"]) == (3, 5, 3)
    assert {"blank_row": 1, "total_row": 1, "repeated_heading": 1}.items() <= batch.problems.items()


def test_another_sheet_of_the_workbook_may_be_chosen(odile):
    data = sheets.xlsx([files.LEGAL, files.legal(1)], ("Suite", [files.LEGAL, files.legal(2), files.legal(3)]))
    batch = usecases.receive_file(odile, source=files.source(odile), content=data)
    usecases.read_file(odile, batch=batch)
    batch.refresh_from_db()
    assert (batch.sheets, batch.sheet, batch.row_count) == (2, 0, 1)
    usecases.choose_sheet(odile, batch=batch, sheet=1)
    usecases.read_file(odile, batch=batch)
    batch.refresh_from_db()
    assert (batch.state, batch.sheet, batch.row_count) == ("mapped", 1, 2)


def test_only_a_keeper_named_in_the_register_imports(odile):
    _, other = files.keeper("autre", label="Paul")
    with pytest.raises(NotAllowed):
        usecases.receive_file(other, source=files.source(odile), content=b"Nom;Tel\nA;1\n")


def test_of_two_agents_who_load_one_file_one_does(odile):
    _, paul = files.keeper(label="Paul")
    batch = files.checked(odile, [files.legal(1)])
    other = ImportBatch.objects.get(pk=batch.pk)
    usecases.start_load(odile, batch=batch)
    with pytest.raises(IllegalTransition):
        usecases.start_load(paul, batch=other)
    usecases.load_batch(odile, batch=batch)
    usecases.load_batch(paul, batch=other)
    assert Person.objects.count() == 1


def test_provenance_says_source_file_row_and_day(odile):
    batch = files.loaded(odile, [files.legal(1)], received_on=files.LONG_AGO)
    (origin,) = queries.provenance(batch.rows.get().person)
    assert (origin.source, origin.batch, origin.row, origin.received_on) == (
        "Fichier du CCAS", batch.public_id, 2, files.LONG_AGO,
    )  # fmt: skip


def test_an_import_and_an_enrolment_write_the_capacity_alike():
    assert usecases.CAPACITIES == CAPACITIES


NIR = "1380338185001"
messy = st.sampled_from(
    [
        "", " ", "Odette", "DURAND", "M. et Mme DURAND", "Jean et Marie", "INCONNU", "0639981234", "6,12E+08", "12",
        "06 39 98 00 01 / 02 61 91 00 01", "Grenoble", "38000", "Nulle-Part", "=1+1", "a" * 700, "12/03/1938", "14316",
        "31/02/1940", "03/28/1938", "TOTAL", "Nom", "1", NIR, "JosÃ©", "x\ny", "\u202e", "né le 3 mai 41",
    ]
)  # fmt: skip


@hypothesis(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(messy, min_size=9, max_size=9), min_size=1, max_size=10))
def test_accepted_warned_aside_refused_and_blank_rows_are_all_the_rows_read(odile, rows):
    # A column of social security numbers is refused: without the columns of names, there is nothing to check.
    assume(all(sum(row[place] == NIR for row in rows) < 3 for place in (0, 1)))
    Enrolment.objects.all().delete()
    ImportedRow.objects.all().delete()
    SourceRow.objects.all().delete()
    ImportBatch.objects.all().delete()
    rows = [*rows, files.legal(1)]
    mapping = ["last_name", "first_name", "birth_date", "phone", "street", "postcode", "town", "capacity", "number"]
    batch = files.received(odile, rows)
    usecases.set_mapping(odile, batch=batch, mapping=mapping)
    usecases.check_file(odile, batch=batch)
    batch.refresh_from_db()
    seen = dict(batch.outcomes)
    assert set(seen) == set(OUTCOMES)
    assert sum(seen.values()) == batch.row_count == len(rows)
    usecases.start_load(odile, batch=batch)
    usecases.load_batch(odile, batch=batch)
    batch.refresh_from_db()
    assert batch.state == "loaded", batch.failure
    assert batch.outcomes == seen
    assert batch.rows.filter(part=0).count() == batch.row_count
    taken = seen["accepted"] + seen["accepted_with_warnings"]
    assert sum(batch.effects.get(name, 0) for name in ("new", "same", "changed", "returned")) == taken
