"""Analysis room: a study read elsewhere, from one CSV file to a frozen table (pure).

Every refusal names the file, the line, the column and what to do.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readerstudy.analysis.comparator import EXTERNAL, Role
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import FrozenTable, PatientRow
from readerstudy.analysis.imported_cells import (
    Place,
    category_of,
    name_of,
    number_of,
    text_of,
    whole_number_of,
)
from readerstudy.analysis.imported_columns import (
    CONFIDENCES,
    KEY,
    PATIENT_TEXTS,
    SCORES,
    Columns,
    ImportRefusedError,
    columns_of,
)

MAX_BYTES = 50 * 1024**2
MAX_ROWS = 200_000
MODEL_NAME = "Model"
NodeKey = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One row of the file with what is needed to read its cells."""

    columns: Columns
    file: str
    number: int
    cells: Sequence[str]
    decimal_comma: bool

    def at(self, position: int) -> tuple[str, Place]:
        place = Place(
            file=self.file,
            line=self.number,
            column=self.columns.names[position],
            decimal_comma=self.decimal_comma,
        )
        return self.cells[position], place

    def known(self, column: str) -> tuple[str, Place]:
        """Return the cell of a column, empty where the file has none."""
        position = self.columns.known.get(column)
        if position is None:
            return "", Place(file=self.file, line=self.number, column=column)
        return self.at(position)


def table_from(
    data: bytes,
    *,
    file_name: str,
    title: str,
    plan: Mapping[str, Any],
    model_name: str = "",
    ignore_unknown: bool = False,
) -> FrozenTable:
    """Read a file of calls, truth and scores.

    Parameters
    ----------
    data : bytes
        UTF-8 text, with or without byte-order mark; separated by commas or semicolons.
    file_name : str
        Without folder; for messages and sources.
    title : str
        Of the study.
    plan : mapping
        Analysis plan to freeze with the data; gains the confidence view where the file has both
        confidences of every reader.
    model_name : str
        Whose scores they are; empty: the file's column ``model``, or "Model".
    ignore_unknown : bool
        Leave out columns that are not known, instead of refusing the file.

    Raises
    ------
    ImportRefusedError
    """
    lines = list(_lines(_text(data, file_name), file_name))
    columns = lines[0].columns
    if columns.unknown and not ignore_unknown:
        listed = ", ".join(f"'{name}'" for name in columns.unknown)
        raise ImportRefusedError(
            f"{file_name}, line 1: not known: {listed}. Rename or remove these columns, or choose "
            "to ignore unknown columns."
        )
    rows = tuple(_nodes(lines).values())
    digest = hashlib.sha256(data).hexdigest()
    has_scores = any(
        score is not None for row in rows for score in (row.score_metastasis, row.score_ene)
    )
    return FrozenTable(
        sources={
            "study": title,
            "origin": "imported",
            "file_name": file_name,
            "file_sha256": digest,
            "ignored_columns": list(columns.unknown),
            "plan": _plan(plan, columns),
            "amendments": [],
            "protocol_digest": "",
            "interim": False,
            "reference_standards": [],
            **_model(lines[0], model_name, digest if has_scores else ""),
        },
        table=StudyTable(readers=columns.readers, rows=rows),
        mask_digests={
            row.key: text_of(*line.known("mask_digest"))
            for row, line in zip(rows, lines, strict=True)
        },
        patients=_patients(lines),
    )


def _text(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        raise ImportRefusedError(
            f"{file}: {len(data)} bytes are more than {MAX_BYTES // 1024**2} MB. Leave out columns "
            "that the analysis does not need."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ImportRefusedError(
            f"{file}, line {line}: is not UTF-8. Save the file as “CSV UTF-8” and import it again."
        ) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise ImportRefusedError(
            f"{file}, line {line}: holds a null character and is no CSV text. Export it as CSV."
        )
    return text


def _lines(text: str, file: str) -> Iterator[_Line]:
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns, count, begin = None, 0, 1
    try:
        for cells in reader:
            number, begin = begin, reader.line_num + 1
            if columns is None:
                columns = columns_of(cells, file=file)
            elif any(cell.strip() for cell in cells):
                count += 1
                _refuse_row(cells, columns, count, file=file, line=number)
                yield _Line(
                    columns=columns,
                    file=file,
                    number=number,
                    cells=cells,
                    decimal_comma=delimiter == ";",
                )
    except csv.Error as error:
        raise ImportRefusedError(
            f"{file}, line {reader.line_num}: cannot be read as CSV ({error}). Check the quotation "
            "marks of this line."
        ) from error
    if not count:
        raise ImportRefusedError(
            f"{file}: has no row below the first line. Write the columns' names in the first line "
            "and one node in each line below."
        )


def _refuse_row(
    cells: Sequence[str], columns: Columns, count: int, *, file: str, line: int
) -> None:
    if count > MAX_ROWS:
        raise ImportRefusedError(
            f"{file}, line {line}: more than {MAX_ROWS} nodes. Split the study into several files."
        )
    if len(cells) != len(columns.names):
        raise ImportRefusedError(
            f"{file}, line {line}: {len(cells)} cells were found and {len(columns.names)} columns "
            "are named in line 1. Give every column a cell, empty where there is no value."
        )


def _nodes(lines: Sequence[_Line]) -> dict[NodeKey, NodeRow]:
    rows: dict[NodeKey, NodeRow] = {}
    begun: dict[NodeKey, int] = {}
    for line in lines:
        row = _node(line)
        if row.key in rows:
            cohort, patient, node = row.key
            raise line.known("node")[1].refuse(
                f"node {node} of patient {patient} in cohort {cohort} is already in line "
                f"{begun[row.key]}. Keep one row per node."
            )
        rows[row.key], begun[row.key] = row, line.number
    return rows


def _node(line: _Line) -> NodeRow:
    cohort, patient, node = (name_of(*line.known(column)) for column in KEY)
    score_metastasis, score_ene = (number_of(*line.known(column)) for column in SCORES)
    confidences: dict[str, dict[str, float]] = {kind: {} for kind in CONFIDENCES}
    for (kind, reader), position in line.columns.confidences.items():
        given = number_of(*line.at(position), least=0, most=100)
        if given is not None:
            confidences[kind][reader] = given
    return NodeRow(
        cohort=cohort,
        patient=patient,
        node=node,
        truth=category_of(*line.known("truth")),
        calls={r: category_of(*line.at(place)) for r, place in line.columns.calls.items()},
        score_metastasis=score_metastasis,
        score_ene=score_ene,
        short_axis_mm=_short_axis_mm(line),
        level=text_of(*line.known("level")),
        **confidences,
    )


def _short_axis_mm(line: _Line) -> float | None:
    centimetres = number_of(*line.known("short_axis_cm"), least=0, most=50)
    if centimetres is not None:
        # 1.4 cm is 14 mm, not 13.999999999999998.
        return round(centimetres * 10, 9)
    return number_of(*line.known("short_axis_mm"), least=0, most=500)


def _patients(lines: Sequence[_Line]) -> tuple[PatientRow, ...]:
    """Return one row per patient; refuse lines of a patient that contradict each other."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    begun: dict[tuple[str, str, str], int] = {}
    for line in lines:
        cohort, patient = (name_of(*line.known(column)) for column in KEY[:2])
        found = told.setdefault((cohort, patient), {})
        for column, value in _covariates(line).items():
            if value in (None, ""):
                continue
            if found.setdefault(column, value) != value:
                first = begun[cohort, patient, column]
                raise line.known(column)[1].refuse(
                    f"'{value}' contradicts '{found[column]}' of the same patient in line {first}. "
                    "Write the same value in every row of a patient."
                )
            begun.setdefault((cohort, patient, column), line.number)
    return tuple(
        PatientRow(cohort=cohort, patient=patient, model_ene=None, note="", **found)
        for (cohort, patient), found in sorted(told.items())
    )


def _covariates(line: _Line) -> dict[str, Any]:
    texts = {column: text_of(*line.known(column)) for column in PATIENT_TEXTS}
    return texts | {
        "age_years": whole_number_of(*line.known("age_years"), least=0, most=130),
        "slice_thickness_mm": number_of(*line.known("slice_thickness_mm"), least=0, most=50),
    }


def _model(first: _Line, name: str, digest: str) -> dict[str, Any]:
    """Return the model as other sources describe theirs; None for a file without scores."""
    if not digest:
        return {"model": None}
    model = {
        "name": name or text_of(*first.known("model")) or MODEL_NAME,
        "digest": digest,
        "provenance": EXTERNAL,
        "provenance_label": "Scores imported from outside",
        "architecture": "",
        "members": 0,
        "expected_members": 0,
        "thresholds": {},
    }
    return {
        "model": model,
        "role": Role.PRIMARY.value,
        "notice": "",
        "ene_rule": "Not counted: imported scores come without a threshold for ENE.",
    }


def _plan(plan: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Return a copy of the plan, with the confidence view where every reader gave both."""
    document: dict[str, Any] = json.loads(json.dumps(dict(plan)))
    asked = {(kind, reader) for kind in CONFIDENCES for reader in columns.readers}
    if asked <= set(columns.confidences) and "confidence" not in document.get("views", ()):
        document["views"] = [*document["views"], "confidence"]
    return document
