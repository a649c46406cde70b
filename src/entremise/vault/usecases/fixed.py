"""Acts that no human reads by: a short list, fixed, never votable (docs/decisions/0025).

They are not decided by the rules, because nobody learns anything by them; they still obey the person and the
register: objections, frozen and closed records, declared purposes, and consent where the purpose rests on it.
"""

from __future__ import annotations

from entremise.rules.engine import RecordFacts, RegisterFacts
from entremise.rules.engine.facts import AgentFacts
from entremise.vault.usecases.asking import Question

COLLECT = "fixed-collect"
"""The first writing of a new record, by the person, by whoever hears them, by an import (RGPD 13)."""
SEND = "fixed-send"
"""The machine reads where to write to a person, or compares four digits of a phone: shown to nobody."""
DUPLICATES = "fixed-duplicates"
"""The machine looks for somebody known under the same number; it gets references, never values."""
DEPOSIT = "fixed-deposit"
"""The machine seals what somebody typed about a person during a call, even once the call is no longer theirs."""
DEPOSITS = frozenset({"veille", "orientation"})
"""The shapes of registers that take deposits: what is typed during calls, and nothing that was there before."""
SENDING = frozenset(
    {"mutualaid.contact", "mutualaid.meet", "outreach.call", "outreach.keep_in_touch", "outreach.visit",
     "registers.inform", "registers.keep", "people.rights"}
)  # fmt: skip
"""The purposes for which a person is written to."""
LABELS = {
    COLLECT: "Première écriture d’une fiche, dictée ou écrite par la personne",
    SEND: "Envoi d’un message à la personne, sans que nul voie où",
    DEPOSIT: "Dépôt de ce qui a été écrit pendant un appel, sans que rien ne soit lu",
    DUPLICATES: "Recherche de doublons par la machine, sans valeur",
}

WAITS = "Ce registre n’est pas ouvert : rien ne s’y lit ni ne s’y écrit."
PURPOSE = "Ce registre ne déclare pas cette finalité."
OBJECTED = "La personne s’est opposée à cet usage."
UNSAID = "La personne n’a pas donné son accord pour cet usage, ou l’a repris."
FROZEN = "Cette fiche est gelée ou close, à la demande de la personne."
ENDED = "Cette fiche est close : rien ne s’y ajoute."
NO_DEPOSIT = "Ce registre ne reçoit pas de dépôt."
PROTECTED = "Cette fiche est protégée : rien n’est envoyé sans un agent désigné."
ELSEWHERE = "Votre structure n’est pas destinataire de ce registre."
NAMED = "Ce registre est nominatif : le responsable ne vous y a pas désigné·e."
SUSPENDED = "Votre habilitation est suspendue."


def may_serve(register: RegisterFacts, question: Question) -> str:
    """Why this register cannot serve this purpose now, in French; nothing when it can. `people.rights` always can."""
    if question.purpose not in register.purposes:
        return PURPOSE
    if question.purpose == "people.rights":
        return ""
    live = register.status == "open" and register.impact_assessment_signed and question.now < register.expires_at
    if not live or (question.purpose in register.crisis_purposes and not register.crisis_declared):
        return WAITS
    return ""


def may_collect(record: RecordFacts, question: Question) -> str:
    """Why a first record cannot be written, in French; nothing when it can."""
    register, who = record.register, question.who
    if why := may_serve(register, question):
        return why
    if question.purpose in record.objections:
        return OBJECTED
    if isinstance(who, AgentFacts):
        if who.suspended:
            return SUSPENDED
        if who.organisation not in register.recipients:
            return ELSEWHERE
        if register.nominative and register.id not in who.named_in:
            return NAMED
    return ""


def may_deposit(record: RecordFacts, question: Question) -> str:
    """Why the machine may not seal what somebody typed, in French; empty when it may.

    Neither an assignment nor an objection is looked at: a report that comes late, or that says the objection, was said
    during a call that took place; losing it could cost a life. Nothing is read by it, and the use case that calls
    checks who typed. A frozen record keeps what is given to it (RGPD 18.2); a closed one takes nothing.
    """
    if record.register.id.partition("-")[0] not in DEPOSITS:
        return NO_DEPOSIT
    if why := may_serve(record.register, question):
        return why
    return ENDED if record.status == "closed" else ""


def may_send(record: RecordFacts, question: Question, category: str) -> str | None:
    """Why the machine may not read where to write, in French; empty when it may; None when this is no such act."""
    if category != "phone" or question.purpose not in SENDING or not question.actor.has("machine"):
        return None
    if why := may_serve(record.register, question):
        return why
    if question.purpose == "people.rights":
        return ""
    if record.status in ("frozen", "closed"):
        return FROZEN
    if question.purpose in record.objections:
        return OBJECTED
    if question.purpose in record.register.consent_purposes and question.purpose not in record.consents:
        return UNSAID
    return PROTECTED if record.protected else ""
