"""(d) The prediction worker killed with SIGKILL at many points, with and without its protection.

    python benchmarks/inference_kill.py [--kills 200] [--control-kills 40] [--seed 3]

Each kill ends a real worker process at a random time or at a random database statement, inside
transactions too; `tests/inference/killing.py` says how. The control stores a node without the
transaction around row, item and progress: it must lose rows, or the kills show nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import stage


def report(folder: Path, *, kills: int, seed: int, protected: bool) -> dict:
    values = {
        "DATABASE_URL": f"sqlite:///{folder / 'killed.sqlite3'}",
        "DJANGO_SECRET_KEY": "only-for-benchmarks-0123456789-0123456789",
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "NODEWISE_DATA_DIR": str(folder),
        "NODEWISE_INFERENCE_BATCH": "3",
        "NODEWISE_INFERENCE_THREADS": "1",
        "NODEWISE_LOG_LEVEL": "CRITICAL",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.inference.killing", "--kills", str(kills)]
    command += ["--seed", str(seed)] + ([] if protected else ["--unprotected"])
    told = subprocess.run(
        command,
        cwd=stage.ROOT,
        env=os.environ | values,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(told.stdout)


def row(name: str, found: dict) -> str:
    columns = ("kills", "timed", "at_statement", "rounds", "nodes")
    columns += ("missing", "duplicated", "different", "unfinished")
    cells = [str(found[column]) for column in columns]
    return f"| {name} | {' | '.join(cells)} | {found['seconds']:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--control-kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nodewise-bench-") as name:
        folder = Path(name)
        safe = report(folder, kills=options.kills, seed=options.seed, protected=True)
        control = report(folder, kills=options.control_kills, seed=options.seed, protected=False)
    print(
        "| worker | kills | at a time | at a statement | rounds | nodes | rows missing "
        "| rows twice | rows that differ | nodes not done | s |\n" + "|---" * 11 + "|"
    )
    print(row("as it is", safe))
    print(row("control: no transaction", control))
    if any(safe[kind] for kind in ("missing", "duplicated", "different", "unfinished")):
        raise SystemExit(f"a kill left something wrong: {safe['reasons']}")
    if not control["missing"]:
        raise SystemExit("the control lost nothing: these kills show nothing")


if __name__ == "__main__":
    main()
