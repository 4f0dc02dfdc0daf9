"""The health check answers anybody, and tells nothing but that and the version."""

import pytest
from django.conf import settings
from django.db import DatabaseError, connection

from tests.people import person


def test_anybody_is_told_that_it_serves_and_the_version(db, client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": settings.VERSION}
    assert "Set-Cookie" not in answer.headers
    assert not answer.cookies


def test_who_asks_makes_no_difference(db, client):
    before = client.get("/healthz").content
    client.force_login(person("someone"))
    assert client.get("/healthz").content == before


def test_it_asks_the_database(db, client, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get("/healthz")


def test_it_fails_when_the_database_does_not_answer(db, client):
    def no_answer(execute, sql, params, many, context):
        raise DatabaseError("gone")

    client.raise_request_exception = False
    with connection.execute_wrapper(no_answer):
        answer = client.get("/healthz")
    assert answer.status_code == 500
    assert "gone" not in answer.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_only_answers_reading(db, client, method):
    assert getattr(client, method)("/healthz").status_code == 405


def test_it_answers_without_https_for_the_machine_beside_it(db, client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/account/login/").status_code == 301
