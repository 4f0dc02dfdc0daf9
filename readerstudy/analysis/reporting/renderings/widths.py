"""Analysis room: how large a table is set, and how wide each of its columns."""

from dataclasses import dataclass

from readerstudy.analysis.reporting.document import Table

PORTRAIT = 482.0
LANDSCAPE = 728.0
_GAP = 6.5
_BOLD = 1.06
_WORD_EM = 12.0
_COLUMN_EM = 9.0
_TITLE_LINES = 2.5
_RUNNING_EM = 28.0
_LOOSEST = 1.5
_SETTINGS = (
    *((False, size) for size in (9.0, 8.5, 8.0, 7.5, 7.0, 6.75)),
    *((True, size) for size in (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)),
)
_RUNNING_SIZE = 8.0
# Shares of the type size in Source Sans Pro, rounded up.
_EM = 0.51
_EMS = dict.fromkeys(" .,;:'|!()[]/-", 0.31) | dict.fromkeys("ijltfrI", 0.35)
_EMS |= dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ", 0.62) | dict.fromkeys("mwMW%–−", 0.84)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a table is set: page turned or not, type size and column widths in points.

    ``running`` tells of cells that hold sentences; lines between the rows then help.
    """

    landscape: bool
    size: float
    widths: tuple[float, ...]
    running: bool


@dataclass(frozen=True, kw_only=True)
class _Need:
    """Widths of one column in em: the least, all in one line, and the mean of its cells."""

    least: float
    whole: float
    mean: float
    number: bool

    @property
    def wanted(self) -> float:
        """Numbers stay in one line; words may be broken into a few."""
        return self.whole if self.number else max(self.least, min(self.whole, _COLUMN_EM))


def setting_of(table: Table, *, stretch: float = 1.0) -> Setting:
    """Choose the largest type, upright page first, at which the table fits.

    Parameters
    ----------
    table : Table
    stretch : float
        How much wider the typeface runs than Source Sans Pro.
    """
    needs = [_need(table, index) for index in range(len(table.columns))]
    running = any(need.whole > _RUNNING_EM for need in needs if not need.number)
    gaps = _GAP * len(needs)
    landscape, size, room = False, _SETTINGS[0][1], PORTRAIT
    for landscape, size in _SETTINGS:
        room = LANDSCAPE if landscape else PORTRAIT
        if running and size > _RUNNING_SIZE:
            continue
        if sum(need.wanted for need in needs) * size * stretch + gaps <= room:
            break
    widths = _shared(needs, size * stretch, room)
    return Setting(landscape=landscape, size=size, widths=tuple(widths), running=running)


def _shared(needs: list[_Need], em: float, room: float) -> list[float]:
    """Give each column what it needs, then what is left to those whose cells break most often."""
    widths = [need.wanted * em + _GAP for need in needs]
    if sum(widths) > room:
        return [width * room / sum(widths) for width in widths]
    whole = [need.whole * em + _GAP for need in needs]
    if sum(whole) <= room:
        return _loosened(whole, room)
    left = room - sum(widths)
    wishes = [
        min(need.mean * em, full) if full > width else 0.0
        for need, width, full in zip(needs, widths, whole, strict=True)
    ]
    total = sum(wishes) or 1.0
    return [width + left * wish / total for width, wish in zip(widths, wishes, strict=True)]


def _loosened(widths: list[float], room: float) -> list[float]:
    """Spread columns a little: numbers far from their names are hard to follow."""
    factor = min(room / sum(widths), _LOOSEST) if widths else 1.0
    return [width * factor for width in widths]


def _need(table: Table, index: int) -> _Need:
    column = table.columns[index]
    cells = [row.cells[index] for row in table.rows if not row.heading]
    words = [word for text in cells for word in text.split()]
    title = max((_em(word) for word in column.title.split()), default=0.0)
    title = _BOLD * max(title, _em(column.title) / _TITLE_LINES)
    longest = max((_em(word) for word in words), default=0.0)
    lines = [_em(text) for text in cells] or [0.0]
    least = max(min(longest, _WORD_EM), min(title, _WORD_EM), 1.0)
    return _Need(
        least=least,
        whole=max(least, *lines),
        mean=sum(lines) / len(lines),
        number=column.align == "number",
    )


def _em(text: str) -> float:
    return sum(_EMS.get(letter, _EM) for letter in text)
