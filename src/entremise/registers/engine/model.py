"""The linkage model: comparisons for French persons, blocking rules, training; DuckDB and Spark.

Splink (Fellegi and Sunter 1969, EM of Winkler 1988). A model is a dict without any value of a person: levels, m, u,
prior, rules. It is code, since its SQL runs: trained here or shipped, never uploaded.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splink import Linker, SettingsCreator

Model = dict[str, Any]

# Written by hand: sqlglot 30 turns list_has_any into && and jaro_winkler_similarity into JAROWINKLER_SIMILARITY.
SQL: dict[str, dict[str, Any]] = {
    "duckdb": {
        "any": "list_has_any({0}_l, {0}_r)",
        "has": "list_contains({}, {})",
        "jw": "jaro_winkler_similarity",
        "first": 1,
    },
    "spark": {
        "any": "arrays_overlap({0}_l, {0}_r)",
        "has": "array_contains({}, {})",
        "jw": "jaro_winkler",
        "first": 0,
    },
}
LEAST_LIKELY, MOST_LIKELY = 1e-9, 0.05
"""Bounds of the prior: on a few records no pair, or nearly all, may be sure; Splink computes with neither 0 nor 1."""
RETAINED = ["source_dataset", "sex", "sex_hint", "given_known", "given_rest"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Splink's own warnings and prints may quote SQL: nothing of it leaves."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # children follow it; `disabled` would not stop them
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def settings(dialect: str = "duckdb", *, term_frequencies: bool = False) -> SettingsCreator:
    """Four comparisons, the first true level wins; phone and address are one, because a household shares both.

    Fixed m and u where an agreement is too rare to learn. In SQL elsewhere use only gamma 0 (else), −1 (missing).
    """
    import splink.comparison_library as cl
    from splink import SettingsCreator

    comparisons: list[Any] = [
        cl.CustomComparison(output_column_name=name, comparison_levels=levels)
        for name, levels in (
            ("given", _given(dialect, term_frequencies)),
            ("surname", _surname(dialect, term_frequencies)),
            ("birth", _birth()),
            ("place", _place(dialect)),
        )
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules(),
        max_iterations=40,
        retain_matching_columns=True,
        additional_columns_to_retain=RETAINED,
    )


def _when(sql: str, label: str) -> Any:
    import splink.comparison_level_library as ll

    return ll.CustomLevel(sql, label)


def _missing(sql: str) -> Any:
    return _when(sql, "missing").configure(is_null_level=True)


def _exact(column: str, term_frequencies: bool = False) -> Any:
    import splink.comparison_level_library as ll

    level = ll.ExactMatchLevel(column)
    if term_frequencies:
        return level.configure(tf_adjustment_column=column, tf_minimum_u_value=1e-5)
    return level


def _close(dialect: str, column: str, floor: float) -> str:
    return f"{SQL[dialect]['jw']}({column}_l, {column}_r) >= {floor}"


def _swapped(dialect: str, u: float) -> Any:
    has = SQL[dialect]["has"].format
    level = _when(f"{has('surnames_r', 'given_l')} and {has('surnames_l', 'given_r')}", "swapped")
    return level.configure(m_probability=0.008, u_probability=u, fix_m_probability=True, fix_u_probability=True)


def _given(dialect: str, term_frequencies: bool) -> list[Any]:
    import splink.comparison_level_library as ll

    share = SQL[dialect]["any"].format
    return [
        _missing("given_l is null or given_r is null"),
        _exact("given", term_frequencies),
        _exact("given1", term_frequencies),
        _when(share("given_set"), "variant, or one in common"),
        _swapped(dialect, 2e-6),
        _when("given_ph_l = given_ph_r", "sounds alike"),
        _when(_close(dialect, "given", 0.88), "spelt almost alike"),
        _when(f"{_close(dialect, 'given1', 0.78)} and levenshtein(given1_l, given1_r) <= 3", "spelt near"),
        _when(
            "substr(given1_l, 1, 1) = substr(given1_r, 1, 1) and (length(given1_l) = 1 or length(given1_r) = 1"
            " or substr(given1_l, 1, 4) = substr(given1_r, 1, 4))",
            "initial or short form",
        ),
        ll.ElseLevel(),
    ]


def _surname(dialect: str, term_frequencies: bool) -> list[Any]:
    import splink.comparison_level_library as ll

    share = SQL[dialect]["any"].format
    return [
        _missing("surname_l is null or surname_r is null"),
        _exact("surname", term_frequencies),
        _when(share("surnames"), "one in common"),
        _swapped(dialect, 1e-4),
        _when(share("surnames_ph"), "sounds alike"),
        _when(_close(dialect, "surname", 0.88), "spelt almost alike"),
        ll.ElseLevel(),
    ]


def _birth() -> list[Any]:
    import splink.comparison_level_library as ll

    left, right = "substr(dob_l, 5, 4)", "substr(dob_r, 5, 4)"
    return [
        _missing("dob_year_l is null or dob_year_r is null"),
        _when("dob_l = dob_r", "same date"),
        _when(
            f"dob_year_l = dob_year_r and {left} = substr(dob_r, 7, 2) || substr(dob_r, 5, 2)",
            "day and month swapped",
        ),
        _when("levenshtein(dob_l, dob_r) <= 1", "one digit differs"),
        _when(
            f"({left} = {right} and abs(cast(dob_year_l as int) - cast(dob_year_r as int)) in (1, 2, 10))"
            f" or (dob_year_l = dob_year_r and (dob_l is null or dob_r is null"
            f" or {left} = '0101' or {right} = '0101'))",
            "near year, or only the year known",
        ),
        _when("dob_year_l = dob_year_r", "same year"),
        ll.ElseLevel(),
    ]


def _place(dialect: str) -> list[Any]:
    import splink.comparison_level_library as ll

    share, first = SQL[dialect]["any"].format, SQL[dialect]["first"]
    here = "commune_l = commune_r"
    house = f"street_l = street_r and house_no_l = house_no_r and {here}"
    one_digit = _when(f"levenshtein(phones_l[{first}], phones_r[{first}]) <= 1", "phone, one digit differs")
    return [
        _missing(
            "(street_l is null and phones_l is null) or (street_r is null and phones_r is null)"
            " or ((street_l is null or street_r is null) and (phones_l is null or phones_r is null))"
        ),
        _when(f"{share('phones')} and {house}", "phone and address"),
        _when(share("phones"), "phone"),
        _when(house, "address"),
        _when(f"house_no_l = house_no_r and {here} and {_close(dialect, 'street', 0.88)}", "address nearly"),
        one_digit.configure(u_probability=1e-6, fix_u_probability=True),
        _when(f"{here} and {_close(dialect, 'street', 0.9)}", "same street"),
        _when(here, "same commune"),
        ll.ElseLevel(),
    ]


def rules() -> list[Any]:
    """Pairs worth comparing: each rule lets one or two fields be wrong; their union is measured by the benchmark."""
    from splink import block_on

    def explode(column: str, *others: str) -> Any:
        return block_on(column, *others, arrays_to_explode=[column])

    return [
        explode("phones"),
        block_on("dob", "given_ph"),
        block_on("dob", "surname_ph"),
        block_on("dob", "street"),
        block_on("dob", "commune"),
        explode("surnames_ph", "given_ph", "commune"),
        explode("surnames_ph", "given_ph", "dob_year"),
        explode("surnames_ph", "street", "house_no"),
        block_on("street", "house_no", "given_ph"),
        block_on("surname_ph", "street", "dob_year"),
        "l.surname = r.surname and l.given1 = r.given1 and (l.dob is null or r.dob is null)",
        "l.surname = r.given and l.given = r.surname",
    ]


def estimate_prior(linker: Linker, recall: float = 0.8) -> None:
    """On every base, also under a frozen model: the share of matching pairs falls as the base grows."""
    from splink import block_on

    sure: list[Any] = [
        block_on("surname", "given1", "dob"),
        block_on("surname", "given1", "commune", "street", "house_no"),
    ]
    try:
        linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
        found = linker._settings_obj._probability_two_random_records_match
    except ValueError:  # nearly every pair is a sure one: a handful of records
        found = MOST_LIKELY
    linker._settings_obj._probability_two_random_records_match = min(MOST_LIKELY, max(LEAST_LIKELY, found))


def train(linker: Linker, u_pairs: float = 2e6, m_pairs: float = 1e6, seed: int = 1) -> None:
    """Prior; u by random sampling (seed fixed); three EM passes, each blind to the columns it blocks on."""
    from splink import block_on

    estimate_prior(linker)
    linker.training.estimate_u_using_random_sampling(max_pairs=u_pairs, seed=seed)
    for rule in (block_on("dob", "given1"), block_on("surname", "given1"), block_on("dob", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=m_pairs
        )


def untrained(model: Model) -> list[str]:
    """Levels that would silently run on Splink's built-in values: a run refuses while this is not empty."""
    return [
        f"{comparison['output_column_name']}: {level['label_for_charts']}"
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level") and not {"m_probability", "u_probability"} <= level.keys()
    ]


def carried(model: Model, dialect: str) -> Model:
    """The same m, u and prior under another dialect's SQL: train on DuckDB, predict on Spark."""
    other: Model = settings(dialect).create_settings_dict(dialect)
    other["probability_two_random_records_match"] = model["probability_two_random_records_match"]
    for mine, theirs in zip(model["comparisons"], other["comparisons"], strict=True):
        for one, two in zip(mine["comparison_levels"], theirs["comparison_levels"], strict=True):
            two |= {key: one[key] for key in ("m_probability", "u_probability") if key in one}
    return other
