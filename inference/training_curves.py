"""Curves of a training as inline SVG; colours come from the page's style sheet (pure)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

WIDTH, HEIGHT = 520, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 38
LABELLED_TICKS = 5


class CurveValue(NamedTuple):
    """One member's value after one epoch."""

    member: tuple[int, int]
    epoch: int
    value: float


class Curve(NamedTuple):
    """One quantity of all members, drawn in one colour: each member thinly, their mean boldly."""

    name: str
    style: str
    values: Sequence[CurveValue]


def curves_figure(
    title: str, curves: Sequence[Curve], *, epochs: int, limits: tuple[float, float] | None
) -> str:
    """Draw quantities over epochs.

    Parameters
    ----------
    title : str
        What the figure shows; read out by screen readers.
    curves : sequence of Curve
        Quantities; their style names are CSS classes.
    epochs : int
        Right end of the horizontal axis.
    limits : tuple of float or None
        Ends of the vertical axis; None: 0 to the largest value.

    Returns
    -------
    str
        An SVG element; empty if there is no value yet.
    """
    values = [value.value for curve in curves for value in curve.values]
    if not values:
        return ""
    low, high = limits or (0.0, max(values) * 1.05 or 1.0)
    across = _scale(0, max(epochs, 1), LEFT, WIDTH - RIGHT)
    up = _scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'class="curves"><title>{escape(title)}</title>',
        *_axes(across, up, epochs, (low, high)),
    ]
    for curve in curves:
        by_member: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for value in curve.values:
            by_member[value.member].append((value.epoch, value.value))
        parts += [_line(points, across, up, f"{curve.style} one") for points in by_member.values()]
        parts.append(_line(mean_by_epoch(curve.values), across, up, f"{curve.style} mean"))
    return "".join([*parts, "</svg>"])


def mean_by_epoch(values: Iterable[CurveValue]) -> list[tuple[int, float]]:
    """Return epoch and mean over the members that have a value there, by epoch."""
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for value in values:
        by_epoch[value.epoch].append(value.value)
    return [(epoch, sum(found) / len(found)) for epoch, found in sorted(by_epoch.items())]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    def place(value: float) -> float:
        inside = min(max(value, low), high)
        return start + (end - start) * (inside - low) / (high - low)

    return place


def _line(
    points: Sequence[tuple[int, float]],
    across: Callable[[float], float],
    up: Callable[[float], float],
    style: str,
) -> str:
    if len(points) == 1:
        (epoch, value), radius = points[0], 3 if style.endswith("mean") else 1.5
        return (
            f'<circle class="dot {style}" cx="{across(epoch):.1f}" cy="{up(value):.1f}" '
            f'r="{radius}"/>'
        )
    path = "L".join(f"{across(epoch):.1f} {up(value):.1f}" for epoch, value in points)
    return f'<path class="{style}" d="M{path}"/>'


def _axes(
    across: Callable[[float], float],
    up: Callable[[float], float],
    epochs: int,
    limits: tuple[float, float],
) -> list[str]:
    low, high = limits
    parts = []
    for step in range(LABELLED_TICKS):
        value = low + (high - low) * step / (LABELLED_TICKS - 1)
        y = up(value)
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    parts += [
        f'<text x="{across(epoch):.1f}" y="{HEIGHT - BOTTOM + 16}" '
        f'text-anchor="middle">{epoch}</text>'
        for epoch in _epoch_ticks(epochs)
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">Epoch</text>')
    return parts


def _epoch_ticks(epochs: int) -> list[int]:
    marks = sorted({round(epochs * step / (LABELLED_TICKS - 1)) for step in range(LABELLED_TICKS)})
    return [a for a, b in pairwise([*marks, epochs + 1]) if b > a]
