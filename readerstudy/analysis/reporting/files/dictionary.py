"""Analysis room: what every column, measure and method of the tables means (pure)."""

import csv
import io
import re
from collections.abc import Iterator

from readerstudy.analysis.comparator import LABELS
from readerstudy.analysis.reporting.files import tidy_long, wide
from readerstudy.analysis.reporting.files.meanings import (
    COLUMN_MEANINGS,
    LABEL_MEANINGS,
    OF_MEASURE,
    Meaning,
)
from readerstudy.analysis.reporting.files.meanings import MEASURES as RESULT_MEASURES
from readerstudy.analysis.reporting.files.meanings import METHODS as RESULT_METHODS
from readerstudy.analysis.reporting.files.meanings_description import (
    DESCRIBED_MEASURES,
    DESCRIBED_METHODS,
    IDENTIFIED_MEASURES,
)

MEASURES = RESULT_MEASURES | DESCRIBED_MEASURES | IDENTIFIED_MEASURES
METHODS = DESCRIBED_METHODS | RESULT_METHODS
"""Methods as patterns; the first that fits describes a method."""
HEADER = ("table", "kind", "name", "meaning", "unit", "source")


def to_csv() -> str:
    """Return the dictionary of ``results.csv`` and ``results-wide.csv``.

    Kinds are ``column``, ``measure`` and ``method``; a method stands as a pattern, in which ``*``
    is a number or a name.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_rows())
    return out.getvalue()


def _rows() -> Iterator[tuple[str, ...]]:
    for name in tidy_long.COLUMNS:
        yield ("results.csv", "column", name, *_of_column(name))
    for name, meaning in MEASURES.items():
        yield ("results.csv", "measure", name, *meaning)
    for name, meaning in METHODS.items():
        yield ("results.csv", "method", name, *meaning)
    for name in wide.COLUMNS:
        yield ("results-wide.csv", "column", name, *_of_wide(name))


def _of_column(name: str) -> Meaning:
    if name in LABELS:
        return Meaning(LABEL_MEANINGS[name])
    return COLUMN_MEANINGS[name]


def _of_wide(name: str) -> Meaning:
    if name in wide.FRAME or name in LABELS:
        return _of_column(name)
    for (measure, method), columns in wide.SOURCES.items():
        if name in columns:
            known = MEASURES[measure]
            long = columns[name]
            number = "" if long == "estimate" else f"{COLUMN_MEANINGS[long].meaning} Of: "
            how = f" Method {method}." if method != "count" else ""
            source = (known_method(method) or known).source
            own = COLUMN_MEANINGS[long].unit
            unit = known.unit if own == OF_MEASURE else own
            return Meaning(f"{number}{known.meaning}{how}", unit, source)
    raise KeyError(name)


def known_method(method: str) -> Meaning | None:
    """Return what a method of the long table means; None for one the dictionary lacks."""
    return next(
        (meaning for pattern, meaning in METHODS.items() if _fits(pattern, method)),
        None,
    )


def _fits(pattern: str, method: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*")
    return re.fullmatch(expression, method) is not None
