"""What readers say of a real run, and what the next runs make of it (reference linkage § 20.6 to 20.8)."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from entremise.registers import usecases
from entremise.registers.models import Decision, Pair
from entremise.registers.queries import review
from tests.accounts.factories import agent
from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, Linking, groups, sealed, somebody
from tests.registers.reviewing import user
from tests.vault.granting import proved

pytestmark = pytest.mark.django_db


@pytest.fixture
def linking():
    return Linking()


@pytest.fixture
def readers():
    return [proved(agent("keeper")) for _ in range(2)]


def says(reader, pair, answer, reason=""):
    held = usecases.claim_pair(reader, pair=pair)
    return usecases.decide_pair(reader, pair=held, answer=answer, reason=reason, token=held.token)


def between(one, other):
    left, right = sorted((one, other))
    return Pair.objects.get(left=left, right=right)


def test_what_two_readers_separate_no_run_joins_nor_proposes_again(linking, readers):
    (one, *_), (other, *_) = (
        sealed(code, said, *map(somebody, crowd))
        for code, said, crowd in ((LEGAL, JEANNINE, range(20)), (FILE, JEANINE, range(30, 50)))
    )
    linking.run()
    assert groups(one, other) == {frozenset((one, other))}
    usecases.ask_separation(readers[0], pair=between(one, other), reason="namesake")
    assert says(readers[1], between(one, other), "different").deed == "refuse"
    assert len(groups(one, other)) == 2
    for mode in ("incremental", "full"):
        linking.run(mode)
        assert len(groups(one, other)) == 2
        assert between(one, other).state == "refused"
        assert usecases.claim_pair(readers[0], pair=None) is None or not Pair.objects.filter(
            left__in=[one, other], right__in=[one, other], state__in=review.TO_READ
        )
    assert Decision.objects.get().verdict == "cannot"


def test_what_a_reader_joins_stays_joined_whatever_the_weight(linking, readers):
    stranger = {**somebody(7), "names": "FABRE, Odette", "birth_date": ""}
    (one, *_), (other, *_) = (
        sealed(LEGAL, {**stranger, "phone": ""}, *map(somebody, range(20, 30))),
        sealed(FILE, {**stranger, "address": ""}, *map(somebody, range(40, 50))),
    )
    linking.run()
    pair = Pair.objects.filter(left__in=[one, other], right__in=[one, other]).first()
    if pair is None:  # too little in common to be asked: the keeper knows better
        left, right = sorted((one, other))
        registers = {one: LEGAL, other: FILE}
        pair = Pair.objects.create(
            run=linking.run(), request=linking.grant.public_id, left=left, right=right, weight=0.5,
            left_register=registers[left], right_register=registers[right], levels=[5, 3, -1, -1],
            outcome="to_review", state="to_review",
        )  # fmt: skip
    says(readers[0], pair, "same", "same_person_known")
    linking.run()
    assert groups(one, other) == {frozenset((one, other))}
    assert Decision.objects.get().state == "open"


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_the_bars_of_a_real_pair_end_at_its_weight(linking, readers, client, mode):
    one, *_ = sealed(LEGAL, JEANNINE, *map(somebody, range(20)))
    sealed(FILE, *map(somebody, range(15, 40)))
    if mode == "incremental":
        linking.run()
    (other,) = sealed(FILE, JEANINE)
    linking.run(mode)
    pair = between(one, other)
    client.force_login(user(readers[0]))
    assert says(readers[0], pair, "same").deed in ("accept", "pass_on")
    if Pair.objects.get(pk=pair.pk).state == "second":
        says(readers[1], pair, "same")
    soup = BeautifulSoup(client.get(reverse("registers:pair_page", args=[pair.pk])).content, "html5lib")
    total = soup.select("details td.number")[-1].get_text().replace(",", ".").replace("−", "-")
    assert float(total) == pytest.approx(pair.weight, abs=0.06)
