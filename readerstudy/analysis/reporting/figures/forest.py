"""Figures: forest plots: AUC differences, and AUCs per subgroup (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from readerstudy.analysis.reporting.display import UNDEFINED, significant
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import COLOURS, GRID, INK, SMALL, SOFT, Canvas
from readerstudy.analysis.reporting.figures.estimates import NOTHING, Estimate
from readerstudy.analysis.reporting.figures.scales import Scale, padded

LEFT, PLOT_START, PLOT_END, COLUMN, TOP, LINE = 12.0, 214.0, 476.0, 486.0, 44.0, 30.0
CI = "95% CI"
Datum = dict[str, str | int | float | None]


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One line: an estimate, and the same with an interval that allows for patients."""

    name: str
    n: int
    delong: Estimate
    clustered: Estimate = NOTHING
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class ForestGroup:
    """Lines under one heading: a cohort, or a variable."""

    name: str
    rows: tuple[ForestRow, ...]


def difference_forest(
    *,
    key: str,
    title: str,
    groups: Sequence[ForestGroup],
    margin: float | None = None,
    caption: str = "",
    ci: str = CI,
) -> Figure:
    """Draw differences of AUC, model minus reader.

    Parameters
    ----------
    groups : sequence of ForestGroup
        Cohorts; a line per reader and one (``bold``) for their mean.
    margin : float, optional
        Non-inferiority margin, positive: drawn at minus margin.
    ci : str
        Names the intervals' level.
    """
    canvas = Canvas(key)
    label = "Difference in AUC (model minus reader)"
    _forest(canvas, groups, label, (0.0, margin), ci)
    return _figure(canvas, key, title, caption, groups, label)


def subgroup_forest(
    *, key: str, title: str, groups: Sequence[ForestGroup], caption: str = "", ci: str = CI
) -> Figure:
    """Draw the model's AUC in each level of each subgroup; a group is a variable."""
    canvas = Canvas(key)
    label = "AUC of the model"
    _forest(canvas, groups, label, None, ci)
    return _figure(canvas, key, title, caption, groups, label)


def _forest(
    canvas: Canvas,
    groups: Sequence[ForestGroup],
    label: str,
    lines: tuple[float, float | None] | None,
    ci: str,
) -> None:
    rows = [row for group in groups for row in group.rows]
    if not rows:
        canvas.empty("There is nothing to compare.")
        return
    scale = _scale(rows, lines)
    bottom = TOP + 20 * len(groups) + LINE * len(rows) + 6
    canvas.height = bottom + 62
    canvas.x_axis(scale, bottom, TOP - 6, label)
    _reference_lines(canvas, scale, bottom, lines)
    canvas.text(PLOT_START - 8, TOP - 16, "n", anchor="end", size=SMALL, colour=SOFT)
    canvas.text(COLUMN, TOP - 16, f"DeLong ({ci})", size=SMALL, colour=SOFT)
    canvas.text(COLUMN + 117, TOP - 16, f"By patient ({ci})", size=SMALL, colour=SOFT)
    y = TOP
    for group in groups:
        canvas.heading(LEFT, y + 12, group.name)
        y += 20
        for row in group.rows:
            _line(canvas, scale, row, y + LINE / 2)
            y += LINE
    _legend(canvas, bottom + 50)


def _scale(rows: Sequence[ForestRow], lines: tuple[float, float | None] | None) -> Scale:
    values: list[float | None] = []
    for row in rows:
        for part in (row.delong, row.clustered):
            values += [part.value, part.lower, part.upper]
    if lines is not None:
        values += [lines[0], None if lines[1] is None else -lines[1]]
    return padded(values, start=PLOT_START, end=PLOT_END)


def _reference_lines(
    canvas: Canvas, scale: Scale, bottom: float, lines: tuple[float, float | None] | None
) -> None:
    if lines is None:
        return
    canvas.line((scale(lines[0]), TOP - 6), (scale(lines[0]), bottom), colour=INK, width=1.2)
    if lines[1] is not None:
        x = scale(-lines[1])
        words = f"Non-inferiority margin −{significant(lines[1])}"
        canvas.line((x, TOP - 6), (x, bottom), colour=COLOURS[2], dash="5 3", title=words)
        canvas.text(PLOT_START, 14, f"Dashed: {words[0].lower()}{words[1:]}", size=SMALL)


def _line(canvas: Canvas, scale: Scale, row: ForestRow, y: float) -> None:
    canvas.text(LEFT + 8, y + 4, row.name, bold=row.bold, room=PLOT_START - LEFT - 56)
    canvas.text(PLOT_START - 8, y + 4, str(row.n), anchor="end", size=SMALL)
    for part, shape, colour, offset, column, method in (
        (row.delong, "circle", COLOURS[0], -5, COLUMN, "DeLong"),
        (row.clustered, "square", COLOURS[2], 5, COLUMN + 117, "by patient"),
    ):
        canvas.text(column, y + 4, part.words, size=SMALL, bold=row.bold)
        if part.value is None:
            if method == "DeLong":
                canvas.text(PLOT_START + 4, y + 4, UNDEFINED, colour=SOFT)
            continue
        if part.lower is not None and part.upper is not None:
            ends = (scale(part.lower), y + offset), (scale(part.upper), y + offset)
            canvas.line(*ends, colour=colour, width=1.6)
        words = f"{row.name}, {method}: {part.words}, n = {row.n}"
        at = (scale(part.value), y + offset)
        canvas.mark(shape, at, colour, words, hollow=shape == "square")
    canvas.line((LEFT, y + LINE / 2), (708, y + LINE / 2), colour=GRID, width=0.5)


def _legend(canvas: Canvas, y: float) -> None:
    canvas.mark("circle", (PLOT_START + 6, y - 4), COLOURS[0])
    canvas.text(PLOT_START + 16, y, "DeLong", size=SMALL)
    canvas.mark("square", (PLOT_START + 86, y - 4), COLOURS[2], hollow=True)
    canvas.text(PLOT_START + 96, y, "allowing for nodes of one patient", size=SMALL)


def _figure(
    canvas: Canvas, key: str, title: str, caption: str, groups: Sequence[ForestGroup], label: str
) -> Figure:
    data: list[Datum] = []
    for group in groups:
        for row in group.rows:
            for method, part in (("delong", row.delong), ("patient_clustered", row.clustered)):
                data.append(
                    {
                        "group": group.name,
                        "name": row.name,
                        "n": row.n,
                        "method": method,
                        "estimate": part.value,
                        "lower": part.lower,
                        "upper": part.upper,
                    }
                )
    alt = f"{label}. " + "; ".join(
        f"{group.name}: " + ", ".join(f"{row.name} {row.delong.words}" for row in group.rows)
        for group in groups
    )
    svg = canvas.svg(title, alt)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=tuple(data))
