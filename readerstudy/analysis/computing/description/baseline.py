"""Analysis room: the patients of each cohort, and tests between cohorts (Table 1)."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np

from readerstudy.analysis.computing.description.group_tests import (
    compared_counts,
    compared_quantities,
)
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import (
    floats,
    known_values,
    quantity,
    require_sum,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.inputs import IntArray
from readerstudy.statistics.results import Status

FEWEST_COHORTS = 2
TOO_FEW = Status.TOO_FEW_PATIENTS
QUANTITIES = (("age_years", "Age", "years"),)
CATEGORIES = (
    ("sex", "Sex", ""),
    ("primary_site", "Primary site", ""),
    ("pt", "pT", ""),
    ("pn", "pN", ""),
    ("staging_edition", "Staging edition", ""),
    ("scanner", "Scanner", ""),
    ("slice_thickness_mm", "Slice thickness", "mm"),
)


def baseline(material: Material) -> dict[str, Plain]:
    """Describe the patients, those in whom no node was found included.

    Parameters
    ----------
    material : Material

    Returns
    -------
    dict
        ``groups``: patients per cohort and of all; ``variables``: age summarised, everything else
        counted by value; each with ``unknown`` per group and, from two cohorts on, tests of
        the known values: ``overall`` between all cohorts and ``against_first`` of each other
        cohort with the first (empty for two cohorts, where ``overall`` is that test). P values
        are not adjusted.

    Raises
    ------
    TableInconsistentError
        If counts do not add up.
    """
    groups = [group.named(patients=len(group.patients)) for group in material.groups]
    parts = [cast("int", entry["patients"]) for entry in groups[:-1]]
    require_sum(parts, len(material.groups[-1].patients), "baseline: patients")
    variables = [_quantity(material, *named) for named in QUANTITIES]
    variables += [_category(material, *named) for named in CATEGORIES]
    return {"groups": cast("Plain", groups), "variables": cast("Plain", variables)}


def _quantity(material: Material, key: str, name: str, unit: str) -> dict[str, Plain]:
    values = [floats(getattr(one, key) for one in group.patients) for group in material.groups]
    entries: list[Plain] = []
    for group, found in zip(material.groups, values, strict=True):
        summary = quantity(found, too_few=TOO_FEW)
        place = f"baseline: {name} of {group.name}"
        require_sum([summary.n, summary.unknown], len(group.patients), place)
        entries.append(group.named(**cast("dict[str, Plain]", plain(summary))))
    known = [known_values(found) for found in values[:-1]]
    overall: list[Plain] = []
    against: list[Plain] = []
    if len(known) >= FEWEST_COHORTS:
        overall = compared_quantities(known, too_few=TOO_FEW)
    if len(known) > FEWEST_COHORTS:
        against = [
            _against(material, at, compared_quantities([known[0], known[at]], too_few=TOO_FEW))
            for at in range(1, len(known))
        ]
    return {
        "key": key,
        "name": name,
        "unit": unit,
        "kind": "quantity",
        "groups": entries,
        "overall": overall,
        "against_first": against,
    }


def _category(material: Material, key: str, name: str, unit: str) -> dict[str, Plain]:
    found = [
        Counter(_word(getattr(one, key)) for one in group.patients) for group in material.groups
    ]
    values = _ordered(set(found[-1]) - {""})
    counts = np.array(
        [[words[value] for value in values] for words in found], dtype=np.int64
    ).reshape(len(found), len(values))
    rows = [
        _counted(group, words, values, row)
        for group, words, row in zip(material.groups, found, counts, strict=True)
    ]
    require_sum(counts[:-1].ravel().tolist(), int(counts[-1].sum()), f"baseline: {name}")
    cohorts = counts[:-1]
    overall: list[Plain] = []
    against: list[Plain] = []
    if len(cohorts) >= FEWEST_COHORTS:
        overall = compared_counts(cohorts)
    if len(cohorts) > FEWEST_COHORTS:
        against = [
            _against(material, at, compared_counts(cohorts[[0, at]]))
            for at in range(1, len(cohorts))
        ]
    return {
        "key": key,
        "name": name,
        "unit": unit,
        "kind": "category",
        "values": cast("Plain", list(values)),
        "groups": cast("Plain", rows),
        "overall": overall,
        "against_first": against,
    }


def _word(found: str | float | None) -> str:
    """Return a value as a word; empty where unknown."""
    if found is None:
        return ""
    if isinstance(found, str):
        return found
    number = float(found)
    # Every digit stays; 2.0 and 2 are one thickness.
    return str(int(number)) if number.is_integer() else repr(number)


def _ordered(values: set[str]) -> tuple[str, ...]:
    """Order numbers by size, before words by name."""
    return tuple(sorted(values, key=_rank))


def _rank(value: str) -> tuple[int, float, str]:
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def _counted(
    group: Group, words: Counter[str], values: Sequence[str], row: IntArray
) -> dict[str, Plain]:
    unknown = words[""]
    known = len(group.patients) - unknown
    place = f"baseline of {group.name}"
    require_sum([int(row.sum()), unknown], len(group.patients), place)
    counts: list[Plain] = [
        {"value": value, "numerator": int(n), "denominator": known}
        for value, n in zip(values, row, strict=True)
    ]
    return group.named(n=known, unknown=unknown, counts=counts)


def _against(material: Material, at: int, tests: list[Plain]) -> Plain:
    first, other = material.cohorts[0], material.cohorts[at]
    return {"cohort": other.name, "against": first.name, "tests": tests}
