"""An annotator's labels as a CSV file: read with every error at once, and written (pure)."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from annotation.consensus import LABELS
from annotation.pathology_rules.details import NOT_RECORDED, LabelDetails, problems_of
from annotation.pathology_rules.places import place_named
from cohorts.spreadsheet import harmless
from cohorts.tables.cells import CellError
from cohorts.vocabulary import NOT_DETERMINABLE, NodeCategory

MAX_BYTES = 2 * 1024 * 1024
MAX_COMMENT = 2000
REQUIRED = ("patient", "node", "label")
DETAILS = ("place", "matched", "basis", "certainty", "matted")
OPTIONAL = (*DETAILS, "comment")
LABEL_NAMES = {category.name.lower(): int(category) for category in NodeCategory} | {
    "not_determinable": NOT_DETERMINABLE
}


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """One label as read; ``row`` is the line's number in the file.

    Of ``details`` only those in ``told`` were columns of the file; ``comment`` is None without
    its column. What the file does not tell stays as it was recorded.
    """

    row: int
    patient: str
    node: int
    label: int
    comment: str | None = None
    details: LabelDetails = NOT_RECORDED
    told: frozenset[str] = frozenset()

    def details_over(self, earlier: LabelDetails) -> LabelDetails:
        """Return what stands beside the label once the file's columns are laid over it."""
        told = {name: value for name, value in asdict(self.details).items() if name in self.told}
        return replace(earlier, **told)


Known = Mapping[str, Collection[int]]
"""The patients that may be labelled, by pseudonym, and the numbers of their nodes."""


def read_labels(data: bytes, known: Known) -> tuple[list[LabelRow], list[CellError]]:
    """Read the file and return the rows that were understood and everything that was not.

    Parameters
    ----------
    data : bytes
        UTF-8 text, with or without byte order mark; columns ``patient``, ``node``, ``label`` and
        optionally ``place``, ``matched`` (such as "left IIa"), ``basis`` (a `Basis`),
        ``certainty`` (1 to 3), ``matted``, ``comment``, in any order, separated by comma or
        semicolon. A label is 0, 1, 2, 9 or ``benign``, ``metastasis``, ``metastasis_ene``,
        ``not_determinable``.
    known : mapping of str to collection of int
        The patients that may occur, by pseudonym, and the numbers of their nodes.

    Returns
    -------
    rows : list of LabelRow
        In file order.
    errors : list of CellError
        In file order; with any of these nothing of the file should be used.
    """
    text, refusal = _text(data)
    if refusal:
        return [], [_error(1, "", refusal)]
    lines = text.splitlines()
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    numbered: list[tuple[int, list[str]]] = []
    starts_at = 1
    try:
        for cells in reader:
            numbered.append((starts_at, cells))
            starts_at = reader.line_num + 1
    except csv.Error as error:
        message = f"the table cannot be read from here on ({error}): check the quotes."
        return [], [_error(starts_at, "", message)]
    return _read_table(numbered, known)


def _text(data: bytes) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        return "", f"the file is larger than {MAX_BYTES // 1024**2} MB: split it by patients."
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return "", f"line {line} is not UTF-8 text: save the file as 'CSV UTF-8'."
    if "\0" in text:
        return "", "this is not a text file: a CSV file was expected."
    if not text.strip():
        return "", f"the file is empty: a header line '{','.join(REQUIRED)}' was expected."
    return text, ""


def _read_table(
    numbered: list[tuple[int, list[str]]], known: Known
) -> tuple[list[LabelRow], list[CellError]]:
    (first_line, first), *body = numbered
    header = [name.strip().lower() for name in first]
    errors = [_error(first_line, *problem) for problem in _header_problems(header)]
    if errors:
        return [], errors
    rows: list[LabelRow] = []
    seen: dict[tuple[str, int], int] = {}
    for line, cells in body:
        if not any(cell.strip() for cell in cells):
            continue
        found = list(_row_errors(line, header, cells, known))
        if not found:
            row = _row(line, dict(zip(header, map(str.strip, cells), strict=True)))
            found = list(_repeat(row, seen))
            rows.append(row)
        errors += found
    if not rows and not errors:
        errors.append(_error(first_line, "", "there is no label below the header line."))
    return rows, errors


def _header_problems(header: list[str]) -> Iterator[tuple[str, str]]:
    for name in REQUIRED:
        if name not in header:
            yield name, "this column is missing in the header line."
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield name, "this column occurs more than once."
        if name not in (*REQUIRED, *OPTIONAL):
            known = ", ".join((*REQUIRED, *OPTIONAL))
            yield name, f"'{name[:40]}' is not a known column: only {known} are read."


def _row_errors(
    line: int, header: list[str], cells: list[str], known: Known
) -> Iterator[CellError]:
    if len(cells) != len(header):
        message = f"{len(header)} cells were expected, {len(cells)} found."
        yield _error(line, "", message)
        return
    values = dict(zip(header, map(str.strip, cells), strict=True))
    yield from _place_errors(line, values["patient"], values["node"], known)
    if _label(values["label"]) is None:
        names = ", ".join(LABEL_NAMES)
        numbers = ", ".join(map(str, sorted(LABELS)))
        yield _error(
            line, "label", f"'{values['label'][:40]}' is not a label: use {numbers} or {names}."
        )
    else:
        yield from _detail_errors(line, values)
    if len(values.get("comment", "")) > MAX_COMMENT:
        yield _error(line, "comment", f"a comment has at most {MAX_COMMENT} characters.")


def _detail_errors(line: int, values: Mapping[str, str]) -> Iterator[CellError]:
    certainty = values.get("certainty", "")
    if certainty and not _is_number(certainty):
        yield _error(line, "certainty", f"'{certainty[:40]}' is no certainty: use 1, 2 or 3.")
        return
    label = _label(values["label"]) or 0
    for column, message in problems_of(label, _details(values)):
        yield _error(line, column, message)


def _details(values: Mapping[str, str]) -> LabelDetails:
    certainty = values.get("certainty", "")
    return LabelDetails(
        place=_place(values.get("place", "")),
        matched=_place(values.get("matched", "")),
        basis=values.get("basis", "").lower(),
        certainty=int(certainty) if certainty else None,
        matted=values.get("matted", ""),
    ).tidied()


def _place(text: str) -> str:
    """Return a place as it is stored; what is none is left for `problems_of` to refuse."""
    place = place_named(text)
    return str(place) if place else text


def _place_errors(line: int, patient: str, node: str, known: Known) -> Iterator[CellError]:
    if not patient:
        yield _error(line, "patient", "the pseudonym is missing.")
    elif patient not in known:
        message = f"'{patient[:40]}' is no included patient of this cohort."
        yield _error(line, "patient", message)
    if not _is_number(node):
        yield _error(line, "node", f"'{node[:40]}' is not a node number such as 3.")
    elif patient in known and int(node) not in known[patient]:
        yield _error(line, "node", f"{patient} has no node {int(node)}.")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _label(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) == 1 and int(text) in LABELS:
        return int(text)
    return LABEL_NAMES.get(text.lower())


def _row(line: int, values: dict[str, str]) -> LabelRow:
    return LabelRow(
        row=line,
        patient=values["patient"],
        node=int(values["node"]),
        label=_label(values["label"]) or 0,
        comment=values.get("comment"),
        details=_details(values),
        told=frozenset(DETAILS) & values.keys(),
    )


def as_csv(rows: Iterable[LabelRow]) -> str:
    """Return labels as the file that `read_labels` reads, safe to open in a spreadsheet."""
    names = {label: name for name, label in LABEL_NAMES.items()}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*REQUIRED, *OPTIONAL))
    for row in rows:
        details = asdict(row.details)
        cells = (
            row.patient,
            row.node,
            names[row.label],
            *("" if details[name] is None else details[name] for name in DETAILS),
            row.comment or "",
        )
        writer.writerow([harmless(str(cell)) for cell in cells])
    return out.getvalue()


def _repeat(row: LabelRow, seen: dict[tuple[str, int], int]) -> Iterator[CellError]:
    earlier = seen.setdefault((row.patient, row.node), row.row)
    if earlier != row.row:
        message = f"node {row.node} of {row.patient} already has a label in row {earlier}."
        yield _error(row.row, "node", message)


def _error(row: int, column: str, message: str) -> CellError:
    return CellError(row=row, column=column, message=message)
