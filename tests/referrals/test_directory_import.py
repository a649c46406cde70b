"""A directory comes in: each wrong cell by its place, valid rows once, nothing lost, nothing older on top."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings, strategies as st

from entremise.accounts.models import User
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.tables.writing import to_csv
from entremise.referrals import usecases
from entremise.referrals.engine import checking, files
from entremise.referrals.models import DirectoryImport, Service, ServiceVersion, Structure
from entremise.referrals.usecases.importing import dial
from entremise.territories.usecases import load_reference
from tests.referrals.sheets import SERVICE, STRUCTURE, book

MACHINE = Actor.machine("essai")
PLACES = checking.Places(
    names={"38185": "Grenoble"}, epcis=frozenset({"200040715"}), covered=frozenset({"38"}),
    by_name={"grenoble": "38185"},
)  # fmt: skip


def checked(data: bytes, known=()):
    return checking.check(files.open_file(data), PLACES, known=known, dial=dial)


def problems(**wrong):
    found = checked(book([STRUCTURE], [{**SERVICE, **wrong}]))
    assert found.read == len(found.records) + found.rejected
    return {one.code: one for one in found.problems}


def test_the_template_comes_in_without_a_word():
    found = checked(book([STRUCTURE], [SERVICE]))
    assert (found.read, found.rejected, found.problems) == (2, 0, [])
    assert found.records[1].telephone == "+33465711001"
    assert found.records[1].zones == (("commune", "38185"),)


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ({"nombre_semaines": "deux"}, "value_wrong", "La valeur doit être un entier valide."),
        ({"thematiques": "sante--acces-au-soins"}, "value_unknown",
         "La valeur « sante--acces-au-soins » n’existe pas. Vouliez-vous dire « sante--acces-aux-soins » ?"),
        ({"zone_eligibilite": "38999"}, "zone_unknown", "« 38999 » n’est pas un code connu"),
        ({"zone_eligibilite": "99"}, "zone_unknown", "« 99 » n’est pas un code connu"),
        ({"code_insee": "38999"}, "code_insee_unknown", "Pour Grenoble : 38185."),
        ({"structure_id": "nulle-part"}, "structure_unknown", "ni dans l’annuaire"),
        ({"publics": "tous-publics,seniors"}, "value_wrong", "tous-publics"),
        ({"date_maj": "2999-01-01"}, "value_wrong", "ne peut pas être dans le futur"),
        ({"date_maj": "hier"}, "value_wrong", "2026-12-31"),
        ({"nom": "ab"}, "value_wrong", "trop courte : 3"),
        ({"nom": ""}, "missing", "obligatoire"),
        ({"courriel": "pas une adresse"}, "value_wrong", "exemple.fr"),
        ({"lien_source": "pas un lien"}, "value_wrong", "https://"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_told_at_its_place(wrong, code, said):
    found = problems(**wrong)
    assert said in found[code].message
    place = found[code]
    assert (place.sheet, place.row, place.column) == ("Services", 2, next(iter(wrong)))
    assert place.letter
    assert place.severity == "error"


def test_one_bad_zone_item_is_one_problem_not_five():
    found = checked(book([STRUCTURE], [{**SERVICE, "zone_eligibilite": "38185, nulle part, france"}]))
    assert [(one.code, one.value) for one in found.problems] == [("zone_unknown", "nulle part")]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"nom": "Portage de repas."}, "advice"), ({"telephone": "12"}, "phone_unread"),
     ({"typo": "x"}, "column_unknown"), ({"date_maj": "02/05/2026"}, "date_read")],
)  # fmt: skip
def test_a_notice_does_not_refuse_the_row(wrong, code):
    found = checked(book([STRUCTURE], [{**SERVICE, **wrong}]))
    assert (found.rejected, [(one.code, one.severity) for one in found.problems]) == (0, [(code, "notice")])


def test_what_excel_made_a_number_is_made_a_code_again():
    found = checked(book([{**STRUCTURE, "code_postal": 1000, "siret": 2130012700016}], []))
    assert found.records[0].content["code_postal"] == "01000"
    assert found.records[0].content["siret"] == "02130012700016"
    assert {one.code for one in found.problems} == {"number_padded"}


def test_99100_is_france_and_not_a_commune():
    found = checked(book([STRUCTURE], [{**SERVICE, "zone_eligibilite": "99100"}]))
    assert found.records[1].zones == (("country", "france"),)


def test_a_service_of_a_refused_structure_is_refused_too_and_said_so():
    found = checked(book([{**STRUCTURE, "nom": ""}], [SERVICE]))
    assert found.rejected == 2
    assert {one.code for one in found.problems} == {"missing", "structure_unknown"}


def test_the_same_id_twice():
    found = checked(book([STRUCTURE], [SERVICE, SERVICE]))
    assert [(one.code, one.row) for one in found.problems] == [("id_duplicate", 3)]


def test_ignored_rows_and_heads_in_any_shape():
    rows = [{**SERVICE, "__ignore__": "x"}, {**SERVICE, "__ignore__": ""}]
    assert checked(book([STRUCTURE], rows)).read == 2
    head = ["id", "id", "", "Nom", "zzz"]
    found = checked(to_csv(head, [["a", "b", "", "Maison", ""]]))
    codes = sorted(one.code for one in found.problems if one.row == 1)
    assert codes == ["column_duplicate", "column_missing", "column_missing", "column_unknown"]
    assert found.rejected == 1


@pytest.mark.parametrize("field", ["typologie", "rna"])
def test_v0_is_refused_as_such(field):
    old = {**STRUCTURE, field: "CCAS"}
    for data in (book([old], []), json.dumps({"structures": [old]}).encode(), to_csv(list(old), [list(old.values())])):
        with pytest.raises(files.Refused, match="v0, convertissez en v1"):
            files.open_file(data)


@pytest.mark.parametrize(
    "data", [b"", b"[", b"{}", b"\x00\x01", b"PK\x03\x04", b"[1, null]", b'{"services": 3}', b"a;b"]
)
def test_no_file_at_all_is_said_and_never_a_crash(data):
    try:
        found = checked(data)
    except files.Refused:
        return  # with a sentence
    assert found.rejected == found.read


CELL = st.one_of(
    st.none(), st.text(max_size=12), st.integers(), st.booleans(), st.lists(st.text(max_size=5), max_size=3),
    st.floats(allow_nan=False, allow_infinity=False), st.dictionaries(st.text(max_size=3), st.none()),
)  # fmt: skip
ROW = st.one_of(
    CELL,
    st.dictionaries(st.sampled_from(sorted({*SERVICE, "siret", "nombre_semaines", "longitude", "x"})), CELL),
    st.builds(lambda n, more: {**SERVICE, "thematiques": [], "id": f"essai--{n}", **more}, st.integers(0, 4),
              st.dictionaries(st.sampled_from(["nom", "zone_eligibilite", "publics", "date_maj"]), CELL)),
)  # fmt: skip


@given(st.lists(ROW, min_size=1, max_size=6), st.lists(ROW, max_size=3))
@settings(max_examples=150)
def test_accepted_and_rejected_are_all_that_was_read(services, structures):
    data = json.dumps({"services": services, "structures": structures}).encode()
    try:
        found = checked(data, known=[("essai", "essai--s1")])
    except files.Refused:
        return
    assert found.read == len(services) + len(structures) == len(found.records) + found.rejected
    refused = {(one.sheet, one.row) for one in found.problems if one.severity == "error"}
    assert len(refused) == found.rejected, "each refused row says why"
    kept = {(one.sheet, one.row) for one in found.records}
    assert not refused & kept


def load(structures, services, *, whole=False):
    batch = usecases.receive_directory(MACHINE, data=book(structures, services), title="essai.xlsx", whole=whole)
    return batch, usecases.load_directory(MACHINE, batch=batch)


@pytest.fixture
def _isere(db):
    load_reference(MACHINE, departments=["38"])


pytestmark_db = pytest.mark.usefixtures("_isere")


@pytestmark_db
@pytest.mark.django_db
def test_a_second_import_changes_nothing_and_an_older_record_never_wins():
    batch, done = load([STRUCTURE], [SERVICE])
    assert batch.counts["new"] == done["new"] == 2, "the dry run said what the load did"
    assert load([STRUCTURE], [SERVICE])[1] == {"new": 0, "changed": 0, "same": 2, "older": 0, "withdrawn": 0}
    older = {**SERVICE, "nom": "Ancien nom", "date_maj": "2026-01-01"}
    assert load([STRUCTURE], [older])[1]["older"] == 1
    row = Service.objects.get()
    assert (row.label, row.versions.count()) == ("Portage de repas", 1)
    newer = {**SERVICE, "nom": "Repas portés", "date_maj": "2026-06-01", "zone_eligibilite": "38"}
    load([STRUCTURE], [newer])
    row.refresh_from_db()
    assert [one.content["nom"] for one in row.versions.all()] == ["Repas portés", "Portage de repas"]
    assert list(row.zones.values_list("rank", "code")) == [(2, "38")]
    assert DirectoryImport.objects.exclude(file=b"").count() == 0, "the file goes once it is loaded"


@pytestmark_db
@pytest.mark.django_db
def test_what_a_whole_list_no_longer_names_is_withdrawn_and_kept_but_not_what_it_names_badly():
    two, three = ({**SERVICE, "id": f"essai--{n}", "nom": f"Service {n}"} for n in (2, 3))
    load([STRUCTURE], [SERVICE, two, three])
    usecases.set_capacity(_referrer(), service=Service.objects.get(ref="essai--1"), capacity="full")
    _, done = load([STRUCTURE], [SERVICE, {**two, "nom": "x"}], whole=True)
    assert done["withdrawn"] == 1
    assert Service.objects.exclude(withdrawn_at=None).get().ref == "essai--3"
    assert ServiceVersion.objects.filter(service__ref="essai--3").exists()
    _, back = load([STRUCTURE], [three])
    assert back["changed"] == 1
    assert not Service.objects.exclude(withdrawn_at=None).exists()
    assert Service.objects.get(ref="essai--1").capacity == "full", "an import leaves what we said of a service"


def _referrer() -> Actor:
    user = User.objects.create_user("orientation@exemple.test", "un mot de passe", label="Odile")
    return Actor(user.pk, user.label, "web", frozenset({"referrer"}))


@pytestmark_db
@pytest.mark.django_db
def test_only_who_keeps_the_directory_loads_it_once(run_jobs):
    caller = Actor(None, "x", "web", frozenset({"caller"}))
    with pytest.raises(NotAllowed):
        usecases.receive_directory(caller, data=book([STRUCTURE], [SERVICE]), title="x")
    with pytest.raises(ValidationError, match="v0"):
        usecases.receive_directory(MACHINE, data=book([{**STRUCTURE, "rna": "W"}], []), title="x")
    batch = usecases.receive_directory(MACHINE, data=book([STRUCTURE], [SERVICE]), title="x")
    assert not Structure.objects.exists(), "the dry run wrote nothing"
    usecases.start_directory(MACHINE, batch=batch)
    with pytest.raises(usecases.AlreadyLoaded):
        usecases.start_directory(MACHINE, batch=batch)
    run_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.done, Service.objects.count()) == ("loaded", 2, 1)


@pytestmark_db
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nom", "thematiques", "zone_eligibilite", "telephone", "latitude", "inconnu\x00"])
@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b\x00c", "\ud800abc", float("nan"), "Infinity", 10**400, [[]], {"a": 1}]
)
def test_no_value_that_a_database_refuses_gets_as_far(name, value):
    row = {**SERVICE, "thematiques": ["equipement-et-alimentation--alimentation"], name: value}
    data = json.dumps({"structures": [STRUCTURE], "services": [row]}).encode()
    batch = usecases.receive_directory(MACHINE, data=data, title="x.json")
    usecases.load_directory(MACHINE, batch=batch)
    batch.refresh_from_db()
    assert batch.counts["accepted"] + batch.counts["rejected"] == batch.counts["read"] == 2
    assert Service.objects.count() + 1 == batch.counts["accepted"]
