"""Computations: values stay inside, only ids, numbers and codes come out; tables without small cells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import registry, usecases as vault
from entremise.vault.engine.tables import publishable
from entremise.vault.models import Line
from entremise.vault.usecases import computing
from tests.accounts.factories import agent
from tests.vault.granting import Town, proved
from tests.vault.registers import CODE, open_apa, residents

HOUSING, ALONE = f"{CODE}.housing", f"{CODE}.lives_alone"
WHY = {"motive": "Repérer qui vit seul au dernier étage"}


@pytest.fixture
def computations(monkeypatch):
    """Declared for one test only."""
    monkeypatch.setattr(registry, "_computations", {})

    @registry.computation("essai.top", label="Essai", purpose="registers.target", fields=["housing"], codes=["haut"])
    def top(rows):
        return [(row.record, len(row.values.get("housing", "")), "haut") for row in rows]

    @registry.computation("essai.leak", label="Fuite", purpose="registers.target", fields=["housing"])
    def leak(rows):
        return [(row.record, row.values["housing"]) for row in rows]


def granted(purpose, fields, cap=60):
    town = Town()
    ana = proved(agent("analyst"))
    row = vault.ask(
        ana, kind="programme", purpose=purpose, motive="Programme d’étude de la canicule", registers=[CODE],
        fields=fields, days=30, cap=cap,
    )  # fmt: skip
    return ana, town.granted(row)


@pytest.mark.django_db
def test_a_computation_runs_under_its_request_and_gives_ids_numbers_and_codes_only(computations):
    open_apa()
    who = residents(3, housing="4e étage")
    vault.set_record(Town().dpo, person=who[0], register=CODE, protected=True)
    ana, row = granted("registers.target", [HOUSING])
    with pytest.raises(NotAllowed):
        vault.compute(ana, request="", name="essai.top", registers=[CODE])
    done = vault.compute(ana, request=row.public_id, name="essai.top", registers=[CODE])
    assert [cells[1:] for cells in done.rows] == [(8, "haut")] * 2
    assert (done.fed, done.left_out) == (2, 1)
    assert Line.objects.filter(action="compute", verdict="granted", request=row.public_id).count() == 1
    assert sorted(Line.objects.filter(action="feed").values_list("verdict", flat=True)) == ["granted"] * 2 + [
        "refused"
    ]
    with pytest.raises(vault.ResultRefused):
        vault.compute(ana, request=row.public_id, name="essai.leak", registers=[CODE])
    with pytest.raises(NotFound):
        vault.compute(ana, request=row.public_id, name="essai.nothing", registers=[CODE])


@pytest.mark.django_db
def test_a_table_hides_small_cells_and_what_would_give_them_back():
    open_apa()
    for value, count in (("seul", 30), ("couple", 14), ("foyer", 3)):
        residents(count, lives_alone=value)
    ana, row = granted("insights.statistics", [ALONE], cap=1000)
    asked = {"register": CODE, "by": ["lives_alone"], "request": row.public_id, **WHY}
    table = vault.count(ana, **asked)
    assert table.cells == {("seul",): 30}
    assert table.hidden == 2
    for _ in range(19):
        vault.count(ana, **asked)
    with pytest.raises(NotAllowed) as refusal:
        vault.count(ana, **asked)
    assert "Aucun effectif" in refusal.value.message
    with pytest.raises(NotAllowed):
        vault.count(ana, **{**asked, "request": ""})
    for wrong in ([], ["lives_alone", "lives_alone"], ["housing", "lives_alone", "aid", "names"]):
        with pytest.raises(vault.FieldUnknown):
            vault.count(ana, **{**asked, "by": wrong})


class Stop(Exception):
    """The asker went away."""


@pytest.fixture
def streamed(monkeypatch):
    """A computation that takes rows one by one, two persons read at a time."""
    monkeypatch.setattr(registry, "_computations", {})
    monkeypatch.setattr(computing, "PART", 2)
    heard = []

    @registry.computation(
        "essai.flow", label="Essai", purpose="registers.target",
        fields=["housing", "lives_alone", "lives_alone~"], codes=["dit"], streamed=True, partial=True,
    )  # fmt: skip
    def flow(rows, given=None):
        for row in rows:
            heard.append(sorted(row.values))
            yield row.record, row.digest, "dit", given or 0

    @registry.computation("essai.number", label="Fuite", purpose="registers.target", fields=["housing"], streamed=True)
    def number(rows):
        for row in rows:
            yield (row.record, 33639980000)  # a telephone is a number too

    return heard


@pytest.mark.django_db
def test_records_are_read_by_parts_each_in_the_journal_before_it_is_opened(streamed):
    open_apa()
    residents(5, housing="4e étage", lives_alone="oui")
    ana, row = granted("registers.target", [HOUSING, ALONE])
    told = []
    done = vault.compute(
        ana, request=row.public_id, name="essai.flow", registers=[CODE], given=7,
        tell=lambda done, total: told.append((done, total, Line.objects.filter(action="feed").count())),
    )  # fmt: skip
    assert told == [(2, 5, 2), (4, 5, 4), (5, 5, 5)]
    assert (done.fed, done.left_out) == (5, 0)
    assert len({cells[1] for cells in done.rows}) == 5
    assert all(0 < cells[1] < 2**63 and cells[2:] == ("dit", 7) for cells in done.rows)
    row.refresh_from_db()
    assert row.rows_used == 5
    again = vault.compute(ana, request=row.public_id, name="essai.flow", registers=[CODE])
    assert [cells[:2] for cells in again.rows] == [cells[:2] for cells in done.rows], "equal values, equal numbers"


@pytest.mark.django_db
def test_who_stops_a_computation_reads_nothing_more(streamed):
    open_apa()
    residents(5, housing="4e étage")
    ana, row = granted("registers.target", [HOUSING, ALONE])

    def tell(done, total):
        raise Stop

    with pytest.raises(Stop):
        vault.compute(ana, request=row.public_id, name="essai.flow", registers=[CODE], tell=tell)
    assert Line.objects.filter(action="feed").count() == len(streamed) == 2


@pytest.mark.django_db
def test_a_field_that_was_not_granted_is_missing_from_the_rows_and_its_raw_form_too(streamed):
    open_apa()
    residents(1, **{"housing": "4e étage", "lives_alone": "oui", "lives_alone~": "OUI"})
    ana, row = granted("registers.target", [HOUSING])
    vault.compute(ana, request=row.public_id, name="essai.flow", registers=[CODE])
    assert streamed == [["housing"]]


@pytest.mark.django_db
def test_a_number_long_enough_to_say_a_telephone_does_not_leave(streamed):
    open_apa()
    residents(1, housing="4e étage")
    ana, row = granted("registers.target", [HOUSING])
    with pytest.raises(vault.ResultRefused):
        vault.compute(ana, request=row.public_id, name="essai.number", registers=[CODE])


def lines(counts) -> Iterator[list[int]]:
    """Each line of a table of two fields: whole, each row, each column."""
    yield [0, *counts]
    for place in (0, 1):
        for value in {key[place] for key in counts}:
            yield [place, *(key for key in counts if key[place] == value)]


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), st.integers(1, 60), min_size=1, max_size=12
    )
)
def test_no_subtraction_finds_a_small_count(counts):
    shown = publishable(counts, 11)
    assert all(shown[key] == counts[key] >= 11 for key in shown)
    for _, *keys in lines(counts):
        hidden = [counts[key] for key in keys if key not in shown]
        assert not hidden or (len(hidden) > 1 and sum(hidden) >= 11) or len(hidden) == len(keys)


def test_a_table_with_nothing_to_hide_is_published_whole():
    whole = {("a",): 11, ("b",): 40}
    assert publishable(whole, 11) == whole
    assert publishable({}, 11) == {}
