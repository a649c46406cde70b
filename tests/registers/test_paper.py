"""What the keeper's guide says in bold is on the pages, word for word."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = (Path(__file__).parents[2] / "docs" / "registres.md").read_text(encoding="utf-8")
PAGES = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[2] / "src/entremise/registers/templates/registers").glob("*.html"))
)
SAID = re.findall(r"\*\*([^*]+)\*\*", GUIDE.partition("## Rapprocher")[0])
NOT_BUTTONS = {"par écrit", "Registres", "Fichier.", "Colonnes.", "Aperçu.", "Chargement."}


def test_the_guide_names_buttons_that_exist():
    assert len(SAID) >= 8
    missing = [words for words in SAID if words not in NOT_BUTTONS and words not in PAGES]
    assert not missing


def test_the_guide_tells_every_room_of_the_life_of_a_register():
    for heading in ("Inscrire", "La lettre", "Un décès, un départ", "Confirmer", "Informer", "préfet", "Clore"):
        assert re.search(rf"^#+ .*{heading}", GUIDE, re.MULTILINE), heading
