"""What a model version consists of: its members' files and the digest over all that decides."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
EXPECTED_PER_SIDE = 5
"""Runs and folds of a cross-validated ensemble."""

_ONE_AT_A_TIME = threading.Lock()
"""A check takes a gigabyte of memory: the threads of a web process take turns."""


@dataclass(frozen=True, kw_only=True)
class CheckedMember:
    """A checkpoint that was loaded and found to be a member of the network."""

    run: int
    fold: int
    path: Path
    sha256: str
    note: str

    @property
    def name(self) -> str:
        """The member's folder in a release of checkpoints."""
        return member_name(self.run, self.fold)


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """One file: the member it stands for, and what is wrong with it (empty: nothing)."""

    run: int
    fold: int
    sha256: str
    note: str
    problem: str


def member_name(run: int, fold: int) -> str:
    """Return how people name a member: its folder in a release of checkpoints."""
    return f"RUN{run}/fold{fold}"


def check_members(folder: Path, architecture: str) -> list[CheckedMember]:
    """Load each checkpoint of the folder in a process of its own.

    Raises ValueError naming every file that is refused; nothing of a folder with one bad file is
    taken.
    """
    report = _asked(architecture, what="folder", folder=str(folder.resolve()))
    if report["problems"]:
        raise ValueError(" ".join(report["problems"]))
    return [CheckedMember(**{**one, "path": Path(one["path"])}) for one in report["members"]]


def check_file(path: Path, name: str, architecture: str) -> CheckedFile:
    """Load one file in a process of its own; ``name`` is its path in the sender's folder.

    Raises ValueError where that path stands for no member, or the process did not get to an end.
    """
    found = _asked(architecture, what="file", path=str(path.resolve()), name=name)
    if found["member"] is None:
        raise ValueError(f"{name}: its path names no member of {architecture}.")
    run, fold = found["member"]
    return CheckedFile(
        run=run, fold=fold, sha256=found["sha256"], note=found["note"], problem=found["problem"]
    )


def members_of_paths(
    paths: Sequence[str], architecture: str
) -> list[tuple[str, tuple[int, int] | None]]:
    """Return each path with the run and fold that it stands for; None where it is no member."""
    if not paths:
        return []
    found = _asked(architecture, what="paths", paths=list(paths))["members"]
    return [
        (path, None if member is None else (member[0], member[1]))
        for path, member in zip(paths, found, strict=True)
    ]


def _asked(architecture: str, **order: Any) -> dict[str, Any]:
    """Let a child process do what the order says, and return its answer."""
    seconds = settings.MODEL_CHECK_SECONDS
    order |= {
        "architecture": architecture,
        "memory_bytes": settings.MODEL_CHECK_MEMORY_BYTES,
        "seconds": seconds,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(order, file)
        file.flush()
        command = [sys.executable, "-m", "inference.member_check", file.name]
        try:
            with _ONE_AT_A_TIME:
                done = subprocess.run(  # noqa: S603 - our own module; a file we wrote is its argument
                    command,
                    cwd=ROOT,
                    env=_environment(),
                    capture_output=True,
                    text=True,
                    timeout=seconds,
                    check=False,
                )
        except subprocess.TimeoutExpired as error:
            raise ValueError(_unchecked(order, f"not finished after {seconds} s")) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise ValueError(_unchecked(order, last[:300]))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _environment() -> dict[str, str]:
    """Return what the child needs and nothing secret."""
    kept = ("PATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }


def _unchecked(order: Mapping[str, Any], why: str) -> str:
    what = order.get("name") or order.get("folder") or "The paths"
    return (
        f"{what}: the check ended early ({why}). It needs torch (install the project with its "
        "'inference' extra) and stays within NODEWISE_MODEL_CHECK_MEMORY_BYTES and "
        "NODEWISE_MODEL_CHECK_SECONDS."
    )


def version_digest(
    *,
    architecture: str,
    members: Sequence[tuple[int, int, str]],
    parameters: Mapping[str, Any],
    thresholds: Mapping[str, float],
    provenance: str,
) -> str:
    """Return the SHA-256 of the canonical JSON of everything that decides a prediction."""
    content = {
        "architecture": architecture,
        "members": [
            {"run": run, "fold": fold, "sha256": sha256} for run, fold, sha256 in sorted(members)
        ],
        "parameters": parameters,
        "thresholds": thresholds,
        "provenance": provenance,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
