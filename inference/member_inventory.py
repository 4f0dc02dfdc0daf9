"""What a model version consists of: its members' files and the digest over all that decides."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHECK_SECONDS = 1800


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
        return f"RUN{self.run}/fold{self.fold}"


def check_members(folder: Path) -> list[CheckedMember]:
    """Load each checkpoint of the folder in a process of its own.

    Raises ValueError naming every file that is refused; nothing of a folder with one bad file is
    taken.
    """
    command = [sys.executable, "-m", "inference.member_check", str(folder.resolve())]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the folder is its only argument
            command, cwd=ROOT, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"{folder}: the checkpoints could not be checked within {CHECK_SECONDS} s."
        ) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise ValueError(
            f"{folder}: checking the checkpoints ended early ({last}). They need torch: "
            "install the project with its 'inference' extra."
        )
    report = json.loads(done.stdout)
    if report["problems"]:
        raise ValueError(" ".join(report["problems"]))
    return [CheckedMember(**{**one, "path": Path(one["path"])}) for one in report["members"]]


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
