"""Looks at checkpoints in a process of its own: ``python -m inference.member_check ORDER``.

It needs torch, which the caller may not load, and a file that eats memory or time ends only it.
ORDER is a JSON file (see `inference.member_inventory`); one JSON object is printed.
"""

import json
import math
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference.runner import CheckpointFile, Runner, runner_of

Order = dict[str, Any]
Answer = dict[str, Any]


def check_folder(runner: Runner, order: Order) -> Answer:
    """Load every member of a folder once; list the good ones, and a sentence for each other."""
    members, problems = [], []
    try:
        found = runner.find_members(Path(order["folder"]))
    except ValueError as refusal:
        return {"members": [], "problems": [str(refusal)]}
    for member in found:
        try:
            members.append(_checked(runner, member))
        except ValueError as refusal:
            problems.append(str(refusal))
    return {"members": members, "problems": problems}


def _checked(runner: Runner, member: CheckpointFile) -> Answer:
    loaded = runner.load_checkpoint(member.path)
    return {
        "run": member.run,
        "fold": member.fold,
        "path": str(member.path),
        "sha256": loaded.sha256,
        "note": loaded.note,
    }


def check_file(runner: Runner, order: Order) -> Answer:
    """Load one file that shall be the member its path in the sender's folder stands for."""
    member = runner.member_of_path(order["name"])
    if member is None:
        return {"member": None}
    answer: Answer = {"member": member, "sha256": "", "note": "", "problem": ""}
    try:
        loaded = runner.load_checkpoint(Path(order["path"]))
    except ValueError as refusal:
        return answer | {"problem": str(refusal).replace(order["path"], order["name"])}
    return answer | {"sha256": loaded.sha256, "note": loaded.note}


def name_members(runner: Runner, order: Order) -> Answer:
    """Say which of some relative paths stand for a member, and for which."""
    return {"members": [runner.member_of_path(path) for path in order["paths"]]}


WHAT: dict[str, Callable[[Runner, Order], Answer]] = {
    "folder": check_folder,
    "file": check_file,
    "paths": name_members,
}


def main(path: str) -> None:
    """Limit this process, then do what the order says."""
    order = json.loads(Path(path).read_text(encoding="utf-8"))
    memory, seconds = order["memory_bytes"], math.ceil(order["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(WHAT[order["what"]](runner_of(order["architecture"]), order), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
