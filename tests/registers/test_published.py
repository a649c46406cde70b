"""What a preview shows, alone or subtracted from another of its tables, is never a small count; sums stay true."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, strategies as st

from entremise.registers.engine.fragility import FACTORS, pack
from entremise.registers.engine.preview import Named, compare, preview
from entremise.registers.engine.published import grouped, inside
from entremise.registers.engine.rolls import Entry, dump, gather, load

K = 11
TOWNS = {"38185": ("Grenoble", "e1", "38"), "38151": ("Échirolles", "e1", "38"), "38563": ("Voiron", "e2", "38"),
         "69123": ("Lyon", "e3", "69"), "69266": ("Villeurbanne", "e3", "69")}  # fmt: skip
NAMED = Named(
    TOWNS, {"e1": "Métropole", "e2": "Pays", "e3": "Lyon Métropole", "38": "Isère", "69": "Rhône"}, ["APA", "Alerte"]
)
COUNTS = st.dictionaries(
    st.sampled_from([*TOWNS, ""]), st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6
)


def path(code: str) -> tuple[str, str]:
    return TOWNS[code][1:] if code in TOWNS else ("", "")


@given(COUNTS)
def test_each_block_counts_nobody_or_enough_and_blocks_add_up_to_everybody(counts):
    blocks = grouped(counts, K, paths={code: path(code) for code in counts})
    if not blocks:
        assert any(0 < sum(pair[column] for pair in counts.values()) < K for column in (0, 1))
        return
    assert sorted(code for block in blocks for code in block.members) == sorted(counts)
    assert all(count == 0 or count >= K for block in blocks for count in block.counts)
    for column in (0, 1):
        assert sum(block.counts[column] for block in blocks) == sum(pair[column] for pair in counts.values())


@given(COUNTS, st.lists(st.sampled_from([*TOWNS, ""]), max_size=3))
def test_what_another_page_counts_together_stays_together(counts, group):
    blocks = grouped(counts, K, paths={code: path(code) for code in counts}, start=[group])
    for block in blocks:
        assert len({code in block.members for code in group if code in counts}) < 2


def test_small_communes_join_those_of_their_intercommunality_first():
    counts = {"38185": (30, 30), "38151": (3, 12), "38563": (20, 20), "69123": (40, 40)}
    blocks = grouped(counts, K, paths={code: path(code) for code in counts})
    assert {block.members for block in blocks} == {("38151", "38185"), ("38563",), ("69123",)}
    assert inside(blocks, ["38185", "38151"]) == (33, 42)
    assert inside(blocks, ["38151"]) is None


PEOPLE = st.lists(
    st.tuples(st.sampled_from([*TOWNS, ""]), st.sampled_from(["age_65", "age_80", "", "young"]), st.integers(1, 3)),
    min_size=1,
    max_size=120,
)


def entries(people) -> list[Entry]:
    made = []
    for number, (town, band, mask) in enumerate(people):
        ages = dict.fromkeys(("age_65", "age_75", "age_80", "age_90"), None if band == "" else False)
        facts = {**ages, "no_phone": number % 3 == 0} | ({band: True} if band.startswith("age") else {})
        made.append(Entry(UUID(int=number + 1), town, pack(facts), mask))
    return made


TABLES = ("territory", "epci", "department", "bands", "registers", "points", "channels")


@given(PEOPLE, st.integers(1, 120))
def test_no_table_of_a_page_shows_a_small_count_and_each_adds_up_to_the_cohort(people, size):
    base = entries(people)
    chosen = base[:size]
    tables = preview(base, chosen, {str(one.person): one.registers for one in base}, NAMED, K)
    for name in TABLES:
        rows = tables[name]
        assert all(row["in"] == 0 or row["in"] >= K for row in rows), name
        assert all(row["base"] - row["in"] == 0 or row["base"] - row["in"] >= K for row in rows), name
        if rows:
            assert sum(row["in"] for row in rows) == len(chosen), name
            assert sum(row["base"] for row in rows) == len(base), name


@given(PEOPLE, st.integers(1, 120), st.sets(st.sampled_from(sorted(TOWNS))))
def test_no_difference_between_the_tables_by_territory_gives_a_small_count(people, size, known):
    """A reader subtracts from an EPCI the communes shown alone, from a département its EPCIs, for in and for base."""
    base = entries(people)
    tables = preview(base, base[:size], {str(one.person): 0 for one in base}, NAMED, K)
    rows = {name: {row["label"]: row for row in tables[name]} for name in ("territory", "epci", "department")}
    for code, (name, epci, department) in TOWNS.items():
        for table, above in (("epci", epci), ("department", department)):
            larger = rows[table].get(NAMED.above[above])
            inner = [
                rows["territory"][TOWNS[other][0]]
                for other in known | {code}
                if above in TOWNS[other] and TOWNS[other][0] in rows["territory"]
            ]
            if larger is None or not inner or name not in rows["territory"]:
                continue
            for column in ("in", "base"):
                rest = larger[column] - sum(row[column] for row in inner)
                assert rest == 0 or rest >= K
    for department in ("38", "69"):
        larger = rows["department"].get(NAMED.above[department])
        inner = [rows["epci"][NAMED.above[e]] for e in {epci for _, epci, d in TOWNS.values() if d == department}
                 if NAMED.above[e] in rows["epci"]]  # fmt: skip
        for column in ("in", "base"):
            assert larger is None or (rest := larger[column] - sum(row[column] for row in inner)) == 0 or rest >= K


def test_the_registers_of_a_page_do_not_give_the_few_who_are_in_both():
    """100 in one, 60 in the other, 155 persons: the five of both must not come out by subtraction."""
    masks = [1] * 95 + [2] * 55 + [3] * 5
    base = [Entry(UUID(int=n + 1), "38185", 0, mask) for n, mask in enumerate(masks)]
    tables = preview(base, base, {str(one.person): 0 for one in base}, NAMED, K)
    assert [row["in"] for row in tables["registers"]] == [95, 60]
    assert "APA et Alerte" in tables["registers"][1]["label"]


@given(PEOPLE, st.integers(1, 120), st.integers(0, 120))
def test_a_comparison_shows_no_small_count_nor_what_two_previews_hide(people, size, shift):
    base = entries(people)
    before, after = base[:size], base[shift : shift + size]
    pages = [preview(base, some, {str(one.person): 0 for one in base}, NAMED, K) for some in (before, after)]
    start = {name: [group for page in pages for group in page["groups"][name]] for name in ("territory", "bands")}
    tables = compare(base, before, after, NAMED, K, start)
    for rows in tables.values():
        for row in rows:
            assert all(row[name] == 0 or row[name] >= K for name in ("enter", "leave", "stay"))
        if rows:
            one, other = {e.person for e in before}, {e.person for e in after}
            assert sum(row["enter"] for row in rows) == len(other - one)
            assert sum(row["leave"] for row in rows) == len(one - other)


@given(PEOPLE)
def test_a_roll_comes_back_whole_and_refuses_anything_else(people):
    made = entries(people)
    assert load(dump(made)) == made
    for wrong in (b"", b"roll2" + dump(made)[5:]):
        try:
            load(wrong)
        except ValueError:
            continue
        raise AssertionError("a roll was read from something else")


def test_one_person_of_two_records_has_what_both_say_and_the_commune_they_share():
    who = UUID(int=1)
    one = pack({"apa": True, "no_phone": True, "age_80": True})
    other = pack({"alone": True, "no_phone": False, "age_80": False})
    (entry,) = gather([(who, "38185", one, 0), (who, "", other, 1)])
    facts = entry.known()
    assert (facts["apa"], facts["alone"], facts["no_phone"], facts["age_80"]) == (True, True, False, None)
    assert (entry.commune, entry.registers, entry.reachable) == ("38185", 0b11, True)
    assert {factor.code for factor in FACTORS} == set(facts)
