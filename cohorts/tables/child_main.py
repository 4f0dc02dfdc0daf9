"""cohorts.tables: what the child process of `reading` does: a table in, JSON out."""

import json
import sys
from typing import Any

from cohorts.tables.cells import TableError
from cohorts.tables.parsing import parse_table


def main() -> None:
    """Read a table from standard input and answer on standard output."""
    record: dict[str, Any]
    try:
        table = parse_table(sys.stdin.buffer.read())
    except TableError as refusal:
        record = {"error": refusal.error.message, "row": refusal.error.row}
    else:
        record = {
            "header": table.header,
            "header_row": table.header_row,
            "rows": [(row.number, row.cells) for row in table.rows],
        }
    sys.stdout.write(json.dumps(record))
