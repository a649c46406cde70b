"""The registers at work: three messy files imported, people enrolled by phone, letters due, a death to confirm.

Through the use cases that an agent goes through, so that every page has something true to show. Run again, it changes
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from entremise.accounts.models import User
from entremise.accounts.queries import DEMO_DOMAIN
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.registers import queries, usecases
from entremise.registers.models import LastCheck, Source
from entremise.site.demo import linking
from entremise.site.demo.account import Account
from entremise.site.demo.vault import BUS, CARE, FIRST, HEAT, HOUSES, LAST, MACHINE, STREETS, acting_as
from entremise.site.invention.files import MessyFile, messy_files

SOURCES: Final = {
    HEAT: ("Classeur du CCAS", "CASF, art. L. 121-6-1 : demandes reçues depuis 2024", "requests"),
    CARE: ("Extraction mensuelle APA", "RGPD, art. 6.1.e ; décision du responsable du 2 juin 2026", "existing"),
    BUS: ("Abonnés à tarif réduit", "RGPD, art. 6.1.e ; décision du responsable du 2 juin 2026", "existing"),
}
ENROLLED: Final = (  # days since the request, by whom, how, what came of it
    (10, "self", "phone", ""), (9, "self", "counter", ""), (7, "self", "phone", ""),
    (6, "representative", "letter", ""), (5, "third_party", "letter", ""), (2, "self", "phone", ""),
    (1, "self", "web", ""), (0, "self", "phone", ""),
    (24, "self", "phone", "sent"), (22, "self", "counter", "sent"), (30, "self", "phone", "read"),
    (41, "representative", "letter", "read"), (35, "self", "phone", "left"),
)  # fmt: skip


def at_work() -> list[Account]:
    """The step: does nothing where a source of files is described already."""
    if not Source.objects.exists():
        people = {user.label: user for user in User.objects.filter(email__endswith=f"@{DEMO_DOMAIN}")}
        sylvie, armelle = (acting_as(people[name]) for name in ("Sylvie", "Armelle"))
        files = messy_files()
        loaded: dict[str, list[UUID]] = {}
        truth: dict[UUID, int] = {}
        for code in (HEAT, CARE, BUS):
            loaded[code] = _load(sylvie, code, files[code], truth)
        seats = [acting_as(people[name]) for name in ("Rose", "Ahmed")]
        linking.link(sylvie, seats, registers=(HEAT, CARE, BUS))
        linking.read(armelle, truth)
        linking.target(sylvie, seats, registers=(HEAT, CARE))
        _enrol(sylvie)
        _report(sylvie, armelle, loaded[HEAT])
        _confirm(sylvie, loaded[HEAT])
        usecases.print_information(sylvie, register=CARE)
        usecases.remind_reviews(MACHINE)
    return []


def _load(keeper: Actor, code: str, file: MessyFile, truth: dict[UUID, int]) -> list[UUID]:
    """Receive, read, check, load: what the pages of imports do one after the other. `truth` learns who each is."""
    label, basis, origin = SOURCES[code]
    source = usecases.create_source(
        keeper, register=code, label=label, giver=HOUSES[code], legal_basis=basis, origin=origin
    )
    batch = usecases.receive_file(keeper, source=source, content=file.content)
    usecases.read_file(keeper, batch=batch)
    batch.refresh_from_db()
    usecases.set_mapping(keeper, batch=batch, mapping=batch.mapping)
    usecases.check_file(keeper, batch=batch)
    batch.refresh_from_db()
    usecases.start_load(keeper, batch=batch)
    usecases.load_batch(keeper, batch=batch)
    first = batch.rows.order_by("number").values_list("number", flat=True).first() or 0
    made = []
    for number, person in batch.rows.filter(effect="new").order_by("number").values_list("number", "person"):
        if person is not None and number - first < len(file.truth):
            truth[person] = file.truth[number - first].person
            made.append(person)
    return made


def _enrol(keeper: Actor) -> None:
    """Enrolments of every state: letters late, to send soon, sent, received; somebody who left."""
    today = clock.today()
    for number, (days, asked_by, channel, fate) in enumerate(ENROLLED):
        third = asked_by == "third_party"
        made = usecases.enrol(
            keeper,
            register=HEAT,
            values={
                "last_name": LAST[number % 14].upper(),
                "first_name": FIRST[(number * 3) % 16],
                "birth_date": f"{1931 + number}-0{1 + number % 9}-1{number % 10}",
                "capacity": "c" if number % 5 == 4 else "a",
                "address": f"{3 + number} {STREETS[number % 4]}, 38000 Grenoble",
                "phone": f"04 65 71 90 {number:02d}",
                "third_party": "Paul Feint, neveu" if third else "",
            },
            channel=channel,
            received_on=today - timedelta(days=days),
            asked_by=asked_by,
            proof="2026-114" if third else "",
        )
        if fate in ("sent", "read"):
            usecases.print_acknowledgements(keeper, register=HEAT, enrolments=[made])
        if fate == "read":
            made.refresh_from_db()
            usecases.confirm_receipt(keeper, enrolment=made, received_on=today)
        if fate == "left":
            usecases.remove_enrolment(keeper, enrolment=made)


def _report(first: Actor, second: Actor, persons: Sequence[UUID]) -> None:
    """Two deaths and a departure: one waits for another, one was a mistake, one waits for Sylvie."""
    usecases.report_death(first, person=persons[3], register=HEAT, source="registry")
    wrong = usecases.report_death(first, person=persons[8], register=HEAT, source="mail")
    usecases.dismiss_report(second, report=wrong)
    usecases.report_move(second, person=persons[15], register=HEAT, source="family")


def _confirm(keeper: Actor, persons: Sequence[UUID]) -> None:
    """What the town heard over the year, then a campaign by phone under way."""
    today = clock.today()
    checks = [
        LastCheck(register=HEAT, person_id=pk, checked_on=today - timedelta(days=(place * 37) % 500),
                  way="call" if place % 3 else "letter")
        for place, pk in enumerate(persons) if place % 4
    ]  # fmt: skip
    LastCheck.objects.bulk_create(checks, ignore_conflicts=True)
    campaign = usecases.start_check_round(keeper, register=HEAT, way="call", since=queries.half_a_year_ago())
    for line, answer in zip(campaign.lines.all(), ("confirmed", "confirmed", "no_answer", "refuses", "confirmed",
                                                  "moved"), strict=False):  # fmt: skip
        usecases.answer_check(keeper, line=line, answer=answer)
