"""Figures of the report: self-contained SVG, print-ready, with the numbers they show (pure)."""

from readerstudy.analysis.reporting.figures.roc import roc_figure

__all__ = ["roc_figure"]
