"""The pages of targeting: one caution everywhere, names on request only, voted points, no small count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connections
from django.urls import reverse

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.registers import usecases
from entremise.registers.engine.fragility import DISCLAIMER
from entremise.registers.models import Cohort, HeatExposure, Targeting
from entremise.registers.usecases.targeting.running import run
from entremise.territories.models import Kind, Territory
from entremise.vault.models import Register
from tests.accounts.factories import agent
from tests.registers.targets import ECHIROLLES, GRENOBLE, Board, old
from tests.vault.registers import CODE

pytestmark = pytest.mark.django_db
CANARY = "Zwqxvlf"


def logged(client, actor) -> None:
    client.force_login(User.objects.get(pk=actor.user_id))


def words(page) -> str:
    return BeautifulSoup(page.content, "html5lib").get_text(" ", strip=True)


def frozen(board: Board, count: int = 30, capacity: int = 15) -> Cohort:
    board.people(
        [old(1930 + n % 40, GRENOBLE if n % 3 else ECHIROLLES, aid="APA" if n % 2 else "") for n in range(count)]
    )
    return usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=capacity))


def test_from_the_request_to_the_frozen_list_without_javascript(client, run_jobs):
    board = Board()
    board.people([old(1930 + n) for n in range(30)])
    logged(client, board.keeper)
    page = client.get(reverse("registers:cohort_new"))
    assert "Lancer le repérage" in words(page)
    asked = client.post(reverse("registers:cohort_new"), {"request": board.request, "registers": [CODE]})
    row = Targeting.objects.get()
    assert asked.url == reverse("registers:targeting_page", args=[row.public_id])
    assert "Vous pouvez quitter cette page" in words(client.get(asked.url))
    run(row.pk)
    page = client.get(asked.url + "?profil=pandemie")
    assert "Préparer une cohorte" in words(page)
    said = {"profile": "canicule", "label": "Premiers appels", "purpose": "outreach.call", "capacity": "15",
            "expires_on": "2099-01-01", "points_apa": "9"}  # fmt: skip
    refused = client.post(asked.url, said)
    assert refused.status_code == 422
    assert "Ils sont votés" in words(refused)
    late = client.post(asked.url, {**said, "points_apa": "3"})
    assert "dans 60 jours au plus" in words(late)
    day = (clock.today() + timedelta(days=10)).isoformat()
    drafted = client.post(asked.url, {**said, "points_apa": "4", "expires_on": day})
    cohort = Cohort.objects.get()
    assert drafted.url == reverse("registers:cohort_page", args=[cohort.public_id])
    assert "APA : 4 (voté : 3)" in words(client.get(drafted.url)).replace("\u00a0", " ")
    client.post(reverse("registers:cohort_deed", args=[cohort.public_id, "figer"]))
    cohort.refresh_from_db()
    assert cohort.state == "frozen"
    shown = client.post(reverse("registers:cohort_read", args=[cohort.public_id]))
    assert "Fiction" in words(shown)
    assert "no-store" in shown["Cache-Control"]


def test_the_caution_stands_on_every_page_list_export_and_print(client):
    board = Board()
    row = frozen(board)
    other = board.draft(row.targeting, capacity=20)
    logged(client, board.keeper)
    pages = [
        client.get(reverse("registers:cohort_list")),
        client.get(reverse("registers:cohort_new")),
        client.get(reverse("registers:targeting_page", args=[row.targeting.public_id])),
        client.get(reverse("registers:cohort_page", args=[row.public_id])),
        client.post(reverse("registers:cohort_read", args=[row.public_id])),
        client.get(reverse("registers:cohort_compare")),
        client.post(reverse("registers:cohort_compare"), {"before": row.public_id, "after": other.public_id}),
        client.get(reverse("registers:cohort_tables", args=[row.public_id])),
    ]
    for page in pages:
        assert page.status_code == 200
        assert DISCLAIMER in page.content.decode()
    logged(client, sam := board.town.staff)
    assert client.get(reverse("registers:cohort_print", args=[row.public_id])).status_code == 403
    client.force_login(agent("supervisor"))
    assert sam.user_id
    printed = client.post(
        reverse("registers:cohort_print", args=[row.public_id]), {"motive": "Appels du matin, équipe une", "start": 1}
    )
    assert DISCLAIMER in printed.content.decode()
    said = words(printed)
    assert "+33639980" in said
    for never in ("APA", "80 à 89 ans", " points :"):
        assert never not in said.replace("sans points ni raisons", "")


def test_names_are_on_no_page_until_they_are_asked_for(client):
    board = Board()
    board.people([old(1930 + n) for n in range(25)], names=CANARY)
    row = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=20))
    logged(client, board.keeper)
    for name, args in (("cohort_list", []), ("cohort_page", [row.public_id]), ("cohort_tables", [row.public_id])):
        assert CANARY not in client.get(reverse(f"registers:{name}", args=args)).content.decode()
    assert CANARY in client.post(reverse("registers:cohort_read", args=[row.public_id])).content.decode()
    assert client.get(reverse("registers:cohort_read", args=[row.public_id])).status_code == 405


def test_a_targeting_leaves_no_value_in_any_table_nor_in_the_log(client, caplog):
    board = Board()
    board.people(
        [
            old(1930 + n, f"38000 Grenoble {CANARY}", housing=f"maison {CANARY}", aid=f"APA {CANARY}")
            for n in range(25)
        ],
        names=CANARY,
    )
    row = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=20))
    logged(client, board.keeper)
    client.post(reverse("registers:cohort_read", args=[row.public_id]))
    assert CANARY not in caplog.text
    for alias in connections:
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                for line in cursor.fetchall():
                    for value in line:
                        text = bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)
                        assert CANARY not in text, table


@pytest.mark.parametrize(
    ("role", "status"),
    [("keeper", 200), ("analyst", 200), ("dpo", 200), ("controller", 200), ("caller", 403), ("supervisor", 403)],
)
def test_who_sees_counts_and_who_sees_nothing(client, role, status):
    row = frozen(Board())
    client.force_login(agent(role))
    assert client.get(reverse("registers:cohort_page", args=[row.public_id])).status_code == status
    read = client.post(reverse("registers:cohort_read", args=[row.public_id])).status_code
    assert read == (200 if role == "keeper" else 403)


def test_the_list_costs_the_same_queries_for_few_or_many(client, flat):
    board = Board()
    done = frozen(board).targeting
    logged(client, board.keeper)
    flat(lambda: client.get(reverse("registers:cohort_list")), lambda: board.draft(done, capacity=12))


def test_the_page_of_a_cohort_costs_the_same_queries_whoever_is_in_it(client, django_assert_max_num_queries):
    board = Board()
    row = frozen(board, count=40, capacity=30)
    logged(client, board.keeper)
    client.get(reverse("registers:cohort_page", args=[row.public_id]))
    with django_assert_max_num_queries(40):
        assert client.get(reverse("registers:cohort_page", args=[row.public_id])).status_code == 200


def test_the_spreadsheet_of_counts_hides_small_ones_and_starts_no_formula(client):
    board = Board()
    row = frozen(board)
    Register.objects.filter(pk=CODE).update(label="=cmd()")
    logged(client, board.keeper)
    text = client.get(reverse("registers:cohort_tables", args=[row.public_id])).content.decode("utf-8-sig")
    figures = [line.split(";") for line in text.splitlines()[3:]]
    assert figures
    for line in figures:
        assert line[1][:1] not in "=+-@"
        assert int(line[2]) == 0 or int(line[2]) >= 11


def test_the_territory_says_which_communes_are_hot_and_the_others_stay_unknown(client):
    Territory.objects.get_or_create(kind=Kind.COMMUNE, code="38185", defaults={"name": "Grenoble", "population": 1})
    board = Board()
    logged(client, board.keeper)
    wrong = client.post(reverse("registers:heat"), {"exposed": "99999", "source": "Étude climat, 2025"})
    assert wrong.status_code == 422
    client.post(reverse("registers:heat"), {"exposed": "38185", "source": "Étude climat, 2025"})
    assert dict(HeatExposure.objects.values_list("commune", "exposed")) == {"38185": True}
    board.people([old(1942, GRENOBLE), old(1942, ECHIROLLES)])
    row = usecases.freeze_cohort(board.keeper, cohort=board.draft(board.run(), capacity=2))
    first, second = usecases.read_cohort(board.keeper, cohort=row).rows
    assert "commune très exposée à la chaleur\u00a0: 1" in first.sentence
    assert "commune très exposée à la chaleur" in second.sentence.split("inconnu")[1]
