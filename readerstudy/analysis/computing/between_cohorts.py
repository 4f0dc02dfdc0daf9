"""Analysis room: the model's AUC in one cohort against another: different patients, unpaired."""

from collections.abc import Mapping
from itertools import combinations

from readerstudy.analysis.computing.endpoints import MODEL, Endpoint, ReaderView
from readerstudy.analysis.computing.node_sets import IntArray, NodeColumns, common_nodes, scores
from readerstudy.analysis.computing.node_sets import endpoint_nodes as nodes_of
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics import delong
from readerstudy.statistics.results import AucEstimate


def between_cohorts(
    columns: NodeColumns, cohorts: Mapping[str, IntArray], endpoint: Endpoint, level: float
) -> list[Plain]:
    """Compare the model's AUC between every two cohorts (first minus second).

    Parameters
    ----------
    columns : NodeColumns
    cohorts : mapping of str to ndarray of int64
        Rows per cohort name.
    endpoint : Endpoint
    level : float

    Returns
    -------
    list of dict
        ``delong`` (normal) and ``welch`` (t with Welch's degrees of freedom); empty where fewer
        than two cohorts were scored.
    """
    areas: dict[str, AucEstimate] = {}
    for name, index in cohorts.items():
        used = common_nodes(nodes_of(columns, index, endpoint), [MODEL])
        if len(used):
            values = scores(used, MODEL, ReaderView.BINARY)
            areas[name] = delong.single(used.labels, values, level=level)
    found: list[Plain] = []
    for first, second in combinations(areas, 2):
        comparison, welch = delong.unpaired(areas[first], areas[second], level=level)
        found.append(
            {
                "endpoint": endpoint.value,
                "first": first,
                "second": second,
                "delong": plain(comparison),
                "welch": plain(welch),
            }
        )
    return found
