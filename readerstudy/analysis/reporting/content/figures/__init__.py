"""Content: every figure of a report, drawn from its results (pure)."""

from collections.abc import Mapping
from typing import Any

from readerstudy.analysis.reporting.content.facts import Facts
from readerstudy.analysis.reporting.content.figures.agreeing import agreement
from readerstudy.analysis.reporting.content.figures.calibrations import calibrations
from readerstudy.analysis.reporting.content.figures.confusions import confusions
from readerstudy.analysis.reporting.content.figures.describing import described
from readerstudy.analysis.reporting.content.figures.forests import differences, subgroups
from readerstudy.analysis.reporting.content.figures.roc_plots import roc_plots
from readerstudy.analysis.reporting.content.material import material_of
from readerstudy.analysis.reporting.document import Figure

NO_RUN = Facts(results_digest="", frozen_at="")
"""Figures say nothing of the run."""


def figures_of(results: Mapping[str, Any]) -> dict[str, Figure]:
    """Draw every figure there is something to draw for.

    Parameters
    ----------
    results : mapping
        Of schema 3.

    Returns
    -------
    dict of str to Figure
        ``flow``, ``short-axis`` (or ``short-axis-<part>``), ``reading-times``,
        ``roc-<part>-<endpoint>``, ``confusion-<part>``, ``calibration-<part>-<endpoint>``,
        ``differences-<endpoint>``, ``subgroups-<endpoint>`` and ``agreement``. Parts are the
        cohorts, and ``pooled`` where there are several. A figure too long for a page goes on under
        its key with ``-2``, ``-3`` and so on. Titles are without numbers.
    """
    material = material_of(results, NO_RUN, None)
    builders = (described, roc_plots, confusions, calibrations, differences, subgroups, agreement)
    return {figure.key: figure for build in builders for figure in build(material)}
