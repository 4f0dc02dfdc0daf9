"""Scores of other models from a CSV file: rows in, or every problem with its row and column (pure).

Columns, in any order: ``patient,node,score_metastasis,score_ene``. Scores are finite decimal
numbers, higher meaning more suspicious.
"""

import csv
import hashlib
import io
import json
import math
import re
from dataclasses import dataclass

COLUMNS = ("patient", "node", "score_metastasis", "score_ene")
SCORES = ("score_metastasis", "score_ene")
_DECIMAL = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$", re.ASCII)
_WHOLE = re.compile(r"^[1-9]\d{0,8}$", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong, and where: row 1 is the header; row 0 the file as a whole."""

    row: int
    column: str
    sentence: str

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (f"row {self.row}" if self.row else "", self.column) if part
        )
        return f"{where}: {self.sentence}" if where else self.sentence


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One node's scores as written in the file."""

    row: int
    patient: str
    node: int
    metastasis: float
    ene: float


@dataclass(frozen=True, kw_only=True)
class ScoreFile:
    """The rows that could be read, and the problems of the others."""

    rows: tuple[ScoreRow, ...]
    problems: tuple[Problem, ...]

    def content_sha256(self) -> str:
        """Return the digest of the content, whatever the order of rows and the way of writing."""
        content = sorted([row.patient, row.node, row.metastasis, row.ene] for row in self.rows)
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def read_scores(text: str) -> ScoreFile:
    """Read the whole file; nothing is guessed and nothing is skipped silently."""
    try:
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        return _refused(Problem(row=0, column="", sentence=f"This is not a CSV file ({error})."))
    if not lines:
        return _refused(Problem(row=0, column="", sentence="The file is empty."))
    header = [name.strip() for name in lines[0]]
    if problems := _header_problems(header):
        return _refused(*problems)
    return _read_rows(header, lines[1:])


def _refused(*problems: Problem) -> ScoreFile:
    return ScoreFile(rows=(), problems=problems)


def _header_problems(header: list[str]) -> list[Problem]:
    """Name each column that is missing, unknown or there twice."""
    expected = f"The header must hold {', '.join(COLUMNS)}, separated by commas."
    sentences = [f"'{name}' is missing. {expected}" for name in COLUMNS if name not in header]
    sentences += [f"'{name}' is not known. {expected}" for name in header if name not in COLUMNS]
    sentences += [f"'{name}' is there twice." for name in COLUMNS if header.count(name) > 1]
    return [Problem(row=1, column="", sentence=sentence) for sentence in sentences]


def _read_rows(header: list[str], lines: list[list[str]]) -> ScoreFile:
    rows: list[ScoreRow] = []
    problems: list[Problem] = []
    first_row_of: dict[tuple[str, int], int] = {}
    for number, line in enumerate(lines, start=2):
        if not any(value.strip() for value in line):
            continue
        row, wrong = _read_row(number, header, line)
        problems += wrong
        if row is None:
            continue
        before = first_row_of.setdefault((row.patient, row.node), number)
        if before != number:
            sentence = f"patient '{row.patient}' node {row.node} stands in row {before} already."
            problems.append(Problem(row=number, column="node", sentence=sentence))
        rows.append(row)
    if not rows and not problems:
        problems.append(Problem(row=0, column="", sentence="The file holds a header but no row."))
    return ScoreFile(rows=tuple(rows), problems=tuple(problems))


def _read_row(
    number: int, header: list[str], line: list[str]
) -> tuple[ScoreRow | None, list[Problem]]:
    if len(line) != len(header):
        sentence = f"{len(header)} values were expected, {len(line)} were found."
        return None, [Problem(row=number, column="", sentence=sentence)]
    cells = {name: value.strip() for name, value in zip(header, line, strict=True)}
    problems = [
        Problem(row=number, column=column, sentence=sentence)
        for column in COLUMNS
        if (sentence := _fault(column, cells[column]))
    ]
    if problems:
        return None, problems
    row = ScoreRow(
        row=number,
        patient=cells["patient"],
        node=int(cells["node"]),
        metastasis=float(cells["score_metastasis"]),
        ene=float(cells["score_ene"]),
    )
    return row, []


def _fault(column: str, value: str) -> str:
    """Say what is wrong with a cell; nothing if it is right."""
    if not value:
        return "the value is missing."
    if column == "node" and not _WHOLE.match(value):
        return f"'{value[:40]}' is not a node number (a whole number from 1)."
    if column in SCORES and not (_DECIMAL.match(value) and math.isfinite(float(value))):
        return f"'{value[:40]}' is not a finite number with a decimal point."
    return ""
