"""Registers by kit: born in project with a draft to sign; a kit opens nothing, and takes nothing back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entremise.accounts.queries import actor_of
from entremise.kernel.actors import Actor
from entremise.kits import queries as kits, usecases as kits_usecases
from entremise.kits.queries.files import SHIPPED
from entremise.vault import queries, registry, usecases as vault
from entremise.vault.models import Register
from tests.accounts.factories import agent

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("essais")
CODES = {"canicule": {"canicule", "pcs"}, "confinement": {"apa", "transport", "libre"}}


@pytest.mark.parametrize("kit", sorted(CODES))
def test_a_shipped_kit_prepares_its_registers_and_the_controller_opens_them(kit):
    assert {change.what for change in kits.plan(kits.kit(kit)) if "registre" in change.what} == {
        f"registre {code}, en projet" for code in CODES[kit]
    }
    kits_usecases.apply_kit(MACHINE, kit=kit)
    boss = replace(actor_of(agent("controller"), "web", True), fresh_mfa=True)
    for code in CODES[kit]:
        row = queries.register(code)
        assert (row.status, row.assessment_signed_at) == ("project", None)
        with pytest.raises(vault.RegisterUnready):
            vault.open_register(boss, register=code)
        vault.sign_assessment(boss, register=code, parts=row.assessment)
        vault.open_register(boss, register=code)
        assert queries.register(code).status == "open"


def test_the_five_profiles_are_shipped_and_the_legal_one_has_nine_items():
    assert set().union(*CODES.values()) == {"canicule", "pcs", "apa", "transport", "libre"}
    legal = next(one for one in kits.kit("canicule").sections["registers"].registers if one.kind == "legal")
    assert len(registry.profile(legal.code).fields) == 9


def test_a_kit_applied_again_does_not_touch_a_register_that_its_controller_changed():
    kits_usecases.apply_kit(MACHINE, kit="canicule")
    Register.objects.filter(pk="pcs").update(label="PCS de la commune", status="closed")
    assert kits.plan(kits.kit("canicule")) == []
    kits_usecases.apply_kit(MACHINE, kit="canicule")
    assert (queries.register("pcs").label, queries.register("pcs").status) == ("PCS de la commune", "closed")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('code = "pcs"', 'code = "fraude"', "profil inconnu"),
        ('code = "pcs"', 'code = "canicule"', "donnés deux fois"),
        ('kind = "safeguard"', 'kind = "legal"', "neuf rubriques"),
        ('kind = "safeguard"', 'kind = "vente"', "n’admet que"),
        ('"registers.link" = "public_interest"\n"registers.target"', '"vente" = "public_interest"\n"registers.target"',
         "finalités inconnues"),
        ('"registers.target" = "public_interest"', '"registers.target" = "curiosite"', "bases légales inconnues"),
        ('"registers.prefect" = "legal_obligation"', '"registers.prefect" = "consent"', "ne reposent pas"),
        ("keep_months = 36", "keep_months = 600", "au plus 60"),
        ("keep_months = 36", "keep_months = 36\nnir = true", "inconnue"),
        ('risks = "Le lieu exact', 'risque = "Le lieu exact', "absente"),
    ],
)  # fmt: skip
def test_a_wrong_register_is_refused_with_its_place_and_nothing_is_applied(tmp_path, settings, before, after, words):
    settings.KITS_FOLDER = str(tmp_path)
    text = (
        (SHIPPED / "canicule" / "kit.toml").read_text(encoding="utf-8").replace('id = "canicule"', 'id = "essai"', 1)
    )
    assert before in text
    (tmp_path / "essai").mkdir()
    (tmp_path / "essai" / "kit.toml").write_text(text.replace(before, after, 1), encoding="utf-8")
    faults = [str(fault) for fault in kits.check("essai")]
    assert any(words in fault for fault in faults), faults
    with pytest.raises(kits.InvalidKit):
        kits_usecases.apply_kit(MACHINE, kit="essai")
    assert not Register.objects.filter(pk="pcs").exists()
