from __future__ import annotations

import re
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from bs4 import BeautifulSoup
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import path, reverse

from entremise.accounts import policies
from entremise.accounts.models import User
from entremise.accounts.urls import entrance
from entremise.site import urls as site_urls
from tests.accounts.factories import PASSWORD, agent

pytestmark = pytest.mark.django_db
ENGLISH = re.compile(r"\b(the|your|you|please|password|sign|and|with|enter|been|this|again|current|not|is)\b", re.I)


@pytest.fixture(autouse=True)
def _stopped_clock():
    """Codes change every thirty seconds: not in the middle of a test."""
    with time_machine.travel(time.time(), tick=False):
        yield


def post(client, name, /, **data):
    return client.post(reverse(name), data)


def code_in_mail():
    return re.search(r"^([A-Z0-9-]{4,})$", mail.outbox[-1].body, re.MULTILINE).group(1)


def by_password(client, user):
    return post(client, "account_login", login=user.email, password=PASSWORD)


def activate_totp(client):
    """An application of codes, added by somebody who has just proved the password again."""
    post(client, "account_reauthenticate", password=PASSWORD)
    secret = BeautifulSoup(client.get(reverse("mfa_activate_totp")).content, "html5lib").find("code").text
    assert post(client, "mfa_activate_totp", code=totp_code(secret)).status_code == 302
    return secret


def totp_code(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


@pytest.mark.parametrize("typed", ["nadia@ville.test", " NADIA@Ville.test"])
def test_the_code_read_in_the_mail_opens_the_account(client, typed):
    user = agent("matchmaker", email="nadia@ville.test")
    assert post(client, "account_request_login_code", email=typed).url == reverse("account_confirm_login_code")
    assert [m.to for m in mail.outbox] == [["nadia@ville.test"]]
    assert mail.outbox[0].subject == "Votre code de connexion"
    page = client.get(reverse("account_confirm_login_code"))
    assert "nadia@ville.test" in page.content.decode().lower()
    assert post(client, "account_confirm_login_code", code=code_in_mail()).status_code == 302
    assert client.get(reverse("accounts:my_account")).context["user"] == user


def test_three_wrong_codes_end_the_attempt(client):
    agent(email="nadia@ville.test")
    post(client, "account_request_login_code", email="nadia@ville.test")
    good = code_in_mail()
    for _ in range(3):
        answer = post(client, "account_confirm_login_code", code="WRONG1")
    assert answer.url == reverse("account_request_login_code")
    post(client, "account_confirm_login_code", code=good)
    assert "_auth_user_id" not in client.session


def test_a_known_and_an_unknown_address_get_the_same_answers(client, django_user_model):
    agent(email="nadia@ville.test")
    answers = []
    for email in ("nadia@ville.test", "autre@ville.test"):
        for name in ("account_request_login_code", "account_reset_password"):
            client.cookies.clear()
            answer = client.post(reverse(name), {"email": email}, follow=True)
            text = BeautifulSoup(answer.content, "html5lib").find("main").get_text(" ", strip=True)
            answers.append((answer.redirect_chain, answer.status_code, text.replace(email, "…")))
        client.cookies.clear()
        wrong = client.post(reverse("account_login"), {"login": email, "password": "faux"})
        text = BeautifulSoup(wrong.content, "html5lib").find("main").get_text(" ", strip=True)
        answers.append((wrong.status_code, text.replace(email, "…")))
    assert answers[:3] == answers[3:]
    assert {m.subject for m in mail.outbox} == {
        "Votre code de connexion",
        "Aucun compte à cette adresse",
        "Choisir un nouveau mot de passe",
    }


def test_the_sixth_wrong_password_is_refused_even_when_it_is_right(client):
    user = agent()
    for _ in range(5):
        assert post(client, "account_login", login=user.email, password="faux").status_code == 200
    page = by_password(client, user)
    assert "Attendez cinq minutes" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_too_many_requests_from_one_network_get_a_french_page(client):
    answers = [client.post(reverse("account_reset_password"), {"email": f"x{n}@ville.test"}) for n in range(21)]
    assert [a.status_code for a in answers] == [302] * 20 + [429]
    assert "Attendez quelques minutes" in answers[-1].content.decode()


def test_a_closed_account_does_not_open(client):
    user = agent()
    User.objects.filter(pk=user.pk).update(is_active=False)
    by_password(client, user)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "data", [{}, {"login": "pas une adresse", "password": "x"}, {"login": "a@b.fr\x00", "password": "\x00"}]
)
def test_a_malformed_log_in_is_explained_in_french(client, data):
    page = client.post(reverse("account_login"), data)
    assert page.status_code == 200
    assert "à corriger" in page.content.decode()
    assert not left_in_english(page)


def test_nobody_signs_up(client):
    page = client.get(reverse("account_signup"))
    assert "aucun compte n’est nécessaire" in page.content.decode()
    client.post(reverse("account_signup"), {"email": "x@ville.test", "password1": PASSWORD})
    assert not User.objects.exists()


def gated(request):
    policies.require_second_factor(request.actor)
    from django.http import HttpResponse

    return HttpResponse("des personnes")


class Gated:
    urlpatterns = [path("dossiers/", gated), *site_urls.urlpatterns]


def test_a_page_with_persons_sends_to_the_second_factor_and_back(client, settings):
    settings.DEMO, settings.ROOT_URLCONF = False, Gated
    by_password(client, agent("matchmaker"))
    answer = client.get("/dossiers/?x=1")
    assert answer.url == reverse("mfa_index") + "?next=%2Fdossiers%2F%3Fx%3D1"
    page = client.get(answer.url).content.decode()
    assert "second moyen" in page
    assert "n’est pas exigé" not in page
    assert client.get("/dossiers/", headers={"hx-request": "true"})["HX-Redirect"].startswith(reverse("mfa_index"))


def test_the_demonstration_lets_in_and_says_so(client, settings):
    settings.ROOT_URLCONF = Gated
    by_password(client, agent("matchmaker"))
    assert client.get("/dossiers/").status_code == 200
    assert "n’est pas exigé" in client.get(reverse("mfa_index")).content.decode()


def test_two_factors_open_the_page(client, settings):
    settings.DEMO, settings.ROOT_URLCONF = False, Gated
    user = agent("matchmaker")
    by_password(client, user)
    secret = activate_totp(client)
    client.cookies.clear()
    assert by_password(client, user).url == reverse("mfa_authenticate")
    assert client.get("/dossiers/").url.startswith(reverse("account_login"))
    wrong = post(client, "mfa_authenticate", code="000000")
    assert "ne convient pas" in wrong.content.decode()
    assert post(client, "mfa_authenticate", code=totp_code(secret)).status_code == 302
    assert client.get("/dossiers/").content.decode() == "des personnes"


def test_a_factor_added_in_this_session_is_proved_in_it_too(client, settings):
    settings.DEMO, settings.ROOT_URLCONF = False, Gated
    by_password(client, agent("matchmaker"))
    secret = activate_totp(client)
    page = client.get(client.get("/dossiers/").url).content.decode()
    prove = BeautifulSoup(page, "html5lib").find("a", string="Écrire un code")["href"]
    assert prove == reverse("mfa_reauthenticate") + "?next=%2Fdossiers%2F"
    assert client.post(prove, {"code": totp_code(secret), "next": "/dossiers/"}).url == "/dossiers/"
    assert client.get("/dossiers/").status_code == 200


def test_a_recovery_code_opens_once(client):
    user = agent("matchmaker")
    by_password(client, user)
    activate_totp(client)
    codes = client.get(reverse("mfa_download_recovery_codes")).content.decode().split()
    assert len(codes) == 10
    for expected in (True, False):
        client.cookies.clear()
        by_password(client, user)
        post(client, "mfa_authenticate", code=codes[0])
        assert ("_auth_user_id" in client.session) is expected


def test_old_proof_is_asked_again_before_a_change_of_security(client):
    by_password(client, agent())
    assert client.get(reverse("mfa_activate_totp")).url.startswith(reverse("account_reauthenticate"))
    post(client, "account_reauthenticate", password=PASSWORD)
    session = client.session
    for step in session["account_authentication_methods"]:
        step["at"] -= 901
    session["account_authentication_methods"] = session["account_authentication_methods"]
    session.save()
    answer = client.get(reverse("mfa_activate_totp"))
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert post(client, "account_reauthenticate", password="faux").status_code == 200
    assert post(client, "account_reauthenticate", password=PASSWORD).status_code == 302
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_the_link_in_the_mail_changes_the_password_once(client):
    user = agent()
    post(client, "account_reset_password", email=user.email)
    link = re.search(r"http://testserver(\S+)", mail.outbox[-1].body).group(1)
    where = client.get(link).url
    for words, expected in (("court", 200), ("une phrase bien longue", 302)):
        assert client.post(where, {"password1": words, "password2": words}).status_code == expected
    assert User.objects.get(pk=user.pk).check_password("une phrase bien longue")
    assert "a déjà servi" in client.get(link).content.decode()


def left_in_english(page):
    soup = BeautifulSoup(page.content, "html5lib")
    for dead in soup(["script", "style", "textarea"]):
        dead.decompose()
    said = soup.get_text(" ") + " ".join(
        str(tag.get(name, "")) for tag in soup.find_all(True) for name in ("placeholder", "alt", "title", "aria-label")
    )
    return ENGLISH.findall(said)


def test_each_page_of_the_entrance_is_french_and_ours(client):
    seen = {}

    def look(name, answer):
        assert answer.status_code == 200, (name, answer.status_code, getattr(answer, "url", ""))
        soup = BeautifulSoup(answer.content, "html5lib")
        seen[name] = left_in_english(answer)
        assert soup.find("footer", class_="foot"), name
        assert len(soup.find_all("h1")) == 1, name
        assert soup.find("h1").text.strip(), name
        assert not [s for s in soup("script") if not s.get("src") and s.get("type") != "application/json"], name
        assert not soup.find_all(style=True), name

    def get(name, *args):
        look(name, client.get(reverse(name, args=args)))

    user = agent("matchmaker")
    for name in ("login", "request_login_code", "signup", "inactive", "reset_password", "reset_password_done",
                 "reset_password_from_key_done"):  # fmt: skip
        get(f"account_{name}")
    look("account_reset_password_from_key", client.get(reverse("account_reset_password_from_key", args=["a", "b-c"])))
    post(client, "account_request_login_code", email=user.email)
    get("account_confirm_login_code")
    client.cookies.clear()
    by_password(client, user)
    for name in ("account_logout", "account_reauthenticate", "account_change_password", "mfa_index",
                 "mfa_list_webauthn"):  # fmt: skip
        get(name)
    post(client, "account_reauthenticate", password=PASSWORD)
    get("mfa_activate_totp")
    get("mfa_add_webauthn")
    look("mfa_add_webauthn", post(client, "mfa_add_webauthn", credential="{}", name=""))
    look("mfa_activate_totp", post(client, "mfa_activate_totp", code="abc"))
    look(
        "account_change_password",
        post(client, "account_change_password", oldpassword="x", password1="y", password2="z"),
    )
    activate_totp(client)
    for name in ("mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_index",
                 "mfa_reauthenticate"):  # fmt: skip
        get(name)
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Ma clé", "credential": {}})
    get("mfa_edit_webauthn", key.pk)
    get("mfa_remove_webauthn", key.pk)
    key.delete()
    client.cookies.clear()
    by_password(client, user)
    get("mfa_authenticate")
    look("mfa_authenticate", post(client, "mfa_authenticate", credential="{}"))
    client.cookies.clear()
    code_user = User.objects.create_user("sans@ville.test", label="Sans")
    post(client, "account_request_login_code", email=code_user.email)
    post(client, "account_confirm_login_code", code=code_in_mail())
    get("account_set_password")
    assert {name: words for name, words in seen.items() if words} == {}
    silent = {"mfa_login_webauthn", "mfa_download_recovery_codes"}  # they answer data, not a page
    need_a_real_key = {"mfa_reauthenticate_webauthn"}  # seen in the journey of a passkey
    assert {p.name for p in entrance} - seen.keys() == silent | need_a_real_key


@pytest.mark.django_db(transaction=True)
def test_no_mail_speaks_english(client):
    user = agent("matchmaker")
    post(client, "account_request_login_code", email=user.email)
    client.cookies.clear()
    post(client, "account_request_login_code", email="autre@ville.test")
    post(client, "account_reset_password", email=user.email)
    client.cookies.clear()
    by_password(client, user)
    new = {"password1": "une autre phrase longue", "password2": "une autre phrase longue"}
    activate_totp(client)
    for name, answers in (
        ("mfa_generate_recovery_codes", {}),
        ("account_change_password", {"oldpassword": PASSWORD, **new}),
        ("mfa_deactivate_totp", {}),
    ):
        assert post(client, name, **answers).status_code == 302
    assert [m.subject for m in mail.outbox] == [
        "Votre code de connexion",
        "Aucun compte à cette adresse",
        "Choisir un nouveau mot de passe",
        "Application de codes activée",
        "Nouveaux codes de secours",
        "Mot de passe changé",
        "Application de codes retirée",
    ]
    for message in mail.outbox:
        assert ENGLISH.findall(re.sub(r"\S*//\S*", "", message.subject + " " + message.body)) == []


def test_an_expired_session_is_not_listed(client):
    by_password(client, agent())
    assert len(client.get(reverse("accounts:my_account")).context["sessions"]) == 1
    assert Session.objects.count() == 1
