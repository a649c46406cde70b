"""The rulebook as linked data: what another territory, or another tool, can read without us. JSON-LD, W3C DPV 2.3.

DPV has no term for emergencies or social benefits: ours are narrower terms of its own (reference § 3). ODRL and DPV
are how rules are told here, never how they are decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from entremise.rules.engine.form import Form, lines, to_cedar, to_json
from entremise.rules.engine.vocabulary import ACTIONS, CATEGORIES, PURPOSES, ROLES, typographic

CONTEXT: Final = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dct": "http://purl.org/dc/terms/",
}
PURPOSE_BROADER: Final[Mapping[str, str]] = {
    "outreach.call": "dpv:PublicBenefit",
    "outreach.keep_in_touch": "dpv:PublicBenefit",
    "outreach.visit": "dpv:PublicBenefit",
    "outreach.rescue": "dpv:PublicBenefit",
    "referrals.refer": "dpv:ServiceAccessDetermination",
    "mutualaid.contact": "dpv:RequestedServiceProvision",
    "mutualaid.meet": "dpv:RequestedServiceProvision",
    "mutualaid.geocode_fix": "dpv:RecordManagement",
    "mutualaid.refund": "dpv:PaymentManagement",
    "mutualaid.moderate": "dpv:MisusePreventionAndDetection",
    "registers.inform": "dpv:CommunicationManagement",
    "registers.keep": "dpv:RecordManagement",
    "registers.link": "dpv:RecordManagement",
    "registers.target": "dpv:ServiceAccessDetermination",
    "registers.prefect": "dpv:LegalCompliance",
    "people.rights": "dpv:RightsFulfilment",
    "insights.statistics": "dpv:ProvideOfficialStatistics",
    "vault.audit": "dpv:EnforceSecurity",
}
BASES: Final[Mapping[str, tuple[str, ...]]] = {
    "outreach.call": ("gdpr:A6-1-c", "gdpr:A6-1-e-public-interest"),
    "outreach.keep_in_touch": ("gdpr:A6-1-a", "gdpr:A6-1-e"),
    "outreach.visit": ("gdpr:A6-1-c", "gdpr:A6-1-e-public-interest"),
    "outreach.rescue": ("gdpr:A6-1-d-data-subject", "gdpr:A9-2-c"),
    "referrals.refer": ("gdpr:A6-1-e", "gdpr:A9-2-h"),
    "mutualaid.contact": ("gdpr:A6-1-a",),
    "mutualaid.meet": ("gdpr:A6-1-a",),
    "mutualaid.geocode_fix": ("gdpr:A6-1-e",),
    "mutualaid.refund": ("gdpr:A6-1-a",),
    "mutualaid.moderate": ("gdpr:A6-1-e",),
    "registers.inform": ("gdpr:A6-1-c", "gdpr:A6-1-e"),
    "registers.keep": ("gdpr:A6-1-c", "gdpr:A6-1-e"),
    "registers.link": ("gdpr:A6-1-e",),
    "registers.target": ("gdpr:A6-1-e",),
    "registers.prefect": ("gdpr:A6-1-c",),
    "people.rights": ("gdpr:A6-1-c",),
    "insights.statistics": ("gdpr:A6-1-e",),
    "vault.audit": ("gdpr:A6-1-c",),
}
CATEGORY_BROADER: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("pd:Name",),
    "birth": ("pd:BirthDate",),
    "phone": ("pd:TelephoneNumber", "pd:EmailAddress"),
    "address": ("pd:PhysicalAddress",),
    "position": ("pd:HomeLocation",),
    "preferences": ("pd:Language",),
    "relatives": ("pd:Relationship",),
    "housing": ("pd:Household",),
    "social": ("pd:SocialStatus",),
    "benefits": ("pd:Financial",),
    "health": ("pd:Health", "dpv:SpecialCategoryPersonalData"),
    "difficulty": ("dpv:SensitivePersonalData",),
    "registration": ("dpv:PersonalData",),
    "call_report": ("dpv:PersonalData",),
    "message": ("pd:Communication",),
    "free_text": ("dpv:SensitivePersonalData",),
    "linkage_key": ("pd:OfficialID",),
    "payment": ("pd:BankAccount",),
}


def _refs(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in names]


def _concept(address: str, code: str, said: str, broader: Sequence[str], kind: str) -> dict[str, Any]:
    return {
        "@id": f"{address}#{code}",
        "@type": kind,
        "skos:notation": code,
        "skos:prefLabel": {"@value": typographic(said), "@language": "fr"},
        "skos:broader": _refs(broader),
    }


def _rule(form: Form, address: str) -> dict[str, Any]:
    said = " ".join(f"{line.heading} : {line.joint.join(line.items)}." for line in lines(form))
    purposes = form.some("purpose")
    who = [f"role-{role}" for role in form.roles] or ["inhabitant"]
    bases = sorted({basis for purpose in purposes for basis in BASES[purpose]})
    return {
        "@id": f"{address}#{form.id}",
        "@type": "dpv:Permission",
        "dct:title": {"@value": typographic(form.title), "@language": "fr"},
        "dct:description": {"@value": typographic(said), "@language": "fr"},
        "dpv:hasEntity": _refs([f"{address}#{code}" for code in who]),
        "dpv:hasProcessing": _refs([f"{address}#{action}" for action in form.actions]),
        "dpv:hasPurpose": _refs([f"{address}#{purpose}" for purpose in purposes]),
        "dpv:hasPersonalData": _refs([f"{address}#{category}" for category in form.some("category")]),
        "dpv:hasLegalBasis": _refs(bases),
        "form": to_json(form),
        "cedar": to_cedar(form),
    }


def document(
    forms: Sequence[Form], *, address: str, number: int, sha256: str, provisional: bool = False
) -> dict[str, Any]:
    """The whole rulebook under `address`, with the vocabularies it uses. Each rule in French, as form and as Cedar."""
    concepts = [
        _concept(address, code, said, [PURPOSE_BROADER[code]], "dpv:Purpose") for code, said in PURPOSES.items()
    ]
    concepts += [
        _concept(address, code, said, CATEGORY_BROADER[code], "dpv:PersonalData") for code, said in CATEGORIES.items()
    ]
    concepts += [_concept(address, code, said, ["dpv:Processing"], "dpv:Processing") for code, said in ACTIONS.items()]
    people = {**{f"role-{code}": said for code, said in ROLES.items()}, "inhabitant": "habitant·e"}
    concepts += [_concept(address, code, said, ["dpv:Entity"], "dpv:Entity") for code, said in people.items()]
    return {
        "@context": {**CONTEXT, "form": {"@id": f"{address}#form", "@type": "@json"}, "cedar": f"{address}#cedar"},
        "@id": address,
        "@type": "dpv:Policy",
        "dct:identifier": number,
        "dct:conformsTo": _refs(["https://w3id.org/dpv"]),
        "sha256": sha256,
        "provisional": provisional,
        "@graph": [*(_rule(form, address) for form in forms), *concepts],
    }
