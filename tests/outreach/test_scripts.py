"""Scripts as supervisors keep them: versions that never change, one in service, pages that say what is wrong where."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.urls import reverse

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.kits import queries as kits, usecases as kits_usecases
from entremise.outreach import usecases
from entremise.outreach.engine.xlsform import evaluate, fingerprint
from entremise.outreach.engine.xlsform.importing import understand
from entremise.outreach.models import Script, ScriptVersion
from entremise.outreach.models.scripts import VersionChanged
from entremise.outreach.queries import scripts as queries
from entremise.referrals.models import NEEDS
from tests.outreach.factories import caller, campaign, supervisor
from tests.outreach.sheets import workbook
from tests.outreach.test_script_import import PARIS, WORKED

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("essais")
BLOCKED = "# survey\n| type | name | label | relevant |\n| text | a | A | pulldata('x') = 1 |"
WRONG = "# survey\n| type | name | label | relevant |\n| txt | a | A | |\n| text | b | B | ${zz} |"


def imported(said: str = WORKED, *, script: Script | None = None, actor: Actor = MACHINE) -> ScriptVersion:
    done = usecases.import_script(
        actor, script=script, label="Essai d’été", file_name="essai.xlsx", content=workbook(said)
    )
    assert done.version is not None, [one.line for one in done.understood.problems]
    return done.version


def corrected(said: str = WORKED) -> str:
    return said.replace("| integer | temp | Température |", "| integer | temp | Température dehors |")


def test_a_file_becomes_a_draft_then_serves_then_gives_its_place() -> None:
    first = imported()
    assert (first.script.code, first.number, first.state) == ("essai-dete", 1, "draft")
    usecases.activate_version(MACHINE, version=first)
    second = imported(corrected(), script=first.script)
    assert queries.active_version(first.script) == first
    usecases.activate_version(MACHINE, version=second)
    assert queries.active_version(first.script) == second
    first.refresh_from_db()
    assert first.state == "retired"
    assert first.retired_at is not None
    deeds = Entry.objects.filter(action__startswith="outreach.script.").values_list("action", flat=True)
    assert list(deeds.order_by("seq")) == [
        "outreach.script.imported", "outreach.script.activated", "outreach.script.imported",
        "outreach.script.activated",
    ]  # fmt: skip


def test_the_same_script_is_kept_once_and_a_retired_one_comes_back_as_a_new_version() -> None:
    first = imported()
    again = usecases.import_script(
        MACHINE, script=first.script, file_name="copie.xlsx", content=queries.export_version(first)
    )
    assert again.again
    assert again.version == first
    usecases.activate_version(MACHINE, version=first)
    usecases.activate_version(MACHINE, version=imported(corrected(), script=first.script))
    first.refresh_from_db()
    back = usecases.reuse_version(MACHINE, version=first).version
    assert back is not None
    assert (back.number, back.state, back.sha256) == (3, "draft", first.sha256)


def test_what_a_version_is_made_of_never_changes() -> None:
    version = imported()
    version.model = {}
    with pytest.raises(VersionChanged):
        version.save()
    with pytest.raises(VersionChanged):
        ScriptVersion.objects.filter(pk=version.pk).update(sha256="f" * 64)
    with pytest.raises(VersionChanged):
        ScriptVersion.objects.update(source=b"")
    version.refresh_from_db()
    assert fingerprint(version.model) == version.sha256


def test_an_open_call_ends_on_its_version() -> None:
    """Acceptance 8: the script changes during a call; what is pinned still evaluates as it did."""
    first = imported()
    usecases.activate_version(MACHINE, version=first)
    pinned = queries.model_of(first)
    usecases.activate_version(MACHINE, version=imported(corrected(), script=first.script))
    first.refresh_from_db()
    page = evaluate(queries.model_of(first), {"issue": "joint"}, clock.now(), PARIS)
    assert [one.label() for one in page.visible if one.name == "temp"] == ["Température"]
    assert queries.model_of(first) is pinned
    active = queries.active_version(first.script)
    assert active is not None
    after = evaluate(queries.model_of(active), {"issue": "joint"}, clock.now(), PARIS)
    assert [one.label() for one in after.visible if one.name == "temp"] == ["Température dehors"]


def test_a_version_with_something_to_correct_stays_a_draft() -> None:
    version = imported(BLOCKED)
    with pytest.raises(usecases.ScriptBlocked) as refused:
        usecases.activate_version(MACHINE, version=version)
    assert "survey!D2" in refused.value.message
    version.refresh_from_db()
    assert version.state == "draft"


def test_a_file_with_errors_changes_nothing() -> None:
    done = usecases.import_script(MACHINE, script=None, label="Neuf", file_name="a.xlsx", content=workbook(WRONG))
    assert done.version is None
    assert {one.code for one in done.understood.problems} == {"unknown_type", "reference_unknown"}
    with pytest.raises(usecases.ScriptUnreadable):
        usecases.import_script(MACHINE, script=None, label="Neuf", file_name="a.xlsx", content=b"\x89PNG")
    with pytest.raises(usecases.ScriptNameMissing):
        usecases.import_script(MACHINE, script=None, label=" ", file_name="a.xlsx", content=workbook(WORKED))
    assert not Script.objects.exists()
    assert not Entry.objects.filter(action__startswith="outreach.script").exists()


def test_a_script_that_a_campaign_calls_with_is_not_taken_away() -> None:
    version = imported()
    usecases.activate_version(MACHINE, version=version)
    row = campaign(script=version.script)
    with pytest.raises(usecases.ScriptInUse, match="script_in_use"):
        usecases.retire_version(MACHINE, version=version)
    row.state = "closed"
    row.save()
    usecases.retire_version(MACHINE, version=version)
    assert queries.active_version(version.script) is None
    with pytest.raises(IllegalTransition):
        usecases.activate_version(MACHINE, version=version)


def test_callers_neither_import_nor_serve() -> None:
    version = imported()
    for deed in (
        lambda who: usecases.import_script(who, script=None, label="A", file_name="a", content=workbook(WORKED)),
        lambda who: usecases.activate_version(who, version=version),
        lambda who: usecases.retire_version(who, version=version),
        lambda who: usecases.reuse_version(who, version=version),
        lambda who: usecases.install_scripts(who, codes=["canicule"]),
    ):
        with pytest.raises(NotAllowed):
            deed(caller(level=4).actor)
    assert usecases.activate_version(supervisor().actor, version=version).state == "active"


# --- shipped scripts ---------------------------------------------------------------------------------------------

SHIPPED = ["canicule", "confinement", "prise-de-nouvelles"]


def test_shipped_scripts_are_installed_once_and_never_over_what_a_territory_changed() -> None:
    assert queries.shipped_scripts() == SHIPPED
    assert queries.scripts_missing(SHIPPED) == SHIPPED
    added = usecases.install_scripts(MACHINE, codes=SHIPPED, kit="canicule")
    assert [one.state for one in added] == ["active"] * 3
    assert not queries.scripts_missing(SHIPPED)
    assert usecases.install_scripts(MACHINE, codes=SHIPPED) == []
    with pytest.raises(NotFound):
        usecases.install_scripts(MACHINE, codes=["../../secret"])
    changed = Script.objects.create(code="autre", label="Autre")
    Script.objects.filter(code="canicule").update(code="ancien")
    Script.objects.filter(pk=changed.pk).update(code="canicule")
    changed.refresh_from_db()
    usecases.activate_version(MACHINE, version=imported(WORKED, script=changed))
    (draft,) = usecases.install_scripts(MACHINE, codes=["canicule"])
    assert (draft.script, draft.state) == (changed, "draft")


def test_a_kit_puts_its_scripts_in_service_and_says_so_before() -> None:
    kit = kits.kit("canicule")
    said = [str(one) for one in kits.plan(kit)]
    assert any("script d’appel canicule" in line for line in said)
    kits_usecases.apply_kit(MACHINE, kit="canicule")
    codes = set(ScriptVersion.objects.filter(state="active").values_list("script__code", "script__kit"))
    assert codes == {("canicule", "canicule"), ("prise-de-nouvelles", "canicule")}
    assert not any("script d’appel" in str(one) for one in kits.plan(kit))
    kits_usecases.apply_kit(MACHINE, kit="canicule")
    assert ScriptVersion.objects.count() == 2


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_script_is_bilingual_and_ends_on_the_next_day_and_hour(code: str) -> None:
    found = understand(usecases.scripts.importing.shipped(code), NEEDS)
    assert not found.problems
    script = found.model
    assert script is not None
    assert script.languages == ("fr", "en")
    for item in script.items:
        if item.seen and item.label:
            assert set(item.label) == {"fr", "en"}, item.name
    for well in ("bien", "difficile"):
        page = evaluate(script, {"etat": well, "sujets": "autre"}, clock.now(), PARIS)
        assert [one.name for one in page.visible][-3:] == ["rappel", "prochain_appel", "au_revoir"]
        assert page.complete
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT10:00", page.answers["prochain_appel"])
        assert not page.emergency
        no = evaluate(script, {"etat": well, "sujets": "autre", "prochain_appel": ""}, clock.now(), PARIS)
        assert list(no.errors) == ["prochain_appel"]  # never hung up without a date
    assert evaluate(script, {"etat": "danger"}, clock.now(), PARIS).emergency
    emergency = {
        "canicule": {"signes": "confusion"}, "confinement": {"noir": "oui"}, "prise-de-nouvelles": {"etat": "danger"}
    }[code]  # fmt: skip
    assert evaluate(script, {"etat": "difficile", **emergency}, clock.now(), PARIS).emergency


def test_the_heatwave_script_asks_about_nights_shutters_water_and_a_fan() -> None:
    script = understand(usecases.scripts.importing.shipped("canicule"), NEEDS).model
    assert script is not None
    answers = {"etat": "bien", "manque": "nuits volets eau ventilateur", "sortir": "non"}
    page = evaluate(script, answers, clock.now(), PARIS)
    assert page.needs == ["equipment", "housing", "transport"]
    assert {"c_nuits", "c_volets", "c_eau"} <= {one.name for one in page.visible}


# --- pages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(supervisor(label="Nadia").user)
    return client


def sent(client: Client, said: str, *, name: str = "essai.xlsx", script: str = "", **more: str) -> Any:
    address = reverse("outreach:script_import", args=[script]) if script else reverse("outreach:script_new")
    return client.post(address, {"label": "Essai", **more, "file": SimpleUploadedFile(name, workbook(said))})


def test_a_file_with_errors_says_them_cell_by_cell_and_keeps_the_name(boss: Client) -> None:
    answer = sent(boss, WRONG, label="Été")
    assert answer.status_code == 422
    page = BeautifulSoup(answer.content, "html5lib")
    rows = [[" ".join(cell.text.split()) for cell in row.select("th, td")] for row in page.select("tbody tr")]
    assert rows[0] == ["survey", "A2", "type", "Type inconnu « txt ».", "txt"]
    assert rows[1][1] == "D3"
    assert "« zz », à la position 1." in rows[1][3]
    assert page.select_one("input[name=label]")["value"] == "Été"
    assert "2 erreurs dans ce fichier" in page.select_one(".wrong-text").text
    assert not Script.objects.exists()


def test_a_supervisor_imports_tries_serves_compares_and_takes_the_file_back(boss: Client) -> None:
    page = boss.get(sent(boss, WORKED).url)
    assert "brouillon" in page.content.decode()
    address = ("essai", 1)
    boss.post(reverse("outreach:script_serve", args=address))
    assert ScriptVersion.objects.get().state == "active"
    assert sent(boss, corrected(), script="essai").url.endswith("/essai/2/")
    said = boss.get(reverse("outreach:script_compare", args=["essai"]), {"de": "1", "a": "2"}).content.decode()
    assert "libellé (Français)" in said
    assert "<mark>Température dehors</mark>" in said
    source = boss.get(reverse("outreach:script_source", args=address))
    assert source.content == bytes(ScriptVersion.objects.get(number=1).source)
    book = boss.get(reverse("outreach:script_workbook", args=address))
    assert "essai-version-1.xlsx" in book.headers["Content-Disposition"]
    again = understand(book.content).model
    assert again is not None
    assert fingerprint(again.to_json()) == ScriptVersion.objects.get(number=1).sha256
    for name in ("script_list", "script_new"):
        assert boss.get(reverse(f"outreach:{name}")).status_code == 200
    assert boss.get(reverse("outreach:script_page", args=["essai"])).status_code == 200
    assert (
        "Aucun écart"
        in boss.get(reverse("outreach:script_compare", args=["essai"]), {"de": "1", "a": "1"}).content.decode()
    )
    for asked in ({"de": "²", "a": "x"}, {"de": "99"}, {}):
        assert boss.get(reverse("outreach:script_compare", args=["essai"]), asked).status_code == 200


def fields(answer: Any) -> dict[str, list[str]]:
    """What a browser would send of the form of a try, without script."""
    page = BeautifulSoup(answer.content, "html5lib")
    found: dict[str, list[str]] = {}
    for one in page.select("main form.form input, main form.form textarea"):
        if one.get("type") in ("radio", "checkbox") and not one.has_attr("checked"):
            continue
        if one["name"] != "csrfmiddlewaretoken":
            found.setdefault(one["name"], []).append(one.text if one.name == "textarea" else one.get("value", ""))
    return found


def test_a_try_branches_without_javascript_and_loses_no_answer(boss: Client) -> None:
    sent(boss, WORKED)
    address = reverse("outreach:script_try", args=["essai", 1])
    before = Entry.objects.count(), ScriptVersion.objects.count()
    said = fields(boss.get(address))
    assert said["shown"] == ["issue"]
    said = fields(boss.post(address, {**said, "q-issue": "joint"}))
    assert set(said["shown"][0].split()) == {"issue", "mange", "temp"}
    hot = boss.post(address, {**said, "q-mange": "non", "q-temp": "40"})
    assert "Urgence." in hot.content.decode()
    said = fields(hot)
    slipped = boss.post(address, {**said, "q-issue": "absent"})
    assert "Urgence." not in slipped.content.decode()
    kept = fields(slipped)
    assert (kept["q-mange"], kept["q-temp"]) == (["non"], ["40"])
    back = fields(boss.post(address, {**kept, "q-issue": "joint"}))
    assert (back["q-mange"], back["q-temp"]) == (["non"], ["40"])
    ended = boss.post(address, {"shown": "issue", "finir": "1"})
    assert ended.status_code == 422
    assert "Répondez à cette question." in ended.content.decode()
    assert (Entry.objects.count(), ScriptVersion.objects.count()) == before


def test_htmx_swaps_the_questions_alone_and_says_the_same(boss: Client, swap: Any) -> None:
    sent(boss, WORKED)
    address = reverse("outreach:script_try", args=["essai", 1])
    said = {"shown": "issue", "q-issue": "joint"}
    fragment = boss.post(address, said, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    whole = boss.post(address, said)
    swapped = swap(boss.get(address), "#tried", fragment)
    names = [one["name"] for one in swapped.select("#tried input")]
    assert names == [one["name"] for one in BeautifulSoup(whole.content, "html5lib").select("#tried input")]


def test_hostile_answers_are_shown_as_text_and_never_fail(boss: Client) -> None:
    sent(boss, WORKED)
    address = reverse("outreach:script_try", args=["essai", 1])
    for value in ("<script>alert(1)</script>", "\x00", "9" * 5_000, "-", "NaN", "1e999", "٣", "2026-13-45T99:99"):
        for name in ("q-issue", "q-mange", "q-temp", "q-rappel", "shown", "langue", "q-urgence", "q-conv"):
            issue = "rappeler" if name == "q-rappel" else "joint"
            answer = boss.post(address, {"q-issue": issue, name: value})
            assert answer.status_code == 200
            assert b"<script>alert" not in answer.content


def test_a_draft_to_correct_can_be_seen_but_neither_tried_nor_served(boss: Client) -> None:
    page = boss.get(sent(boss, BLOCKED).url).content.decode()
    assert "Fonction inconnue « pulldata »" in page
    assert "Mettre en service" not in page
    assert "ne peut pas être essayée" in boss.get(reverse("outreach:script_try", args=["essai", 1])).content.decode()
    answer = boss.post(reverse("outreach:script_serve", args=["essai", 1]), follow=True)
    assert "ne peut pas servir" in answer.content.decode()


def test_a_caller_sees_no_script_page_and_an_unknown_one_is_404(client: Client, boss: Client) -> None:
    assert boss.get(reverse("outreach:script_page", args=["rien"])).status_code == 404
    assert boss.get(reverse("outreach:script_version", args=["rien", 3])).status_code == 404
    client.force_login(caller(level=4).user)
    assert client.get(reverse("outreach:script_list")).status_code == 403
    assert client.post(reverse("outreach:script_new")).status_code == 403


def test_lists_cost_the_same_whatever_they_hold(boss: Client, flat: Any) -> None:
    imported()
    flat(lambda: boss.get(reverse("outreach:script_list")), lambda: imported(corrected()))


# --- at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_supervisors_serve_at_once_one_version_is_left_in_service() -> None:
    first = imported()
    versions = [first, imported(corrected(), script=first.script)]
    gate, told = threading.Barrier(2), []

    def run(version: ScriptVersion) -> None:
        try:
            gate.wait(30)
            usecases.activate_version(MACHINE, version=version)
            told.append("done")
        except DomainError as refusal:
            told.append(refusal.code)
        except Exception as error:
            told.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(told) <= {"done", "illegal_transition"}
    assert "done" in told
    assert ScriptVersion.objects.filter(state="active").count() == 1
