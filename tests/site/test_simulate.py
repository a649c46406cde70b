"""`entremise simulate veille`: the board says what was inserted, or the command says that it does not."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from entremise.outreach.queries import kpis
from entremise.site.management.commands.simulate import Command


@pytest.mark.django_db
def test_the_board_agrees_with_the_truth_that_was_inserted():
    said = io.StringIO()
    Command(stdout=said)._play(400, 6, 440, 7)
    lines = said.getvalue().splitlines()
    calls = next(line for line in lines if line.startswith("Appels"))
    assert calls.split()[1:3] == ["440", "440"]
    assert "Cas réel de 2020" in lines[0]


@pytest.mark.django_db
def test_a_board_that_is_wrong_is_denounced(monkeypatch):
    monkeypatch.setattr(kpis, "USEFUL", ("no_answer",))
    with pytest.raises(CommandError, match="Conversations utiles"):
        Command(stdout=io.StringIO())._play(200, 3, 220, 7)


@pytest.mark.parametrize("arguments", [{"persons": 3}, {"agents": 0}, {"persons": 5_000_000}])
def test_sizes_out_of_reason_are_refused_in_words(arguments):
    with pytest.raises(CommandError, match="personnes"):
        call_command("simulate", "veille", **arguments)
