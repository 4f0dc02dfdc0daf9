"""The way in: sign-in, its limits, where it leads, and what is closed."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.services import create_user
from tests.people import PASSWORD, person

LOGIN = "/account/login/"
NEW = "another-horse-battery"


@pytest.fixture(autouse=True)
def _no_earlier_attempts(db):
    cache.clear()


@pytest.fixture
def user(db):
    return create_user(by=None, username="Someone", email="Someone@Example.org", password=PASSWORD)


def sign_in(client, login="Someone", password=PASSWORD, **more):
    options = {key: more.pop(key) for key in ("REMOTE_ADDR",) if key in more}
    return client.post(LOGIN, {"login": login, "password": password} | more, **options)


def is_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "login", ["Someone", "someone", "Someone@example.org", "SOMEONE@EXAMPLE.ORG"]
)
def test_name_and_address_lead_in(client, user, login):
    answer = sign_in(client, login)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)


@pytest.mark.parametrize(
    ("login", "password"),
    [("Someone", "wrong"), ("nobody", PASSWORD), ("nobody@example.org", PASSWORD), ("", "")],
)
def test_anything_else_does_not(client, user, login, password):
    answer = sign_in(client, login, password)
    assert answer.status_code == 200
    assert not is_in(client)


def test_a_refusal_does_not_tell_whether_the_account_exists(client, user):
    def refusal(login):
        return Client().post(LOGIN, {"login": login, "password": "wrong"}).context["form"].errors

    assert refusal("Someone") == refusal("Nobody1")


def test_an_inactive_account_does_not_enter(client, user):
    User.objects.update(is_active=False)
    answer = client.post(LOGIN, {"login": "Someone", "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert "This account is closed." in answer.text
    assert not is_in(client)
    assert "closed" not in sign_in(client, password="wrong").text


def test_signing_in_makes_a_new_session(client, user):
    client.get(LOGIN)
    client.session["planted"] = True
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before


def test_failed_attempts_on_one_account_are_limited(user):
    """From any number of machines: the sixth attempt is refused, with the right password too."""
    for number in range(5):
        sign_in(Client(), password="wrong", REMOTE_ADDR=f"10.0.0.{number}")
    late = Client()
    answer = sign_in(late, REMOTE_ADDR="10.0.1.1")
    assert not is_in(late)
    assert "Too many failed login attempts" in answer.text
    other = person("Other")
    other.set_password(PASSWORD)
    other.save()
    free = Client()
    sign_in(free, "Other", REMOTE_ADDR="10.0.1.1")
    assert is_in(free)


def test_failed_attempts_from_one_machine_are_limited(user):
    for number in range(10):
        sign_in(Client(), f"guess{number}", "wrong")
    late = Client()
    sign_in(late)
    assert not is_in(late)


def test_a_made_up_address_does_not_lift_the_limit(user):
    """Nobody is believed an X-Forwarded-For where no proxy stands in front."""
    for number in range(10):
        Client(headers={"x-forwarded-for": f"10.9.9.{number}"}).post(
            LOGIN, {"login": f"guess{number}", "password": "wrong"}
        )
    late = Client(headers={"x-forwarded-for": "10.9.9.99"})
    sign_in(late)
    assert not is_in(late)


def test_behind_a_proxy_each_person_has_their_own_limit(user, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(10):
        # What the client itself claims stands before what the proxy adds.
        Client(headers={"x-forwarded-for": f"10.7.7.{number}, 10.0.0.1"}).post(
            LOGIN, {"login": f"guess{number}", "password": "wrong"}
        )
    for address, enters in (("10.0.0.1", False), ("10.0.0.2", True)):
        client = Client(headers={"x-forwarded-for": f"10.7.7.7, {address}"})
        sign_in(client)
        assert is_in(client) is enters, address


def test_five_typing_errors_a_day_apart_do_not_shut_anybody_out(client, user):
    for _ in range(4):
        sign_in(client, password="wrong")
    sign_in(client)
    assert is_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.org/",
        "//evil.example.org/",
        "https:///evil.example.org",
        "/\\evil.example.org",
        "\\\\evil.example.org",
        "javascript:alert(1)",
        "http:evil.example.org",
        " //evil.example.org",
    ],
)
@pytest.mark.parametrize("where", ["query", "field", "signed in"])
def test_nobody_is_led_to_another_site(client, user, target, where):
    if where == "query":
        answer = client.post(
            LOGIN, {"login": "Someone", "password": PASSWORD}, query_params={"next": target}
        )
    elif where == "field":
        answer = sign_in(client, next=target)
    else:
        client.force_login(user)
        answer = client.get(LOGIN, {"next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_one_is_led_to_the_page_that_was_asked_for(client, user):
    asked = client.get("/reading/")
    assert asked["Location"] == "/account/login/?next=/reading/"
    answer = client.post(asked["Location"], {"login": "Someone", "password": PASSWORD})
    assert answer["Location"] == "/reading/"


def test_the_sign_up_page_says_that_it_is_closed(client):
    form = {"username": "me", "email": "me@example.org", "password1": NEW, "password2": NEW}
    for answer in (client.get("/account/signup/"), client.post("/account/signup/", form)):
        assert "<input" not in answer.text.split("<main")[1]
    assert not User.objects.exists()


def test_signing_out_needs_a_post(client, user):
    client.force_login(user)
    client.get("/account/logout/")
    assert is_in(client)
    assert client.post("/account/logout/")["Location"] == LOGIN
    assert not is_in(client)


def change_password(client, **changes):
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    return client.post("/account/password/", form | changes)


def test_a_password_is_changed_and_the_session_kept(client, user):
    sign_in(client)
    assert change_password(client).status_code == 302
    assert is_in(client)
    user.refresh_from_db()
    assert user.check_password(NEW)
    old = Client()
    sign_in(old)
    assert not is_in(old)


def test_a_changed_password_ends_the_other_sessions(client, user):
    sign_in(client)
    elsewhere = Client()
    sign_in(elsewhere)
    assert elsewhere.get("/reading/").status_code == 200
    change_password(client)
    assert elsewhere.get("/reading/").status_code == 302


@pytest.mark.parametrize(
    "changes",
    [
        {"oldpassword": "wrong"},
        {"password1": "short", "password2": "short"},
        {"password2": "something-else-9"},
        {"password1": "password123", "password2": "password123"},
    ],
)
def test_a_bad_change_is_refused(client, user, changes):
    sign_in(client)
    answer = change_password(client, **changes)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
