from __future__ import annotations

import pytest

from entremise.audit.models import Entry
from entremise.kernel.actors import Actor
from entremise.territories import clients, usecases
from entremise.territories.clients import Geocoder, GeocoderUnavailable
from entremise.territories.engine import cells
from entremise.territories.engine.addresses import AddressRefused, AddressText
from entremise.territories.models import GeocodedAddress
from tests.territories.factories import commune
from tests.territories.geocoder_server import Server, feature

AGENT = Actor(None, "Camille", "phone", frozenset({"matchmaker"}))


def address(street: str = "rue des Lilas", number: str = "3") -> AddressText:
    return AddressText.of(number=number, street=street, postcode="38000", city="Grenoble", citycode="38185")


def patient(url: str, naps: list[float] | None = None, **more: object) -> Geocoder:
    return Geocoder(url, sleep=(naps if naps is not None else []).append, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "slash", "asked"),
    [("", True, "/search/"), ("/geocodage", False, "/geocodage/search")],
)
def test_both_dialects_answer_the_same_candidates(base, slash, asked):
    with Server(base=base, slash=slash, features=[feature(0.6, "street"), feature(), feature(0.3)]) as server:
        found = patient(server.url + "/").search(address())
    assert [(one.score, one.precision) for one in found] == [(0.97, "exact"), (0.6, "street")]
    assert (found[0].lat, found[0].lon) == (45.1885, 5.7245)
    request = server.received[0]
    assert request.path == asked
    assert request.query["citycode"] == ["38185"]
    assert request.query["q"] == ["3 rue des Lilas 38000 Grenoble"]
    assert ("index" in request.query) == (base == "/geocodage")


def test_the_other_form_of_the_path_is_tried_once_and_remembered():
    with Server(slash=False, features=[feature()]) as server:
        geocoder = patient(server.url)
        geocoder.search(address())
        geocoder.search(address())
    assert [request.path for request in server.received] == ["/search/", "/search", "/search"]


def test_a_redirect_to_another_host_is_never_followed():
    elsewhere = {"Location": "http://localhost:1/search"}
    with Server(failures=[(301, elsewhere), (301, elsewhere)], features=[feature()]) as server:
        with pytest.raises(GeocoderUnavailable):
            patient(server.url).search(address())
        assert len(server.received) == 1


def test_nothing_but_the_address_leaves():
    with Server(features=[feature()]) as server:
        patient(server.url).search(address("Mme Unetelle, rue des Lilas, appt 12, chez M. Untel"))
    (request,) = server.received
    assert request.query["q"] == ["3 rue des Lilas 38000 Grenoble"]
    assert set(request.query) == {"q", "limit", "autocomplete", "citycode"}
    assert set(request.headers) == {"Host", "Accept-Encoding", "Accept", "User-Agent", "Connection"}


def test_too_many_requests_are_waited_for_and_given_up_after_three_tries():
    naps: list[float] = []
    with Server(failures=[(429, {"Retry-After": "2"}), (429, {})], features=[feature()]) as server:
        assert patient(server.url, naps, per_second=1e9).search(address())
    assert [2 <= naps[-2] <= 2.5, 5 <= naps[-1] <= 5.5] == [True, True]
    with Server(failures=[(429, {})] * 3, features=[feature()]) as server:
        with pytest.raises(GeocoderUnavailable):
            patient(server.url).search(address())
        assert len(server.received) == 3


def test_the_circuit_opens_after_five_failures_and_closes_after_a_minute():
    now = [0.0]
    with Server(failures=[(503, {})] * 5, features=[feature()]) as server:
        geocoder = patient(server.url, clock=lambda: now[0])
        for _ in range(6):
            with pytest.raises(GeocoderUnavailable):
                geocoder.search(address())
        assert len(server.received) == 5
        now[0] = 61
        assert geocoder.search(address())


def test_requests_are_spaced():
    naps: list[float] = []
    with Server(features=[feature()]) as server:
        geocoder = patient(server.url, naps, clock=lambda: 100.0)
        for _ in range(3):
            geocoder.search(address())
    assert naps == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize("garbage", [b"<html>", b"[]", b'{"features": [{}]}', b'{"features": null}', b"\xff"])
def test_nonsense_is_a_failure_and_not_an_accident(garbage):
    with Server(garbage=garbage) as server, pytest.raises(GeocoderUnavailable):
        patient(server.url).search(address())


def test_nobody_there_is_a_failure_and_not_an_accident():
    with Server() as server:
        url = server.url
    with pytest.raises(GeocoderUnavailable):
        patient(url).search(address())


def test_a_batch_carries_running_numbers_and_retries_without_filters():
    rows = [(7, address()), (8, address("avenue des Peupliers"))]
    with Server(refuses_filters=True) as server:
        found = dict(patient(server.url).batch(rows))
    assert found[7] is not None
    assert found[7].precision == "exact"
    assert found[8] is None
    assert len(server.received) == 2
    assert "7,3 rue des Lilas Grenoble,38000,38185" in server.received[1].body


@pytest.mark.parametrize(
    "text",
    [
        "rue des Lilas 06 39 98 12 34",
        "a@exemple.fr",
        "+33 6 39 98 12 34",
        "rue 123456",
        "0639981234",
        "06.39.98.12.34",
    ],
)
def test_an_address_with_a_phone_or_a_mail_is_refused_without_repeating_it(text):
    with pytest.raises(AddressRefused) as refusal:
        address(text)
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("rue des Lilas, chez Mme Unetelle", "rue des Lilas"),
        ("c/o Untel, rue des Lilas", "rue des Lilas"),
        ("M. et Mme Untel, rue des Lilas", "rue des Lilas"),
        ("Madame Unetelle rue des Lilas", ""),
        ("rue des Lilas appartement 12 porte B", "rue des Lilas"),
        ("rue des Lilas, 3e étage, escalier 2, digicode 12A4", "rue des Lilas"),
        ("rue de la Porte Neuve", "rue de la Porte Neuve"),
        ("rue du Dr Schweitzer", "rue du Dr Schweitzer"),
        ("place de l’Étoile", "place de l’Étoile"),
    ],
)
def test_what_is_not_the_address_is_dropped(said, kept):
    assert address(said).street == kept


@pytest.fixture
def served(settings):
    with Server(features=[feature()]) as server:
        settings.GEOCODER_URL = server.url
        clients._kept.clear()
        yield server
    clients._kept.clear()


def there(**more: str):
    return usecases.locate(
        AGENT, **{"number": "3", "street": "rue des Lilas", "postcode": "38000", **more}, commune=commune()
    )


@pytest.mark.django_db
def test_without_geocoder_the_commune_answers(settings):
    settings.GEOCODER_URL = ""
    place = there()
    assert (place.precision, place.label, place.candidates) == ("commune", "Grenoble", ())
    assert place.h7 == cells.parent(place.h8, 7)


@pytest.mark.django_db(transaction=True)
def test_a_sure_answer_is_taken_traced_and_kept_without_its_text(served):
    place = there()
    assert (place.precision, place.h8) == ("exact", cells.cell(45.1885, 5.7245, 8))
    assert there(street="RUE des lilas").h8 == place.h8
    assert len(served.received) == 1
    row = GeocodedAddress.objects.get()
    assert "ilas" not in f"{row.digest} {row.candidates}"
    entry = Entry.objects.get(action=usecases.LOCATED)
    assert "ilas" not in str(entry.data)


@pytest.mark.django_db(transaction=True)
def test_an_unsure_answer_leaves_the_choice(served):
    served.features = [feature(0.7), feature(0.6, "street")]
    place = there()
    assert (place.precision, len(place.candidates)) == ("commune", 2)
    assert usecases.chosen(place.candidates[1]).precision == "street"


@pytest.mark.django_db
def test_saving_never_waits_for_the_geocoder(served):
    assert there().precision == "commune"
    assert served.received == []


@pytest.mark.django_db(transaction=True)
def test_a_geocoder_that_fails_blocks_nothing(served):
    served.failures = [(500, {})]
    assert there().precision == "commune"


@pytest.mark.django_db
def test_an_address_that_must_not_leave_is_refused_with_a_sentence():
    with pytest.raises(usecases.AddressNotSent) as refusal:
        there(street="06 39 98 12 34")
    assert refusal.value.code == "address_refused"
    assert "Retirez" in refusal.value.message
