"""The personal access journal: who reads it, what it says, what it never says; its proof, verified off line."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import usecases as vault
from entremise.vault.models import Habilitation, Line, Record
from entremise.vault.usecases import keyring
from tests.accounts.factories import agent, organisation
from tests.people.factories import person
from tests.vault.lines import write

pytestmark = pytest.mark.django_db
SCRIPTS = Path(__file__).parents[2] / "scripts"


def delegate() -> Actor:
    """A delegate whose habilitation and promise are signed."""
    user, later = agent("dpo", label="Dominique", habilitated=False), clock.now() + timedelta(days=300)
    Habilitation.objects.create(
        user=user.pk, purposes=["people.rights", "vault.audit"], active_until=later, commitment_until=later
    )
    return actor_of(user, "web", True)


def about(who, count=1, *, number_of_agent=7, **more):
    """Lines about somebody, as the gateway writes them."""
    record = Record.objects.get(person=who.pk)
    ring = keyring.load({"entraide"})
    box = ring.unwrap(vault_key(record))
    house = organisation("CCAS de Grenoble")
    reader = Actor(number_of_agent, "Camille Agent", "phone", frozenset({"matchmaker"}), house.pk)
    said = {"allowed": ["entraide.phone"], "refused": ["entraide.address"], "motive": "Motif très secret"}
    return write(count, reader, tag=ring.tag(record.pk), record=str(record.pk), box=box, secret=said,
                 rule_set=1, verdict="partly", **more)  # fmt: skip


def vault_key(record):
    from entremise.vault.models import RecordKey

    return RecordKey.objects.get(pk=record.pk)


def me(who) -> Actor:
    return Actor(None, "personne concernée", "web", frozenset({"inhabitant"}), person_id=who.pk, mfa=True)


def test_a_person_reads_when_which_service_what_and_under_which_rule_and_never_who():
    who = person()
    about(who)
    lines = vault.trail(me(who), person=who.pk)
    seen = next(line for line in lines if line.service == "CCAS de Grenoble")
    assert (seen.role, seen.channel, seen.verdict) == ("agent entremetteur", "téléphone", "accordé en partie")
    assert seen.categories == ("téléphone et courriel",)
    assert seen.purpose == "mise en relation"
    (rule,) = seen.rules
    assert (rule.id, rule.rule_set) == ("right-rescue", 1)
    assert rule.title == "Porter secours n’attend pas un vote"
    assert rule.adopted_at is not None
    for hidden in ("Camille", "user:7", "Motif très secret"):
        assert hidden not in repr(lines)


def test_refused_attempts_are_shown_with_the_others():
    who = person()
    about(who, action="read")
    ring = keyring.load(())
    write(1, tag=ring.tag(Record.objects.get(person=who.pk).pk), verdict="refused")
    assert {line.allowed for line in vault.trail(me(who), person=who.pk)} >= {True, False}


def test_reading_it_is_a_line_of_it():
    who = person()
    vault.trail(me(who), person=who.pk)
    newest = vault.trail(me(who), person=who.pk)[0]
    assert (newest.action, newest.service) == ("lecture de ce journal", "vous-même")


def test_the_delegate_reads_it_and_nobody_else(actor):
    who, other = person(), person()
    assert vault.trail(delegate(), person=who.pk)
    watchers = [me(other), actor("matchmaker", user_id=agent("matchmaker").pk, mfa=True),
                actor("controller", user_id=agent("controller").pk, mfa=True), Actor.machine("essai"),
                Actor(None, "anonyme", "web")]  # fmt: skip
    for asker in watchers:
        before = Line.objects.count()
        with pytest.raises(NotAllowed):
            vault.trail(asker, person=who.pk)
        line = Line.objects.first()
        assert (Line.objects.count(), line.verdict, line.action) == (before + 1, "refused", "read_trail")


def test_a_person_without_second_proof_is_refused():
    who = person()
    with pytest.raises(NotAllowed):
        vault.trail(Actor.person(who.pk), person=who.pk)


def test_an_unknown_person_has_no_journal():
    with pytest.raises(NotFound):
        vault.trail(delegate(), person=uuid4())
    assert Line.objects.first().verdict == "refused"


def test_the_number_of_queries_does_not_follow_the_number_of_lines():
    who = person()
    counts = []
    for _ in range(2):
        about(who, 5)
        with CaptureQueriesContext(connection) as queries:
            vault.trail(me(who), person=who.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def proof_file(tmp_path, who, number) -> tuple[Path, Path]:
    file, key = tmp_path / "preuve.json", tmp_path / "cle.txt"
    file.write_text(json.dumps(vault.proof(me(who), person=who.pk, number=number)), encoding="utf-8")
    key.write_text(vault.journal_key(), encoding="utf-8")
    return file, key


def verify(*arguments: object) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPTS / "verify_proof.py"), *map(str, arguments)],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


def test_a_proof_is_verified_off_line_and_an_altered_one_is_not(tmp_path):
    who = person()
    number = about(who)
    write(20)
    file, key = proof_file(tmp_path, who, number)
    code, words = verify(file, "--key", key)
    assert (code, f"la ligne {number}" in words) == (0, True)
    text = file.read_text("utf-8")
    assert "user:7" not in text
    whole = json.loads(text)
    for wrong in ({"line": {**whole["line"], "verdict": "granted"}}, {"index": whole["index"] + 1}, {"path": []},
                  {"checkpoint": whole["checkpoint"].replace("journal", "journaux", 1)}):  # fmt: skip
        file.write_text(json.dumps({**whole, **wrong}), encoding="utf-8")
        assert verify(file, "--key", key)[0] == 1, wrong
    file.write_text("{}", encoding="utf-8")
    assert verify(file, "--key", key)[0] == 2


def test_nobody_proves_a_line_about_somebody_else(tmp_path):
    who, other = person(), person()
    number = about(other)
    with pytest.raises(NotFound):
        vault.proof(me(who), person=who.pk, number=number)


def test_two_lines_of_one_agent_cannot_be_brought_together():
    who = person()
    first = about(who, 2)
    proofs = [vault.proof(me(who), person=who.pk, number=first + n)["line"]["human"] for n in (0, 1)]
    assert proofs[0] != proofs[1]
