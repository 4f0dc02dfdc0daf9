"""Checks a folder of checkpoints in a process of its own: ``python -m inference.member_check DIR``.

It needs torch, which the caller may not load, and a file that eats memory or time ends only it.
Prints one JSON object: ``members`` (run, fold, path, sha256, note) and ``problems`` (sentences).
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from inference.deepene.checkpoints import CheckpointError, MemberFile, find_members, load_checkpoint

MEMORY_BYTES = 16 << 30


def check_folder(folder: Path) -> dict[str, list[Any]]:
    """Load every member once; list those that are good and a sentence for each that is not."""
    report: dict[str, list[Any]] = {"members": [], "problems": []}
    try:
        found = find_members(folder)
    except ValueError as refusal:
        report["problems"].append(str(refusal))
        return report
    for member in found:
        try:
            report["members"].append(_checked(member))
        except CheckpointError as refusal:
            report["problems"].append(str(refusal))
    return report


def _checked(member: MemberFile) -> dict[str, object]:
    checkpoint = load_checkpoint(member.path)
    return {
        "run": member.run,
        "fold": member.fold,
        "path": str(member.path),
        "sha256": checkpoint.sha256,
        "note": checkpoint.note,
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    json.dump(check_folder(Path(sys.argv[1])), sys.stdout)
