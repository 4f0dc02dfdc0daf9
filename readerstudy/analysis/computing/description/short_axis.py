"""Analysis room: the short-axis diameter by category, and how well it alone tells disease."""

from typing import cast

import numpy as np

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.description.group_tests import compared_ranks
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import (
    MOST_VALUES,
    known_values,
    require_sum,
    thinned,
)
from readerstudy.analysis.computing.endpoints import CATEGORIES, Endpoint
from readerstudy.analysis.computing.node_sets import MISSING, positive
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.clustered import clustered_auc
from readerstudy.statistics.delong import single
from readerstudy.statistics.inputs import FloatArray


def short_axis(material: Material, *, level: float) -> dict[str, Plain]:
    """Return diameters by category for a figure, tests between categories, and areas.

    Parameters
    ----------
    material : Material
    level : float
        Confidence level of the areas.

    Returns
    -------
    dict
        ``groups``: per cohort and all: ``categories`` with ``n``, ``unknown`` and ascending
        ``values_mm`` (all of them, or 2000 at even ranks where ``thinned``), ``tests`` by ranks,
        and ``auc`` per endpoint of the diameter as the score: DeLong, and by patient. The tests
        take nodes as independent.
    """
    entries = [_entry(material, group, level) for group in material.groups]
    return {"most_values": MOST_VALUES, "groups": cast("Plain", entries)}


def _entry(material: Material, group: Group, level: float) -> dict[str, Plain]:
    truth, diameters = material.nodes.truth[group.index], material.nodes.short_axis_mm[group.index]
    values = {category: known_values(diameters[truth == category]) for category in CATEGORIES}
    categories: list[Plain] = []
    counted = [int((truth == MISSING).sum())]
    for category, known in values.items():
        n = int((truth == category).sum())
        counted.append(n)
        categories.append(
            {
                "category": category,
                "label": NodeCategory(category).label,
                "n": int(known.size),
                "unknown": n - int(known.size),
                "thinned": known.size > MOST_VALUES,
                "values_mm": cast("Plain", thinned(known)),
            }
        )
    require_sum(counted, int(truth.size), f"short-axis diameters of {group.name}")
    return group.named(
        categories=categories,
        tests=_tests(values),
        auc={str(endpoint): _area(material, group, endpoint, level) for endpoint in Endpoint},
    )


def _tests(values: dict[int, FloatArray]) -> list[Plain]:
    benign, without, with_ene = (values[int(category)] for category in NodeCategory)
    compared = {
        "benign_against_metastatic": (benign, np.sort(np.concatenate([without, with_ene]))),
        "metastasis_without_against_with_ene": (without, with_ene),
        "three_categories": (benign, without, with_ene),
    }
    return [
        {"compared": name, **cast("dict[str, Plain]", compared_ranks(samples))}
        for name, samples in compared.items()
    ]


def _area(material: Material, group: Group, endpoint: Endpoint, level: float) -> Plain:
    """Return the area under the curve of the diameter alone."""
    truth = material.nodes.truth[group.index]
    asked = truth != MISSING
    if endpoint is Endpoint.ENE_AMONG_METASTATIC:
        asked &= truth != NodeCategory.BENIGN
    diameters = material.nodes.short_axis_mm[group.index]
    used = asked & ~np.isnan(diameters)
    labels = positive(truth[used], endpoint).astype(np.int64)
    patients = material.nodes.patients[group.index][used]
    return {
        "unknown": int(asked.sum() - used.sum()),
        "delong": plain(single(labels, diameters[used], level=level)),
        "by_patient": plain(clustered_auc(labels, diameters[used], patients, level=level)),
    }
