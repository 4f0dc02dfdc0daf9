"""Reports and nodes written briefly, for the tests of this folder."""

from dataclasses import replace

from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report import (
    Counts,
    DissectionType,
    Edition,
    EneClass,
    Known,
    LargestDeposit,
    LevelRow,
    PathologyReport,
    PrimarySide,
    PrimarySite,
    SizeQualifier,
)


def place(text):
    """``L III`` or ``R IIa``."""
    side, level = text.split()
    return Place(side=Side.LEFT if side == "L" else Side.RIGHT, level=Level(level))


def rows(**levels):
    """``L_III=(examined, positive, ene)``; None is a level that was not dissected."""
    return tuple(
        LevelRow(place=place(name.replace("_", " ")), dissected=Known.NO)
        if numbers is None
        else LevelRow(
            place=place(name.replace("_", " ")),
            dissected=Known.YES,
            counts=Counts(examined=numbers[0], positive=numbers[1], ene_positive=numbers[2]),
        )
        for name, numbers in levels.items()
    )


def lumped(name, first, *others, counts):
    head = rows(**{first.replace(" ", "_"): counts})
    rest = [LevelRow(place=place(other), dissected=Known.YES) for other in others]
    return tuple(replace(row, lumped_group=name) for row in (*head, *rest))


def report(*levels, **fields):
    """A report without errors; the class of ENE follows the counts."""
    numbers = [row.counts.ene_positive for row in levels if row.counts]
    if any(numbers):
        ene = EneClass.EXTENT_UNKNOWN
    else:
        ene = EneClass.NOT_STATED if None in numbers else EneClass.NONE
    standard = {
        "report_id": "P-1",
        "levels": tuple(levels),
        "days_ct_to_surgery": 14,
        "dissection_left": DissectionType.SELECTIVE,
        "dissection_right": DissectionType.SELECTIVE,
        "primary_site": PrimarySite.LARYNX,
        "primary_side": PrimarySide.LEFT,
        "ene_class": ene,
        "edition": Edition.AJCC8,
    }
    return PathologyReport(**(standard | fields))


def exactly(mm):
    return LargestDeposit(mm=mm, qualifier=SizeQualifier.EXACT)
