"""A whole installation in a temporary folder: real web server, real worker, a database file."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.people import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 4
LOGS = ("server.log", "worker.log")
START_S = 90
COMMAND_S = 180
PROVIDER = "Folder of masks"


class Installation:
    """Started as an operator would: prepare, accounts, server, worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "nodewise.sqlite3"
        self.proposed = folder / "proposed"
        provider = {"name": PROVIDER, "version": "1", "kind": "folder"}
        provider |= {"settings": {"path": str(self.proposed)}}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DJANGO_ALLOW_ASYNC_UNSAFE", "NODEWISE_STATIC_FROM_SOURCE"}
        }
        self.environment = inherited | {
            "DJANGO_SECRET_KEY": "end-to-end-0123456789-0123456789-0123456789",
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "NODEWISE_DATA_DIR": str(folder),
            "NODEWISE_LEASE_SECONDS": str(LEASE_S),
            "NODEWISE_CANDIDATE_PROVIDERS": json.dumps([provider]),
            "NODEWISE_INFERENCE_THREADS": "1",
            "NODEWISE_LOG_LEVEL": "WARNING",
            "NODEWISE_PASSWORD": PASSWORD,
            "OMP_NUM_THREADS": "1",
        }
        self.accounts: set[str] = set()
        self.provoked_errors: list[str] = []
        self.children: list[subprocess.Popen[bytes]] = []
        # Bound before the server starts and handed over open: nobody else can take the port.
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}: {done.stderr[-2000:]}"
        return done.stdout

    def create_accounts(self, *usernames: str, may_create_cohorts: bool = False) -> None:
        """Create those that are not there yet."""
        for username in usernames:
            if username not in self.accounts:
                flags = ["--may-create-cohorts"] if may_create_cohorts else []
                self.manage("create_user", username, "--email", f"{username}@example.org", *flags)
                self.accounts.add(username)

    def start_server(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "readerstudy.wsgi"]
        command += ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]
        server = self._start(
            [*command, "--bind", f"fd://{self.socket.fileno()}"],
            "server.log",
            keep_open=(self.socket.fileno(),),
        )
        deadline = time.monotonic() + START_S
        while True:
            assert server.poll() is None, self.log("server.log")
            try:
                urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert time.monotonic() < deadline, self.log("server.log")
                time.sleep(0.05)

    def start_worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "run_worker"]
        return self._start([*command, "--interval", "0.2", "--reconcile-every", "1"], "worker.log")

    def _start(
        self, command: list[str], log: str, *, keep_open: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as output:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                pass_fds=keep_open,
            )
        self.children.append(child)
        return child

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        """End a process without any warning, as a power cut would."""
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=30)
        self.children.remove(child)

    def stop(self) -> None:
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.socket.close()

    def log(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def unexpected_errors(self) -> list[str]:
        """Lines of the two logs that tell of an error no test asked for."""
        lines = [line for name in LOGS for line in self.log(name).splitlines()]
        return [
            line[-2000:]
            for line in lines
            if ('"ERROR"' in line or "Traceback" in line)
            and not any(text in line for text in self.provoked_errors)
        ]

    def ask(self, question: str, *values: object) -> list[tuple]:
        """Query the database file behind the application's back."""
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            return database.execute(question, values).fetchall()

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest[:2] / digest[2:4] / digest
