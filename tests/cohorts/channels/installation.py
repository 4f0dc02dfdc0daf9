"""An installation in processes of its own, so that one of them can be killed for good."""

import os
import subprocess
import sys
from pathlib import Path

from tests.migrated import write_migrated

ROOT = Path(__file__).resolve().parents[3]


class Installation:
    """A data folder, a database and one cohort; commands run in processes of their own."""

    def __init__(self, data: Path, cohort: str, **environment: str) -> None:
        data.mkdir()
        self.environment = {
            **os.environ,
            "NODEWISE_DATA_DIR": str(data),
            "DATABASE_URL": f"sqlite:///{data / 'rows.sqlite3'}",
            "NODEWISE_LEASE_SECONDS": "2",
            **environment,
        }
        write_migrated(data / "rows.sqlite3")
        self.run("createcachetable")
        make = "from cohorts.services import create_cohort; "
        make += "from cohorts.vocabulary import CohortKind; "
        make += f"create_cohort(by=None, name={cohort!r}, kind=CohortKind.DEVELOPMENT)"
        self.run("shell", "--no-imports", "-c", make)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command of manage.py."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=600)
        assert process.returncode == 0, printed
        return printed
