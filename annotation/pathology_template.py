"""The table to fill in: one line per patient and level, nothing in it but where it belongs."""

import csv
import io
from collections.abc import Iterable

from annotation.pathology_rules.places import ALL_PLACES
from annotation.pathology_rules.report_table import COLUMNS
from cohorts.spreadsheet import harmless


def empty_table(pseudonyms: Iterable[str]) -> str:
    """Return the table as CSV, UTF-8 with a mark that spreadsheets know it by."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for pseudonym in pseudonyms:
        for place in ALL_PLACES:
            filled = [harmless(pseudonym), place.side.value, place.level.value]
            rows.writerow(filled + [""] * (len(COLUMNS) - len(filled)))
    return "\ufeff" + target.getvalue()
