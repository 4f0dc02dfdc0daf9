"""Which code computed something: package version and, in a checkout, the commit."""

import functools
import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def code_version() -> str:
    """Return for example ``0.1.0+3927f3f0c1de`` (``.changed`` marks uncommitted edits).

    An image without a checkout names its commit in NODEWISE_COMMIT. At most 40 characters.
    """
    try:
        version = metadata.version("nodewise")
    except metadata.PackageNotFoundError:
        version = "0"
    commit = os.environ.get("NODEWISE_COMMIT", "") or _commit()
    return (f"{version}+{commit}" if commit else version)[:40]


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command line without outside input
            [git, "describe", "--always", "--dirty=.changed", "--exclude=*", "--abbrev=12"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip() if told.returncode == 0 else ""
