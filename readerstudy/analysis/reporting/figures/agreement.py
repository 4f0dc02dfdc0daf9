"""Figures: kappa with its interval, per cohort and endpoint (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import (
    GRID,
    SMALL,
    SOFT,
    Canvas,
    colour_of,
    shape_of,
)
from readerstudy.analysis.reporting.figures.estimates import Estimate
from readerstudy.analysis.reporting.figures.scales import Scale, padded

LEFT, PLOT_START, PLOT_END, COLUMN, LINE = 12.0, 230.0, 560.0, 574.0, 24.0


@dataclass(frozen=True, kw_only=True)
class KappaPoint:
    """One coefficient of agreement between the readers of a cohort."""

    cohort: str
    endpoint: str
    kappa: Estimate
    n: int
    readers: int


def agreement_figure(
    *, key: str, title: str, points: Sequence[KappaPoint], caption: str = ""
) -> Figure:
    """Draw one dot with its interval per cohort and endpoint; endpoints differ in shape."""
    canvas = Canvas(key)
    if not points:
        canvas.empty("There are no readers whose agreement could be described.")
    else:
        _draw(canvas, points)
    alt = "Agreement of the readers (kappa): " + "; ".join(
        f"{point.cohort}, {point.endpoint} {point.kappa.words}" for point in points
    )
    data = tuple(
        {
            "cohort": point.cohort,
            "endpoint": point.endpoint,
            "kappa": point.kappa.value,
            "lower": point.kappa.lower,
            "upper": point.kappa.upper,
            "n": point.n,
            "readers": point.readers,
        }
        for point in points
    )
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)


def _draw(canvas: Canvas, points: Sequence[KappaPoint]) -> None:
    endpoints = list(dict.fromkeys(point.endpoint for point in points))
    cohorts = list(dict.fromkeys(point.cohort for point in points))
    limits = [v for p in points for v in (p.kappa.value, p.kappa.lower, p.kappa.upper)]
    scale = padded([0.0, 1.0, *limits], start=PLOT_START, end=PLOT_END)
    top = 20.0
    bottom = top + 20 * len(cohorts) + LINE * len(points)
    canvas.height = bottom + 42
    canvas.x_axis(scale, bottom, top, "Kappa")
    y = top
    for cohort in cohorts:
        canvas.heading(LEFT, y + 13, cohort)
        y += 20
        for point in (point for point in points if point.cohort == cohort):
            _line(canvas, scale, point, y + LINE / 2, endpoints.index(point.endpoint))
            y += LINE


def _line(canvas: Canvas, scale: Scale, point: KappaPoint, y: float, series: int) -> None:
    canvas.text(LEFT + 8, y + 4, point.endpoint, room=PLOT_START - LEFT - 20)
    canvas.text(COLUMN, y + 4, point.kappa.words, size=SMALL)
    canvas.line((LEFT, y + LINE / 2), (708, y + LINE / 2), colour=GRID, width=0.5)
    kappa, colour = point.kappa, colour_of(series)
    if kappa.value is None:
        canvas.text(scale(0) + 4, y + 4, UNDEFINED, colour=SOFT)
        return
    if kappa.lower is not None and kappa.upper is not None:
        canvas.line((scale(kappa.lower), y), (scale(kappa.upper), y), colour=colour, width=1.8)
    words = f"{point.cohort}, {point.endpoint}: kappa {kappa.words}"
    canvas.mark(
        shape_of(series),
        (scale(kappa.value), y),
        colour,
        f"{words}, {point.readers} readers, n = {point.n}",
    )
