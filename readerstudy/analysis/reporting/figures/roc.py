"""Analysis room: ROC figures as self-contained SVG (pure; vector, print-ready)."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from readerstudy.analysis.reporting.display import interval, percent_with_counts, two_decimals

SIDE = 300
LEFT, TOP = 56, 16
WIDTH, HEIGHT = LEFT + SIDE + 150, TOP + SIDE + 52
INK, GRID, MODEL = "#1d2a30", "#d5dde1", "#0f6b7d"
# Okabe and Ito's palette without its yellow: told apart with any colour vision, and by shape.
READER_COLOURS = ("#d55e00", "#0072b2", "#cc79a7", "#009e73", "#e69f00", "#56b4e9")
SHAPES = ("circle", "square", "triangle", "diamond")


def roc_figure(title: str, endpoint: Mapping[str, Any]) -> str:
    """Draw the model's ROC curve, its Youden point and the readers' points.

    Parameters
    ----------
    title : str
        What the figure shows; read out by screen readers.
    endpoint : mapping
        One endpoint of ``study_tables``: ``model`` (or None) and ``readers``.

    Returns
    -------
    str
        An SVG element; every point carries a title with value, interval and counts.
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_axes(),
    ]
    legend: list[tuple[str, str, str]] = []
    if endpoint["model"] is not None:
        parts += _curve(endpoint["model"])
        legend.append(("line", MODEL, _model_legend(endpoint["model"])))
    for position, reader in enumerate(endpoint["readers"]):
        shape = SHAPES[position % len(SHAPES)]
        colour = READER_COLOURS[position % len(READER_COLOURS)]
        if drawn := _reader(reader, shape, colour):
            parts.append(drawn)
            legend.append((shape, colour, str(reader["reader"])))
    return "\n".join([*parts, *_legend(legend), "</svg>"])


def _x(rate: float) -> str:
    return f"{LEFT + SIDE * rate:.2f}"


def _y(rate: float) -> str:
    return f"{TOP + SIDE * (1 - rate):.2f}"


def _axes() -> list[str]:
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [
            f'<path d="M{_x(tick)} {_y(0)}V{_y(1)}M{_x(0)} {_y(tick)}H{_x(1)}" stroke="{GRID}"/>',
            f'<text x="{_x(tick)}" y="{TOP + SIDE + 16}" text-anchor="middle" fill="{INK}">'
            f"{tick:g}</text>",
            f'<text x="{LEFT - 8}" y="{float(_y(tick)) + 4:.2f}" text-anchor="end" fill="{INK}">'
            f"{tick:g}</text>",
        ]
    middle_x, middle_y = LEFT + SIDE / 2, TOP + SIDE / 2
    return [
        *parts,
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#8a979d" stroke-dasharray="4 4"/>',
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>',
        f'<text x="{middle_x}" y="{TOP + SIDE + 38}" text-anchor="middle" fill="{INK}">'
        "1 − specificity</text>",
        f'<text transform="translate(16 {middle_y}) rotate(-90)" text-anchor="middle" '
        f'fill="{INK}">Sensitivity</text>',
    ]


def _curve(model: Mapping[str, Any]) -> list[str]:
    if not isinstance(model.get("roc"), Sequence):
        return []
    path = "L".join(
        f"{_x(p['false_positive_rate'])} {_y(p['true_positive_rate'])}" for p in model["roc"]
    )
    parts = [
        f'<path d="M{path}" fill="none" stroke="{MODEL}" stroke-width="2" stroke-linejoin="round">'
        f"<title>{escape(_model_legend(model))}</title></path>"
    ]
    point = (model.get("operating_points") or {}).get("youden", {}).get("point")
    if point is None:
        return parts
    counts = point["counts"]
    x = 1 - (counts["specificity"]["value"] or 0)
    words = f"Model at the Youden point (chosen on this data): {_counts_words(counts)}"
    return [
        *parts,
        f'<circle cx="{_x(x)}" cy="{_y(counts["sensitivity"]["value"] or 0)}" r="4.5" '
        f'fill="#ffffff" stroke="{MODEL}" stroke-width="2"><title>{escape(words)}</title></circle>',
    ]


def _model_legend(model: Mapping[str, Any]) -> str:
    auc = model["auc"]["delong"]
    limits = auc["interval"] or {}
    shown = interval(limits.get("lower"), limits.get("upper"))
    return f"Model, AUC {two_decimals(auc['estimate'])} ({shown})"


def _reader(reader: Mapping[str, Any], shape: str, colour: str) -> str:
    point = reader["roc_point"]
    if point is None or None in (point["false_positive_rate"], point["true_positive_rate"]):
        return ""
    words = f"{reader['reader']}: {_counts_words(reader['counts'])}"
    x, y = float(_x(point["false_positive_rate"])), float(_y(point["true_positive_rate"]))
    return _mark(shape, x, y, colour, words)


def _counts_words(counts: Mapping[str, Any]) -> str:
    named = (("sensitivity", "sensitivity"), ("specificity", "specificity"))
    return ", ".join(
        f"{word} {percent_with_counts(counts[key]['numerator'], counts[key]['denominator'])}%"
        for key, word in named
    )


def _mark(shape: str, x: float, y: float, colour: str, words: str = "") -> str:
    title = f"<title>{escape(words)}</title>" if words else ""
    paths = {
        "square": f"M{x - 4:.2f} {y - 4:.2f}h8v8h-8z",
        "triangle": f"M{x:.2f} {y - 5:.2f}l5 9h-10z",
        "diamond": f"M{x:.2f} {y - 5.5:.2f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    }
    if shape == "circle":
        return (
            f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4.5" fill="{colour}" stroke="#ffffff">'
            f"{title}</circle>"
        )
    return f'<path d="{paths[shape]}" fill="{colour}" stroke="#ffffff">{title}</path>'


def _legend(entries: Sequence[tuple[str, str, str]]) -> list[str]:
    parts, y = [], TOP + 10
    for shape, colour, words in entries:
        x = LEFT + SIDE + 18
        parts.append(
            f'<path d="M{x - 7} {y}h14" stroke="{colour}" stroke-width="2"/>'
            if shape == "line"
            else _mark(shape, x, y, colour)
        )
        for text in words.split(", ", 1):
            parts.append(f'<text x="{x + 12}" y="{y + 4}" fill="{INK}">{escape(text)}</text>')
            y += 18
    return parts
