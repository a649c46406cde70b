"""Two more registers and who may open them: sealed persons, consents and objections, requests, a little history.

Everything is invented but the communes. Telephones are of the ranges that no operator gives out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password

from entremise.accounts.models import Membership, Organisation, User
from entremise.accounts.queries import DEMO_DOMAIN, actor_of
from entremise.accounts.registry import label_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kits import usecases as kits
from entremise.people.models import Person
from entremise.people.usecases import mark_lines, receive_request
from entremise.site.demo.account import Account
from entremise.site.demo.reference import PASSWORD, TOWN
from entremise.territories.models import Territory
from entremise.vault import queries, usecases as vault

MACHINE: Final = Actor.machine("démonstration")
MOTIVE: Final = "Personnes inventées pour la démonstration"
HEAT, CARE, BUS = "canicule", "apa", "transport"
HOUSES: Final = {
    HEAT: TOWN,
    CARE: "Département de l’Isère (démonstration)",
    BUS: "Autorité de transport (démonstration)",
}
NEW: Final = (
    ("Sylvie", "keeper"), ("Armelle", "keeper"),
    ("Mehdi", "caller"), ("Rose", "seat_institutions"), ("Denis", "seat_staff"),
    ("Louise", "seat_contributors"), ("Ahmed", "seat_registered"),
)  # fmt: skip
FIRST: Final = ("Odette", "Lucien", "Yvonne", "Marcel", "Fatima", "René", "Simone", "Giuseppe", "Paulette", "Ali",
                "Henriette", "Fernand", "Germaine", "Manuel", "Colette", "Raymond")  # fmt: skip
LAST: Final = ("Fiction", "Inventé", "Exemple", "Imaginaire", "Démonstration", "Personne", "Nulpart", "Feint",
               "Songe", "Chimère", "Mirage", "Legendre-Feint", "Bidon", "Factice")  # fmt: skip
STREETS: Final = ("rue des Essais", "avenue de l’Exemple", "chemin du Modèle", "place de la Maquette")


def registers() -> list[Account]:
    """The step: does nothing where the registers are there already."""
    house, _ = Organisation.objects.get_or_create(name=TOWN, kind="collectivite")
    cast = _cast(house)
    if not any(one.code == HEAT and one.status != "project" for one in queries.registers()):
        people = {user.label: user for user in User.objects.filter(email__endswith=f"@{DEMO_DOMAIN}")}
        _open_registers()
        _habilitate(people)
        heat, care = _heat(120), _care(160)
        _facts(heat, care, people)
        _ask(people)
        _look(people, heat, care)
        _rights(people, heat, care)
    return [Account(user.email, PASSWORD, f"{user.label}, {label_of(role)}") for user, role in cast]


def _cast(house: Organisation) -> list[tuple[User, str]]:
    secret = ""
    found = []
    for name, role in NEW:
        email = f"{name.lower()}@{DEMO_DOMAIN}"
        user = User.objects.filter(email=email).first()
        if user is None:
            secret = secret or make_password(PASSWORD)
            user = User.objects.create_user(email, label=name)
            user.password = secret
            user.save(update_fields=["password"])
            Membership.objects.create(user=user, organisation=house, role=role)
        found.append((user, role))
    return found


def _open_registers() -> None:
    """The registers of the two kits, born in project: read, signed, opened, and the plan triggered."""
    kits.apply_kit(MACHINE, kit="canicule")
    for code in (HEAT, CARE, BUS):
        draft = queries.register(code).assessment
        vault.sign_assessment(MACHINE, register=code, parts=draft, controller=HOUSES[code])
        vault.open_register(MACHINE, register=code)
        vault.declare_crisis(MACHINE, register=code)


def _habilitate(people: dict[str, User]) -> None:
    """Every demonstration account whose roles open the vault; three are named in the legal register in writing."""
    roles: dict[int, set[str]] = {}
    for number, role in Membership.objects.filter(user__in=people.values()).values_list("user", "role"):
        roles.setdefault(number, set()).add(role)
    known, until = queries.purposes_by_role(), clock.now() + timedelta(days=365)
    grants = []
    for user in people.values():
        held = roles.get(user.pk, set())
        purposes = frozenset().union(*(known.get(role, frozenset()) for role in held))
        if purposes:
            grant = vault.grant_of(user, held, purposes=purposes, until=until)
            named = (HEAT,) if held & {"caller", "keeper", "supervisor", "dpo", "controller"} else ()
            grants.append(replace(grant, named_in=named))
    vault.habilitate_many(MACHINE, grants=grants, committed=True)


def _places(count: int) -> list[Territory]:
    """Communes of the Isère, the largest most often."""
    towns = list(Territory.objects.filter(kind="commune", department_code="38").order_by("-population")[:24])
    return [towns[(number * number) % len(towns)] for number in range(count)]


def _person(number: int, town: Territory, line: int) -> dict[str, str]:
    postcode = next(iter(town.postcodes.split()), "")
    return {
        "names": f"{FIRST[number % 16]} {LAST[(number // 16 + number) % 14]}",
        "birth_date": date(1928 + number % 27, 1 + number % 12, 1 + number % 28).isoformat(),
        "phone": f"+33{line + number:09d}",
        "address": f"{1 + number % 90} {STREETS[number % 4]}, {postcode} {town.name}".strip(),
    }


def _seal(register: str, rows: Sequence[dict[str, str]]) -> list[UUID]:
    persons = Person.objects.bulk_create(Person() for _ in rows)
    sealed = {
        person.pk: {f"{register}.{name}": value for name, value in row.items()}
        for person, row in zip(persons, rows, strict=True)
    }
    vault.write_many(MACHINE, rows=sealed, register=register, purpose="registers.keep", motive=MOTIVE)
    mark_lines(cells=sealed)
    return list(sealed)


def _heat(count: int) -> list[UUID]:
    rows = []
    for number, town in enumerate(_places(count)):
        row = _person(number, town, 465_711_000)
        row |= {"capacity": "personne âgée" if number % 5 else "personne handicapée", "requested_on": "2026-05-12"}
        if number % 3 == 0:
            row["emergency_contact"] = (
                f"{FIRST[(number + 5) % 16]} Proche, 06 39 98 {number // 100:02d} {number % 100:02d}"
            )
        if number % 7 == 0:
            row["third_party"] = "médecin traitant"
        rows.append(row)
    return _seal(HEAT, rows)


def _care(count: int) -> list[UUID]:
    rows = []
    for number, town in enumerate(_places(count)):
        row = _person(number + 37, town, 639_980_000)
        row |= {"gir": str(1 + number % 4), "lives_alone": "oui" if number % 3 else "non", "aid": "APA à domicile"}
        row |= {"housing": "étage sans ascenseur" if number % 4 == 0 else "maison", "file_number": f"D38-{number:05d}"}
        rows.append(row)
    return _seal(CARE, rows)


def _facts(heat: list[UUID], care: list[UUID], people: dict[str, User]) -> None:
    """Consents, objections, states, one protected record, records confided to the caller."""
    vault.set_stances(MACHINE, persons=heat[:70], purpose="outreach.keep_in_touch", word="consent")
    vault.set_stances(MACHINE, persons=care[70:76], purpose="outreach.call", word="objection")
    vault.set_stances(MACHINE, persons=heat[100:103], purpose="outreach.visit", word="objection")
    now = {person: queries.records_of(person)[0].status for person in care[:1]}
    if set(now.values()) == {"to_inform"}:  # 60 wait to be informed, 50 were, 50 are active
        for person in care[60:]:
            vault.set_record(MACHINE, person=person, register=CARE, status="informed")
        for person in care[110:]:
            vault.set_record(MACHINE, person=person, register=CARE, status="active")
    for person in (heat[110], care[150]):
        vault.set_record(MACHINE, person=person, register=HEAT if person in heat else CARE, status="frozen")
    vault.set_record(MACHINE, person=heat[111], register=HEAT, protected=True)
    vault.set_record(MACHINE, person=heat[2], register=HEAT, difficulty_open=True)
    until = clock.now() + timedelta(days=7)
    for person in heat[:8]:
        vault.assign(MACHINE, person=person, register=HEAT, user=people["Mehdi"].pk, purpose="outreach.call",
                     until=until)  # fmt: skip


def acting_as(user: User) -> Actor:
    """This account, both factors proved a moment ago."""
    return replace(actor_of(user, "web", True), fresh_mfa=True)


def _ask(people: dict[str, User]) -> None:
    """A request in each state that somebody can bring about today."""
    dpo, keeper, house, listed, boss = (acting_as(people[n]) for n in ("Maud", "Sylvie", "Rose", "Ahmed", "Hélène"))

    def export(motive: str) -> tuple[str, str]:
        row = vault.ask(dpo, kind="export", purpose="outreach.call", motive=motive, registers=[HEAT], cap=120,
                        fields=[f"{HEAT}.names", f"{HEAT}.phone"], recipients="Plateforme du CCAS")  # fmt: skip
        return row.public_id, row.fingerprint

    export("Renfort d’appelants pendant la vigilance rouge")
    waiting = export("Relais par une association pour le week-end")
    vault.approve(house, request=waiting[0], fingerprint=waiting[1], reason="Utile, et limité à deux jours")
    for reference, sign in (export("Appels du 14 juillet"), export("Appels du 2 août, équipe de nuit")):
        for seat in (house, listed):
            vault.approve(seat, request=reference, fingerprint=sign)
    vault.use(dpo, request=reference, rows=96)
    refused = export("Comparer avec un autre fichier, sans urgence")
    vault.refuse(
        listed, request=refused[0], fingerprint=refused[1], reason="Rien ne dit pourquoi ce serait nécessaire"
    )
    gone = export("Liste demandée deux fois par erreur")
    vault.revoke(dpo, request=gone[0], reason="Déposée deux fois par erreur")
    programme = vault.ask(
        keeper,
        kind="programme",
        purpose="registers.link",
        cap=600,
        days=90,
        motive="Rapprocher le fichier APA du registre légal, sans doublon",
        registers=[HEAT, CARE],
        fields=[f"{HEAT}.names", f"{CARE}.names", f"{CARE}.birth_date"],
    )
    vault.opine(dpo, request=programme.public_id, text="Favorable : aucune valeur ne sort, et la durée est bornée.")
    shred = vault.ask(boss, kind="shredding", purpose="registers.keep", motive="Fin de la crise prévue au plan",
                      registers=[CARE], minutes="PV fictif du 30 septembre 2026, n° 12")  # fmt: skip
    vault.approve(listed, request=shred.public_id, fingerprint=shred.fingerprint)


def _look(people: dict[str, User], heat: list[UUID], care: list[UUID]) -> None:
    """Lines of journal under three purposes, granted or refused by the rules in force."""
    caller, keeper, dpo = (acting_as(people[n]) for n in ("Mehdi", "Sylvie", "Maud"))
    for person in heat[:5]:
        vault.open(caller, person=person, fields=[f"{HEAT}.names", f"{HEAT}.phone", f"{HEAT}.address"],
                   purpose="outreach.call", motive="Appel de la vigilance rouge, séance du matin")  # fmt: skip
    vault.open_many(keeper, persons=heat[:12], fields=[f"{HEAT}.names", f"{HEAT}.capacity"], purpose="registers.keep",
                    motive="Relecture semestrielle du registre")  # fmt: skip
    vault.check_identity(dpo, person=heat[0], how="document", until=clock.now() + timedelta(hours=4))
    vault.open(dpo, person=heat[0], fields=[f"{HEAT}.names", f"{HEAT}.address"], purpose="people.rights",
               motive="Demande d’accès reçue par lettre")  # fmt: skip
    vault.open(caller, person=care[0], fields=[f"{CARE}.gir"], purpose="outreach.call",
               motive="Essai d’une lecture que rien n’autorise")  # fmt: skip


def _rights(people: dict[str, User], heat: list[UUID], care: list[UUID]) -> None:
    """The rights desk on an ordinary morning: new, soon due, late."""
    dpo = acting_as(people["Maud"])
    for pk, kind, days, channel, purpose in (
        (heat[0], "access", 3, "mail", ""),
        (heat[2], "rectify", 1, "phone", ""),
        (care[1], "object", 23, "phone", "outreach.call"),
        (care[3], "erase", 36, "counter", ""),
    ):
        receive_request(
            dpo,
            kind=kind,
            received_on=clock.today() - timedelta(days=days),
            person=Person.objects.get(pk=pk),
            purpose=purpose,
            channel=channel,
        )
