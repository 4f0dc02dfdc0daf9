"""Analysis room: who was studied and how: the describing tables beside the results."""

from readerstudy.analysis.computing.description.annotators import annotators
from readerstudy.analysis.computing.description.baseline import baseline
from readerstudy.analysis.computing.description.flow import flow
from readerstudy.analysis.computing.description.frozen import Frozen
from readerstudy.analysis.computing.description.groups import material_of
from readerstudy.analysis.computing.description.node_table import node_table
from readerstudy.analysis.computing.description.reading_times import reading_times
from readerstudy.analysis.computing.description.short_axis import short_axis
from readerstudy.analysis.computing.plain import Plain
from readerstudy.analysis.computing.self_checks import check_result
from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level

__all__ = ["describe"]


def describe(frozen: Frozen, *, level: float = DEFAULT_LEVEL) -> dict[str, Plain]:
    """Describe patients, nodes, reading times, annotators and the flow of a study.

    Parameters
    ----------
    frozen : Frozen
        Missing values count as unknown, whatever the analysis plan makes of them.
    level : float
        Confidence level of every interval.

    Returns
    -------
    dict
        ``baseline``, ``nodes``, ``short_axis``, ``reading_times``, ``annotators`` and ``flow``:
        dictionaries, lists, strings, numbers and None only; the same table gives the same bytes
        through ``json.dumps(..., sort_keys=True)``, whatever the order of its rows.

    Raises
    ------
    TableInconsistentError
        If counts do not add up.
    ValueError
        If the level is out of range.
    """
    checked_level(level)
    material = material_of(frozen)
    blocks: dict[str, Plain] = {
        "baseline": baseline(material),
        "nodes": node_table(material),
        "short_axis": short_axis(material, level=level),
        "reading_times": reading_times(material),
        "annotators": annotators(material, level=level),
        "flow": flow(material),
    }
    for block in blocks.values():
        check_result(block)
    return blocks
