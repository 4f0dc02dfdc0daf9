"""cohorts.tables: read a table from outside in a child process with memory and time limits."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from cohorts.tables.cells import Table, TableError, TableRow

CODE_ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 20 * 1024**2
MEMORY_BYTES = 768 * 1024**2
CPU_SECONDS = 20
WALL_SECONDS = 60
COMMAND = (sys.executable, "-m", "cohorts.tables.reading")


def read_table(data: bytes) -> Table:
    """Read a CSV or XLSX file of at most 20 MB.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file is no table, or reading it takes more memory or time than allowed.
    """
    if len(data) > MAX_BYTES:
        raise TableError(f"the file is larger than {MAX_BYTES // 1024**2} MB: split it.")
    try:
        answer = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            COMMAND,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=CODE_ROOT,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore"},
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_much("time") from error
    if answer.returncode == -signal.SIGXCPU:
        raise _too_much("time")
    if answer.returncode != 0:
        raise _too_much("memory")
    return _table_of(json.loads(answer.stdout))


def _too_much(what: str) -> TableError:
    return TableError(f"reading the table needs more {what} than allowed: save it as plain CSV.")


def _table_of(record: dict[str, Any]) -> Table:
    if "error" in record:
        raise TableError(record["error"], record["row"])
    rows = tuple(TableRow(number=number, cells=tuple(cells)) for number, cells in record["rows"])
    return Table(header=tuple(record["header"]), header_row=record["header_row"], rows=rows)


if __name__ == "__main__":
    # Imported late: the parent needs none of the parsers, and limits must come first.
    from cohorts.tables.child_limits import limit

    limit(MEMORY_BYTES, CPU_SECONDS)
    from cohorts.tables.child_main import main

    main()
