"""Nobody forgotten: the search for who does not answer, emergencies, who is told. Reference §§ 11, 12."""

from __future__ import annotations

from entremise.outreach.usecases.care.alerting import (
    alert_emergencies,
    alert_first,
    send_alert,
    tell_late_steps,
)
from entremise.outreach.usecases.care.answering import acknowledge_emergency, close_emergency
from entremise.outreach.usecases.care.climbing import finish_step, skip_step, start_step
from entremise.outreach.usecases.care.opening import (
    advance_ladders,
    close_ladder,
    open_ladder,
    redate_ladders,
    stop_search,
)
from entremise.outreach.usecases.care.raising import raise_emergency, settle_emergencies
from entremise.outreach.usecases.care.rescuing import Rescue, open_rescue, open_searched
from entremise.outreach.usecases.care.visiting import VisitSheets, print_visits

__all__ = [
    "Rescue",
    "VisitSheets",
    "acknowledge_emergency",
    "advance_ladders",
    "alert_emergencies",
    "alert_first",
    "close_emergency",
    "close_ladder",
    "finish_step",
    "open_ladder",
    "open_rescue",
    "open_searched",
    "print_visits",
    "raise_emergency",
    "redate_ladders",
    "send_alert",
    "settle_emergencies",
    "skip_step",
    "start_step",
    "stop_search",
    "tell_late_steps",
]
