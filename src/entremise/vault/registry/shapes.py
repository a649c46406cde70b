"""The shapes of registers shipped with the product: every field with its category and its French name."""

from __future__ import annotations

from entremise.vault.registry import Profile, declare

ENTRAIDE = declare(
    Profile(
        "entraide",
        "Entraide",
        {
            "first_name": "name",
            "last_name": "name",
            "phone": "phone",
            "email": "phone",
            "address": "address",
            "position": "position",
            "note": "preferences",
        },
        repeated=frozenset({"note"}),
        indexed=frozenset({"phone"}),
        labels={
            "first_name": "prénom",
            "last_name": "nom",
            "phone": "téléphone",
            "email": "courriel",
            "address": "adresse",
            "position": "point exact",
            "note": "précisions pratiques",
        },
    )
)
CANICULE = declare(
    Profile(
        "canicule",
        "Registre légal d’alerte",
        {
            "names": "name",
            "birth_date": "birth",
            "capacity": "registration",
            "address": "address",
            "phone": "phone",
            "home_service": "relatives",
            "emergency_contact": "relatives",
            "requested_on": "registration",
            "third_party": "registration",
        },
        indexed=frozenset({"phone"}),
        labels={
            "names": "nom et prénoms",
            "birth_date": "date de naissance",
            "capacity": "qualité au titre de laquelle la personne est inscrite",
            "address": "adresse",
            "phone": "numéro de téléphone",
            "home_service": "service intervenant à domicile",
            "emergency_contact": "personne à prévenir en cas d’urgence",
            "requested_on": "date de la demande",
            "third_party": "tiers ayant fait la demande",
        },
    )
)
"""The nine legal items and nothing else (CASF R.121-4; reference outreach-and-referrals § 17)."""
APA = declare(
    Profile(
        "apa",
        "Bénéficiaires d’une aide à l’autonomie",
        {
            "names": "name",
            "birth_date": "birth",
            "phone": "phone",
            "email": "phone",
            "address": "address",
            "housing": "housing",
            "lives_alone": "social",
            "aid": "benefits",
            "gir": "health",
            "relative": "relatives",
            "difficulty": "difficulty",
            "report": "call_report",
            "file_number": "linkage_key",
            "note": "",
        },
        indexed=frozenset({"phone"}),
        labels={
            "names": "nom et prénoms",
            "birth_date": "date de naissance",
            "phone": "téléphone",
            "email": "courriel",
            "address": "adresse",
            "housing": "logement",
            "lives_alone": "vit seul·e",
            "aid": "aide perçue",
            "gir": "GIR",
            "relative": "proche",
            "difficulty": "difficulté repérée",
            "report": "compte rendu",
            "file_number": "numéro de dossier",
            "note": "note libre",
        },
    )
)
TRANSPORT = declare(
    Profile(
        "transport",
        "Abonnés au transport adapté",
        {
            "names": "name",
            "birth_date": "birth",
            "phone": "phone",
            "email": "phone",
            "address": "address",
            "entitlement": "benefits",
            "mobility": "health",
            "report": "call_report",
            "file_number": "linkage_key",
            "note": "",
        },
        indexed=frozenset({"phone"}),
        labels={
            "names": "nom et prénoms",
            "birth_date": "date de naissance",
            "phone": "téléphone",
            "email": "courriel",
            "address": "adresse",
            "entitlement": "droit au transport",
            "mobility": "mobilité",
            "report": "compte rendu",
            "file_number": "numéro d’abonné",
            "note": "note libre",
        },
    )
)
PCS = declare(
    Profile(
        "pcs",
        "Plan communal de sauvegarde",
        {
            "names": "name",
            "birth_date": "birth",
            "phone": "phone",
            "address": "address",
            "position": "position",
            "housing": "housing",
            "emergency_contact": "relatives",
            "report": "call_report",
            "note": "",
        },
        indexed=frozenset({"phone"}),
        labels={
            "names": "nom et prénoms",
            "birth_date": "date de naissance",
            "phone": "téléphone",
            "address": "adresse",
            "position": "point exact",
            "housing": "logement",
            "emergency_contact": "personne à prévenir",
            "report": "compte rendu",
            "note": "note libre",
        },
    )
)
LIBRE = declare(
    Profile(
        "libre",
        "Registre libre",
        {
            "names": "name",
            "phone": "phone",
            "email": "phone",
            "address": "address",
            "preferences": "preferences",
            "note": "",
        },
        indexed=frozenset({"phone"}),
        labels={
            "names": "nom et prénoms",
            "phone": "téléphone",
            "email": "courriel",
            "address": "adresse",
            "preferences": "langue et préférences",
            "note": "note libre",
        },
        loose=True,
    )
)
"""Any other field may be written in it, as free text: what nobody classified is the most closed."""
