"""Unsafe settings refuse to start, and safe ones say so in every answer."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from accounts.database_safety import refuse_unsafe_database
from tests.people import person

ROOT = Path(__file__).resolve().parent.parent
KEY = "a-key-for-this-test-0123456789-0123456789-abcdefghij"
PUBLIC = {"DJANGO_SECRET_KEY": KEY, "DJANGO_ALLOWED_HOSTS": "nodewise.example.org"}
SHOW = (
    "from django.conf import settings; import django; django.setup(); "
    "print(settings.HTTPS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, "
    "settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0, settings.DEBUG)"
)


def start(tmp_path, code="import django; django.setup()", **variables):
    """Load the settings in a process of its own that knows these variables only."""
    # An .env file beside the checkout sets what is absent: an empty value keeps it out.
    told = dict.fromkeys(
        ("DJANGO_SECRET_KEY", "DJANGO_ALLOWED_HOSTS", "DJANGO_DEBUG", "NODEWISE_DEMO"), ""
    )
    told |= {"DJANGO_ALLOWED_HOSTS": "localhost", "DJANGO_DEBUG": "false", "NODEWISE_DEMO": "false"}
    told |= {"NODEWISE_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | told | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_SECRET_KEY": "short"}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_SECRET_KEY": "x" * 31}, "DJANGO_SECRET_KEY"),
        (PUBLIC | {"DJANGO_DEBUG": "true"}, "DJANGO_DEBUG"),
        (PUBLIC | {"NODEWISE_HTTPS": "false"}, "NODEWISE_HTTPS"),
        (PUBLIC | {"NODEWISE_DEMO": "true"}, "NODEWISE_DEMO"),
        (PUBLIC | {"DJANGO_ALLOWED_HOSTS": "*", "DJANGO_DEBUG": "true"}, "DJANGO_DEBUG"),
        (PUBLIC | {"DJANGO_ALLOWED_HOSTS": "*", "NODEWISE_HTTPS": "false"}, "NODEWISE_HTTPS"),
        (
            PUBLIC | {"DJANGO_ALLOWED_HOSTS": "localhost,10.0.0.5", "NODEWISE_DEMO": "true"},
            "NODEWISE_DEMO",
        ),
    ],
)
def test_an_unsafe_setting_refuses_to_start_and_is_named(tmp_path, variables, named):
    done = start(tmp_path, **variables)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert named in last
    assert KEY not in done.stderr


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"DJANGO_SECRET_KEY": KEY}, "False False False False False False"),
        (PUBLIC, "True True True True True False"),
        ({"DJANGO_SECRET_KEY": KEY, "NODEWISE_HTTPS": "true"}, "True True True True True False"),
        (
            {"DJANGO_SECRET_KEY": KEY, "NODEWISE_DEMO": "true"},
            "False False False False False False",
        ),
    ],
)
def test_safe_settings_start(tmp_path, variables, shown):
    done = start(tmp_path, SHOW, **variables)
    assert (done.stdout.strip(), done.returncode) == (shown, 0), done.stderr


@pytest.mark.no_database
@pytest.mark.parametrize("behind", ["true", "false"])
def test_a_proxy_is_trusted_only_where_there_is_one(tmp_path, behind):
    code = (
        "from django.conf import settings; "
        "print(settings.SECURE_PROXY_SSL_HEADER is not None, settings.ALLAUTH_TRUSTED_PROXY_COUNT)"
    )
    done = start(tmp_path, code, **PUBLIC, NODEWISE_BEHIND_PROXY=behind)
    assert done.stdout.strip() == {"true": "True 1", "false": "False 0"}[behind]


@pytest.mark.no_database
def test_a_public_host_passes_djangos_own_check_of_a_deployment(tmp_path):
    code = (
        "from django.core.management import execute_from_command_line as run; "
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    done = start(tmp_path, code, **PUBLIC)
    # W005, W021: which other hosts of the domain speak HTTPS is the operator's to say.
    told = set(re.findall(r"security\.W\d+", done.stderr))
    assert told <= {"security.W005", "security.W021"}, done.stderr


def test_a_database_that_may_lose_an_acknowledged_call_is_refused(db):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has these settings; SQLite runs with synchronous=FULL")
    refuse_unsafe_database()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        with pytest.raises(ImproperlyConfigured, match="synchronous_commit") as refusal:
            refuse_unsafe_database()
        cursor.execute("SET LOCAL synchronous_commit = on")
    # fsync and full_page_writes belong to the server: no session can switch them off.
    assert "fsync" not in str(refusal.value)
    refuse_unsafe_database()


def test_the_names_of_the_servers_settings_are_postgresqls(db):
    """A misspelt name would never be found off."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has these settings")
    from accounts.database_safety import UNSAFE

    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s)", [list(UNSAFE)])
        assert {name for (name,) in cursor.fetchall()} == set(UNSAFE)
    assert set(UNSAFE) == {"fsync", "synchronous_commit", "full_page_writes"}


def test_sqlite_waits_for_the_disk(db):
    if connection.vendor != "sqlite":
        pytest.skip("this is SQLite's half of the promise")
    with connection.cursor() as cursor:
        for pragma, value in (("synchronous", 2), ("foreign_keys", 1)):
            cursor.execute(f"PRAGMA {pragma}")
            assert cursor.fetchone() == (value,), pragma
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)


def policy(answer):
    """The Content-Security-Policy as a mapping of directive to its sources."""
    parts = answer["Content-Security-Policy"].split(";")
    return {part.split()[0]: set(part.split()[1:]) for part in parts if part.strip()}


VENDOR = sorted((ROOT / "static" / "vendor").rglob("*orker*.js"))
STATIC = [
    "/static/site/site.js",
    "/static/reading/reading-page.js",
    *("/static/" + path.relative_to(ROOT / "static").as_posix() for path in VENDOR),
]


@pytest.mark.parametrize(
    "url", ["/account/login/", "/reading/", "/healthz", "/no-such-page/", *STATIC]
)
def test_the_policy_lets_no_foreign_and_no_inline_script_run(db, client, url):
    client.force_login(person("reader"))
    answer = client.get(url)
    sources = policy(answer)
    assert sources["default-src"] == {"'self'"}
    assert sources["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert sources["worker-src"] == sources["connect-src"] == {"'self'"}
    for directive in ("object-src", "base-uri", "frame-ancestors"):
        assert sources[directive] == {"'none'"}, directive
    unsafe = {
        name for name, allowed in sources.items() if {"'unsafe-inline'", "'unsafe-eval'"} & allowed
    }
    assert unsafe <= {"style-src-attr"}
    assert not any(
        "http" in source or "*" in source for allowed in sources.values() for source in allowed
    )


def test_the_decoder_workers_are_among_the_files_that_were_asked_for():
    assert len(STATIC) > 2
    assert all((ROOT / url.lstrip("/")).is_file() for url in STATIC)


@pytest.mark.parametrize("url", ["/account/login/", "/reading/"])
def test_pages_hold_no_inline_script_and_no_foreign_address(db, client, url):
    if url != "/account/login/":
        client.force_login(person("reader"))
    page = client.get(url).text
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son\w+=", page) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


def test_every_answer_forbids_framing_and_sniffing(db, client):
    answer = client.get("/account/login/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("https", [True, False])
def test_cookies_are_secure_where_https_is_spoken(db, settings, https):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = https
    user = person("reader")
    user.set_password("correct-horse-battery")
    user.save()
    client = Client()
    answer = client.post(
        "/account/login/", {"login": "reader", "password": "correct-horse-battery"}, secure=https
    )
    assert answer.status_code == 302
    session = answer.cookies["sessionid"]
    assert bool(session["secure"]) is https
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert bool(answer.cookies["csrftoken"]["secure"]) is https
