"""Figures: reading time per case, a box per reader (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.reporting.display import UNDEFINED, decimals
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.boxes import draw_box, five_numbers
from readerstudy.analysis.reporting.figures.canvas import GRID, SMALL, Canvas
from readerstudy.analysis.reporting.figures.scales import finite, padded

LEFT, START, END, LINE, TOP = 12.0, 190.0, 540.0, 30.0, 12.0


@dataclass(frozen=True, kw_only=True)
class ReaderTimes:
    """Minutes that one reader spent on each case; None where unknown.

    ``n`` counts the known ones where the values are a sample of them at even ranks.
    """

    reader: str
    minutes: tuple[float | None, ...]
    n: int | None = None


def reading_time_figure(
    *, key: str, title: str, times: Sequence[ReaderTimes], caption: str = ""
) -> Figure:
    """Draw a box per reader; values beyond the whiskers as circles."""
    canvas = Canvas(key)
    known = [np.array(finite(reader.minutes), dtype=float) for reader in times]
    numbers = [five_numbers(values, n=r.n) for r, values in zip(times, known, strict=True)]
    if not times:
        canvas.empty("No case was read.")
    else:
        bottom = TOP + LINE * len(times)
        canvas.height = bottom + 42
        everything = [value for values in known for value in values]
        scale = padded([0.0, *everything], start=START, end=END)
        canvas.x_axis(scale, bottom, TOP, "Minutes per case")
        for line, (reader, values, five) in enumerate(zip(times, known, numbers, strict=True)):
            y = TOP + LINE * (line + 0.5)
            canvas.text(LEFT, y + 4, reader.reader, room=START - LEFT - 10)
            draw_box(canvas, scale, five, y, GRID, f"{reader.reader}: {five.words('min')}")
            low, high = five.whisker_low or 0.0, five.whisker_high or 0.0
            for value in sorted(set(values[(values < low) | (values > high)])):
                pen = f'cx="{scale(value):.2f}" cy="{y:.2f}" r="2.2" fill="none" stroke="#1d2a30"'
                canvas.element("circle", pen, f"{reader.reader}: {decimals(value, 1)} min")
            median = decimals(five.median, 1)
            shown = UNDEFINED if five.median is None else f"median {median} min"
            canvas.text(END + 12, y + 4, f"{shown}, n = {five.n}", size=SMALL)
    alt = "Reading time per case: " + "; ".join(
        f"{reader.reader} {five.words('min')}" for reader, five in zip(times, numbers, strict=True)
    )
    data = tuple(
        {"reader": reader.reader, **five.data()}
        for reader, five in zip(times, numbers, strict=True)
    )
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)
