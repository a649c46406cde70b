"""What review leaves to others: a question for the next call, when reading the files was not enough."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from entremise.kernel import clock
from entremise.registers.models.linkage import Pair


class CallQuestion(models.Model):
    """« Est-ce la même personne ? », to be asked at the next call of one of the two. `outreach` reads it, and answers.

    No text: the script of the call says the words, and never names the other record nor its register.
    """

    STATES = {"open": "à poser", "answered": "posée", "void": "sans objet"}

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="questions", verbose_name="paire")
    person = models.UUIDField("personne")
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="open")
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "question pour le prochain appel"
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "person"], condition=Q(state="open"), name="one_open_question_per_person"
            ),
            models.CheckConstraint(condition=Q(state__in=["open", "answered", "void"]), name="question_state_known"),
        ]
        indexes = [models.Index(fields=["person", "state"], name="question_person")]

    def __str__(self) -> str:
        return f"{self.pk}"
