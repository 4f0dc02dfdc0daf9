"""Analysis room: nodes by category and per patient, and their size (Table 2)."""

from typing import cast

import numpy as np

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.description.flow import by_category
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import quantity, require, require_sum
from readerstudy.analysis.computing.endpoints import CATEGORIES
from readerstudy.analysis.computing.node_sets import MISSING
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.results import Status

UNDETERMINED = "Undetermined"
ALL_NODES = "All nodes"


def node_table(material: Material) -> dict[str, Plain]:
    """Describe the nodes that were read.

    Parameters
    ----------
    material : Material

    Returns
    -------
    dict
        ``groups``: per cohort and all: ``n_nodes``, ``by_category``, ``undetermined``,
        ``n_patients`` (with a node) and ``patients_without_nodes``, ``nodes_per_patient`` (of
        those with a node), ``patients_with_metastasis`` and ``patients_with_ene`` (``unknown``:
        no such node, yet an undetermined one), ``short_axis_mm`` per category.

    Raises
    ------
    TableInconsistentError
        If counts do not add up.
    """
    entries = [_entry(material, group) for group in material.groups]
    for key in ("n_nodes", "n_patients", "undetermined"):
        parts = [cast("int", entry[key]) for entry in entries[:-1]]
        require_sum(parts, cast("int", entries[-1][key]), f"nodes: {key}")
    return {"groups": cast("Plain", entries)}


def _entry(material: Material, group: Group) -> dict[str, Plain]:
    truth = material.nodes.truth[group.index]
    patients, owner, per_patient = np.unique(
        material.nodes.patients[group.index], return_inverse=True, return_counts=True
    )
    undetermined = int((truth == MISSING).sum())
    counted = by_category(truth)
    place = f"nodes of {group.name}"
    require_sum([*(cast("int", one["n"]) for one in counted), undetermined], truth.size, place)
    without = len(group.patients) - patients.size
    require(without >= 0, place, "more patients have nodes than there are patients")
    sizes = quantity(per_patient.astype(np.float64), too_few=Status.TOO_FEW_PATIENTS)
    require(int(sizes.total or 0) == truth.size, place, "nodes per patient do not add up")
    return group.named(
        n_nodes=int(truth.size),
        by_category=cast("Plain", counted),
        undetermined=undetermined,
        n_patients=int(patients.size),
        patients_without_nodes=int(without),
        nodes_per_patient=plain(sizes),
        patients_with_metastasis=_patients_with(
            truth, owner, patients.size, NodeCategory.METASTASIS
        ),
        patients_with_ene=_patients_with(truth, owner, patients.size, NodeCategory.METASTASIS_ENE),
        short_axis_mm=_sizes(material.nodes.short_axis_mm[group.index], truth, place),
    )


def _patients_with(
    truth: IntArray, owner: IntArray, n_patients: int, least: NodeCategory
) -> dict[str, Plain]:
    """Count patients with a node of at least this category."""
    found = np.bincount(owner, truth >= least, n_patients) > 0
    undetermined = np.bincount(owner, truth == MISSING, n_patients) > 0
    return {
        "numerator": int(found.sum()),
        "denominator": n_patients,
        "unknown": int((undetermined & ~found).sum()),
    }


def _sizes(diameters: FloatArray, truth: IntArray, place: str) -> list[Plain]:
    """Summarise the short-axis diameter of each category, of undetermined nodes and of all."""
    kinds: list[tuple[int | None, str, FloatArray]] = [
        (category, NodeCategory(category).label, diameters[truth == category])
        for category in CATEGORIES
    ]
    kinds += [(None, UNDETERMINED, diameters[truth == MISSING]), (None, ALL_NODES, diameters)]
    summaries = [quantity(values, too_few=Status.TOO_FEW_NODES) for *_, values in kinds]
    for name in ("n", "unknown"):
        counts = [int(getattr(one, name)) for one in summaries]
        require_sum(counts[:-1], counts[-1], f"{place}: diameters, {name}")
    return [
        {"category": category, "label": label, **cast("dict[str, Plain]", plain(summary))}
        for (category, label, _), summary in zip(kinds, summaries, strict=True)
    ]
