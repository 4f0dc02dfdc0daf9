"""Figures: confusion matrices of the model and each reader as small multiples (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import SMALL, SOFT, Canvas
from readerstudy.analysis.reporting.figures.estimates import Share

PANELS, GAP, ROW_LABELS, TOP = 3, 16.0, 66.0, 22.0
CELL_HEIGHT = 40.0
BLUE, DEEPEST = (0, 114, 178), 0.65


@dataclass(frozen=True, kw_only=True)
class ConfusionMatrix:
    """Counts of one side; ``counts[reference][call]``, square over ``categories``."""

    name: str
    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def confusion_figure(
    *, key: str, title: str, matrices: Sequence[ConfusionMatrix], caption: str = ""
) -> Figure:
    """Draw counts and row percentages; rows are the reference standard, columns the calls."""
    canvas = Canvas(key)
    if not matrices:
        canvas.empty("There are no calls to compare with the reference standard.")
    else:
        size = (canvas.width - 16 - GAP * (PANELS - 1)) / PANELS
        heights = CELL_HEIGHT * max(len(matrix.categories) for matrix in matrices) + 62
        lines = (len(matrices) + PANELS - 1) // PANELS
        canvas.height = TOP + heights * lines
        canvas.text(
            8, 13, "Rows: reference standard; columns: call; % of the row", size=SMALL, colour=SOFT
        )
        for position, matrix in enumerate(matrices):
            line, column = divmod(position, PANELS)
            corner = 8 + column * (size + GAP), TOP + line * heights
            _panel(canvas, matrix, corner, size)
    alt = "Confusion matrices (reference standard by call): " + "; ".join(
        f"{m.name}: " + " / ".join(" ".join(map(str, row)) for row in m.counts) for m in matrices
    )
    data: tuple[dict[str, str | int | float | None], ...] = tuple(
        {
            "name": matrix.name,
            "reference": reference,
            "call": call,
            "count": count,
            "row_total": sum(row),
        }
        for matrix in matrices
        for reference, row in zip(matrix.categories, matrix.counts, strict=True)
        for call, count in zip(matrix.categories, row, strict=True)
    )
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)


def _panel(
    canvas: Canvas, matrix: ConfusionMatrix, corner: tuple[float, float], size: float
) -> None:
    x, y = corner
    cell = (size - ROW_LABELS) / len(matrix.categories)
    canvas.text(x, y + 16, matrix.name, bold=True, room=size)
    for column, call in enumerate(matrix.categories):
        middle = x + ROW_LABELS + cell * (column + 0.5)
        canvas.text(middle, y + 34, call, anchor="middle", size=SMALL, room=cell - 2)
    for line, (reference, row) in enumerate(zip(matrix.categories, matrix.counts, strict=True)):
        top = y + 40 + line * CELL_HEIGHT
        canvas.text(
            x + ROW_LABELS - 5,
            top + CELL_HEIGHT / 2 + 4,
            reference,
            anchor="end",
            size=SMALL,
            room=ROW_LABELS - 6,
        )
        for column, count in enumerate(row):
            share = Share(numerator=count, denominator=sum(row))
            words = f"{matrix.name}: reference {reference}, call {matrix.categories[column]}"
            where = x + ROW_LABELS + cell * column, top
            _cell(canvas, where, cell, share, words)


def _cell(
    canvas: Canvas, corner: tuple[float, float], width: float, share: Share, words: str
) -> None:
    depth = share.value or 0.0
    fill = "#" + "".join(f"{round(255 + (part - 255) * depth * DEEPEST):02x}" for part in BLUE)
    canvas.box(
        corner, (width, CELL_HEIGHT), fill=fill, stroke="#8a979d", title=f"{words}: {share.words}"
    )
    middle = corner[0] + width / 2
    canvas.text(middle, corner[1] + 17, str(share.numerator), anchor="middle", bold=True)
    percentage = share.words.split(" ")[0]
    canvas.text(middle, corner[1] + 31, percentage, anchor="middle", size=SMALL)
