"""Analysis room: which columns an imported file has, and what each holds (pure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readerstudy.analysis.comparator import LABELS
from readerstudy.analysis.computing.endpoints import MODEL

MAX_READERS = 50
MAX_COLUMNS = 300
MAX_NAME = 100
"""Characters of a reader's label or a column's name."""

ALIASES = {"patient_id": "patient", "node_id": "node"}
KEY = ("cohort", "patient", "node")
REQUIRED = (*KEY, "truth")
SCORES = ("score_metastasis", "score_ene")
NODE_COLUMNS = ("short_axis_mm", "short_axis_cm", "level", "mask_digest")
PATIENT_TEXTS = ("sex", "primary_site", "pt", "pn", "staging_edition", "scanner")
PATIENT_NUMBERS = ("age_years", "slice_thickness_mm")
KNOWN = {*REQUIRED, *SCORES, *NODE_COLUMNS, *PATIENT_TEXTS, *PATIENT_NUMBERS, *LABELS}
"""Columns of the frozen data, too: a reader of that name could not be told from them."""

CALL, CONFIDENCES = "call_", ("confidence_metastasis", "confidence_ene")
_BARE_READER = re.compile(r"R[1-9][0-9]{0,2}")


class ImportRefusedError(ValueError):
    """The file cannot be imported; the message names file, line and column and what to do."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where everything stands in a line of the file.

    Attributes
    ----------
    names : tuple of str
        As written in the first line, for messages.
    known : mapping of str to int
        Position of each column that Nodewise knows, by its own name.
    calls : mapping of str to int
        Position of each reader's calls, by reader label, in the order of the file.
    confidences : mapping of (str, str) to int
        Position by ``confidence_metastasis`` or ``confidence_ene`` and reader label.
    unknown : tuple of str
        Columns without a meaning here.
    """

    names: tuple[str, ...]
    known: Mapping[str, int]
    calls: Mapping[str, int]
    confidences: Mapping[tuple[str, str], int]
    unknown: tuple[str, ...]

    @property
    def readers(self) -> tuple[str, ...]:
        """Reader labels in the order of the file."""
        return tuple(self.calls)


def columns_of(header: Sequence[str], *, file: str) -> Columns:
    """Return what the columns of a file's first line mean.

    Parameters
    ----------
    header : sequence of str
        The first line, cell by cell.
    file : str
        Name for messages.

    Raises
    ------
    ImportRefusedError
        If a column is missing, double or unnamed, or a confidence belongs to no reader.
    """
    names = tuple(cell.strip() for cell in header)
    _refuse_names(names, file)
    known: dict[str, int] = {}
    calls: dict[str, int] = {}
    confidences: dict[tuple[str, str], int] = {}
    unknown = []
    for position, name in enumerate(names):
        meant = ALIASES.get(name, name)
        if meant in KNOWN:
            if meant in known:
                raise ImportRefusedError(
                    f"{file}, line 1: '{name}' and '{names[known[meant]]}' mean the same. Keep one."
                )
            known[meant] = position
        elif (reader := _reader(name)) is not None:
            if reader in calls:
                raise ImportRefusedError(
                    f"{file}, line 1: reader '{reader}' has two columns of calls. Keep one."
                )
            calls[reader] = position
        elif (confidence := _confidence(name)) is not None:
            confidences[confidence] = position
        else:
            unknown.append(name)
    columns = Columns(
        names=names,
        known=known,
        calls=calls,
        confidences=confidences,
        unknown=tuple(unknown),
    )
    _refuse_incomplete(columns, file)
    return columns


def _reader(name: str) -> str | None:
    if name.startswith(CALL):
        return name.removeprefix(CALL)
    return name if _BARE_READER.fullmatch(name) else None


def _confidence(name: str) -> tuple[str, str] | None:
    for kind in CONFIDENCES:
        if name.startswith(f"{kind}_"):
            return kind, name.removeprefix(f"{kind}_")
    return None


def _refuse_names(names: Sequence[str], file: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise ImportRefusedError(
            f"{file}, line 1: {len(names)} columns are more than {MAX_COLUMNS}. Leave out those "
            "that the analysis does not need."
        )
    for position, name in enumerate(names, start=1):
        if not name:
            raise ImportRefusedError(
                f"{file}, line 1: column {position} has no name. Name it or remove it."
            )
        if len(name) > MAX_NAME:
            raise ImportRefusedError(
                f"{file}, line 1: the name of column {position} is longer than {MAX_NAME} "
                "characters. Shorten it."
            )
        if names.index(name) != position - 1:
            raise ImportRefusedError(f"{file}, line 1: column '{name}' is there twice. Keep one.")


def _refuse_incomplete(columns: Columns, file: str) -> None:
    missing = [name for name in REQUIRED if name not in columns.known]
    if missing:
        raise ImportRefusedError(
            f"{file}, line 1: column '{missing[0]}' is missing. The first line must name "
            f"{', '.join(REQUIRED)} and a column of calls per reader, such as call_R1, separated "
            "by commas or semicolons."
        )
    if {"short_axis_mm", "short_axis_cm"} <= set(columns.known):
        raise ImportRefusedError(
            f"{file}, line 1: short_axis_mm and short_axis_cm are both there. Keep one."
        )
    _refuse_readers(columns, file)


def _refuse_readers(columns: Columns, file: str) -> None:
    readers = columns.readers
    if not readers:
        raise ImportRefusedError(
            f"{file}, line 1: no reader found. Name each reader's column of calls call_<reader>, "
            "such as call_R1."
        )
    if len(readers) > MAX_READERS:
        raise ImportRefusedError(
            f"{file}, line 1: {len(readers)} readers are more than {MAX_READERS}. Import fewer."
        )
    if MODEL in readers or "" in readers:
        name = f"{CALL}{MODEL}" if MODEL in readers else CALL
        raise ImportRefusedError(
            f"{file}, line 1: column '{name}' needs another reader's label. The model's numbers "
            "belong in score_metastasis and score_ene."
        )
    taken = sorted(set(readers) & KNOWN)
    if taken:
        raise ImportRefusedError(
            f"{file}, line 1: column '{CALL}{taken[0]}' gives a reader the name of a column of the "
            "frozen data. Give that reader another label."
        )
    for kind, reader in columns.confidences:
        if reader not in readers:
            raise ImportRefusedError(
                f"{file}, line 1: column '{kind}_{reader}' belongs to no reader. Add the column "
                f"call_{reader} or remove it."
            )
