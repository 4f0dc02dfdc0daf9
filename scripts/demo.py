"""Run the whole application on the demonstration study: web server and one worker.

Everything lives in var/demo; a second start keeps what was done there.
"""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "var" / "demo"
START_SECONDS = 60

LOGINS = """
  Who                User name      What to try first
  Readers            reader1        "Continue", then keys 1, 2, 3 (reader2 and reader3 likewise)
  Coordinator        coordinator    Studies: live progress; Cohorts: intake; Models: predictions
  Annotators         annotator1     Labelling (annotator2 likewise)
  Adjudicator        adjudicator    Adjudication: the open disagreements
  Statistician       statistician   Analysis: the finished study's report

  The password of each is {password}
"""


def main() -> int:
    """Prepare, start both processes, print where to go, wait, stop both."""
    options = _options()
    environment = _environment(options)
    _refuse_taken_port(options.host, options.port)
    for command in (["prepare"], ["make_demo"]):
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment)
        if done.returncode:
            return done.returncode
    children = [_start(command, environment) for command in _commands(options)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _wait_until_serving(options, children)
        _print_welcome(options, environment["NODEWISE_DEMO_PASSWORD"])
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(children)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    return parser.parse_args()


def _environment(options: argparse.Namespace) -> dict[str, str]:
    DATA.mkdir(parents=True, exist_ok=True)
    secret = DATA / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return os.environ | {
        "DJANGO_SECRET_KEY": secret.read_text(encoding="utf-8"),
        "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "NODEWISE_DATA_DIR": str(DATA),
        "NODEWISE_DEMO": "true",
        "NODEWISE_DEMO_PASSWORD": "demo-nodewise",
        "NODEWISE_LOG_LEVEL": "WARNING",
        # Two torch threads fight with the web server on two cores; one is faster there.
        "NODEWISE_INFERENCE_THREADS": os.environ.get("NODEWISE_INFERENCE_THREADS", "1"),
        "DATABASE_URL": f"sqlite:///{DATA / 'nodewise.sqlite3'}",
    }


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            sys.exit(
                f"Port {port} is taken: stop what uses it, or choose another: make demo PORT=8001"
            )


def _commands(options: argparse.Namespace) -> list[list[str]]:
    web = [sys.executable, "-m", "gunicorn", "readerstudy.wsgi", "--worker-class", "gthread"]
    web += ["--threads", "8", "--bind", f"{options.host}:{options.port}", "--log-level", "warning"]
    return [web, [sys.executable, "manage.py", "run_worker"]]


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def _wait_until_serving(
    options: argparse.Namespace, children: list[subprocess.Popen[bytes]]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if any(child.poll() is not None for child in children):
            sys.exit("A process ended at the start; its message stands above.")
        try:
            urllib.request.urlopen(f"http://{options.host}:{options.port}/healthz", timeout=2)
            return
        except OSError:  # refused, reset or slow: not there yet
            time.sleep(0.2)
    sys.exit(f"The server did not answer within {START_SECONDS} seconds.")


def _print_welcome(options: argparse.Namespace, password: str) -> None:
    print(f"\nNodewise is running at  http://{options.host}:{options.port}/")
    print(LOGINS.format(password=password))
    print(
        "  Stop with Ctrl+C. 'make demo' starts again with everything kept; "
        "'make clean-demo' forgets it.\n",
        flush=True,
    )


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()


if __name__ == "__main__":
    sys.exit(main())
