"""Analysis room: how far the two annotators agreed before anybody reconciled them."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from cohorts.vocabulary import LABEL_CHOICES, NOT_DETERMINABLE
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import require, require_sum
from readerstudy.analysis.computing.endpoints import CATEGORIES, Endpoint
from readerstudy.analysis.computing.node_sets import positive
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.agreement import cohen_kappa, gwet_ac
from readerstudy.statistics.fleiss import landis_koch
from readerstudy.statistics.inputs import IntArray
from readerstudy.statistics.proportions import proportion
from readerstudy.statistics.ratings import Weighting

LABELS = tuple(int(value) for value, _ in LABEL_CHOICES)
BINARY = (0, 1)
WEIGHTINGS: tuple[Weighting, ...] = ("unweighted", "linear", "quadratic")
ALL_NODES_ENDPOINTS = (Endpoint.METASTASIS, Endpoint.ENE)


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
        ``groups``: per cohort and all: ``n`` nodes labelled twice, ``table``, ``agreement`` of all
        four answers; ``categories`` and ``binary`` (metastasis, ENE) on the nodes that both found
        determinable. Intervals take nodes as independent.

    Raises
    ------
    TableInconsistentError
        If a label is none of the four, or counts do not add up.
    """
    given = _given(material)
    entries = [_entry(group, given, level) for group in material.groups]
    parts = [cast("int", entry["n"]) for entry in entries[:-1]]
    require_sum(parts, cast("int", entries[-1]["n"]), "annotators: nodes labelled twice")
    labels: list[Plain] = [{"value": int(value), "label": name} for value, name in LABEL_CHOICES]
    return {"labels": labels, "groups": cast("Plain", entries)}


def _given(material: Material) -> dict[str, IntArray]:
    """Return both labels of each node per cohort, shape (nodes, 2), in an order of their own."""
    pairs: dict[str, list[tuple[int, int]]] = {
        group.cohort: [] for group in material.cohorts if group.cohort is not None
    }
    for one in material.frozen.labels:
        pairs[one.cohort].append((one.first, one.second))
    return {
        cohort: np.array(sorted(found), dtype=np.int64).reshape(len(found), 2)
        for cohort, found in pairs.items()
    }


def _entry(group: Group, by_cohort: Mapping[str, IntArray], level: float) -> dict[str, Plain]:
    parts = [found for cohort, found in by_cohort.items() if group.holds(cohort)]
    given: IntArray = np.concatenate([np.empty((0, 2), dtype=np.int64), *parts])
    place = f"annotators of {group.name}"
    require(bool(np.isin(given, LABELS).all()), place, f"every label must be one of {LABELS}")
    table = _table(given, LABELS)
    require_sum([int(n) for row in table for n in row], len(given), f"{place}: 4 x 4 table")
    determinable = given[(given != NOT_DETERMINABLE).all(axis=1)]
    return group.named(
        n=len(given),
        n_not_determinable=len(given) - len(determinable),
        table=cast("Plain", table),
        agreement=_agreement(given, level),
        categories=_coded(determinable, CATEGORIES, level),
        binary={
            str(endpoint): _coded(positive(determinable, endpoint).astype(np.int64), BINARY, level)
            for endpoint in ALL_NODES_ENDPOINTS
        },
    )


def _table(given: IntArray, values: Sequence[int]) -> list[list[int]]:
    """Count the nodes by the first annotator's label (rows) and the second's (columns)."""
    first, second = (np.searchsorted(values, given[:, side]) for side in (0, 1))
    cells = np.bincount(first * len(values) + second, minlength=len(values) ** 2)
    return cells.reshape(len(values), len(values)).tolist()


def _agreement(given: IntArray, level: float) -> Plain:
    alike = int((given[:, 0] == given[:, 1]).sum())
    return plain(proportion(alike, len(given), level=level))


def _coded(given: IntArray, values: Sequence[int], level: float) -> dict[str, Plain]:
    weightings = WEIGHTINGS if len(values) > len(BINARY) else WEIGHTINGS[:1]
    kappas = {
        weighting: cohen_kappa(
            given[:, 0], given[:, 1], categories=values, weighting=weighting, level=level
        )
        for weighting in weightings
    }
    return {
        "n": len(given),
        "table": cast("Plain", _table(given, values)),
        "agreement": _agreement(given, level),
        "cohen_kappa": plain(kappas),
        "landis_koch": plain({name: landis_koch(one.estimate) for name, one in kappas.items()}),
        "gwet_ac1": plain(gwet_ac(given, categories=values, level=level)),
    }
