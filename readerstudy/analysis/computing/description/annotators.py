"""Analysis room: how far the two annotators agreed before anybody reconciled them."""

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np

from annotation.annotator_agreement import (
    LABELS,
    AnnotatorAgreement,
    CodedAgreement,
    annotator_agreement,
)
from cohorts.vocabulary import LABEL_CHOICES
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import require, require_sum
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.fleiss import landis_koch
from readerstudy.statistics.inputs import IntArray

Given = tuple[str, int, int]
"""A patient, and both labels of one of the patient's nodes."""


def annotators(material: Material, *, level: float) -> dict[str, Plain]:
    """Describe the agreement of the first and the second annotator, each alone.

    Parameters
    ----------
    material : Material
    level : float
        Confidence level of every interval.

    Returns
    -------
    dict
        ``labels`` names the rows (first annotator) and columns (second) of every ``table``.
        ``groups``: per cohort and all: an `AnnotatorAgreement`, with Landis and Koch's word for
        each kappa.

    Raises
    ------
    TableInconsistentError
        If a label is none of the four, or counts do not add up.
    """
    given = _given(material)
    entries = [_entry(group, given, level) for group in material.groups]
    for count in ("n", "n_patients"):
        parts = [cast("int", entry[count]) for entry in entries[:-1]]
        require_sum(parts, cast("int", entries[-1][count]), f"annotators: {count} labelled twice")
    labels: list[Plain] = [{"value": int(value), "label": name} for value, name in LABEL_CHOICES]
    return {"labels": labels, "groups": cast("Plain", entries)}


def _given(material: Material) -> dict[str, list[Given]]:
    """Return both labels of each node per cohort, in an order of their own."""
    pairs: dict[str, list[Given]] = {
        group.cohort: [] for group in material.cohorts if group.cohort is not None
    }
    for one in material.frozen.labels:
        pairs[one.cohort].append((one.patient, one.first, one.second))
    return {cohort: sorted(found) for cohort, found in pairs.items()}


def _entry(group: Group, by_cohort: Mapping[str, list[Given]], level: float) -> dict[str, Plain]:
    held = [(cohort, *one) for cohort, rows in by_cohort.items() for one in rows]
    held = [row for row in held if group.holds(row[0])]
    labels: IntArray = np.array([row[2:] for row in held], dtype=np.int64).reshape(-1, 2)
    place = f"annotators of {group.name}"
    require(bool(np.isin(labels, LABELS).all()), place, f"every label must be one of {LABELS}")
    found = annotator_agreement(labels, [row[:2] for row in held], level=level)
    for n, table in _tables(found):
        require_sum([count for row in table for count in row], n, f"{place}: table")
    return group.named(**_worded(found))


def _tables(found: AnnotatorAgreement) -> Iterator[tuple[int, list[list[int]]]]:
    yield found.n, found.table
    n_both = found.n - found.n_not_determinable
    yield n_both, found.categories.table
    for one in found.binary.values():
        yield n_both, one.table


def _worded(found: AnnotatorAgreement) -> dict[str, Plain]:
    numbers = cast("dict[str, Plain]", plain(found))
    numbers["categories"] = _coded(found.categories)
    numbers["binary"] = {name: _coded(one) for name, one in found.binary.items()}
    return numbers


def _coded(found: CodedAgreement) -> Plain:
    words = {name: landis_koch(one.estimate) for name, one in found.cohen_kappa.items()}
    return cast("dict[str, Plain]", plain(found)) | {"landis_koch": plain(words)}
