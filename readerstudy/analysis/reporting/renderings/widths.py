"""Analysis room: how large a table can be set so that nothing runs off the page."""

from dataclasses import dataclass

from readerstudy.analysis.reporting.document import Table

PORTRAIT = 482.0
LANDSCAPE = 728.0
_GLYPH = 0.5
_GAP = 7.0
_CELL = 34
_SETTINGS = ((False, 9.0), (False, 8.0), (True, 8.5), (True, 7.5), (True, 6.5), (True, 5.5))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a table is set: page turned or not, type size and column widths in points."""

    landscape: bool
    size: float
    widths: tuple[float, ...]


def setting_of(table: Table) -> Setting:
    """Choose the largest type, upright page first, at which the table fits."""
    wanted = [_wanted(table, index) for index in range(len(table.columns))]
    for landscape, size in _SETTINGS:
        room = LANDSCAPE if landscape else PORTRAIT
        if sum(size * _GLYPH * length + _GAP for length in wanted) <= room:
            break
    widths = [size * _GLYPH * length + _GAP for length in wanted]
    scale = room / sum(widths) if widths else 1.0
    return Setting(landscape=landscape, size=size, widths=tuple(width * scale for width in widths))


def _wanted(table: Table, index: int) -> int:
    """Characters that a column needs: cells up to a limit, titles only by their longest word."""
    cells = [row.cells[index] for row in table.rows if not row.heading]
    longest = max((min(len(cell), _CELL) for cell in cells), default=1)
    word = max((len(word) for word in table.columns[index].title.split()), default=1)
    return max(longest, min(word, _CELL), 3)
