"""cohorts.dicom: names of the values of a label map, from a table beside it or by convention.

A table is a CSV file named like its label map (``levels.nii.gz``: ``levels.labels.csv``) with the
columns ``value`` and ``name``. A map of stations without a table is read by `STATION_NUMBERS`.
"""

import csv
import io
import re
from pathlib import PurePosixPath

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.source_files import SourceFile

LARGEST_TABLE_BYTES = 256 * 1024
STATION_NUMBERS = {
    offset + number: f"Level {level} {side}"
    for offset, side in ((0, "right"), (10, "left"))
    for number, level in enumerate(
        ("Ia", "Ib", "IIa", "IIb", "III", "IV", "Va", "Vb", "VI"), start=1
    )
}
"""1 to 9: levels Ia, Ib, IIa, IIb, III, IV, Va, Vb, VI of the right; 11 to 19: of the left."""
_STATION_FILE = re.compile(r"(?<![a-z])(stations?|levels?)(?![a-z])")


def is_station_file(file: SourceFile) -> bool:
    """Say whether a label map is named as one of stations (``levels.nii.gz``)."""
    name = PurePosixPath(file.name).name.casefold()
    return _STATION_FILE.search(name.replace("_", " ")) is not None


def read_label_table(file: SourceFile) -> dict[int, str]:
    """Read the names of a label map's values.

    Parameters
    ----------
    file : SourceFile
        CSV, UTF-8, with the columns ``value`` and ``name`` (comma or semicolon).

    Raises
    ------
    IntakeError
        If it is no such table, or a value is no whole number or occurs twice.
    """
    try:
        with file.path.open("rb") as opened:
            data = opened.read(LARGEST_TABLE_BYTES + 1)
        if len(data) > LARGEST_TABLE_BYTES:
            raise _refusal(file, f"holds more than {LARGEST_TABLE_BYTES} bytes")
        text = data.decode("utf-8-sig")
        delimiter = ";" if ";" in text.partition("\n")[0] else ","
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refusal(file, "is no CSV file in UTF-8") from error
    names: dict[int, str] = {}
    for number, row in enumerate(rows, start=2):
        value, name = (row.get("value") or "").strip(), (row.get("name") or "").strip()
        if not (value.isascii() and value.isdecimal() and len(value) <= 10) or not name:
            raise _refusal(file, f"has no whole number and name in row {number}")
        if int(value) in names:
            raise _refusal(file, f"gives value {int(value)} twice, again in row {number}")
        names[int(value)] = name
    if not names:
        raise _refusal(file, "holds no row")
    return names


def _refusal(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.LABEL_TABLE,
        f"{found}; a table of labels has the columns value and name, one row for each value of "
        "its label map",
        file.name,
    )
