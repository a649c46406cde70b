from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kits import queries, registry, usecases
from entremise.kits.models import AppliedKit, Crisis, Wording
from entremise.kits.queries.files import SHIPPED
from entremise.kits.registry import Strict, section
from entremise.mutualaid.models import Category

pytestmark = pytest.mark.django_db
CONFINEMENT = SHIPPED / "confinement" / "kit.toml"
GRENOBLE = {
    "shopping", "conversation", "homework", "frontline_support", "pets", "digital_admin", "making", "printing",
    "other",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    settings.KITS_FOLDER = str(tmp_path)
    return tmp_path


@pytest.fixture
def kit_of(folder):
    """A kit made from the shipped one by replacing some words of it."""

    def make(kit_id: str, *changes: tuple[str, str]) -> str:
        text = CONFINEMENT.read_text().replace('id = "confinement"', f'id = "{kit_id}"')
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        (folder / kit_id).mkdir(exist_ok=True)
        (folder / kit_id / "kit.toml").write_text(text)
        return kit_id

    return make


def run(*words: str) -> str:
    out = StringIO()
    call_command("kit", *words, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize("kit_id", sorted(p.parent.name for p in SHIPPED.glob("*/kit.toml")))
def test_every_shipped_kit_is_faultless(kit_id):
    assert queries.check(kit_id) == []


def test_the_confinement_kit_holds_the_nine_categories_of_grenoble():
    content = queries.kit("confinement").sections["mutualaid"]
    assert {category.code for category in content.categories} == GRENOBLE
    assert [category.code for category in content.categories if category.sensitivity == "sensitive"] == ["homework"]


def test_all_faults_are_said_at_once_with_their_place(kit_of):
    kit_of(
        "essai",
        ('version = "1.0"', "version = 1"),
        ('code = "pets"\nlabel = { fr = "Promenade et garde d’animaux", en = "Pet walking and sitting" }',
         'code = "pets"\nlabel = { fr = "Promenade" }\ncolour = "red"'),
        ('urgency = "days"', 'urgency = "soon"'),
    )  # fmt: skip
    faults = [str(fault) for fault in queries.check("essai")]
    assert faults == [
        "essai/kit.toml, [kit], clé « version » : attend un texte entre guillemets",
        "essai/kit.toml, [[mutualaid.categories]] n° 1 (shopping), clé « urgency » : "
        "n’admet que : 'today', 'days', 'week' ou 'planned'",
        "essai/kit.toml, [[mutualaid.categories]] n° 5 (pets), clé « label.en » : absente ; elle est obligatoire",
        "essai/kit.toml, [[mutualaid.categories]] n° 5 (pets), clé « colour » : "
        "inconnue ; corrigez son nom ou retirez-la",
    ]
    with pytest.raises(CommandError, match="4 erreurs à corriger"):
        run("check", "essai")


def test_an_unknown_section_names_the_known_ones(folder):
    (folder / "essai").mkdir()
    (folder / "essai" / "kit.toml").write_text("[weather]\nwind = 3\n")
    faults = [str(fault) for fault in queries.check("essai")]
    assert faults[0].startswith("essai/kit.toml, [kit] : la table est absente")
    assert "[weather] : section inconnue ; sections admises : [kit], [crisis]" in faults[1]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"[kit\n", "ligne 1, colonne 5 : ce n\u2019est pas du TOML"),
        (b"\xff\xfe", "pas en UTF-8"),
        (b"", "la table est absente"),
        (b"kit = 3\ncrisis = []\n", "attend une table"),
    ],
)
def test_a_broken_file_gets_a_sentence_and_no_crash(folder, raw, words):
    (folder / "essai").mkdir()
    (folder / "essai" / "kit.toml").write_bytes(raw)
    assert words in " ".join(str(fault) for fault in queries.check("essai"))


@pytest.mark.parametrize("kit_id", ["nulle", "../confinement", "", "A" * 80])
def test_an_unknown_kit_names_the_known_ones(kit_id):
    with pytest.raises(NotFound) as refusal:
        queries.kit(kit_id)
    assert "confinement" in refusal.value.message
    assert "ENTREMISE_KITS" in refusal.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{first_name} a besoin de vous", "emplacement inconnu {first_name}"),
        ("x" * 161, "161 signes"),
        ("Besoin d’aide", "couperait à 70 signes"),
        ("{url", "accolades mal fermées"),
    ],
)
def test_an_sms_holds_no_personal_data_and_fits_in_one_message(kit_of, text, words):
    before = "{service} : merci ! Confirmez votre proposition d'aide ici : {url}"
    kit_of("essai", (before, text))
    (fault,) = queries.check("essai")
    assert words in fault.message
    assert fault.table == "[mutualaid]"
    assert fault.key == "messages.offer_confirm"


def test_a_plan_shows_and_writes_nothing():
    shown = run("plan", "confinement")
    assert "+ crise confinement : Confinement" in shown
    assert "+ texte mutualaid.consents.phone_intake : J’enregistre votre demande" in shown
    assert not Wording.objects.exists()
    assert not Entry.objects.exists()


def test_applying_twice_changes_nothing_the_second_time():
    assert "changements" in run("apply", "confinement")
    counts = AppliedKit.objects.count(), Wording.objects.count(), Crisis.objects.count(), Entry.objects.count()
    assert counts[0] == 1
    assert Entry.objects.get(action="kits.kit.applied").channel == "cli"
    assert set(Category.objects.values_list("code", flat=True)) == GRENOBLE
    assert Category.objects.get(code="homework").sensitive
    assert "déjà appliqué" in run("apply", "confinement")
    assert "Rien à changer" in run("plan", "confinement")
    assert counts == (
        AppliedKit.objects.count(),
        Wording.objects.count(),
        Crisis.objects.count(),
        Entry.objects.count(),
    )
    assert first_broken() is None


def test_a_changed_sentence_is_a_new_version_and_the_old_one_stays_readable(kit_of, actor):
    run("apply", "confinement")
    first = queries.wording("mutualaid.consents.each")
    kit_of("confinement", ("Avant chaque mise en relation, demandez-moi mon accord.", "Demandez-moi chaque fois."))
    (change,) = queries.plan(queries.kit("confinement"))
    assert change.kind == "change"
    usecases.apply_kit(actor("administrator"), kit="confinement")
    second = queries.wording("mutualaid.consents.each")
    assert (first.reference, second.reference) == ("mutualaid.consents.each@1", "mutualaid.consents.each@2")
    assert Wording.objects.get(key=first.key, version=1).said() == first.said() != second.said()
    assert queries.wording("mutualaid.consents.delegated").version == 1


def test_a_kit_does_not_reopen_a_crisis_people_closed(kit_of, actor):
    run("apply", "confinement")
    Crisis.objects.update(state="archived")
    kit_of("confinement", ('title = { fr = "Confinement", ', 'title = { fr = "Confinement de mai", '))
    usecases.apply_kit(actor("administrator"), kit="confinement")
    crisis = Crisis.objects.get()
    assert (crisis.state, str(crisis)) == ("archived", "Confinement de mai")


@pytest.mark.parametrize("roles", [(), ("matchmaker",)])
def test_only_an_administrator_applies_a_kit(actor, roles):
    with pytest.raises(NotAllowed):
        usecases.apply_kit(actor(*roles), kit="confinement")
    with pytest.raises(NotAllowed):
        usecases.set_wordings(actor(*roles), texts={}, kit="confinement")
    text = registry.Text(fr="Un", en="One")
    with pytest.raises(NotAllowed):
        usecases.set_crisis(actor(*roles), code="x", title=text, description=text, state="active")


def test_a_faulty_kit_applies_nothing(kit_of, actor):
    kit_of("confinement", ('sensitivity = "sensitive"', 'sensitivity = "secret"'))
    with pytest.raises(queries.InvalidKit) as refusal:
        usecases.apply_kit(actor("administrator"), kit="confinement")
    assert "n’admet que : 'standard' ou 'sensitive'" in refusal.value.message
    assert not AppliedKit.objects.exists()
    assert not Crisis.objects.exists()


def test_a_section_belongs_to_one_context():
    with pytest.raises(ValueError, match="twice"):
        section("crisis", Strict, lambda content: [], lambda actor, content, kit: None)


def test_a_sentence_nobody_wrote_says_which_command_writes_it():
    with pytest.raises(NotFound) as refusal:
        queries.said("mutualaid.texts.hours")
    assert "entremise kit apply" in refusal.value.message
    run("apply", "confinement")
    assert queries.said("mutualaid.texts.hours") == "du lundi au vendredi, de 9 h à 17 h"
    assert queries.said("mutualaid.texts.hours", "en").startswith("Monday")
    assert "H6K-347" in queries.said("mutualaid.messages.need_closed.sms", service="Ville", phone="0", code="H6K-347")
