"""Figures: flow of patients and nodes, one column of boxes per cohort, after STARD (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import INK, SMALL, Canvas, number
from readerstudy.analysis.reporting.figures.scales import text_width

PER_LINE, GAP, MARGIN, LINE, PADDING = 3, 16.0, 8.0, 14.0, 8.0
ASIDE = 0.22
Datum = dict[str, str | int | float | None]


@dataclass(frozen=True, kw_only=True)
class Count:
    """A named count; None where it was not recorded."""

    name: str
    count: int | None

    @property
    def words(self) -> str:
        """For example ``Motion artefact: 3``."""
        return f"{self.name}: {UNDEFINED if self.count is None else self.count}"


@dataclass(frozen=True, kw_only=True)
class CohortFlow:
    """One cohort: patients assessed, excluded by reason, included; nodes by reference standard.

    ``read`` are the patients whose nodes these are, where that was counted.
    """

    cohort: str
    assessed: int | None
    excluded: tuple[Count, ...]
    included: int | None
    nodes: tuple[Count, ...]
    read: int | None = None


def flow_figure(
    *, key: str, title: str, cohorts: Sequence[CohortFlow], caption: str = ""
) -> Figure:
    """Draw the cohorts side by side, three in a line.

    References
    ----------
    Bossuyt PM et al. STARD 2015. BMJ 2015;351:h5527. doi:10.1136/bmj.h5527
    """
    canvas = Canvas(key)
    if not cohorts:
        canvas.empty("There are no cohorts.")
    else:
        columns = min(len(cohorts), PER_LINE)
        width = (canvas.width - 2 * MARGIN - GAP * (columns - 1)) / columns
        top = 0.0
        for first in range(0, len(cohorts), PER_LINE):
            top = _band(canvas, cohorts[first : first + PER_LINE], top, width)
        canvas.height = top
    alt = "Flow of patients: " + "; ".join(
        f"{flow.cohort}: {Count(name='assessed', count=flow.assessed).words}, "
        f"{Count(name='included', count=flow.included).words}"
        for flow in cohorts
    )
    svg = canvas.svg(title, alt)
    data = tuple(row for flow in cohorts for row in _data(flow))
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)


def _total(counts: Sequence[Count]) -> int | None:
    known = [count.count for count in counts]
    return None if None in known else sum(count or 0 for count in known)


def _boxes(flow: CohortFlow) -> tuple[tuple[str, list[Count], bool], ...]:
    """Return heading, lines and whether the box stands aside."""
    excluded = Count(name="Excluded", count=_total(flow.excluded))
    return (
        (Count(name="Patients assessed", count=flow.assessed).words, [], False),
        (excluded.words, list(flow.excluded), True),
        (Count(name="Patients included", count=flow.included).words, [], False),
        (_nodes(flow), list(flow.nodes), False),
    )


def _nodes(flow: CohortFlow) -> str:
    words = Count(name="Nodes", count=_total(flow.nodes)).words
    return words if flow.read is None else f"{words} of {flow.read} patients"


def _band(canvas: Canvas, flows: Sequence[CohortFlow], top: float, width: float) -> float:
    """Draw up to three cohorts on one level, boxes of a kind at one height."""
    columns = [_boxes(flow) for flow in flows]
    heights = [
        2 * PADDING
        + LINE * (1 + max(len(_wrapped(boxes[kind][1], width, kind)) for boxes in columns))
        for kind in range(4)
    ]
    for position, (flow, boxes) in enumerate(zip(flows, columns, strict=True)):
        x = MARGIN + position * (width + GAP)
        canvas.text(x, top + 18, flow.cohort, bold=True, room=width)
        y = top + 28
        for kind, (heading, lines, aside) in enumerate(boxes):
            indent = width * ASIDE if aside else 0.0
            corner = x + indent, y
            size = width - indent, heights[kind]
            title = "; ".join([f"{flow.cohort}. {heading}", *(line.words for line in lines)])
            canvas.box(corner, size, title=title)
            _words(canvas, corner, size[0], heading, _wrapped(lines, width, kind))
            _arrow(canvas, x + width * 0.11, y, heights[kind], kind=kind)
            y += heights[kind] + GAP
    return top + 28 + sum(heights) + 3 * GAP + 14


def _wrapped(lines: Sequence[Count], width: float, kind: int) -> list[str]:
    """Break long reasons, so that none is cut in print; followed lines are set in."""
    room = width * (1 - ASIDE if kind == 1 else 1) - 2 * PADDING - 12
    letters = max(int(room / text_width("n", SMALL)), 8)
    return [
        part for line in lines for part in wrap(line.words, letters, subsequent_indent="\u2003")
    ]


def _words(
    canvas: Canvas, corner: tuple[float, float], width: float, heading: str, lines: Sequence[str]
) -> None:
    x, y, room = corner[0] + PADDING, corner[1] + PADDING + 10, width - 2 * PADDING
    canvas.text(x, y, heading, bold=True, room=room)
    for line, words in enumerate(lines, start=1):
        canvas.text(x + 6, y + LINE * line, words, size=SMALL, room=room)


def _arrow(canvas: Canvas, x: float, y: float, height: float, *, kind: int) -> None:
    if kind == 1:
        middle = y + height / 2
        canvas.line((x, y), (x, y + height))
        canvas.line((x, middle), (x + 12, middle))
        tip = f"M{number(x + 18)} {number(middle)}l-7 -4v8z"
        canvas.path(tip, fill=INK)
    if kind == 3:
        return
    canvas.line((x, y + height), (x, y + height + GAP))
    if kind > 0:  # the first line runs on to the box aside and past it
        tip = f"M{number(x)} {number(y + height + GAP)}l-4 -7h8z"
        canvas.path(tip, fill=INK)


def _data(flow: CohortFlow) -> list[Datum]:
    groups = (
        ("assessed", [Count(name="Patients assessed", count=flow.assessed)]),
        ("excluded", list(flow.excluded)),
        ("included", [Count(name="Patients included", count=flow.included)]),
        ("read", [] if flow.read is None else [Count(name="Patients read", count=flow.read)]),
        ("nodes", list(flow.nodes)),
    )
    return [
        {"cohort": flow.cohort, "step": step, "name": count.name, "count": count.count}
        for step, counts in groups
        for count in counts
    ]
