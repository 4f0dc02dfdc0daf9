"""Accounts are made by people who may, with names, addresses and passwords that hold."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent, User
from accounts.selectors import user_named
from accounts.services import create_user
from tests.people import PASSWORD, person


def make(**changes):
    given = {"username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}
    return create_user(by=None, **given | changes)


def test_an_account_is_made_and_audited_without_its_password(db):
    user = make()
    assert user.check_password(PASSWORD)
    assert user.password.startswith("argon2")
    assert [user.may_create_cohorts, user.is_staff, user.is_superuser] == [False] * 3
    event = AuditEvent.objects.get()
    assert (event.verb, event.object_id, event.new) == (
        "create_user",
        str(user.pk),
        {"username": "newcomer"},
    )
    assert PASSWORD not in repr(vars(event))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": "taken"}, "is taken"),
        ({"username": "TAKEN"}, "is taken"),
        ({"username": ""}, "cannot be blank"),
        ({"username": "with space"}, "valid username"),
        ({"username": "x" * 151}, "at most 150"),
        ({"email": "taken@example.org"}, "accounts_user_email_once"),
        ({"email": "Taken@Example.ORG"}, "accounts_user_email_once"),
        ({"email": "no address"}, "valid email"),
        ({"password": "short"}, "too short"),
        ({"password": "password123"}, "too common"),
        ({"password": "newcomer12"}, "too similar"),
        ({"password": ""}, "too short"),
    ],
)
def test_a_bad_account_is_refused_with_a_sentence(db, changes, sentence):
    person("taken")
    with pytest.raises(ValidationError, match=sentence):
        make(**changes)
    assert User.objects.count() == 1
    assert AuditEvent.objects.count() == 0


def test_many_accounts_may_have_no_address(db):
    make(email="")
    make(username="another", email="")
    assert User.objects.count() == 2


def test_the_command_makes_an_account(db, monkeypatch, capsys):
    monkeypatch.setenv("NODEWISE_PASSWORD", PASSWORD)
    call_command("create_user", "newcomer", "--email", "n@example.org", "--may-create-cohorts")
    assert User.objects.get().may_create_cohorts
    assert "Created newcomer." in capsys.readouterr().out


def test_the_command_refuses_with_a_sentence(db, monkeypatch):
    monkeypatch.setenv("NODEWISE_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_user", "newcomer")
    assert not User.objects.exists()


def test_people_are_found_by_name_or_address_in_any_case(db):
    user = person("Someone")
    for wanted in ("someone", " SOMEONE ", "someone@EXAMPLE.org"):
        assert user_named(wanted) == user
    assert user_named("nobody") is None
    User.objects.update(is_active=False)
    assert user_named("someone") is None


def test_an_address_is_kept_in_lower_case(db):
    """Sign-in looks addresses up in lower case: a stored capital would shut its owner out."""
    assert make(email=" New.Comer@Example.ORG ").email == "new.comer@example.org"


def test_a_name_cannot_take_the_place_of_anothers_address(db):
    """Sign-in and coordinators find people by either: one must not shadow the other."""
    owner = person("owner")
    with pytest.raises(ValidationError, match="cannot contain '@'"):
        make(username=owner.email, email="thief@example.org")
    assert user_named(owner.email) == owner
