"""Refuses a PostgreSQL server whose settings could lose an acknowledged call."""

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def refuse_unsafe_database() -> None:
    """Raise ImproperlyConfigured naming each server setting that must be switched on."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(UNSAFE)])
        found = dict(cursor.fetchall())
    wrong = sorted(name for name, value in UNSAFE.items() if found.get(name) == value)
    if wrong:
        raise ImproperlyConfigured(
            f"PostgreSQL runs with {', '.join(wrong)} switched off, so a call that was "
            "acknowledged could be lost in a power cut: switch them on in postgresql.conf."
        )
