"""What a script shows, keeps and drops: the worked example of reference § 5.6, and the accidents of a real call."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from entremise.outreach.engine.xlsform import Item, Model, Page, evaluate, posted
from entremise.outreach.engine.xlsform.model import Choice

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 7, 20, 8, 0, tzinfo=UTC)


def model(*items: Item, lists: dict[str, tuple[Choice, ...]] | None = None) -> Model:
    return Model("Essai", "fr", ("fr", "en"), items, lists or {})


def choices(*names: str) -> tuple[Choice, ...]:
    return tuple(Choice(name, {"fr": name.capitalize(), "en": f"{name} (en)"}) for name in names)


def worked() -> Model:
    return model(
        Item("select_one", "issue", label={"fr": "Issue"}, list="issue", required="yes"),
        Item("group", "conv", relevant="${issue}='joint'"),
        Item("select_one", "mange", "conv", {"fr": "A-t-elle mangé ?"}, list="ouinon", required="yes"),
        Item("integer", "temp", "conv", {"fr": "Température"}, constraint=". >= -10 and . <= 60"),
        Item("calculate", "urgence", "conv", calculation="if(${mange}='non' or ${temp} > 35, 1, 0)"),
        Item("note", "n_urg", "conv", {"fr": "Danger : ${mange}"}, relevant="${urgence}=1", emergency=True),
        Item("dateTime", "rappel", label={"fr": "Rappeler le"}, relevant="${issue}='rappeler'",
             constraint=". > now()", required="yes"),
        lists={"issue": choices("joint", "absent", "rappeler"), "ouinon": choices("oui", "non")},
    )  # fmt: skip


def page(answers: dict[str, str], *, now: datetime = NOW) -> Page:
    return evaluate(worked(), answers, now, PARIS)


def names(shown: Page) -> list[str]:
    return [one.name for one in shown.visible]


def test_the_worked_example_shows_what_the_reference_says() -> None:
    assert names(page({})) == ["issue"]
    assert names(page({"issue": "joint"})) == ["issue", "conv", "mange", "temp"]
    assert names(page({"issue": "joint", "mange": "non"})) == ["issue", "conv", "mange", "temp", "n_urg"]
    assert names(page({"issue": "joint", "mange": "oui", "temp": "36"}))[-1] == "n_urg"


def test_hidden_answers_leave_what_is_saved_but_stay_on_the_page() -> None:
    slipped = page({"issue": "rappeler", "mange": "non", "temp": "40"})
    assert names(slipped) == ["issue", "rappel"]
    assert slipped.answers == {"issue": "rappeler"}  # `urgence` is empty, not 0
    assert slipped.kept == {"mange": "non", "temp": "40"}
    assert not slipped.emergency
    back = page({**slipped.kept, "issue": "joint"})
    assert back.answers == {"issue": "joint", "mange": "non", "temp": "40", "urgence": "1"}
    assert back.emergency


def test_a_required_question_of_a_hidden_group_does_not_block() -> None:
    assert page({"issue": "absent"}).complete
    waiting = page({"issue": "joint"})
    assert not waiting.complete
    assert waiting.missing == {"mange"}
    assert list(waiting.errors) == ["mange"]


def test_a_call_back_is_promised_in_the_future_of_the_campaign_s_zone() -> None:
    assert page({"issue": "rappeler", "rappel": "20/07/2026 10:01"}).complete  # 8:00 UTC is 10:00 in Paris
    early = page({"issue": "rappeler", "rappel": "2026-07-20T09:59"})
    assert list(early.errors) == ["rappel"]
    assert not early.missing
    assert early.visible[-1].value == "2026-07-20T09:59"  # nothing typed is lost


def test_what_is_no_answer_is_said_beside_its_question_and_counts_as_empty() -> None:
    wrong = page({"issue": "joint", "mange": "peut-être", "temp": "chaud"})
    assert set(wrong.errors) == {"mange", "temp"}
    assert wrong.answers == {"issue": "joint", "urgence": "0"}
    assert [one.value for one in wrong.visible if one.name == "temp"] == ["chaud"]
    assert "temp" in page({"issue": "joint", "mange": "oui", "temp": "99"}).errors


def test_labels_speak_the_language_and_say_answers_in_words() -> None:
    shown = page({"issue": "joint", "mange": "non"})
    assert shown.visible[-1].label() == "Danger : Non"
    english = evaluate(worked(), {"issue": "joint", "mange": "non"}, NOW, PARIS, "en").visible
    assert english[-1].label() == "Danger : non (en)"
    assert english[2].options() == [("oui", "oui (en)", False), ("non", "non (en)", True)]


def test_a_model_survives_its_canonical_form() -> None:
    said = worked().to_json()
    assert Model.from_json(said) == worked()
    assert Model.from_json(said).to_json() == said


def test_an_emptied_answer_is_told_from_one_never_given() -> None:
    script = model(
        Item("text", "quand", label={"fr": "Quand"}, default="demain"),
        Item("select_multiple", "besoins", label={"fr": "Besoins"}, list="b"),
        lists={"b": choices("eau", "pain", "visite")},
    )
    assert evaluate(script, {}, NOW, PARIS).answers == {"quand": "demain"}
    sent = {"shown": ["quand besoins"], "q-besoins": ["visite", "eau"]}
    found = posted(script, lambda name: sent.get(name, []))
    assert found == {"quand": "", "besoins": "visite eau"}
    assert evaluate(script, found, NOW, PARIS).answers == {"besoins": "eau visite"}
    assert posted(script, lambda name: []) == {}


def test_a_choice_that_is_no_longer_offered_is_no_answer() -> None:
    towns = (Choice("nord", {"fr": "Nord"}, {"zone": "a"}), Choice("sud", {"fr": "Sud"}, {"zone": "b"}))
    script = model(
        Item("select_one", "zone", label={"fr": "Zone"}, list="z"),
        Item("select_one", "ville", label={"fr": "Ville"}, list="v", choice_filter="zone=${zone}"),
        Item("note", "au_nord", label={"fr": "Au nord"}, relevant="${ville}='nord'"),
        lists={"z": choices("a", "b"), "v": towns},
    )
    assert "au_nord" in names(evaluate(script, {"zone": "a", "ville": "nord"}, NOW, PARIS))
    moved = evaluate(script, {"zone": "b", "ville": "nord"}, NOW, PARIS)
    assert "au_nord" not in names(moved)
    assert "ville" in moved.errors
    assert moved.answers == {"zone": "b"}


def test_needs_and_emergencies_follow_their_own_condition() -> None:
    script = model(
        Item("select_one", "courses", label={"fr": "Courses"}, list="on", need=("food",)),
        Item("integer", "temp", label={"fr": "Chez vous"}, emergency=True, when=". >= 40"),
        lists={"on": choices("oui", "non")},
    )
    calm = evaluate(script, {"courses": "non", "temp": "39"}, NOW, PARIS)
    assert (calm.needs, calm.emergency) == ([], False)
    hot = evaluate(script, {"courses": "oui", "temp": "40"}, NOW, PARIS)
    assert (hot.needs, hot.emergency) == (["food"], True)


def test_a_chain_is_settled_whatever_the_order_of_the_file() -> None:
    items = [Item("calculate", f"c{n}", calculation=f"${{c{n + 1}}} + 1") for n in range(400)]
    script = model(*items, Item("integer", "c400", label={"fr": "Départ"}))
    assert evaluate(script, {"c400": "1"}, NOW, PARIS).answers["c0"] == "401"
