"""Signed points leave the server: letters, a folder, a witness on line; what happens when none arrives."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail

from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.site import doctor
from entremise.vault import clients, usecases as vault
from entremise.vault.engine import merkle, note
from entremise.vault.models import Checkpoint
from tests.accounts.factories import agent
from tests.rules.factories import set_point
from tests.vault.lines import own, write

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("essai")
COLLEGES = ("institutions", "staff", "contributors", "registered")
SEED = bytes(range(1, 33))
WITNESS = note.Verifier(
    "temoin.example", note.COSIGNATURE, Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
)


@pytest.fixture
def colleges():
    return [agent(f"seat_{code}", email=f"{code}@exemple.test") for code in COLLEGES]


class Witness(BaseHTTPRequestHandler):
    """A real witness of C2SP `tlog-witness`, as another territory would run it: it checks, remembers and signs."""

    held: tuple[int, bytes] = (0, b"")
    sends = "signature"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        head, _, signed = body.partition("\n\n")
        old, *proof = head.split("\n")
        found, size = note.read(signed), int(old.removeprefix("old "))
        known, root = type(self).held
        if type(self).sends == "redirect":
            return self.answer(302, "", location="http://127.0.0.1:1/")
        if size != known:
            return self.answer(409, f"{known}\n")
        steps = [base64.b64decode(step) for step in proof]
        if known and not merkle.extends(known, root, found.size, found.root, steps):
            return self.answer(422, "")
        type(self).held = (found.size, found.root)
        if type(self).sends == "nothing":
            return self.answer(200, "")
        moment = 1_760_000_000
        said = f"cosignature/v1\ntime {moment}\n{found.text}".encode()
        blob = WITNESS.key_id + moment.to_bytes(8, "big") + Ed25519PrivateKey.from_private_bytes(SEED).sign(said)
        return self.answer(200, f"{note.DASH}{WITNESS.name} {base64.b64encode(blob).decode()}\n")

    def answer(self, status, text, location=""):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def witness(settings):
    Witness.held, Witness.sends = (0, b""), "signature"
    server = HTTPServer(("127.0.0.1", 0), Witness)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.WITNESS_URL = f"http://127.0.0.1:{server.server_port}/add-checkpoint"
    settings.WITNESS_KEY = str(WITNESS)
    yield Witness
    server.shutdown()
    server.server_close()


def test_each_college_receives_the_point_and_nothing_of_anybody(colleges):
    write(3)
    assert vault.send_checkpoints(MACHINE) == 4
    assert sorted(message.to[0] for message in mail.outbox) == sorted(f"{c}@exemple.test" for c in COLLEGES)
    name, text, kind = mail.outbox[0].attachments[0]
    assert note.is_signed(note.read(text), note.read_verifier(vault.journal_key()))
    assert vault.verify_journal(outside=[(name, text)]).intact
    assert "exemple.test" not in str(Checkpoint.objects.get().sent)


def test_nothing_is_sent_twice_and_letters_once_a_day_at_most(colleges):
    write(1)
    vault.send_checkpoints(MACHINE)
    assert vault.send_checkpoints(MACHINE) == 0
    write(1)
    assert vault.send_checkpoints(MACHINE) == 0
    assert len(mail.outbox) == 4
    Checkpoint.objects.update(sent=[])
    assert vault.send_checkpoints(MACHINE) == 4


def test_a_change_of_rules_is_signed_and_sent_at_once(colleges, run_jobs):
    write(1)
    vault.send_checkpoints(MACHINE)
    mail.outbox.clear()
    set_point("vault.journal_months", 6)
    assert "vault.send_checkpoints" in run_jobs()
    assert len(mail.outbox) == 4
    assert Checkpoint.objects.count() == 2


def test_a_folder_receives_a_file_per_point(settings, tmp_path):
    settings.WITNESS_FOLDER = str(tmp_path)
    write(2)
    assert vault.send_checkpoints(MACHINE) == 1
    file = next(tmp_path.iterdir())
    assert vault.verify_journal(outside=[(file.name, file.read_text("utf-8"))]).intact


def test_a_folder_that_is_not_there_is_said_and_tried_again(settings, tmp_path):
    settings.WITNESS_FOLDER = str(tmp_path / "absent")
    write(2)
    assert vault.send_checkpoints(MACHINE) == 0
    (entry,) = Checkpoint.objects.get().sent
    assert "dossier" in entry["why"]
    (tmp_path / "absent").mkdir()
    assert vault.send_checkpoints(MACHINE) == 1


def test_a_witness_on_line_checks_that_the_journal_only_grew_and_signs(witness):
    for _ in range(3):
        write(5)
        assert vault.send_checkpoints(MACHINE) == 1
    point = Checkpoint.objects.first()
    assert witness.held == (point.size, bytes.fromhex(point.root))
    assert note.is_signed(note.read(point.note + point.sent[0]["signature"] + "\n"), WITNESS)


def test_a_witness_that_is_further_or_behind_says_its_size_and_is_given_the_proof_from_there(witness):
    write(5)
    vault.send_checkpoints(MACHINE)
    Checkpoint.objects.update(sent=[])
    write(5)
    assert vault.send_checkpoints(MACHINE) == 1


@pytest.mark.parametrize("sends", ["nothing", "redirect"])
def test_an_answer_without_signature_or_a_redirect_is_no_acknowledgement(witness, sends):
    witness.sends = sends
    write(1)
    assert vault.send_checkpoints(MACHINE) == 0
    assert Checkpoint.objects.get().sent[0]["ok"] is False


def test_another_signature_than_the_witness_s_is_no_acknowledgement(witness, settings):
    settings.WITNESS_KEY = str(note.Verifier("temoin.example", note.COSIGNATURE, bytes(32)))
    write(1)
    assert vault.send_checkpoints(MACHINE) == 0


@pytest.mark.parametrize(
    "url",
    ["http://temoin.example/", "ftp://127.0.0.1/", "https://localhost/", "file:///etc/passwd", "http://10.0.0.1/"],
)
def test_an_address_that_leads_inside_or_in_clear_is_not_called(url):
    with pytest.raises(clients.NotSent):
        clients.post_note(url, "")


def test_letters_that_stay_on_the_machine_are_no_acknowledgement(colleges, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    write(1)
    assert vault.send_checkpoints(MACHINE) == 0


def test_two_days_without_witness_are_an_alarm_and_one_is_not(colleges):
    write(1)
    vault.checkpoint(MACHINE)
    levels = {line.level for line in doctor.access_journal()}
    assert levels == {"OK"}
    late = clock.now() - timedelta(hours=50)
    own(("UPDATE vault_checkpoint SET at = %s", [late]))
    assert "depuis 50 heures" in vault.watch().alarms[0]
    assert [line.level for line in doctor.access_journal()] == ["erreur"]
    vault.send_checkpoints(MACHINE)
    assert vault.watch().alarms == ()


def test_a_college_without_seat_is_said():
    agent("seat_staff")
    assert len(vault.watch().missing) == 3
    assert any("aucun témoin au collège" in line.words for line in doctor.access_journal())


def test_the_jobs_are_declared_as_the_reference_says():
    assert jobs.declared()["vault.send_checkpoints"].every == timedelta(hours=1)
    assert jobs.declared()["vault.prune_segments"].daily is not None
