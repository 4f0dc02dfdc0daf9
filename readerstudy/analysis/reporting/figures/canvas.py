"""Figures: what every figure is drawn with: text, lines, marks, axes; one SVG at the end (pure).

Only presentation attributes are written, never ``style``: a strict Content-Security-Policy
would drop it.
"""

import re
from html import escape

from readerstudy.analysis.reporting.figures.scales import Scale, shortened, text_width

INK, SOFT, GRID, PAPER = "#1d2a30", "#55636a", "#d5dde1", "#ffffff"
# Okabe and Ito's palette without yellow, dark and light in turn: told apart in grey as well.
COLOURS = ("#0072b2", "#e69f00", "#d55e00", "#56b4e9", "#009e73", "#cc79a7")
SHAPES = ("circle", "square", "triangle", "diamond", "cross")
# Quoted: an unquoted name may not have a part that begins with a digit.
FONT = "'Source Sans Pro', 'Source Sans 3', sans-serif"
WIDTH, SIZE, SMALL = 720.0, 11.0, 10.0
BOLDER = 1.06
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe(text: str) -> str:
    """Return text fit for XML: escaped, without characters that XML forbids."""
    return escape(NOT_XML.sub("?", text))


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def colour_of(position: int) -> str:
    """Return the colour of the nth series."""
    return COLOURS[position % len(COLOURS)]


def beside_model(position: int) -> tuple[str, str]:
    """Return shape and colour of the nth series beside the model, which has the first colour.

    Twenty-five series stay distinct.
    """
    turn, place = divmod(position, len(COLOURS) - 1)
    return SHAPES[(place + turn) % len(SHAPES)], COLOURS[1 + place]


def shape_of(position: int) -> str:
    """Return the shape of the nth series; with six colours, thirty series stay distinct."""
    return SHAPES[position % len(SHAPES)]


class Canvas:
    """Collects elements; ``svg`` returns them as one element on white ground."""

    def __init__(self, key: str, *, width: float = WIDTH, height: float = 300.0) -> None:
        self.key, self.width, self.height = key, width, height
        self._parts: list[str] = []
        self.marks = 0

    def element(self, name: str, attributes: str, title: str = "") -> None:
        """Add an element; one with a title is a mark."""
        if title:
            self.marks += 1
            self._parts.append(f"<{name} {attributes}><title>{safe(title)}</title></{name}>")
        else:
            self._parts.append(f"<{name} {attributes}/>")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        size: float = SIZE,
        colour: str = INK,
        bold: bool = False,
        room: float | None = None,
    ) -> None:
        """Write one line; cut to ``room`` pixels, the whole words then stand in its title."""
        shown = words if room is None else shortened(words, room, size * (BOLDER if bold else 1))
        title = "" if shown == words else f"<title>{safe(words)}</title>"
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{colour}"'
            + ("" if anchor == "start" else f' text-anchor="{anchor}"')
            + (' font-weight="600"' if bold else "")
            + f">{title}{safe(shown)}</text>"
        )

    def heading(self, x: float, y: float, words: str) -> None:
        """Write a bold line over whatever stands behind it, as far as the figure is wide."""
        room = self.width - x - 12
        width = min(text_width(words, SIZE * BOLDER) + 4, room)
        self.box((x - 2, y - 11), (width, 15), stroke="none")
        self.text(x, y, words, bold=True, room=room)

    def upright(self, x: float, y: float, words: str, *, size: float = SIZE) -> None:
        """Write one line from bottom to top, centred."""
        self._parts.append(
            f'<text transform="translate({number(x)} {number(y)}) rotate(-90)" '
            f'font-size="{number(size)}" text-anchor="middle" fill="{INK}">{safe(words)}</text>'
        )

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        colour: str = INK,
        width: float = 1.0,
        dash: str = "",
        title: str = "",
    ) -> None:
        """Draw a straight line."""
        points = f"M{number(start[0])} {number(start[1])}L{number(end[0])} {number(end[1])}"
        self.path(points, stroke=colour, width=width, dash=dash, title=title)

    def path(
        self,
        points: str,
        *,
        stroke: str = "none",
        fill: str = "none",
        width: float = 1.0,
        dash: str = "",
        opacity: float = 1.0,
        title: str = "",
    ) -> None:
        """Draw a path."""
        attributes = f'd="{points}" fill="{fill}"'
        if stroke != "none":
            attributes += f' stroke="{stroke}" stroke-width="{number(width)}"'
            attributes += ' stroke-linejoin="round"'
        if dash:
            attributes += f' stroke-dasharray="{dash}"'
        if opacity < 1:
            attributes += f' opacity="{number(opacity)}"'
        self.element("path", attributes, title)

    def box(
        self,
        corner: tuple[float, float],
        size: tuple[float, float],
        *,
        fill: str = PAPER,
        stroke: str = INK,
        title: str = "",
    ) -> None:
        """Draw a rectangle from its upper left corner."""
        x, y = (number(value) for value in corner)
        width, height = (number(max(value, 0.0)) for value in size)
        attributes = f'x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"'
        self.element("rect", f'{attributes} stroke="{stroke}"', title)

    def mark(
        self,
        shape: str,
        at: tuple[float, float],
        colour: str,
        title: str = "",
        *,
        hollow: bool = False,
    ) -> None:
        """Draw a mark about nine pixels wide; its title is shown on hover."""
        x, y = at
        fill, edge = (PAPER, colour) if hollow else (colour, PAPER)
        pen = f'fill="{fill}" stroke="{edge}" stroke-width="{2 if hollow else 1}"'
        if shape == "circle":
            self.element("circle", f'cx="{number(x)}" cy="{number(y)}" r="4.5" {pen}', title)
            return
        outlines = {
            "square": f"M{number(x - 4)} {number(y - 4)}h8v8h-8z",
            "triangle": f"M{number(x)} {number(y - 5)}l5 9h-10z",
            "diamond": f"M{number(x)} {number(y - 5.5)}l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
            "cross": f"M{number(x - 1.5)} {number(y - 4.5)}h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
        }
        self.element("path", f'd="{outlines[shape]}" {pen}', title)

    def x_axis(self, scale: Scale, y: float, top: float, label: str) -> None:
        """Draw ticks below ``y``, grid lines up to ``top`` and the label."""
        for tick in scale.ticks():
            x = scale(tick)
            self.line((x, y), (x, top), colour=GRID)
            self.text(x, y + 14, signed(tick), anchor="middle", size=SMALL)
        self.line((scale.start, y), (scale.end, y))
        self.text((scale.start + scale.end) / 2, y + 30, label, anchor="middle")

    def y_axis(self, scale: Scale, x: float, right: float, label: str, ticks: int = 5) -> None:
        """Draw ticks left of ``x``, grid lines to ``right`` and the upright label."""
        for tick in scale.ticks(ticks):
            y = scale(tick)
            self.line((x, y), (right, y), colour=GRID)
            self.text(x - 6, y + 3.5, signed(tick), anchor="end", size=SMALL)
        self.line((x, scale.start), (x, scale.end))
        if label:
            self.upright(x - 40, (scale.start + scale.end) / 2, label)

    def empty(self, words: str) -> None:
        """Say that there is nothing to draw."""
        self.height = 80.0
        self.text(self.width / 2, 44, words, anchor="middle", colour=SOFT)

    def svg(self, title: str, description: str) -> str:
        """Return the element; identifiers begin with the figure's key."""
        key = re.sub(r"[^A-Za-z0-9_-]", "-", self.key)
        w, h = number(self.width), number(self.height)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" '
                f'height="{h}" role="img" aria-labelledby="{key}-title {key}-desc" '
                f'font-family="{FONT}" font-size="{number(SIZE)}">',
                f'<title id="{key}-title">{safe(title)}</title>',
                f'<desc id="{key}-desc">{safe(description)}</desc>',
                f'<rect width="{w}" height="{h}" fill="{PAPER}"/>',
                *self._parts,
                "</svg>",
            ]
        )


def signed(value: float) -> str:
    """Return a tick's label with a true minus."""
    return f"{value:g}".replace("-", "−")
