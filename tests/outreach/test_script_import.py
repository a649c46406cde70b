"""A file of a field team into a script: every fault at its cell, all in one pass (acceptance 9), nothing emptied."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from entremise.kernel.tables.writing import to_csv
from entremise.outreach.engine.xlsform import Model, evaluate, fingerprint
from entremise.outreach.engine.xlsform.export import workbook as exported
from entremise.outreach.engine.xlsform.importing import Understood, Unusable, understand
from entremise.outreach.engine.xlsform.problems import CODES
from tests.outreach.sheets import workbook

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 7, 20, 8, 0, tzinfo=UTC)

WORKED = """
    # survey
    | type | name | label | relevant | constraint | calculation | required | entremise::emergency |
    | select_one issue | issue | Issue | | | | yes | |
    | begin group | conv | Conversation | ${issue}='joint' | | | | |
    | select_one ouinon | mange | A-t-elle mangé ? | | | | oui | |
    | integer | temp | Température | | . >= -10 and . <= 60 | | | |
    | calculate | urgence | | | | if(${mange}='non' or ${temp} > 35, 1, 0) | | |
    | note | n_urg | Danger | ${urgence}=1 | | | | yes |
    | end group | | | | | | | |
    | dateTime | rappel | Rappeler le | ${issue}='rappeler' | . > now() | | yes | |
    # choices
    | list_name | name | label |
    | issue | joint | Jointe |
    | issue | absent | Absente |
    | issue | rappeler | À rappeler |
    | ouinon | oui | Oui |
    | ouinon | non | Non |
    # settings
    | form_title | version |
    | Essai | 3 |
"""


def located(found: Understood, *severities: str) -> dict[str, str]:
    """Code → cell, of the problems of these severities."""
    return {one.code: one.place for one in found.problems if not severities or one.severity in severities}


def survey(*rows: str, head: str = "| type | name | label | relevant |", more: str = "") -> Understood:
    return understand(workbook("\n".join(["# survey", head, *rows, *more.splitlines()])), {"food"})


def model(found: Understood) -> Model:
    assert found.model is not None, [one.line for one in found.problems]
    return found.model


def test_six_faults_give_six_located_problems_in_one_pass() -> None:
    found = understand(workbook("""
        # survey
        | type | name | label | relevant | constraint | calculation |
        | txt | a | A | | | |
        | text | b | Bonjour ${zz} | | | |
        | text | c | C | pulldata('x', 'y') = 1 | | |
        | calculate | d | | | | ${e} + 1 |
        | calculate | e | | | | ${d} + 1 |
        | begin group | g | G | | | |
        | integer | t | T | | . >= -10 and ( | |
    """))  # fmt: skip
    assert found.model is None
    assert located(found) == {
        "unknown_type": "survey!A2 (type)",
        "reference_unknown": "survey!C3 (label)",
        "unknown_function": "survey!D4 (relevant)",
        "cycle": "survey!F5 (calculation)",
        "group_unbalanced": "survey!A7 (type)",
        "expression_syntax": "survey!E8 (constraint)",
    }
    assert len(found.problems) == 6
    lines = [one.line for one in found.problems]
    assert "survey!D4 (relevant) : fonction inconnue « pulldata » (position 1)." in lines
    assert any("d → e → d" in line for line in lines)


def test_the_worked_example_is_read_and_comes_back_the_same() -> None:
    found = understand(workbook(WORKED))
    script = model(found)
    assert found.usable
    assert not found.problems
    assert "<h:html" in found.xform
    assert [one.name for one in evaluate(script, {"issue": "joint"}, NOW, PARIS).visible] == [
        "issue", "conv", "mange", "temp",
    ]  # fmt: skip
    again = model(understand(exported(script)))
    assert again == script
    assert fingerprint(again.to_json()) == fingerprint(script.to_json())
    assert fingerprint(script.to_json()) != fingerprint({**script.to_json(), "version": "4"})


def test_a_call_form_of_surveycto_is_a_draft_with_located_notices() -> None:
    found = understand(workbook("""
        # survey
        |type|name|label:english|label:french|relevance|constraint message|required message|calculation|minimum_seconds|note|
        | start | starttime | | | | | | | | |
        | deviceid | device | | | | | | | | |
        | caseid | caseid | | | | | | | | |
        | text audit | ta | | | | | | | | |
        | speed violations count | sv | | | | | | | | |
        | comments | com | | | | | | | | |
        | calculate_here | heure | | | | | | once(now()) | | |
        | calculate | nom | | | | | | pulldata('cas', 'nom', 'id', ${caseid}) | | |
        | calculate | duree | | | | | | once(duration()) | | |
        | select_one yn | joint | Reached? | Jointe ? | | | Say so | | 3 | yes |
        | note | fin | Bye ${nom} | Au revoir ${nom} | ${joint} = 'y' and ${device} != '' | | | | | |
        # choices
        | list_name | name | label:english | label:french |
        | yn | y | Yes | Oui |
        | yn | n | No | |
    """))  # fmt: skip  # noqa: E501
    assert found.model is not None
    assert not found.usable
    blocking = [(one.code, one.cell) for one in found.problems if one.severity == "blocking"]
    assert blocking == [("unknown_function", "H9"), ("unknown_function", "H10"), ("reference_unknown", "E12")]
    notices = {(one.code, one.cell) for one in found.problems if one.severity == "notice"}
    assert notices == {
        ("metadata_ignored", "A2"), ("metadata_ignored", "A3"), ("downgraded_type", "A4"), ("dropped_row", "A5"),
        ("dropped_row", "A6"), ("dropped_row", "A7"), ("downgraded_type", "A8"), ("downgraded_type", "H8"),
        ("downgraded_type", "H10"), ("column_set_aside", "I1"), ("column_set_aside", "J1"),
        ("translation_missing", "D3"),
    }  # fmt: skip
    assert found.model.languages == ("fr", "en")
    assert found.model.by_name["heure"].calculation == "(now())"
    assert found.model.by_name["caseid"].calculation == "''"
    place = next(one.position for one in found.problems if one.cell == "H10" and one.severity == "blocking")
    assert "once(duration())"[place - 1 :].startswith("duration")  # in the cell as it was typed


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        ("| image | a | A | |", "unsupported_type", "A2"),
        ("| begin repeat | a | A | |", "unsupported_type", "A2"),
        ("| select_one x or_other | a | A | |", "unsupported_type", "A2"),
        ("| select_one_from_file x.csv | a | A | |", "unsupported_type", "A2"),
        ("| text | a b | A | |", "name_invalid", "B2"),
        ("| text | 1a | A | |", "name_invalid", "B2"),
        ("| text | | A | |", "name_invalid", ""),
        ("| text | a | | |", "label_missing", "C2"),
        ("| end group | | | |", "group_unbalanced", "A2"),
        ("| select_one zz | a | A | |", "list_unknown", "A2"),
        ("| text | a | A ${ b } | |", "reference_malformed", "C2"),
        ("| text | a | A | ${a} = 1 |", "cycle", "D2"),
        ("| text | a | A | . = 1 |", "cycle", "D2"),
        ("| text | a | A | $b = 1 |", "reference_malformed", "D2"),
        ("| text | a | A | if(1, 2) |", "arity", "D2"),
        ("| text | a | A | regex('x', '(a+)+') |", "regex_unsafe", "D2"),
    ],
)
def test_each_fault_is_at_its_cell(row: str, code: str, cell: str) -> None:
    more = "# choices\n| list_name | name | label |\n| x | o | O |"
    found = survey(row, "| text | a2 | A | |", more=more)
    matching = [one for one in found.problems if one.code == code]
    assert matching, [one.line for one in found.problems]
    assert cell in ("", matching[0].cell)
    assert matching[0].severity == CODES[code]
    assert matching[0].line.endswith(".")


def test_columns_of_choices_booleans_and_needs_are_judged_too() -> None:
    found = understand(
        workbook("""
        # survey
        | type | name | label | required | read_only | choice_filter | entremise::need | entremise::emergency |couleur|
        | select_one x | a | A | peut-être | ${zz} | zone = ${b} | food, pain | quelquefois | rouge |
        | select_one x | b | B | ${a} != '' | “oui” | region = ${a} | | | |
        | text | A | Autre | 1 | non | | food | oui | |
        | text | a | Double | | | | | | |
        # choices
        | list_name | name | label | region |
        | x | o k | O | r |
        | x | o | O | r |
        | x | o | O | r |
        | x | p | | |
        | | q | Q | |
        # notes
        | rien |
    """),
        {"food"},
    )
    said = {(one.code, one.cell) for one in found.problems}
    assert said == {
        ("boolean_invalid", "D2"), ("reference_unknown", "E2"), ("reference_unknown", "F2"),
        ("reference_unknown", "G2"), ("boolean_invalid", "H2"), ("unknown_column", "I1"),
        ("expression_syntax", "E3"), ("cycle", "F2"), ("name_duplicate", "B5"), ("choice_name_space", "B2"),
        ("choice_duplicate", "B4"), ("label_missing", "C5"), ("list_unknown", "A6"), ("column_set_aside", ""),
    }  # fmt: skip


def test_sheets_and_columns_that_are_missing_are_named() -> None:
    assert located(understand(workbook("# choices\n| list_name | name |\n| a | b |"))) == {"sheet_missing": "survey"}
    found = understand(workbook("# survey\n| question | label |\n| a | b |"))
    assert [one.message for one in found.problems if one.code == "column_missing"] == [
        "il manque la colonne « type »", "il manque la colonne « name »",
    ]  # fmt: skip
    alone = understand(workbook("# survey\n| type | name | label |\n| select_one x | a | A |"))
    assert located(alone) == {"sheet_missing": "choices"}
    assert located(understand(workbook("# survey\n| type | name | label |"))) == {"sheet_missing": "survey"}


def test_two_columns_that_say_the_same_are_refused_not_chosen_between() -> None:
    found = understand(
        workbook("# survey\n| type | name | label | relevant | relevance |\n| text | a | A | | 1 = 1 |")
    )
    assert located(found, "error") == {"unknown_column": "survey!E1 (relevance)"}


def test_at_most_two_hundred_problems_and_errors_are_never_crowded_out() -> None:
    rows = [f"| text | n{n} | A | inconnue() |" for n in range(250)]
    found = survey(*rows, "| txt | last | A | |")
    assert len(found.problems) == 200
    assert found.problems[-1].code == "unknown_type"


def test_a_converter_that_refuses_or_crashes_is_a_problem_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyxform import xls2xform

    def crash(*_args: object, **_more: object) -> None:
        raise TypeError("unsupported operand")

    monkeypatch.setattr(xls2xform, "convert", crash)
    found = understand(workbook(WORKED))
    assert found.model is None
    assert located(found) == {"converter_failed": "survey"}
    assert "TypeError" in found.problems[0].message


def test_what_pyxform_refuses_is_said_at_the_row() -> None:
    found = survey("| note | b | B | |", "| text | meta:x | A | |")
    assert located(found) == {"name_invalid": "survey!B3 (name)"}
    refused = survey("| text | Été.1 | A | |")
    assert {one.code for one in refused.problems} <= {"converter_failed", "name_invalid"}


# --- the file itself ---------------------------------------------------------------------------------------------


def test_a_zip_bomb_a_heavy_file_and_a_picture_are_refused_with_a_sentence() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (60 * 1024 * 1024))
    start = time.process_time()
    for content, words in (
        (bomb.getvalue(), "trop volumineux"),
        (b"a;b\n" * 700_000, "dépasse 2 Mo"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "pas un tableur"),
        (b"", "vide"),
        (workbook(WORKED)[:800], "abîmé"),
    ):
        with pytest.raises(Unusable, match=words):
            understand(content)
    assert time.process_time() - start < 5


def test_a_small_workbook_that_lies_about_its_size_does_not_take_the_memory() -> None:
    """One cell at the far corner of the sheet: the reader dies alone, or says it is too wide."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("survey")
    sheet.write_string(0, 0, "type")
    sheet.write_string(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(Unusable):
        understand(out.getvalue())


def test_too_many_rows_is_a_sentence_not_a_cut() -> None:
    with pytest.raises(Unusable, match="500 lignes"):
        survey(*[f"| text | n{n} | A | |" for n in range(501)])
    assert survey(*[f"| text | n{n} | A | |" for n in range(500)]).model is not None
    choices = "\n".join(["# choices", "| list_name | name | label |", *[f"| x | c{n} | C |" for n in range(2_001)]])
    with pytest.raises(Unusable, match="2000 lignes|2 000 lignes"):
        survey("| select_one x | a | A | |", more=choices)


def test_blank_rows_and_columns_keep_the_numbers_of_the_spreadsheet() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Survey ")
    for rank, said in enumerate(("type", "name", "label", "relevant")):
        sheet.write_string(2, rank + 1, said)
    for rank, said in enumerate(("text", "a", "A", "zz(")):
        sheet.write_string(6, rank + 1, said)
    book.close()
    found = understand(out.getvalue())
    assert [one.cell for one in found.problems] == ["E7"]


def test_a_csv_is_read_with_its_own_coordinates() -> None:
    sheets = [["survey", "", "", ""], ["", "type", "name", "label"], ["", "text", "a", "Bonjour ${zz}"]]
    found = understand(to_csv(sheets[0], sheets[1:]))
    assert [one.cell for one in found.problems] == ["D3"]
    plain = understand(to_csv(["type", "name", "label"], [["text", "a", "Où ?"]]))
    assert model(plain).by_name["a"].label == {"fr": "Où ?"}


def test_cells_that_look_like_formulas_or_codes_survive_the_round_trip() -> None:
    found = understand(workbook("""
        # survey
        |type|name|label|label::en|hint::en|default|constraint|choice_filter|appearance|parameters|entremise::need|entremise::when|
        | text | a.b-c | =1+1 ${t} | -dash | +33 | @x | . != "l'eau" | | multiline | | food | . = '=1' |
        | range | t | 007 | 7 | | 3 | | | | start=1 end=5 step=1 | | |
        | select_multiple l | m | ☎ « oui » | x | | un trois | | Zone = ${t} or name = 'un' | minimal | | | |
        | acknowledge | ok | D’accord | y | | | | | | | | |
        | hidden | h | | | | 42 | | | | | | |
        # choices
        | list_name | name | label::Français (fr) | label::en | Zone | autre |
        | l | un | Un | One | 1 | z |
        | l | deux | Deux | Two | 2 | z |
        | l | trois | Trois | Three | 3 | z |
        | inutile | q | Q | Q | | |
    """))  # fmt: skip
    script = model(found)
    assert list(script.lists) == ["l"]
    assert script.lists["l"][0].columns == {"Zone": "1"}
    again = model(understand(exported(script)))
    assert again.to_json() == script.to_json()
    shown = {one.name: one for one in evaluate(script, {}, NOW, PARIS).visible}
    assert shown["m"].options() == [("un", "Un", True), ("trois", "Trois", True)]
    assert shown["a.b-c"].label() == "=1+1 3"


def test_a_page_of_five_hundred_rows_is_evaluated_well_under_a_tenth_of_a_second() -> None:
    rows = ["| select_one yn | q0 | Question 0 | |"]
    rows += [
        f"| select_one yn | q{n} | Question {n} | ${{q{n - 1}}} = 'y' and not(${{q0}} = 'n') |" for n in range(1, 500)
    ]
    script = model(survey(*rows, more="# choices\n| list_name | name | label |\n| yn | y | Oui |\n| yn | n | Non |"))
    answers = {f"q{n}": "y" for n in range(500)}
    evaluate(script, answers, NOW, PARIS)  # reads the expressions, once for the process
    best = 1.0
    for _ in range(5):
        start = time.process_time()
        page = evaluate(script, answers, NOW, PARIS)
        best = min(best, time.process_time() - start)
    assert len(page.visible) == 500
    assert best < 0.1
