"""Planning: the power curve as SVG (pure)."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 42
BLUE, VERMILION = "#0072B2", "#D55E00"
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def power_curve(
    points: Sequence[tuple[float, float]], *, across: str, target: float | None, chosen: float
) -> str:
    """Draw power over a number.

    Parameters
    ----------
    points : sequence of (number, power)
        Ascending numbers.
    across : str
        Words for the number.
    target : float, optional
        Power to mark with a dashed line.
    chosen : float
        Number to mark with a circle at the nearest point.

    Returns
    -------
    str
        An SVG element; empty without points.
    """
    if not points:
        return ""
    low, high = points[0][0], points[-1][0]

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / max(high - low, 1)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value

    at = min(points, key=lambda point: abs(point[0] - chosen))
    path = "L".join(f"{x(n):.1f} {y(power):.1f}" for n, power in points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'width="{WIDTH}" font-size="12" fill="currentColor"><title>Power over '
        f"{escape(across.lower())}</title>"
    ]
    parts += [
        f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="currentColor" '
        f'stroke-opacity="0.15"/><text x="{LEFT - 6}" y="{y(value) + 4:.1f}" '
        f'text-anchor="end">{value:g}</text>'
        for value in QUARTERS
    ]
    parts += [
        f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 17}" '
        f'text-anchor="middle">{value:.0f}</text>'
        for value in (low + (high - low) * part for part in QUARTERS)
    ]
    if target is not None:
        parts.append(
            f'<path d="M{LEFT} {y(target):.1f}H{WIDTH - RIGHT}" stroke="{VERMILION}" '
            'stroke-dasharray="5 4"/>'
        )
    parts.append(
        f'<path d="M{path}" fill="none" stroke="{BLUE}" stroke-width="2.5"/>'
        f'<circle cx="{x(at[0]):.1f}" cy="{y(at[1]):.1f}" r="5" fill="{BLUE}"/>'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(across)}</text></svg>"
    )
    return "".join(parts)
