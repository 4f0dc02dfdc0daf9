"""A migrated SQLite database, made once and then copied: migrating takes half a minute each time.

Every test process and every installation that a test starts begins with the same empty tables. The
file lies in the temporary folder and is named by what made it; another migration makes another.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_migrated(target: Path) -> None:
    """Write a database file as ``manage.py migrate`` makes it."""
    shutil.copyfile(migrated_file(), target)


def migrated_file() -> Path:
    """Return the file, after making it if it is not there."""
    file = Path(tempfile.gettempdir()) / f"nodewise-migrated-{_digest()}.sqlite3"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test processes one makes it
        if not file.exists():
            _migrate(file)
    return file


def _migrate(file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="nodewise-migrated-", dir=file.parent) as folder:
        made = Path(folder) / "made.sqlite3"
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": f"sqlite:///{made}"},
            check=True,
        )
        made.rename(file)


def _digest() -> str:
    """Name the migrations and the versions of the libraries whose migrations run beside them."""
    found = hashlib.sha256()
    for path in sorted([*ROOT.rglob("migrations/*.py"), ROOT / "constraints.txt"]):
        if ".venv" not in path.parts:
            found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]
