from __future__ import annotations

from entremise.people.queries.objections import has_refused, informations, live_objections, objectionable, objections
from entremise.people.queries.persons import REGISTER, consent, consents, consents_to, find_by_phone, person
from entremise.people.queries.rights import (
    LIVE_REQUESTS,
    OPEN_REQUESTS,
    desk_counts,
    desk_queue,
    find_candidates,
    link_of,
    mandate_facts,
    mandate_of,
    mandates_held,
    mandates_of,
    open_request,
    person_of_link,
    request_of,
    requests_of,
)

__all__ = [
    "LIVE_REQUESTS",
    "OPEN_REQUESTS",
    "REGISTER",
    "consent",
    "consents",
    "consents_to",
    "desk_counts",
    "desk_queue",
    "find_by_phone",
    "find_candidates",
    "has_refused",
    "informations",
    "link_of",
    "live_objections",
    "mandate_facts",
    "mandate_of",
    "mandates_held",
    "mandates_of",
    "objectionable",
    "objections",
    "open_request",
    "person",
    "person_of_link",
    "request_of",
    "requests_of",
]
