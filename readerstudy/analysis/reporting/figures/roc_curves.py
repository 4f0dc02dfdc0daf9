"""Figures: ROC curves of models with the points of readers and operating points (pure)."""

from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.reporting.display import whole_percent
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import (
    COLOURS,
    INK,
    SMALL,
    SOFT,
    Canvas,
    beside_model,
    number,
    shape_of,
)
from readerstudy.analysis.reporting.figures.estimates import Estimate, Share
from readerstudy.analysis.reporting.figures.scales import Scale
from readerstudy.analysis.reporting.figures.thinning import thinned
from readerstudy.statistics.inputs import DEFAULT_LEVEL
from readerstudy.statistics.proportions import wilson

LEFT, TOP, SIDE = 58.0, 16.0, 380.0
LEGEND, LINE, MOST_VERTICES = 458.0, 18.0, 500
X, Y = Scale(0, 1, LEFT, LEFT + SIDE), Scale(0, 1, TOP + SIDE, TOP)
Datum = dict[str, str | int | float | None]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The model's curve.

    ``points`` are (false positive rate, true positive rate) from (0, 0) to (1, 1).
    """

    name: str
    points: tuple[tuple[float, float], ...]
    auc: Estimate
    n: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """A reader or an operating point, as counts; ``note`` says where a threshold comes from."""

    name: str
    sensitivity: Share
    specificity: Share
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class MeanPoint:
    """The mean of the readers; rates are means of exact proportions."""

    sensitivity: float | None
    specificity: float | None
    readers: int


@dataclass(frozen=True, kw_only=True)
class RocPlot:
    """Everything that stands in one ROC plot."""

    curve: Curve | None
    readers: tuple[Point, ...] = ()
    mean: MeanPoint | None = None
    operating_points: tuple[Point, ...] = ()
    intervals: bool = False
    level: float = DEFAULT_LEVEL


def roc_curves(*, key: str, title: str, plot: RocPlot, caption: str = "") -> Figure:
    """Draw the curve, the readers' points, their mean and the operating points.

    With ``plot.intervals`` the readers' points carry crosses of Wilson intervals. A curve of more
    than 500 vertices is thinned to those that move the line by more than 0.1 px.
    """
    canvas = Canvas(key, height=TOP + SIDE + 46)
    data: list[Datum] = []
    if plot.curve is None and not plot.readers:
        canvas.empty("There are neither scores nor calls to draw.")
    else:
        canvas.x_axis(X, TOP + SIDE, TOP, "1 − specificity")
        canvas.y_axis(Y, LEFT, LEFT + SIDE, "Sensitivity")
        canvas.line((X(0), Y(0)), (X(1), Y(1)), colour=SOFT, dash="4 4")
        _Legend(canvas, plot, data).draw()
    alt = _alt(plot)
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=tuple(data))


class _Legend:
    """Draws each series with its line of the legend."""

    def __init__(self, canvas: Canvas, plot: RocPlot, data: list[Datum]) -> None:
        self.canvas, self.plot, self.data, self.y = canvas, plot, data, TOP + 10

    def draw(self) -> None:
        if self.plot.curve is not None:
            self._curve(self.plot.curve)
        if self.plot.intervals:  # below every mark
            for position, point in enumerate(self.plot.readers):
                self._cross(point, beside_model(position)[1])
        for position, point in enumerate(self.plot.operating_points):
            self._point(point, "operating_point", shape_of(position), COLOURS[0], hollow=True)
        for position, point in enumerate(self.plot.readers):
            self._point(point, "reader", *beside_model(position), hollow=False)
        if self.plot.mean is not None:
            self._mean(self.plot.mean)
        self.canvas.height = max(self.canvas.height, self.y + 8)

    def _entry(self, words: str, *, detail: str = "", bold: bool = False) -> None:
        self.canvas.text(LEGEND + 20, self.y + 4, words, room=232, bold=bold)
        self.y += LINE
        if detail:
            self.canvas.text(LEGEND + 20, self.y + 1, detail, size=SMALL, colour=SOFT, room=236)
            self.y += LINE - 3

    def _curve(self, curve: Curve) -> None:
        self.canvas.line((LEGEND, self.y), (LEGEND + 14, self.y), colour=COLOURS[0], width=2)
        self._entry(curve.name, detail=f"AUC {curve.auc.words}, n = {curve.n}", bold=True)
        if not curve.points:
            self._entry("– no curve: only one class is present")
            return
        pixels = np.array([(X(x), Y(y)) for x, y in curve.points])
        if len(pixels) > MOST_VERTICES:
            pixels = thinned(pixels)
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in pixels)
        words = f"{curve.name}: AUC {curve.auc.words}, n = {curve.n}"
        self.canvas.path(path, stroke=COLOURS[0], width=2, title=words)
        for x, y in curve.points:
            self.data.append(_datum("curve", curve.name, 1 - x, y))

    def _point(self, point: Point, kind: str, shape: str, colour: str, *, hollow: bool) -> None:
        sensitivity, specificity = point.sensitivity, point.specificity
        self.data.append(
            _datum(kind, point.name, specificity.value, sensitivity.value)
            | {"n_positive": sensitivity.denominator, "n_negative": specificity.denominator}
        )
        if sensitivity.value is None or specificity.value is None:
            self._entry(f"– {point.name}: undefined")
            return
        at = X(1 - specificity.value), Y(sensitivity.value)
        words = f"sensitivity {sensitivity.words}, specificity {specificity.words}"
        note = f" ({point.note})" if point.note else ""
        self.canvas.mark(shape, at, colour, f"{point.name}{note}: {words}", hollow=hollow)
        self.canvas.mark(shape, (LEGEND + 7, self.y), colour, hollow=hollow)
        self._entry(point.name, detail=point.note)

    def _cross(self, point: Point, colour: str) -> None:
        share, other = point.sensitivity, point.specificity
        if share.value is None or other.value is None:
            return
        level = self.plot.level
        tall = wilson(share.numerator, share.denominator, level=level)
        wide = wilson(other.numerator, other.denominator, level=level)
        x, y = X(1 - other.value), Y(share.value)
        self.canvas.line((x, Y(tall.lower)), (x, Y(tall.upper)), colour=colour)
        self.canvas.line((X(1 - wide.upper), y), (X(1 - wide.lower), y), colour=colour)

    def _mean(self, mean: MeanPoint) -> None:
        self.data.append(_datum("reader_mean", "Reader mean", mean.specificity, mean.sensitivity))
        name = f"Mean of {mean.readers} readers"
        if mean.sensitivity is None or mean.specificity is None:
            self._entry(f"– {name}: undefined")
            return
        rates = f"sensitivity {whole_percent(mean.sensitivity)}%, specificity"
        words = f"{name}: {rates} {whole_percent(mean.specificity)}%"
        at = X(1 - mean.specificity), Y(mean.sensitivity)
        self._star(at, words)
        self._star((LEGEND + 7, self.y), "")
        self._entry(name, bold=True)

    def _star(self, at: tuple[float, float], words: str) -> None:
        x, y = number(at[0]), number(at[1])
        for pen, title in (('stroke="#ffffff" stroke-width="5"', ""), (_INK_PEN, words)):
            d = f"M{x} {y}m-5.5 0h11m-5.5 -5.5v11m-4 -9.5l8 8m0 -8l-8 8"
            self.canvas.element("path", f'd="{d}" fill="none" {pen}', title)


_INK_PEN = f'stroke="{INK}" stroke-width="2"'


def _datum(kind: str, name: str, specificity: float | None, sensitivity: float | None) -> Datum:
    return {
        "kind": kind,
        "name": name,
        "specificity": specificity,
        "sensitivity": sensitivity,
        "n_positive": None,
        "n_negative": None,
    }


def _alt(plot: RocPlot) -> str:
    parts = [] if plot.curve is None else [f"{plot.curve.name}: AUC {plot.curve.auc.words}"]
    parts += [
        f"{point.name}: sensitivity {point.sensitivity.words}, "
        f"specificity {point.specificity.words}"
        for point in (*plot.readers, *plot.operating_points)
    ]
    return "ROC plot. " + "; ".join(parts)
