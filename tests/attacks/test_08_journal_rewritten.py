"""Attempt 8: the journal is edited, cut, swapped, rewritten, the clock is set back, an old copy is put back.

Each line of the table of the reference (rules-vault-commons § 9), by the product's command and by the script that
needs nothing of the product.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from entremise.audit.engine import link
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.vault import usecases as vault
from entremise.vault.models import Checkpoint, Erasure, Line, Segment
from entremise.vault.usecases import keyring
from tests.vault.lines import own, relink, write
from tests.vault.test_journal import put_back

pytestmark = pytest.mark.django_db
SCRIPTS = Path(__file__).parents[2] / "scripts"
MACHINE = Actor.machine("essai")
EDIT = ("UPDATE vault_line SET verdict = %s WHERE number = 4", ["refused"])
DELETE = "DELETE FROM vault_line WHERE number = 4"
CUT = "DELETE FROM vault_line WHERE number > 8"
FORGET = ("DELETE FROM vault_checkpoint", "DELETE FROM vault_segment")
REORDER = (
    "UPDATE vault_line SET number = -1 WHERE number = 3",
    "UPDATE vault_line SET number = 3 WHERE number = 4",
    "UPDATE vault_line SET number = 4 WHERE number = -1",
)
SWAP = (
    "CREATE TEMPORARY TABLE kept AS SELECT seal FROM vault_line WHERE number = 3",
    "UPDATE vault_line SET seal = (SELECT seal FROM vault_line WHERE number = 4) WHERE number = 3",
    "UPDATE vault_line SET seal = (SELECT seal FROM kept) WHERE number = 4",
)
UNSEAL = ("UPDATE vault_line SET seal = %s WHERE number = 5", [b""])


@pytest.fixture
def outside(tmp_path) -> Path:
    """Ten lines, and the checkpoint that a witness received."""
    write(9)
    point = vault.checkpoint(MACHINE)
    assert point is not None
    file = tmp_path / "temoin.txt"
    file.write_text(point.note, encoding="utf-8")
    return file


def said(*options: object) -> str:
    """What the command says: the words of its refusal, or of its success after « intact »."""
    out = StringIO()
    try:
        call_command("journal", "verify", *options, stdout=out)
    except CommandError as refusal:
        return f"{refusal} [{refusal.returncode}]"
    return out.getvalue()


def alone() -> set[str]:
    """What the chain tells without anything kept apart."""
    return {finding.code for finding in vault.verify_journal().findings}


def with_witness(file: Path) -> set[str]:
    return {finding.code for finding in vault.verify_journal(outside=[(file.name, file.read_text("utf-8"))]).findings}


def test_a_journal_left_alone_is_intact(outside):
    assert "Journal intact : 10 lignes" in said("--checkpoint", outside)


@pytest.mark.parametrize(
    ("deeds", "code", "words"),
    [
        ([EDIT], "edited", "La ligne 4 a été modifiée"),
        ([DELETE], "missing", "La ligne 4 manque"),
        (REORDER, "edited", "La ligne 3 a été modifiée, ou ce n’est pas elle"),
        (SWAP, "seal_changed", "La partie scellée de la ligne 3 a été changée"),
        ([UNSEAL], "seal_removed", "La partie scellée de la ligne 5 a été retirée, sans effacement"),
    ],
)
def test_an_edit_a_hole_a_move_a_swapped_or_missing_seal_is_told_with_or_without_witness(outside, deeds, code, words):
    own(*FORGET, *deeds)
    assert code in alone()
    told = said("--checkpoint", outside)
    assert words in told
    assert told.endswith("[1]")


def test_a_cut_tail_is_silent_alone_and_told_by_a_witness(outside):
    own(CUT, *FORGET)
    assert alone() == set()
    assert with_witness(outside) == {"truncated"}
    assert "Le journal a été coupé" in said("--checkpoint", outside)


def test_a_cut_tail_is_told_by_the_checkpoints_kept_here_too(outside):
    own(CUT)
    assert alone() == {"truncated"}


def test_a_full_rewriting_is_silent_alone_and_told_by_a_witness(outside):
    own(("UPDATE vault_line SET human = %s WHERE number = 4", ["user:8"]), *FORGET)
    relink()
    assert alone() == set()
    assert with_witness(outside) == {"differs"}
    assert "Le journal diffère de point de contrôle « temoin.txt »" in said("--checkpoint", outside)


def test_a_seal_that_goes_with_a_listed_erasure_is_in_order(outside):
    gone = uuid4()
    write(1, tag=keyring.load(()).tag(gone))
    Erasure.objects.create(record=gone, at=clock.now())
    own(("UPDATE vault_line SET seal = %s WHERE number = 11", [b""]))
    assert with_witness(outside) == set()


def test_an_erasure_added_or_taken_away_after_a_checkpoint_is_told(monkeypatch):
    now = clock.now()
    Erasure.objects.create(record=uuid4(), at=now - timedelta(days=2))
    write(3)
    vault.checkpoint(MACHINE)
    assert alone() == set()
    late = Erasure.objects.create(record=uuid4(), at=now - timedelta(days=1))
    assert alone() == {"erasures_differ"}
    late.delete()
    assert alone() == set()
    Erasure.objects.all().delete()
    assert alone() == {"erasures_differ"}


def test_a_clock_set_back_is_told(outside, monkeypatch):
    write(1, at=clock.now() - timedelta(hours=3), monkeypatch=monkeypatch)
    assert alone() == {"backdated"}
    assert "datée d’avant le point de contrôle écrit à la ligne 10" in said()


def test_a_line_dated_before_the_one_above_is_told(monkeypatch):
    write(2)
    write(1, at=clock.now() - timedelta(minutes=2), monkeypatch=monkeypatch)
    assert "l’horloge a été reculée" in said()


def test_a_clock_that_corrects_itself_by_a_second_is_no_alarm(outside, monkeypatch):
    write(1, at=clock.now() - timedelta(seconds=1), monkeypatch=monkeypatch)
    assert alone() == set()


def test_an_old_copy_put_back_is_told_by_a_witness(outside, tmp_path):
    write(5)
    later = vault.checkpoint(MACHINE)
    newer = tmp_path / "plus-tard.txt"
    newer.write_text(later.note, encoding="utf-8")
    own(
        "DELETE FROM vault_line WHERE number > 10",
        "DELETE FROM vault_checkpoint WHERE size > 10",
        "UPDATE vault_segment SET size = 10, last_number = 10, root = (SELECT root FROM vault_checkpoint)",
    )
    assert alone() == set()
    assert with_witness(outside) == set()
    assert with_witness(newer) == {"truncated"}


def test_two_histories_shown_to_two_witnesses_are_told_when_they_compare(outside, tmp_path):
    own(EDIT, "DELETE FROM vault_line WHERE number = 10", *FORGET)
    relink()
    write(0)
    other = vault.checkpoint(MACHINE)
    assert other.size == 10
    second = tmp_path / "autre.txt"
    second.write_text(other.note, encoding="utf-8")
    with pytest.raises(CommandError, match="Deux histoires ont été montrées") as told:
        call_command("journal", "compare", outside, second)
    assert told.value.returncode == 1
    out = StringIO()
    call_command("journal", "compare", outside, outside, stdout=out)
    assert "la même histoire" in out.getvalue()


def test_two_points_of_unlike_sizes_are_decided_by_the_journal(outside, tmp_path):
    write(2)
    newer = tmp_path / "plus-tard.txt"
    newer.write_text(vault.checkpoint(MACHINE).note, encoding="utf-8")
    out = StringIO()
    call_command("journal", "compare", outside, newer, stdout=out)
    assert "Journal intact" in out.getvalue()


def test_a_forged_checkpoint_is_told(outside):
    outside.write_text(outside.read_text("utf-8").replace("\n10\n", "\n9\n"), encoding="utf-8")
    assert with_witness(outside) == {"bad_signature"}


def test_a_file_that_is_no_checkpoint_verifies_nothing(outside, tmp_path):
    nothing = tmp_path / "rien.txt"
    nothing.write_text("bonjour", encoding="utf-8")
    with pytest.raises(CommandError, match="Rien n’a été vérifié") as told:
        call_command("journal", "verify", "--checkpoint", nothing)
    assert told.value.returncode == 2


def test_the_journal_s_own_points_and_heads_cannot_be_altered_unseen(outside):
    own(("UPDATE vault_checkpoint SET root = %s", ["0" * 64]))
    assert alone() == {"bad_signature"}


def test_the_tops_of_the_tree_altered_do_not_alter_what_is_signed(outside):
    Segment.objects.update(peaks=["00" * 32, "11" * 32])
    write(1)
    vault.checkpoint(MACHINE)
    assert alone() == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vault_line SET human = 'x'",
        "UPDATE vault_checkpoint SET size = 3",
        "DELETE FROM vault_checkpoint",
        "DELETE FROM vault_segment",
        "UPDATE vault_segment SET month = '2020-01'",
        "UPDATE vault_segment SET state = 'archived'",
    ],
)
def test_the_base_itself_refuses(outside, statement):
    if statement.startswith("DELETE") and connections["journal"].vendor == "sqlite":
        put_back()
    with pytest.raises(DatabaseError), transaction.atomic(using="journal"), connections["journal"].cursor() as cursor:
        cursor.execute(statement)


# the script that needs nothing of the product


def script(name: str, *arguments: object) -> tuple[int, str]:
    """Run it in a bare interpreter, far from the sources."""
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPTS / name), *map(str, arguments)], capture_output=True, text=True, cwd="/"
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def copy(outside, tmp_path) -> Path:
    vault.export_journal(MACHINE, folder=tmp_path / "copie")
    return tmp_path / "copie"


def verify_copy(folder: Path) -> tuple[int, str]:
    months = sorted(folder.glob("journal-*.jsonl"))
    return script("verify_journal.py", *months, "--key", folder / "cle.txt", "--erased", folder / "effaces.txt",
                  "--checkpoint", *sorted(folder.glob("point-*.txt")))  # fmt: skip


def test_the_script_verifies_a_copy_and_tells_each_alteration(copy):
    code, words = verify_copy(copy)
    assert (code, "Journal intact : 12 lignes, 2 points de contrôle" in words) == (0, True)
    file = next(copy.glob("journal-*.jsonl"))
    whole = file.read_text("utf-8").splitlines()
    line = json.loads(whole[4])
    altered = {
        "a été modifiée": [*whole[:4], json.dumps({**line, "body": {**line["body"], "verdict": "x"}}), *whole[5:]],
        "manque": [*whole[:4], *whole[5:]],
        "scellé de la ligne 4 a été changé": [*whole[:4], json.dumps({**line, "seal": "AAAA"}), *whole[5:]],
        "scellé de la ligne 4 a été retiré": [*whole[:4], json.dumps({**line, "seal": ""}), *whole[5:]],
        "coupé": whole[:9],
    }
    for said_, lines in altered.items():
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        code, words = verify_copy(copy)
        assert (code, said_ in words) == (1, True), (said_, words)


def test_the_script_tells_a_full_rewriting(copy):
    file = next(copy.glob("journal-*.jsonl"))
    head, *rows = file.read_text("utf-8").splitlines()
    previous, out = json.loads(head)["previous"], [head]
    for text in rows:
        row = json.loads(text)
        row["body"]["channel"] = "cli"
        row["link"] = previous = link(previous, row["body"])
        out.append(json.dumps(row, ensure_ascii=False))
    file.write_text("\n".join(out) + "\n", encoding="utf-8")
    code, words = verify_copy(copy)
    assert (code, "il a été réécrit" in words) == (1, True)


def test_the_script_refuses_a_point_signed_by_another_and_a_missing_file(copy):
    point = next(copy.glob("point-*.txt"))
    point.write_text(point.read_text("utf-8").replace("journal", "journaux"), encoding="utf-8")
    code, words = verify_copy(copy)
    assert (code, "signature fausse" in words) == (1, True)
    assert script("verify_journal.py", copy / "rien.jsonl", "--key", copy / "cle.txt")[0] == 2


def test_a_copy_names_no_agent(copy):
    assert "user:7" not in "".join(path.read_text("utf-8") for path in copy.iterdir())


def test_the_scripts_stay_short_and_need_nothing_of_the_product():
    for name, most in (("verify_journal.py", 150), ("verify_proof.py", 100)):
        text = (SCRIPTS / name).read_text("utf-8")
        assert len(text.splitlines()) <= most
        assert "entremise." not in text.replace("entremise.example", "")


def test_there_is_one_point_per_state_of_the_journal(outside):
    assert vault.checkpoint(MACHINE) is None
    assert Checkpoint.objects.count() == 1
    write(1)
    assert vault.checkpoint(MACHINE).size == Line.objects.count() == 12
