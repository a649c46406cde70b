"""The caller's path by its use cases: who enters, what is learned, who decides, who may come back down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from entremise.accounts.queries import actor_of
from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.outreach import usecases
from entremise.outreach.models import (
    CallAttempt,
    CallerProfile,
    ComplexityAdvice,
    Debrief,
    Emergency,
    LevelChange,
    TrainingStep,
)
from entremise.outreach.queries import callers as queries
from entremise.outreach.queries.modules import modules
from entremise.outreach.queries.unsigned import missing_rights
from entremise.referrals import usecases as referrals
from entremise.referrals.models import Difficulty
from entremise.vault.models import Assignment, Habilitation
from tests.accounts.factories import agent
from tests.outreach.factories import MACHINE, caller, campaign, mentor, script, supervisor, tasks
from tests.outreach.test_complexity import attempt

pytestmark = pytest.mark.django_db


def right_answers(code):
    return {n: question.right for n, question in enumerate(modules()[code].quiz)}


def code_of(deed, *given, **named):
    with pytest.raises(DomainError) as told:
        deed(*given, **named)
    return told.value.code


def fresh(member):
    member.profile.refresh_from_db()
    return member.profile


# entering


def reassigned(**changed):
    user = agent("caller", habilitated=False)
    said = {
        "kind": "reassigned", "languages": ["fr"], "manager": "Direction des sports", "share": 50,
        "available_from": clock.today(), "available_until": clock.today() + timedelta(days=60), **changed,
    }  # fmt: skip
    return user, usecases.sign_up(actor_of(user, "web", True), **said)


def test_a_reassigned_agent_enters_with_the_agreement_of_their_hierarchy():
    boss, manager = supervisor(), agent("org_manager")
    _, row = reassigned()
    assert code_of(usecases.accept_caller, boss.actor, caller=row) == "agreement_missing"
    usecases.note_agreement(actor_of(manager, "web", True), caller=row, on=clock.today() - timedelta(days=3))
    row.refresh_from_db()
    assert row.agreed_by == manager
    assert clock.day_of(row.agreed_at) == clock.today() - timedelta(days=3)
    usecases.accept_caller(boss.actor, caller=row)
    row.refresh_from_db()
    assert (row.state, row.level, row.share) == ("active", 0, 50)
    assert code_of(usecases.accept_caller, boss.actor, caller=row) == "already_decided"


def test_nobody_notes_the_agreement_of_their_own_hierarchy():
    user, row = reassigned()
    user.memberships.update(role="supervisor")
    with pytest.raises(NotAllowed):
        usecases.note_agreement(actor_of(user, "web", True), caller=row, on=clock.today())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"manager": " "}, "manager"),
        ({"available_until": None}, "available_until"),
        ({"share": 0}, "share"),
        ({"languages": ["klingon"]}, "languages"),
        ({"available_until": clock.today() - timedelta(days=2)}, "available_until"),
    ],
)
def test_what_a_reassigned_agent_must_say(changed, field):
    with pytest.raises(ValidationError) as told:
        reassigned(**changed)
    assert field in told.value.message_dict


def test_more_time_than_agreed_asks_the_agreement_anew():
    user, row = reassigned()
    usecases.note_agreement(supervisor().actor, caller=row, on=clock.today())
    usecases.accept_caller(supervisor().actor, caller=row)
    wider = {"languages": ["fr"], "share": 80, "available_until": row.available_until}
    changed = usecases.change_availability(actor_of(user, "web", True), **wider)
    assert (changed.state, changed.agreed_at) == ("asked", None)


def test_signing_up_twice_is_refused_and_who_left_may_come_back_at_the_start():
    user = agent("caller")
    actor = actor_of(user, "web", True)
    row = usecases.sign_up(actor, kind="citizen", languages=["fr", "ar"])
    assert code_of(usecases.sign_up, actor, kind="citizen", languages=["fr"]) == "already_signed_up"
    CallerProfile.objects.filter(pk=row.pk).update(level=3, state="active")
    usecases.leave_path(actor, caller=row)
    again = usecases.sign_up(actor, kind="citizen", languages=["fr"])
    assert (again.pk, again.state, again.level) == (row.pk, "asked", 0)


def test_alone_in_a_small_town_one_confirms_oneself_a_day_later():
    user = agent("caller", "supervisor")
    actor = actor_of(user, "web", True)
    row = usecases.sign_up(actor, kind="staff", languages=["fr"])
    with pytest.raises(NotAllowed):
        usecases.accept_caller(actor, caller=row)
    row.created_at = clock.now() - timedelta(hours=25)
    row.save(update_fields=["created_at"])
    usecases.accept_caller(actor, caller=row)
    entry = Entry.objects.filter(action="outreach.caller.accepted").latest("seq")
    assert entry.data["own"] is True, "the trace says that it was the same person"


def test_what_is_still_to_be_signed_is_said_one_by_one():
    user, row = reassigned()
    user.memberships.all().delete()
    told = " ".join(missing_rights(row, clock.now()))
    assert "rôle" in told
    assert "habilitation" in told
    assert "engagement" in told
    ready = caller()
    assert missing_rights(ready.profile, clock.now()) == []
    Habilitation.objects.filter(user=ready.pk).update(suspended_at=clock.now())
    assert "suspendue" in " ".join(missing_rights(ready.profile, clock.now()))


# learning


def test_from_the_charter_to_the_first_calls():
    guide = mentor()
    who = caller(level=0, charter_signed_at=None, mentor=guide)
    assert code_of(usecases.pass_quiz, who.actor, module="nouvelles", answers={}) == "module_not_read"
    usecases.sign_charter(who.actor)
    usecases.sign_charter(who.actor)
    usecases.read_module(who.actor, module="nouvelles")
    usecases.read_module(who.actor, module="nouvelles")
    assert TrainingStep.objects.filter(caller=who.profile).count() == 2, "signed and read once, whatever the clicks"
    assert Habilitation.objects.get(user=who.pk).commitment_at is not None
    assert usecases.pass_quiz(who.actor, module="nouvelles", answers=right_answers("nouvelles")).percent == 100
    assert code_of(usecases.promote_caller, guide.actor, caller=who.profile, to=1) == "steps_missing"
    usecases.validate_listening(guide.actor, caller=who.profile)
    usecases.promote_caller(guide.actor, caller=who.profile, to=1)
    assert fresh(who).level == 1
    change = LevelChange.objects.get(caller=who.profile)
    assert (change.kind, change.before, change.after, change.decided_by_id) == ("promoted", 0, 1, guide.pk)


def test_a_failed_quiz_explains_and_may_be_tried_again():
    who = caller(level=0)
    usecases.read_module(who.actor, module="nouvelles")
    wrong = {n: (right + 1) % 3 for n, right in right_answers("nouvelles").items()}
    score = usecases.pass_quiz(who.actor, module="nouvelles", answers=wrong)
    assert (score.percent, score.passed) == (0, False)
    assert all(one.why for one in score.told)
    nearly = {**right_answers("nouvelles"), 0: wrong[0]}
    assert usecases.pass_quiz(who.actor, module="nouvelles", answers=nearly).passed, "4 of 5 is 80 %"
    assert queries.counts_of(who.profile).quizzes == {"nouvelles": 80}


@pytest.mark.parametrize("given", [{}, {0: 9}, {0: -1}])
def test_every_question_is_answered(given):
    who = caller(level=0)
    usecases.read_module(who.actor, module="nouvelles")
    with pytest.raises(ValidationError) as told:
        usecases.pass_quiz(who.actor, module="nouvelles", answers=given)
    assert "q0" in told.value.message_dict
    assert not who.profile.steps.filter(kind="quiz").exists(), "a half-answered quiz is no try"


# rising, coming down


def ready_for(level, guide=None):
    """A caller for whom everything that is counted is there to reach this level."""
    who = caller(level=level - 1, mentor=guide, wishes_hardest="Je souhaite prendre ces appels." if level == 4 else "")
    past = clock.now() - timedelta(days=90)
    for reached in range(1, level):
        LevelChange.objects.create(caller=who.profile, kind="promoted", before=reached - 1, after=reached, at=past)
    row = campaign(persons=1)
    task = tasks(row)[0]
    for n in range(40):
        attempt(task, "reached_complete", who, n)
    for code in ("nouvelles", "situations", "crise"):
        TrainingStep.objects.create(caller=who.profile, kind="module", code=code, version="1")
        TrainingStep.objects.create(caller=who.profile, kind="quiz", code=code, score=100)
    for one in CallAttempt.objects.filter(caller=who.user)[:2]:
        who.profile.reviews.create(attempt=one, mentor=(guide or mentor()).user, complete=True)
    for _ in range(3):
        Difficulty.objects.create(
            person=task.person, needs=["food"], consent="yes", origin_kind="call", author=who.user, complete=True
        )
    return who


def test_a_mentor_opens_levels_2_and_3_for_their_own_callers_only():
    guide = mentor()
    for level in (2, 3):
        who = ready_for(level, guide)
        with pytest.raises(NotAllowed):
            usecases.promote_caller(mentor().actor, caller=who.profile, to=level)
        with pytest.raises(NotAllowed):
            usecases.promote_caller(who.actor, caller=who.profile, to=level)
        usecases.promote_caller(guide.actor, caller=who.profile, to=level)
        assert fresh(who).level == level
        assert code_of(usecases.promote_caller, guide.actor, caller=who.profile, to=level) == "already_decided"


def test_attempts_do_not_make_a_level():
    guide = mentor()
    who = ready_for(2, guide)
    CallAttempt.objects.filter(caller=who.user).update(disposition="no_answer")
    assert code_of(usecases.promote_caller, guide.actor, caller=who.profile, to=2) == "steps_missing"


def test_the_hardest_level_asks_a_supervisor_and_the_callers_own_written_wish():
    guide, boss = mentor(), supervisor()
    who = ready_for(4, guide)
    with pytest.raises(NotAllowed):
        usecases.promote_caller(guide.actor, caller=who.profile, to=4)
    usecases.wish_hardest(who.actor, words="")
    assert code_of(usecases.promote_caller, boss.actor, caller=who.profile, to=4) == "steps_missing"
    with pytest.raises(ValidationError):
        usecases.wish_hardest(who.actor, words="oui")
    usecases.wish_hardest(who.actor, words="Je souhaite prendre les appels de détresse.")
    usecases.promote_caller(boss.actor, caller=who.profile, to=4)
    assert fresh(who).level == 4


def test_one_comes_down_at_ones_own_word_without_a_reason():
    who = caller(level=3)
    usecases.ask_down(who.actor, to=1)
    assert fresh(who).level == 1
    change = LevelChange.objects.get(caller=who.profile)
    assert (change.kind, change.reason) == ("asked_down", "")
    with pytest.raises(ValidationError):
        usecases.ask_down(who.actor, to=1)


def test_others_bring_down_with_a_reason():
    guide = mentor()
    who = caller(level=3, mentor=guide)
    with pytest.raises(ValidationError):
        usecases.demote_caller(guide.actor, caller=who.profile, to=2, reason="non")
    with pytest.raises(NotAllowed):
        usecases.demote_caller(mentor().actor, caller=who.profile, to=2, reason="Nous en avons parlé ensemble.")
    usecases.demote_caller(guide.actor, caller=who.profile, to=2, reason="Nous en avons parlé ensemble.")
    assert fresh(who).level == 2


def test_three_weeks_without_a_call_suspend_a_level_until_a_refresher():
    long_ago = clock.now() - timedelta(days=60)
    away = caller(level=3, created_at=long_ago, last_call_at=clock.now() - timedelta(days=22))
    here = caller(level=3, created_at=long_ago, last_call_at=clock.now() - timedelta(days=20))
    new = caller(level=2)
    assert usecases.suspend_inactive(MACHINE) == 1
    assert usecases.suspend_inactive(MACHINE) == 0, "a job may run twice"
    assert (fresh(away).level, away.profile.held_level) == (1, 3)
    assert (fresh(here).level, fresh(new).level) == (3, 2)
    usecases.read_module(away.actor, module="nouvelles")
    assert usecases.pass_quiz(away.actor, module="nouvelles", answers=right_answers("nouvelles")).restored
    assert (fresh(away).level, away.profile.held_level) == (3, None)
    assert usecases.suspend_inactive(MACHINE) == 0, "a refresher counts from its day"


def test_a_call_reported_on_paper_keeps_a_level():
    who = caller(level=2, created_at=clock.now() - timedelta(days=60))
    attempt(tasks(campaign(persons=1))[0], "no_answer", who, 1)
    assert usecases.suspend_inactive(MACHINE) == 0


def test_only_the_clock_suspends():
    with pytest.raises(NotAllowed):
        usecases.suspend_inactive(supervisor().actor)


# rest


def emergency_debrief(who, ago=timedelta(0)):
    row = campaign(persons=1)
    alarm = Emergency.objects.create(task=tasks(row)[0], campaign=row, caller=who.user)
    asked = clock.now() - ago
    return Debrief.objects.create(caller=who.profile, cause="emergency", emergency=alarm, asked_at=asked)


def test_a_debrief_held_at_once_leaves_half_an_hour_of_rest_that_nobody_shortens():
    guide = mentor()
    who = caller(mentor=guide)
    debrief = emergency_debrief(who)
    with pytest.raises(NotAllowed):
        usecases.hold_debrief(who.actor, debrief=debrief)
    usecases.hold_debrief(guide.actor, debrief=debrief, note="Parlé un quart d’heure.")
    assert fresh(who).paused_until == debrief.asked_at + timedelta(minutes=30)
    for somebody in (who, guide):
        with pytest.raises(NotAllowed):
            usecases.resume_caller(somebody.actor, caller=who.profile)
    assert code_of(usecases.hold_debrief, guide.actor, debrief=debrief) == "already_decided"


def test_a_debrief_is_declined_in_writing_and_by_oneself():
    guide = mentor()
    who = caller(mentor=guide)
    debrief = emergency_debrief(who, timedelta(hours=1))
    with pytest.raises(ValidationError):
        usecases.decline_debrief(who.actor, debrief=debrief, reason="non")
    with pytest.raises(NotAllowed):
        usecases.decline_debrief(guide.actor, debrief=debrief, reason="Elle va bien, je la connais.")
    usecases.decline_debrief(who.actor, debrief=debrief, reason="J’en ai parlé avec ma collègue.")
    assert not queries.caller_facts(who.user, None).debrief_due


def test_a_difficult_call_asks_for_one_debrief_whatever_the_clicks():
    who = caller()
    one = attempt(tasks(campaign(persons=1))[0], "reached_complete", who, 1, hard=True)
    assert usecases.ask_debrief(who.actor, attempt=one) == usecases.ask_debrief(who.actor, attempt=one)
    with pytest.raises(NotAllowed):
        usecases.ask_debrief(caller().actor, attempt=one)
    assert not queries.caller_facts(who.user, None).debrief_due, "offered, not imposed"


def test_a_pause_that_the_team_decided_is_not_ended_by_oneself():
    boss = supervisor()
    who = caller()
    usecases.pause_caller(who.actor, caller=who.profile)
    usecases.resume_caller(who.actor, caller=who.profile)
    usecases.pause_caller(boss.actor, caller=who.profile)
    with pytest.raises(NotAllowed):
        usecases.resume_caller(who.actor, caller=who.profile)
    usecases.pause_caller(who.actor, caller=who.profile, until=clock.now())
    assert fresh(who).pause_reason == "supervisor", "a shorter pause of one's own does not end it either"
    usecases.resume_caller(boss.actor, caller=who.profile)
    assert queries.caller_facts(who.user, None).paused is None


# mentors


def test_a_mentor_follows_twelve_callers_at_most():
    guide, boss = mentor(), supervisor()
    for _ in range(12):
        usecases.assign_mentor(boss.actor, caller=caller().profile, mentor=guide.user)
    who = caller()
    assert code_of(usecases.assign_mentor, boss.actor, caller=who.profile, mentor=guide.user) == "mentor_full"
    again = guide.user.mentees.first()
    usecases.assign_mentor(boss.actor, caller=again, mentor=guide.user)
    with pytest.raises(ValidationError):
        usecases.assign_mentor(boss.actor, caller=who.profile, mentor=agent("caller"))


def test_a_report_is_reviewed_once_and_read_by_its_caller():
    guide = mentor()
    who = caller(mentor=guide)
    one = attempt(tasks(campaign(persons=1))[0], "reached_complete", who, 1)
    with pytest.raises(ValidationError):
        usecases.review_report(guide.actor, attempt=one.public_id, complete=False)
    with pytest.raises(NotAllowed):
        usecases.review_report(mentor().actor, attempt=one.public_id, complete=True)
    usecases.review_report(guide.actor, attempt=one.public_id, complete=True, note="Bonne reformulation.")
    second = code_of(usecases.review_report, supervisor().actor, attempt=one.public_id, complete=False, note="Non.")
    assert second == "already_decided"
    assert usecases.read_feedback(who.actor) == 1
    assert usecases.read_feedback(who.actor) == 0


def sealed_report(who):
    """A report as the call screen leaves one: a claimed call, answers in the vault."""
    row = campaign(persons=1)
    claim = usecases.claim_call(who.actor, campaign=row)
    done = usecases.report_call(
        who.actor, task=claim.task, token=claim.token, key="envoi-de-test-1", disposition="reached_complete",
        answers={"mange": "oui"}, minutes=5,
    )  # fmt: skip
    return done.attempt


MEALS = {
    "format": 1, "title": "Essai", "default_language": "fr", "languages": ["fr"],
    "items": [{"type": "select_one", "name": "mange", "label": {"fr": "Mange-t-elle à sa faim ?"}, "list": "on"}],
    "lists": {"on": [{"name": "oui", "label": {"fr": "Oui, chaque jour"}}, {"name": "non", "label": {"fr": "Non"}}]},
}  # fmt: skip


def test_a_mentor_reads_the_report_of_their_caller_through_the_vault():
    script(model=MEALS)
    guide = mentor()
    one = sealed_report(caller(mentor=guide))
    told = usecases.open_report(guide.actor, attempt=one.public_id)
    assert list(told.answers) == [("Mange-t-elle à sa faim ?", "Oui, chaque jour")]
    given = Assignment.objects.get(user=guide.pk, register="veille")
    assert given.until <= clock.now() + timedelta(minutes=30)
    with pytest.raises(NotAllowed):
        usecases.open_report(mentor().actor, attempt=one.public_id)
    assert Assignment.objects.count() == 1, "another mentor was confided nothing"


def test_without_habilitation_a_mentor_reads_the_reason_and_nothing_else():
    script(model=MEALS)
    guide = mentor()
    one = sealed_report(caller(mentor=guide))
    Habilitation.objects.filter(user=guide.pk).update(suspended_at=clock.now())
    told = usecases.open_report(guide.actor, attempt=one.public_id)
    assert not told.answers
    assert told.refused


def test_a_listening_note_has_its_five_marks():
    guide = mentor()
    who = caller(mentor=guide)
    with pytest.raises(ValidationError):
        usecases.note_listening(guide.actor, caller=who.profile, marks={"opening": "yes"})
    marks = dict.fromkeys(("opening", "listening", "facts", "consent", "closing"), "partly")
    assert usecases.note_listening(guide.actor, caller=who.profile, marks=marks, note="À reprendre.").marks == marks


# complexity


def test_a_caller_suggests_and_a_supervisor_decides_for_every_campaign():
    first, second = campaign(persons=1), campaign()
    (task,), (other,) = tasks(first), tasks(second)
    who, boss = caller(), supervisor()
    with pytest.raises(NotAllowed):
        usecases.suggest_complexity(who.actor, task=task, code="interpreter")
    attempt(task, "reached_language", who, 1)
    advice = usecases.suggest_complexity(who.actor, task=task, code="interpreter")
    assert usecases.suggest_complexity(who.actor, task=task, code="interpreter") == advice
    task.refresh_from_db()
    assert task.complexity == 1, "a suggestion changes nothing yet"
    with pytest.raises(ValidationError):
        usecases.decide_complexity(boss.actor, advice=advice, accept=True, reason="")
    usecases.decide_complexity(boss.actor, advice=advice, accept=True, reason="Parle soninké")
    for one in (task, other):
        one.refresh_from_db()
        assert (one.complexity, one.complexity_codes[0]) == (3, "interpreter")
    late = {"advice": advice, "accept": False, "reason": "Je ne crois pas"}
    assert code_of(usecases.decide_complexity, supervisor().actor, **late) == "already_decided"
    usecases.set_complexity(boss.actor, task=task, code="interpreter", kind="remove", reason="Sa fille a appris")
    usecases.fill_tasks(MACHINE, campaign=first)
    task.refresh_from_db()
    assert task.complexity == 1, "what a supervisor decided last holds after a new filling"
    assert ComplexityAdvice.objects.filter(state="accepted").count() == 2


def test_a_form_is_judged_once_and_never_by_its_author():
    who = agent("caller", "referrer")
    row = Difficulty.objects.create(
        person=tasks(campaign(persons=1))[0].person, needs=["food"], consent="yes", origin_kind="call", author=who
    )
    with pytest.raises(NotAllowed):
        referrals.judge_difficulty(actor_of(who, "web", True), difficulty=row, complete=True)
    judge = actor_of(agent("referrer"), "web", True)
    referrals.judge_difficulty(judge, difficulty=row, complete=True)
    assert code_of(referrals.judge_difficulty, judge, difficulty=row, complete=False) == "difficulty_already_judged"
