"""The household guard and the three outcomes of a pair; the sealed connection in which all of it happens.

A pair under a guard is never automatic: persons of one household share name, address and phone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

HIGH, LOW = 6.0, 0.0  # cold start, in match weight (log₂ of odds): proposed until reviews prove better
CERTAIN = 30.0  # above, two birth dates that differ wholly no longer hold the pair
GUARDS = ("given_missing", "given_differs", "birth_differs", "sex_differs", "twins_possible", "namesakes_possible")

SIGNS = ("sex", "hint", "register", "phone", "street", "number", "commune", "year", "date", "surnames", "givens")

# given_missing: without a first name, nothing tells twins, or a mother from her daughter.
# given_differs: also a first name of two parts against another of the same first part (Jean-Pierre, Jean-Marie), and
#   two known first names under one roof that differ in sound and variant, unless the dates are equal (then: twins).
# birth_differs: also two full dates that no slip explains (no swap, not one digit, not the same day of a near year).
# sex_differs with one of these two: a couple, or a brother and a sister; not even asked (of 225 such pairs of a
#   tuning draw, none was one person).
# namesakes_possible: two full dates that differ by more than a swap or a digit, neither phone nor address in common.
OUTCOMES = """
select * exclude (apart, roof, known_differ),
  case when sex_differs and (given_differs or birth_differs) then 'rejected'
    when match_weight >= {high} and not guarded then 'auto'
    when match_weight >= {high} or not guarded then 'to_review' else 'rejected' end as outcome
from (select *, given_missing or given_differs or birth_differs or sex_differs or twins_possible or namesakes_possible
    as guarded
  from (select unique_id_l, unique_id_r, match_weight, match_key, gamma_given, gamma_surname, gamma_birth, gamma_place,
      coalesce(levenshtein(dob_l, dob_r) > 1
        and substr(dob_l, 5, 4) <> substr(dob_r, 7, 2) || substr(dob_r, 5, 2), false) as apart,
      coalesce(list_has_any(phones_l, phones_r), false) or coalesce(commune_l = commune_r and house_no_l = house_no_r
        and jaro_winkler_similarity(street_l, street_r) >= 0.88, false) as roof,
      coalesce(given_known_l = given_known_r and given_l <> given_r and given_ph_l <> given_ph_r
        and not list_has_any(given_set_l, given_set_r), false) as known_differ,
      gamma_given = -1 as given_missing,
      gamma_given = 0 or coalesce(given1_l = given1_r and not starts_with(given_rest_l, given_rest_r)
        and not starts_with(given_rest_r, given_rest_l), false)
        or known_differ and roof and not coalesce(dob_l = dob_r, false) as given_differs,
      gamma_birth = 0 and gamma_given <> -1 and match_weight < {certain}
        or apart and substr(dob_l, 5, 4) <> substr(dob_r, 5, 4)
          and substr(dob_l, 5, 4) <> '0101' and substr(dob_r, 5, 4) <> '0101' as birth_differs,
      coalesce(sex_l <> sex_r and given_l <> given_r, false)
        or coalesce(sex_hint_l <> sex_hint_r, false) and not coalesce(dob_l = dob_r, false) as sex_differs,
      known_differ and roof and coalesce(dob_l = dob_r, false) as twins_possible,
      apart and not roof as namesakes_possible,
      [coalesce((sex_l = sex_r)::int, -1), coalesce((sex_hint_l = sex_hint_r)::int, -1),
        (source_dataset_l = source_dataset_r)::int, coalesce(list_has_any(phones_l, phones_r)::int, -1),
        coalesce((street_l = street_r)::int, -1), coalesce((house_no_l = house_no_r)::int, -1),
        coalesce((commune_l = commune_r)::int, -1), coalesce((dob_year_l = dob_year_r)::int, -1),
        coalesce((dob_l = dob_r)::int, -1), coalesce(len(list_intersect(surnames_l, surnames_r)), -1),
        coalesce(len(list_intersect(given_set_l, given_set_r)), -1)] as signs
    from {pairs} where match_weight >= {low})) order by match_weight desc, unique_id_l, unique_id_r"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records (left < right), weight in log₂ of odds, the four levels (gamma codes), guards, outcome. No value.

    `signs`, in the order of `SIGNS`: equal 1, different 0, missing −1; counts of names in common for the last two.
    """

    left: int
    right: int
    weight: float
    rule: int
    given: int
    surname: int
    birth: int
    place: int
    guards: tuple[str, ...]
    outcome: str
    signs: tuple[int, ...] = ()

    @property
    def levels(self) -> tuple[int, int, int, int]:
        return self.given, self.surname, self.birth, self.place


def outcomes(con: duckdb.DuckDBPyConnection, pairs: str, *, high: float = HIGH, low: float = LOW) -> list[Pair]:
    """Automatic and doubtful pairs, heaviest first; the rejected are dropped here and never kept. `pairs`: a table."""
    query = OUTCOMES.format(pairs=pairs, high=float(high), low=float(low), certain=CERTAIN)
    found = []
    answer = con.execute(query)
    while row := answer.fetchone():  # row by row: a million records give half a million pairs
        left, right, weight, rule, given, surname, birth, place, *guards, signs, _, outcome = row
        if outcome != "rejected":
            held = tuple(name for name, on in zip(GUARDS, guards, strict=True) if on)
            ends = (left, right) if left < right else (right, left)
            found.append(Pair(*ends, weight, int(rule), given, surname, birth, place, held, outcome, tuple(signs)))
    return found


def questions(pairs: Iterable[Pair], root: Mapping[int, int]) -> list[Pair]:
    """What is left to ask a human: one pair, the heaviest, for each two groups that a pair ties; none inside a group.

    One answer settles all the pairs between the two groups. Automatic pairs that grouping refused are asked too.
    """
    asked: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        one, other = root[pair.left], root[pair.right]
        if one != other:
            asked.setdefault((min(one, other), max(one, other)), pair)
    return list(asked.values())


def ranked(asked: Iterable[Pair], root: Mapping[int, int], read: Mapping[tuple[int, int], bool]) -> list[Pair]:
    """The questions in the order in which answers link most records: expected links first.

    Expected: records of one group × records of the other × the share of « same person » among the answers already
    given under the same guards (one half to begin with). Answers so chosen are no sample: thresholds need their own.
    """
    sizes = Counter(root.values())
    asked = list(asked)
    answers: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [1.0, 2.0])
    for pair in asked:
        if (same := read.get((pair.left, pair.right))) is not None:
            answers[pair.guards][0] += same
            answers[pair.guards][1] += 1

    def gain(pair: Pair) -> float:
        true, given = answers[pair.guards]
        return sizes[root[pair.left]] * sizes[root[pair.right]] * true / given

    return sorted(asked, key=lambda pair: (-gain(pair), -pair.weight, pair.left, pair.right))


def sealed_connection(memory: str = "1500MB", threads: int = 2) -> duckdb.DuckDBPyConnection:
    """In memory; no spill, no file, no network, no extension, no Python variable in reach; then locked.

    Without `temp_directory = ''` DuckDB spills values in clear to the working directory when memory is short; with
    it the query fails (`OutOfMemoryException`), and nothing is on the disk.
    """
    import duckdb

    con = duckdb.connect(":memory:")
    for line in (
        f"threads = {int(threads)}",
        f"memory_limit = '{memory}'",
        "temp_directory = ''",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        "preserve_insertion_order = false",
        "lock_configuration = true",
    ):
        con.execute(f"SET {line}").fetchall()
    return con
