"""Modules read, quizzes passed (as often as needed), a call listened to. Only the best score counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach import policies, rules
from entremise.outreach.models import CallerProfile, LevelChange, TrainingStep
from entremise.outreach.queries import modules
from entremise.outreach.usecases.callers.refusals import ModuleNotRead
from entremise.outreach.usecases.callers.signing import own_profile
from entremise.rules.queries import number_of

READ = declare("outreach.module.read", "a lu un module du parcours")
PASSED = declare("outreach.quiz.taken", "a répondu à un quiz du parcours")
LISTENED = declare("outreach.listening.validated", "a validé un appel écouté ensemble")
REFRESHER = "nouvelles"
"""The module whose quiz, passed again, gives a suspended level back."""


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: what was chosen, whether it is right, why."""

    question: str
    chosen: str
    right: str
    good: bool
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """`percent` rounded down; `restored`: a level that inactivity had suspended is back."""

    percent: int
    asked: int
    passed: bool
    told: tuple[Told, ...]
    restored: bool = False


@transaction.atomic
def read_module(actor: Actor, *, module: str) -> None:
    """« J’ai lu »: once per version, whatever the clicks. Raises NotAllowed, NotFound."""
    row, one = own_profile(actor), modules.module(module)
    step = TrainingStep(caller=row, kind="module", code=one.code, version=one.version)
    TrainingStep.objects.bulk_create([step], ignore_conflicts=True)
    record(actor, READ, row, module=one.code)


@transaction.atomic
def pass_quiz(actor: Actor, *, module: str, answers: Mapping[int, int]) -> Score:
    """Answer every question of a quiz (number of the question → number of the answer, from 0), as often as wanted.

    Each try is kept; the best one counts. Passed at the mark (a rule point), after a suspension for inactivity,
    « Prendre des nouvelles » gives the level back. Raises NotAllowed, NotFound, ModuleNotRead, ValidationError by
    question (`q0`, `q1`…).
    """
    row, one = own_profile(actor), modules.module(module)
    if not row.steps.filter(kind="module", code=one.code).exists():
        raise ModuleNotRead("Lisez d’abord le module, puis dites « J’ai lu » : le quiz s’ouvre ensuite.")
    wrong = {
        f"q{n}": "Choisissez une réponse."
        for n, question in enumerate(one.quiz)
        if not 0 <= answers.get(n, -1) < len(question.answers)
    }
    if wrong:
        raise ValidationError(wrong)
    told = tuple(
        Told(q.text, q.answers[answers[n]], q.answers[q.right], answers[n] == q.right, q.why)
        for n, q in enumerate(one.quiz)
    )
    asked = number_of(rules.QUIZ)
    percent = 100 * sum(one.good for one in told) // len(told)
    TrainingStep.objects.create(caller=row, kind="quiz", code=one.code, version=one.version, score=percent)
    passed = percent >= asked
    restored = passed and one.code == REFRESHER and _restore(row)
    record(actor, PASSED, row, module=one.code, passed=passed, restored=restored)
    return Score(percent, asked, passed, told, restored)


def _restore(row: CallerProfile) -> bool:
    held = row.held_level
    if held is None:
        return False
    suspended = CallerProfile.objects.filter(pk=row.pk, held_level=held, level=row.level)
    if not suspended.update(level=held, held_level=None):
        return False
    LevelChange.objects.create(
        caller=row, kind="restored", before=row.level, after=held, reason="remise à niveau", decided_by=row.user,
        at=clock.now(),
    )  # fmt: skip
    return True


@transaction.atomic
def validate_listening(actor: Actor, *, caller: CallerProfile) -> None:
    """A mentor says that one call was listened to, or done, together: a step to level 1. Raises NotAllowed."""
    policies.require_guide(actor, caller)
    TrainingStep.objects.create(caller=caller, kind="listening", code="call", validated_by_id=actor.user_id)
    record(actor, LISTENED, caller)
