"""Column widths by what the columns hold."""

from readerstudy.analysis.reporting.document import Column, Row, Table
from readerstudy.analysis.reporting.renderings.widths import LANDSCAPE, PORTRAIT, setting_of

ANSWER = "Taken as the imported file gives it; how it was obtained is for the author to say. "


def _table(titles, rows, *, numbers=()):
    columns = tuple(
        Column(title=title, align="number" if index in numbers else "text")
        for index, title in enumerate(titles)
    )
    return Table(key="t", title="T", columns=columns, rows=tuple(Row(cells=row) for row in rows))


def test_the_column_of_sentences_gets_the_room():
    rows = [("15a", "Reason for the choice", ANSWER * 3, "Table 4")] * 5
    setting = setting_of(_table(("Item", "Asked", "This study", "Where"), rows))
    assert setting.running
    assert not setting.landscape
    assert setting.widths[2] > 0.5 * sum(setting.widths)
    assert setting.widths[0] < 0.1 * sum(setting.widths)
    assert abs(sum(setting.widths) - PORTRAIT) < 1e-6


def test_two_short_columns_are_not_pulled_apart_over_the_page():
    setting = setting_of(_table(("", "Nodes"), [("Benign", "161")], numbers={1}))
    assert sum(setting.widths) < PORTRAIT / 2
    assert not setting.running


def test_numbers_stay_in_one_line_as_long_as_some_type_is_small_enough():
    cells = ("Reader R1", *["0.66 (0.59, 0.74)"] * 6)
    table = _table([f"AUC {index}" for index in range(7)], [cells], numbers=range(1, 7))
    setting = setting_of(table)
    assert not setting.landscape
    assert min(setting.widths[1:]) >= 17 * 0.42 * setting.size


def test_a_wider_typeface_is_set_smaller_or_turned():
    cells = ("Reader R1", *["0.66 (0.59, 0.74)"] * 6)
    table = _table([f"AUC {index}" for index in range(7)], [cells], numbers=range(1, 7))
    plain, wide = setting_of(table), setting_of(table, stretch=1.5)
    assert wide.landscape or wide.size < plain.size
    assert sum(wide.widths) <= (LANDSCAPE if wide.landscape else PORTRAIT) + 1e-6
