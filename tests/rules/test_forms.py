"""One rule in four shapes, and what a text must be before the engine sees it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from entremise.rules import engine
from entremise.rules.engine import Form, OutsideGrammar, deciding, errors, form as forms, shipped, vocabulary
from entremise.rules.engine.form import check_form, differences, said_date
from entremise.rules.engine.vocabulary import FLAGS, LIMITS, LINKS, WORDS, typographic

SHIPPED = [engine.to_form(policy) for policy in engine.tree(shipped.rulebook())]
HEAD = '@id("rule-bad") @title("x") @texte("x") '
READ = 'permit (principal is Agent, action == Action::"read", resource)'


def check(text: str) -> list[engine.Problem]:
    return engine.check(text, shipped.schema())


def test_the_shipped_rules_are_those_of_their_forms_letter_for_letter():
    heading = "\n".join(shipped.rulebook().split("\n", 2)[:2]) + "\n"
    assert len(SHIPPED) == 39
    assert forms.rulebook(SHIPPED, heading) == shipped.rulebook()
    assert [engine.from_json(engine.to_json(form)) for form in SHIPPED] == SHIPPED
    texts = {p["annotations"]["id"]: p["annotations"]["texte"] for p in engine.tree(shipped.rulebook())}
    assert {form.id: engine.french(form) for form in SHIPPED} == texts


def test_the_vocabularies_are_those_of_the_schema():
    for kind in ("Role", "Purpose", "Category", "College"):
        found = re.search(rf"entity {kind} enum \[(.*?)\]", shipped.schema(), re.DOTALL)
        assert found
        assert set(re.findall(r'"([^"]+)"', found[1])) == set(WORDS[kind])
    actions = re.findall(r"^action ([\w, ]+) appliesTo", shipped.schema(), re.MULTILINE)
    known = {*vocabulary.ACTIONS, *vocabulary.RIGHT_ACTIONS}
    assert {name for line in actions for name in line.split(", ")} == known


def codes(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(WORDS[kind])), min_size=1, max_size=4, unique=True).map(tuple)


TITLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters='"\\'),
                min_size=3, max_size=60).filter(lambda t: t == t.strip())  # fmt: skip
INSTANT = (
    st.datetimes(allow_imaginary=False)
    .filter(lambda d: d.year >= 2000)
    .map(lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ"))
)


@st.composite
def some_form(draw: st.DrawFn) -> Form:
    fields = draw(st.booleans())
    known = vocabulary.FIELD_ACTIONS if fields else vocabulary.REGISTER_ACTIONS
    actions = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=3, unique=True))
    who = draw(st.sampled_from(["Agent", "Person"]))
    when: list[tuple[str, forms.Value]] = [("purpose", draw(codes("Purpose")))]
    role = draw(st.sampled_from(sorted(WORDS["Role"]))) if who == "Agent" and draw(st.booleans()) else None
    if who == "Agent" and role is None:
        when.append(("roles", draw(codes("Role"))))
    options: list[tuple[str, forms.Value]] = [
        ("category", draw(codes("Category"))), ("approvals", draw(codes("College"))), ("registers", ("heat-2026",)),
        ("until", draw(INSTANT)), *((k, draw(st.integers(v[1], v[2]))) for k, v in LIMITS.items()),
        *((k, True) for k in (*FLAGS, *LINKS)),
    ]  # fmt: skip
    when += draw(st.lists(st.sampled_from(options), max_size=6, unique_by=lambda pair: pair[0]))
    name = draw(st.from_regex(r"rule-[a-z0-9-]{3,30}", fullmatch=True))
    return Form(name, draw(TITLE), who, role, tuple(actions), tuple(draw(st.permutations(when))))


@given(some_form())
@settings(max_examples=200, deadline=None)
def test_any_rule_survives_every_shape(form):
    text = engine.to_cedar(form)
    assert engine.lint(text) is None
    (policy,) = engine.tree(text)
    assert engine.to_form(policy) == form
    assert engine.from_json(engine.to_json(form)) == form
    assert policy["annotations"]["texte"] == engine.french(form)
    assert engine.to_cedar(engine.to_form(policy)) == text


def test_a_rule_reads_as_an_indented_list():
    form = next(form for form in SHIPPED if form.id == "rule-visit")
    assert [(line.heading, line.items) for line in forms.lines(form)] == [
        ("Qui", ("visiteur·euse à domicile",)),
        ("Peut", ("lire",)),
        ("Quoi", ("nom", "téléphone et courriel", "adresse", "langue et préférences", "logement")),
        ("Pour", ("visite à domicile",)),
        ("Si", ("la fiche lui est confiée", "au plus 30 fiches par heure")),
    ]


def test_differences_are_said_in_words():
    before = next(form for form in SHIPPED if form.id == "rule-visit")
    when = tuple(("records_in_hour", 60) if key == "records_in_hour" else (key, value) for key, value in before.when)
    when = tuple((k, (*v, "health")) if k == "category" and isinstance(v, tuple) else (k, v) for k, v in when)
    after = replace(before, when=(*(pair for pair in when if pair[0] != "assigned"), ("context.mfa", True)))
    assert differences(before, after) == [
        "Si : retiré la fiche lui est confiée",
        "Si : au plus 30 fiches par heure → au plus 60 fiches par heure",
        "Si : ajouté connexion à deux facteurs",
        "Quoi : ajouté santé",
    ]
    assert differences(before, before) == []


def test_a_rule_that_lapses_never_outlives_the_date_it_had():
    form = SHIPPED[0].lapsing("2026-08-01T00:00:00Z")
    assert form.lapsing("2027-01-01T00:00:00Z") == form
    assert "jusqu'au 1er août 2026" in engine.french(form)
    assert said_date("2026-12-31T23:59:59Z") == "31 décembre 2026"
    assert typographic("jusqu'au bout : « oui » ; non") == "jusqu’au bout\u00a0: «\u00a0oui\u00a0»\u00a0; non"


@pytest.mark.parametrize(
    "spoil",
    [
        {"id": "floor-mine"}, {"id": "rule-x"}, {"id": "rule-É-abc"}, {"title": 'un "guillemet"'}, {"title": "a\nb c"},
        {"title": "x"}, {"who": "Mandate"}, {"who": "Person"}, {"role": None}, {"role": "operator"}, {"actions": ()},
        {"actions": ("read", "read")}, {"actions": ("read", "print")}, {"actions": ("erase",)}, {"when": ()},
        {"when": (("purpose", ("fraud_control",)),)}, {"when": (("purpose", ()),)},
        {"when": (("purpose", ("outreach.call",)), ("purpose", ("outreach.visit",)))},
        {"when": (("purpose", ("outreach.call",)), ("records_in_hour", 501))},
        {"when": (("purpose", ("outreach.call",)), ("level", True))},
        {"when": (("purpose", ("outreach.call",)), ("until", "2026-13-01T00:00:00Z"))},
        {"when": (("purpose", ("outreach.call",)), ("until", "demain"))},
        {"when": (("purpose", ("outreach.call",)), ("context.mfa", False))},
        {"when": (("purpose", ("outreach.call",)), ("roles", ("caller",)))},
        {"when": (("purpose", ("outreach.call",)), ("registers", ("Été",)))},
        {"when": (("purpose", ("outreach.call",)), ("sunny", True))},
    ],
)  # fmt: skip
def test_a_form_outside_the_grammar_is_refused_in_french(spoil):
    with pytest.raises(OutsideGrammar) as refused:
        check_form(replace(SHIPPED[0], **spoil))
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("data", [{}, {"id": 1}, {**engine.to_json(SHIPPED[0]), "when": [1]},
                                  {**engine.to_json(SHIPPED[0]), "when": [["purpose"]]},
                                  {**engine.to_json(SHIPPED[0]), "actions": None},
                                  {**engine.to_json(SHIPPED[0]), "more": 1}])  # fmt: skip
def test_json_that_is_no_rule_is_refused(data):
    with pytest.raises(OutsideGrammar):
        engine.from_json(data)


@pytest.mark.parametrize(
    "body",
    [
        f"{READ} when {{ context.mfa || context.fresh_mfa }};",
        "permit (principal, action, resource);",
        f"{READ} unless {{ context.mfa }};",
        f"{READ} when {{ true }};",
        f"{READ} when {{ context.mfa }} when {{ context.fresh_mfa }};",
        f"{READ} when {{ !context.mfa }};",
        f"{READ} when {{ context.records_in_hour >= 10 }};",
        f"{READ} when {{ principal.records_in_hour <= 10 }};",
        f'{READ} when {{ resource.objections.contains(Purpose::"outreach.call") }};',
        'permit (principal is Agent, action == Action::"read", resource is Record) when { context.mfa };',
    ],
)
def test_what_the_form_cannot_say_is_outside_the_grammar(body):
    (policy,) = engine.tree(HEAD + body)
    with pytest.raises(OutsideGrammar):
        engine.to_form(policy)


RULE = HEAD + READ


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RULE + ";" + " " * 8_000, "too_long"), ("x" * 1_000_000, "too_long"),
        (HEAD.replace('"x"', '"x\u202e"', 1) + READ + ";", "invisible_sign"), (RULE + "\u200b;", "invisible_sign"),
        (RULE + "\t;", "invisible_sign"), (RULE + "\ud800;", "invisible_sign"), (RULE + "\ue000;", "invisible_sign"),
        (RULE + " when { (context.mfa] };", "brackets"), (RULE + " when { context.mfa ;", "brackets"),
        (RULE + ") ;", "brackets"), (RULE + ' when { "', "open_string"), (RULE + ' when { "\\"; //', "open_string"),
        (RULE + " when {" + "(" * 1_000 + "true" + ")" * 1_000 + "};", "too_nested"),
        (RULE + " when {" + "(" * 1_000, "too_nested"), (RULE + " when {" + "!" * 25 + "context.mfa};", "too_nested"),
        (RULE + " when {" + "if true then true else " * 25 + "true};", "too_nested"),
        (RULE + " when { context.mfа };", "foreign_letter"), (RULE.replace("principal ", "?principal "), "template"),
        (HEAD + "forbid (principal, action, resource);", "prohibition"),
        (RULE.replace('"read"', '"rеad"'), "foreign_id"), (RULE.replace('"read"', '"r\\u{435}ad"'), "foreign_id"),
        (READ + ";", "no_id"), ("@id " + READ + ";", "no_id"), (RULE + ";" + READ + ";", "no_id"), ("", "no_id"),
        (RULE + ";" + RULE + ";", "double_id"), (RULE.replace("rule-bad", "floor-bad") + ";", "reserved_id"),
        (RULE.replace("rule-bad", "right-bad") + ";", "reserved_id"),
        (RULE.replace("rule-bad", "rule-Été") + ";", "reserved_id"),
    ],
)  # fmt: skip
def test_the_lint_sees_it_first(text, code, monkeypatch):
    monkeypatch.setattr(deciding, "CHILD", "never run")
    (problem,) = check(text)
    assert problem.code == code
    assert problem.message.endswith(".")


def test_words_of_the_lint_are_free_inside_strings_and_comments():
    text = '// forbid ((( é\n@id("rule-bad") @title("forbid (( été \\" // ?principal") @texte("x") ' + READ + ";"
    assert engine.lint(text) is None
    assert check(text) == []


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ('permit (principal is Agent in Role::"calller", action == Action::"read", resource);', "unknown_word",
         "« calller » n’est pas dans la liste fermée « Role »."),
        (READ + ' when { context.purpose == Purpose::"fraud_control" };', "unknown_word",
         "« fraud_control » n’est pas dans la liste fermée « Purpose »."),
        ('permit (principal is Agent, action == Action::"reed", resource);', "unknown_action",
         "L’action « reed » n’existe pas."),
        (READ + " when { principal.nivel > 1 };", "unknown_fact", "Le fait « nivel » n’existe pas ici."),
        (READ + ' when { context.mfa == "yes" };', "wrong_type",
         "Deux choses sont comparées qui ne se comparent pas (Bool et String)."),
        (READ + " when { context.mfa = true };", "operator", "« = » ne compare pas : écrivez « == »."),
        (READ + ' when { principal.level + "a" <= 1 };', "wrong_type", "Une valeur n’est pas de la sorte attendue."),
        ("permit (principal is Bgent, action, resource);", "unknown_kind", "« Bgent » n’est pas une sorte connue."),
        ('permit (principal is Person, action == Action::"search", resource);', "never_applies",
         "L’acteur, l’action et l’objet de cette règle ne vont pas ensemble."),
        (READ + ' when { context.now < datetime("2026-13-01") };', "date", "Une date est mal écrite."),
        (READ + " when { principal.level == 99999999999999999999999 };", "number", "Un nombre est trop grand."),
        ('@title("y") ' + READ + ";", "double_annotation", "Une annotation est donnée deux fois."),
        (READ + " when { principal.level <= };", "syntax", "Le texte est mal écrit."),
    ],
)  # fmt: skip
def test_what_the_engine_refuses_is_said_in_french(body, code, said):
    problem = check(HEAD + body)[0]
    assert (problem.code, problem.message) == (code, said)
    assert problem.detail


def test_a_sentence_nobody_translated_still_speaks_french():
    problem = errors.in_french("the flux is unwell")
    assert re.fullmatch(r"Texte refusé par le moteur \(code [0-9a-f]{6}\)\.", problem.message)


def test_a_text_that_kills_the_engine_kills_only_the_child(monkeypatch):
    monkeypatch.setattr(deciding, "lint", lambda text, **more: None)
    nested = RULE + " when {" + "(" * 20_000 + "true" + ")" * 20_000 + "};"
    (problem,) = check(nested)
    assert problem.code == "interrupted"


def test_a_reading_that_lasts_is_interrupted(monkeypatch, tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(deciding, "CHILD", slow)
    monkeypatch.setattr(deciding, "PATIENCE", 0.5)
    (problem,) = check(RULE + ";")
    assert problem.message == "Analyse interrompue : elle durait trop longtemps."
