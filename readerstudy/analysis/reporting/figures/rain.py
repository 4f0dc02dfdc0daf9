"""Figures: rain clouds of the short-axis diameter by cohort and category (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.reporting.display import decimals
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.boxes import FiveNumbers, draw_box, five_numbers
from readerstudy.analysis.reporting.figures.canvas import SMALL, SOFT, Canvas, colour_of, number
from readerstudy.analysis.reporting.figures.scales import Scale, finite, padded
from readerstudy.statistics.inputs import FloatArray

LEFT, START, END, LINE, TOP = 12.0, 190.0, 590.0, 62.0, 26.0
MOST_POINTS, MOST_TITLED, STEPS = 400, 1000, 96
GOLDEN = 0.6180339887498949


@dataclass(frozen=True, kw_only=True)
class Diameters:
    """Short-axis diameters in mm of one cohort's nodes of one category; None where unknown.

    ``n`` counts the known ones where the values are a sample of them at even ranks.
    """

    cohort: str
    category: str
    short_axis_mm: tuple[float | None, ...]
    n: int | None = None


def rain_figure(*, key: str, title: str, groups: Sequence[Diameters], caption: str = "") -> Figure:
    """Draw a half violin, a box and the single values per group.

    The violin is a Gaussian kernel density with Silverman's bandwidth, cut at the range of the
    data. At most 400 values per group are drawn, evenly by rank, and the figure says so.

    References
    ----------
    Silverman BW. Density estimation for statistics and data analysis. 1986, eq. 3.31.
    """
    canvas = Canvas(key)
    known = [np.sort(np.array(finite(group.short_axis_mm), dtype=float)) for group in groups]
    numbers = [five_numbers(values, n=g.n) for g, values in zip(groups, known, strict=True)]
    if not groups:
        canvas.empty("There are no nodes with a diameter.")
    else:
        _draw(canvas, groups, known, numbers)
    alt = "Short-axis diameter: " + "; ".join(
        f"{group.cohort}, {group.category}: {five.words('mm')}"
        for group, five in zip(groups, numbers, strict=True)
    )
    data = tuple(
        {
            "cohort": group.cohort,
            "category": group.category,
            **five.data(),
            "missing": len(group.short_axis_mm) - values.size,
        }
        for group, five, values in zip(groups, numbers, known, strict=True)
    )
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)


def _draw(
    canvas: Canvas,
    groups: Sequence[Diameters],
    known: Sequence[FloatArray],
    numbers: Sequence[FiveNumbers],
) -> None:
    cohorts = list(dict.fromkeys(group.cohort for group in groups))
    categories = list(dict.fromkeys(group.category for group in groups))
    bottom = TOP + LINE * len(groups) + 20 * len(cohorts)
    canvas.height = bottom + 42
    ends = [value for five in numbers for value in (five.low, five.high)]
    scale = padded([0.0, *ends], start=START, end=END)
    canvas.x_axis(scale, bottom, TOP, "Short-axis diameter (mm)")
    thinned_to = [_thinned(values) for values in known]
    titled = sum(values.size for values in thinned_to) <= MOST_TITLED
    if any(values.size > MOST_POINTS for values in known):
        note = f"Points: at most {MOST_POINTS} per group, evenly by rank; violins and boxes: all."
        canvas.text(LEFT, 14, note, size=SMALL, colour=SOFT)
    y = TOP
    for cohort in cohorts:
        canvas.heading(LEFT, y + 14, cohort)
        y += 20
        for position, group in enumerate(groups):
            if group.cohort != cohort:
                continue
            colour = colour_of(categories.index(group.category))
            words = f"{group.cohort}, {group.category}: {numbers[position].words('mm')}"
            canvas.text(LEFT + 8, y + 34, group.category, room=START - LEFT - 20)
            canvas.text(END + 12, y + 34, _aside(numbers[position]), size=SMALL)
            _violin(canvas, scale, known[position], y + 27, colour, words)
            draw_box(canvas, scale, numbers[position], y + 34, "#ffffff", words)
            _points(canvas, scale, thinned_to[position], (y + 44, colour), words, titled=titled)
            y += LINE


def _aside(five: FiveNumbers) -> str:
    return "n = 0" if five.median is None else f"{decimals(five.median, 1)} mm, n = {five.n}"


def _thinned(values: FloatArray) -> FloatArray:
    if values.size <= MOST_POINTS:
        return values
    return np.asarray(values[np.linspace(0, values.size - 1, MOST_POINTS).round().astype(int)])


def density(values: FloatArray, at: FloatArray) -> FloatArray | None:
    """Return the kernel density; None for fewer than two values or values all alike."""
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    quartiles = np.quantile(values, (0.25, 0.75)) if values.size else np.zeros(2)
    robust = float(quartiles[1] - quartiles[0]) / 1.34
    width = 0.9 * (min(spread, robust) or spread) * max(values.size, 1) ** -0.2
    if width < 1e-9:
        return None
    distinct, counts = np.unique(values, return_counts=True)
    heights = np.zeros(at.size)
    for part in range(0, distinct.size, 4096):
        z = (at[:, None] - distinct[None, part : part + 4096]) / width
        heights += np.exp(-0.5 * z**2) @ counts[part : part + 4096]
    return np.asarray(heights / (values.size * width * np.sqrt(2 * np.pi)))


def _violin(
    canvas: Canvas, scale: Scale, values: FloatArray, base: float, colour: str, words: str
) -> None:
    if values.size < 2:
        return
    at = np.linspace(values[0], values[-1], STEPS)
    heights = density(values, at)
    if heights is None:
        return
    tops = base - 22 * heights / heights.max()
    places = zip(at, tops, strict=True)
    outline = "L".join(f"{number(scale(x))} {number(y)}" for x, y in places)
    path = (
        f"M{number(scale(values[0]))} {number(base)}L{outline}"
        f"L{number(scale(values[-1]))} {number(base)}Z"
    )
    canvas.path(path, fill=colour, stroke=colour, opacity=0.7, title=words)


def _points(
    canvas: Canvas,
    scale: Scale,
    values: FloatArray,
    place: tuple[float, str],
    words: str,
    *,
    titled: bool,
) -> None:
    top, colour = place
    at = [(scale(value), top + 14 * ((rank * GOLDEN) % 1)) for rank, value in enumerate(values)]
    if titled:
        for (x, y), value in zip(at, values, strict=True):
            pen = f'cx="{number(x)}" cy="{number(y)}" r="1.7" fill="{colour}"'
            canvas.element("circle", pen, f"{decimals(value, 1)} mm")
    elif at:
        dots = "".join(f"M{number(x)} {number(y)}h0" for x, y in at)
        pen = f'fill="none" stroke="{colour}" stroke-width="3" stroke-linecap="round"'
        canvas.element("path", f'd="{dots}" {pen}', words)
