"""One person to call in one campaign; each call that was made; what came too late. No name, no number.

Source: reference outreach-and-referrals §§ 2, 8–10. The order of the queue and its guards are in
`usecases.calls.statement`, where the claim is written once for both engines.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from entremise.accounts.models import User
from entremise.kernel import clock, ids
from entremise.outreach.models.campaigns import SLOTS, CallCampaign
from entremise.outreach.models.scripts import ScriptVersion
from entremise.people.models import Person

TASK_STATES = {
    "draft": "en préparation",
    "ready": "prête",
    "claimed": "en cours d’appel",
    "scheduled": "prévue plus tard",
    "needs_supervisor": "à voir par le superviseur",
    "unreachable": "injoignable",
    "escalated": "recherche en cours",
    "done": "faite",
    "closed": "close",
}
OPEN_STATES = ("ready", "claimed", "scheduled", "needs_supervisor", "unreachable", "escalated")
QUEUE = ("ready", "scheduled")
NEVER_HEARD = datetime(1970, 1, 1, tzinfo=UTC)
"""Whoever was never reached comes before all others of the same rank."""
FIRST = Q(urgent=True) | Q(promised_at__isnull=False) | Q(reserved_for__isnull=False)
"""The few tasks that pass before any rank."""
IN_ORDER = ["campaign", "rank", "heard_at", "id", "not_before", "complexity"]
"""The order of a claim, then what most often sets a row aside: told by the index, without the row."""


def masks_with(bit: int) -> list[int]:
    """The masks of moments (1 to 15) that hold this one."""
    return [mask for mask in range(16) if mask & bit]


WAITS = {
    "": "",
    "callback": "rappel promis",
    "cooldown": "délai entre deux essais",
    "other_slot": "autre moment de la journée",
    "recurrence": "prochain appel du rythme choisi",
    "language": "langue à trouver",
    "released": "rendue",
    "rule_denied": "refusée par les règles",
    "announced": "après l’annonce",
}
SUPERVISOR_CAUSES = {
    "": "",
    "no_valid_number": "aucun numéro valable",
    "hearing": "échange impossible par téléphone",
    "moved": "déménagée, à confirmer",
    "hospitalised": "hospitalisée, à confirmer",
    "institution": "en établissement, à confirmer",
    "deceased": "dite décédée, à confirmer",
    "emergency": "urgence",
    "sms_stop": "STOP reçu par SMS, à comprendre",
    "orphan": "compte rendu en attente",
    "help_needed": "vue chez elle, a besoin d’aide",
    "merged": "deux fiches d’une même personne",
}
CLOSED = {
    "": "",
    "objection": "ne veut plus être appelée",
    "deceased": "décédée",
    "moved": "partie",
    "institution": "en établissement",
    "no_number": "aucun numéro",
    "merged": "réunie à une autre fiche",
    "left_cohort": "n’est plus à appeler",
    "ended": "fin de la campagne",
    "purged": "effacée",
    "other": "autre motif",
}
DISPOSITIONS = {
    "reached_complete": "Jointe – échange complet",
    "reached_partial": "Jointe – échange interrompu",
    "reached_callback": "Jointe – demande d’être rappelée",
    "reached_other": "Un proche a répondu",
    "reached_language": "Barrière de langue",
    "reached_hearing": "Échange impossible par téléphone",
    "refused_today": "Ne souhaite pas parler aujourd’hui",
    "objection": "Ne veut plus être appelée",
    "no_answer": "Pas de réponse",
    "switched_off": "Téléphone éteint",
    "busy": "Occupé",
    "voicemail_left": "Répondeur – message laissé",
    "voicemail_none": "Répondeur – sans message",
    "wrong_number": "Mauvais numéro",
    "out_of_service": "Numéro non attribué",
    "moved": "Déménagée",
    "hospitalised": "Hospitalisée",
    "institution": "En établissement",
    "deceased": "Décédée",
    "emergency": "Danger immédiat",
    "aborted": "Appel non passé",
}
CHANNELS = {"web": "écran", "paper": "feuille", "excel": "tableur", "api": "API"}


class CallTask(models.Model):
    """`line`: hex of the keyed mark of the telephone line, "" when none is known; `line_field`: where its number is
    sealed (`apa.phone`, `personne.phone#1`). `slot_mask`, `tried_slots`: bits of `campaigns.SLOTS`, 0 = no preference.

    `token` is a fence: it goes up at each claim, and a report with an older one becomes an `OrphanReport`. `turn_at`:
    the appointment of the rhythm, from which the next one is counted even when a call came later. `heard_at`: the
    last contact, as the order of the queue reads it.
    `not_before` is never empty: a task that may be claimed at once has a date in the past. `fragility`: 0–3, from the
    rank in the cohort. `complexity`: 1–4, its reasons as codes.
    """

    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="tasks", verbose_name="campagne")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    register = models.CharField("registre", max_length=40, default="")
    line = models.CharField("ligne", max_length=32, blank=True, default="")
    line_field = models.CharField("champ du numéro", max_length=120, blank=True, default="")
    state = models.CharField("état", max_length=16, choices=list(TASK_STATES.items()), default="draft")
    wait_reason = models.CharField("attente", max_length=12, choices=list(WAITS.items()), blank=True, default="")
    cause = models.CharField("cause", max_length=16, choices=list(SUPERVISOR_CAUSES.items()), blank=True, default="")
    not_before = models.DateTimeField("pas avant", default=clock.now)
    urgent = models.BooleanField("urgente", default=False)
    complexity = models.PositiveSmallIntegerField("complexité", default=1)
    complexity_codes = models.JSONField("raisons de la complexité", default=list)
    language = models.CharField("langue", max_length=8, default="fr")
    slot_mask = models.PositiveSmallIntegerField("moments préférés", default=0)
    fragility = models.PositiveSmallIntegerField("fragilité", default=0)
    rank = models.PositiveIntegerField("rang", default=0)
    planned_caller = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="prévue pour"
    )
    planned_slot = models.CharField("moment prévu", max_length=24, blank=True, default="")
    planned_terms = models.JSONField("coûts du plan", default=dict, blank=True)
    reserved_for = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="réservée à"
    )
    reserved_until = models.DateTimeField("réservée jusqu’à", null=True, blank=True)
    promised_at = models.DateTimeField("rappel promis à", null=True, blank=True)
    claimed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="prise par"
    )
    claimed_at = models.DateTimeField("prise à", null=True, blank=True)
    lease_until = models.DateTimeField("prise jusqu’à", null=True, blank=True)
    claim_channel = models.CharField("moyen", max_length=5, choices=list(CHANNELS.items()), blank=True, default="")
    script_version = models.ForeignKey(
        ScriptVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="version du script"
    )
    token = models.PositiveIntegerField("jeton", default=0)
    released_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="rendue par"
    )
    released_at = models.DateTimeField("rendue à", null=True, blank=True)
    cycle = models.PositiveIntegerField("tour", default=1)
    misses = models.PositiveSmallIntegerField("essais sans réponse", default=0)
    tried_slots = models.PositiveSmallIntegerField("moments essayés", default=0)
    busy_count = models.PositiveSmallIntegerField("occupé aujourd’hui", default=0)
    busy_on = models.DateField("occupé le", null=True, blank=True)
    previous_caller = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="dernier appel par"
    )
    last_attempt_at = models.DateTimeField("dernier essai", null=True, blank=True)
    last_contact_at = models.DateTimeField("dernier échange", null=True, blank=True)
    last_sign_of_life_at = models.DateTimeField("dernier signe de vie", null=True, blank=True)
    heard_at = models.GeneratedField(
        expression=Coalesce("last_contact_at", models.Value(NEVER_HEARD)),
        output_field=models.DateTimeField(),
        db_persist=True,
        verbose_name="place selon le dernier échange",
    )
    turn_at = models.DateTimeField("rendez-vous du rythme", null=True, blank=True)
    closed_reason = models.CharField("fin", max_length=12, choices=list(CLOSED.items()), blank=True, default="")
    changed_at = models.DateTimeField("changée le", default=clock.now)

    class Meta:
        verbose_name = "fiche d’appel"
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "person"], name="one_task_per_person"),
            models.UniqueConstraint(
                fields=["line"], condition=Q(state="claimed") & ~Q(line=""), name="one_live_call_per_line"
            ),
            models.UniqueConstraint(fields=["person"], condition=Q(state="claimed"), name="one_live_call_per_person"),
            models.UniqueConstraint(
                fields=["claimed_by"],
                condition=Q(state="claimed", claim_channel="web"),
                name="one_live_call_per_caller",
            ),
            models.CheckConstraint(condition=Q(state__in=list(TASK_STATES)), name="call_task_state_known"),
            models.CheckConstraint(
                condition=(
                    Q(state="claimed", claimed_by__isnull=False, lease_until__isnull=False)
                    | (~Q(state="claimed") & Q(claimed_by__isnull=True, lease_until__isnull=True))
                ),
                name="call_task_claimed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_reason__gt="") | (~Q(state="closed") & Q(closed_reason="")),
                name="call_task_closed_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(complexity__gte=1, complexity__lte=4), name="call_task_complexity_known"
            ),
        ]
        indexes = [
            # The order of a claim, tier by tier (usecases.calls.statement): read until one row fits, never sorted.
            models.Index(fields=IN_ORDER, condition=Q(state__in=QUEUE), name="call_task_queue"),
            *(
                models.Index(
                    fields=IN_ORDER,
                    condition=Q(state__in=QUEUE) & Q(slot_mask__in=masks_with(1 << place)),
                    name=f"call_task_{name}",
                )
                for place, name in enumerate(SLOTS)
            ),
            models.Index(fields=["campaign"], condition=Q(state__in=QUEUE) & FIRST, name="call_task_first"),
            models.Index(
                fields=["planned_caller", "campaign"], condition=Q(state__in=QUEUE), name="call_task_planned"
            ),
            models.Index(fields=["campaign", "state"], name="call_task_state"),
            models.Index(fields=["lease_until"], condition=Q(state="claimed"), name="call_task_lease"),
            models.Index(fields=["person"], name="call_task_person"),
            models.Index(fields=["line"], name="call_task_line"),
        ]

    def __str__(self) -> str:
        return self.public_id


class CallAttempt(models.Model):
    """One call that was made, or not made (`aborted`, never counted). Append-only.

    `happened_at` is when the call took place (told by paper or spreadsheet), `recorded_at` when it was written.
    Answers are sealed in `veille.answers#<public_id>` under the version of the script.
    """

    DIRECTIONS = {"out": "sortant", "in": "entrant"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    task = models.ForeignKey(CallTask, models.PROTECT, related_name="attempts", verbose_name="fiche")
    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="attempts", verbose_name="campagne")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="personne")
    cycle = models.PositiveIntegerField("tour")
    caller = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="appelant·e")
    line = models.CharField("ligne", max_length=32, blank=True, default="")
    direction = models.CharField("sens", max_length=3, choices=list(DIRECTIONS.items()), default="out")
    channel = models.CharField("moyen", max_length=5, choices=list(CHANNELS.items()), default="web")
    disposition = models.CharField("issue", max_length=20, choices=list(DISPOSITIONS.items()))
    token = models.PositiveIntegerField("jeton")
    idempotency_key = models.CharField("clé d’envoi", max_length=64, unique=True)
    script_version = models.ForeignKey(
        ScriptVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="version du script"
    )
    happened_at = models.DateTimeField("date de l’appel")
    recorded_at = models.DateTimeField("notée le", default=clock.now)
    minutes = models.PositiveSmallIntegerField("durée", null=True, blank=True)
    promised_at = models.DateTimeField("rappel promis à", null=True, blank=True)
    news = models.BooleanField("nouvelles données", default=False)
    answered = models.BooleanField("réponses scellées", default=False)
    hard = models.BooleanField("appel difficile", default=False)
    late = models.BooleanField("en retard", default=False)

    class Meta:
        verbose_name = "tentative d’appel"
        ordering = ["-happened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "token", "line"],
                condition=~Q(disposition="aborted") & Q(direction="out"),
                name="one_report_per_claim",
            ),
            models.CheckConstraint(
                condition=Q(disposition__in=list(DISPOSITIONS)), name="call_attempt_disposition_known"
            ),
            models.CheckConstraint(condition=Q(happened_at__lte=F("recorded_at")), name="call_attempt_in_the_past"),
        ]
        indexes = [
            models.Index(fields=["campaign", "happened_at"], name="call_attempt_when"),
            models.Index(fields=["caller", "happened_at"], name="call_attempt_caller"),
            models.Index(fields=["task", "-happened_at"], name="call_attempt_task"),
        ]

    def __str__(self) -> str:
        return self.public_id


class CallEvent(models.Model):
    """Every change of state of a task: who, when, from, to, why. Append-only."""

    task = models.ForeignKey(CallTask, models.PROTECT, related_name="events", verbose_name="fiche")
    event = models.CharField("événement", max_length=24)
    before = models.CharField("avant", max_length=16)
    after = models.CharField("après", max_length=16)
    reason = models.CharField("motif", max_length=200, blank=True, default="")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="compte")
    at = models.DateTimeField("date", default=clock.now)

    class Meta:
        verbose_name = "changement d’une fiche d’appel"
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["task", "at"], name="call_event_task")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class OrphanReport(models.Model):
    """A report whose claim was taken back: kept whole, sealed in `veille.orphan#<public_id>`, for the supervisor."""

    STATES = {"waiting": "à voir", "accepted": "repris", "dismissed": "écarté"}

    public_id = models.CharField("référence", max_length=12, unique=True, default=ids.new, editable=False)
    task = models.ForeignKey(CallTask, models.PROTECT, related_name="orphans", verbose_name="fiche")
    caller = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="appelant·e")
    channel = models.CharField("moyen", max_length=5, choices=list(CHANNELS.items()))
    disposition = models.CharField("issue", max_length=20, choices=list(DISPOSITIONS.items()))
    token = models.PositiveIntegerField("jeton")
    idempotency_key = models.CharField("clé d’envoi", max_length=64, unique=True)
    happened_at = models.DateTimeField("date de l’appel")
    state = models.CharField("état", max_length=10, choices=list(STATES.items()), default="waiting")
    reason = models.CharField("motif", max_length=200, blank=True, default="")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="décidé par")
    decided_at = models.DateTimeField("décidé le", null=True, blank=True)
    at = models.DateTimeField("reçu le", default=clock.now)

    class Meta:
        verbose_name = "compte rendu en attente"
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["task", "token", "caller"], name="one_orphan_per_claim")]
        indexes = [models.Index(fields=["state", "at"], name="orphan_report_state")]

    def __str__(self) -> str:
        return self.public_id


class CallSheetBatch(models.Model):
    """Sheets printed, or a workbook exported, for one named caller."""

    MEDIA = {"paper": "feuilles", "excel": "tableur"}

    public_id = models.SlugField("numéro", max_length=12, unique=True, default=ids.spoken)
    campaign = models.ForeignKey(CallCampaign, models.PROTECT, related_name="batches", verbose_name="campagne")
    medium = models.CharField("support", max_length=5, choices=list(MEDIA.items()))
    printed_for = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="fait pour")
    printed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="fait par")
    printed_at = models.DateTimeField("fait le", default=clock.now)
    due_back_at = models.DateTimeField("à rendre avant")

    class Meta:
        verbose_name = "lot de feuilles d’appel"
        ordering = ["-printed_at", "-pk"]

    def __str__(self) -> str:
        return self.public_id


class CallSheet(models.Model):
    """One sheet, or one row of a workbook: its code is what comes back. Typed twice, it counts once."""

    STATES = {"out": "dehors", "returned": "rendue", "overdue": "non revenue", "lost": "perdue"}

    batch = models.ForeignKey(CallSheetBatch, models.PROTECT, related_name="sheets", verbose_name="lot")
    task = models.ForeignKey(CallTask, models.PROTECT, related_name="sheets", verbose_name="fiche")
    code = models.CharField("code", max_length=8, unique=True)
    token = models.PositiveIntegerField("jeton")
    state = models.CharField("état", max_length=8, choices=list(STATES.items()), default="out")
    attempt = models.ForeignKey(
        CallAttempt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="tentative"
    )
    orphan = models.ForeignKey(
        OrphanReport, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte rendu en attente"
    )
    returned_at = models.DateTimeField("rendue le", null=True, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="saisie par"
    )
    lost_at = models.DateTimeField("dite perdue le", null=True, blank=True)
    lost_reason = models.CharField("ce que l’on sait de la perte", max_length=200, blank=True, default="")

    class Meta:
        verbose_name = "feuille d’appel"
        ordering = ["batch", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "token"], name="one_sheet_per_claim"),
            models.CheckConstraint(
                condition=Q(state__in=["out", "returned", "overdue", "lost"]), name="call_sheet_state_known"
            ),
        ]
        indexes = [models.Index(fields=["state"], name="call_sheet_state")]

    def __str__(self) -> str:
        return self.code
