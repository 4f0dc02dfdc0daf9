"""Figures of the report: self-contained SVG, print-ready, with the numbers they show (pure)."""

from readerstudy.analysis.reporting.figures.agreement import agreement_figure
from readerstudy.analysis.reporting.figures.calibration import calibration_figure
from readerstudy.analysis.reporting.figures.confusion import confusion_figure
from readerstudy.analysis.reporting.figures.flow import flow_figure
from readerstudy.analysis.reporting.figures.forest import difference_forest, subgroup_forest
from readerstudy.analysis.reporting.figures.rain import rain_figure
from readerstudy.analysis.reporting.figures.reading_times import reading_time_figure
from readerstudy.analysis.reporting.figures.roc_curves import roc_curves

__all__ = [
    "agreement_figure",
    "calibration_figure",
    "confusion_figure",
    "difference_forest",
    "flow_figure",
    "rain_figure",
    "reading_time_figure",
    "roc_curves",
    "subgroup_forest",
]
