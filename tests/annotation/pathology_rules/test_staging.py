"""The N category follows from the fields, and says so where it does not."""

from dataclasses import replace

import pytest

from annotation.pathology_rules.report import (
    Edition,
    EneClass,
    LargestDeposit,
    PrimarySide,
    PrimarySite,
    SizeQualifier,
)
from annotation.pathology_rules.staging import recomputed_n
from tests.annotation.pathology_rules.reports import exactly, lumped, report, rows

ONE, TWO = rows(L_III=(9, 1, 0)), rows(L_III=(9, 1, 0), L_IV=(9, 1, 0))
ONE_ENE, TWO_ENE = rows(L_III=(9, 1, 1)), rows(L_III=(9, 1, 0), L_IV=(9, 1, 1))
FAR, FAR_ENE = rows(R_III=(9, 1, 0)), rows(R_III=(9, 1, 1))
BOTH, BOTH_ENE = rows(L_III=(9, 1, 0), R_III=(9, 1, 0)), rows(L_III=(9, 1, 1), R_III=(9, 1, 0))


@pytest.mark.parametrize(
    ("levels", "mm", "eighth", "seventh"),
    [
        (rows(L_III=(9, 0, 0)), None, "pN0", "pN0"),
        (rows(L_III=None), None, "pNX", "pNX"),
        (ONE, 1.0, "pN1", "pN1"),
        (ONE, 30.0, "pN1", "pN1"),
        (ONE, 30.1, "pN2a", "pN2a"),
        (ONE, 60.0, "pN2a", "pN2a"),
        (ONE, 60.1, "pN3a", "pN3"),
        (ONE_ENE, 30.0, "pN2a", "pN1"),
        (ONE_ENE, 30.1, "pN3b", "pN2a"),
        (ONE_ENE, 60.1, "pN3b", "pN3"),
        (TWO, 60.0, "pN2b", "pN2b"),
        (TWO, 60.1, "pN3a", "pN3"),
        (TWO_ENE, 10.0, "pN3b", "pN2b"),
        (rows(L_III=(9, 2, 0)), 10.0, "pN2b", "pN2b"),
        (FAR, 10.0, "pN2c", "pN2c"),
        (FAR, 60.1, "pN3a", "pN3"),
        (FAR_ENE, 10.0, "pN3b", "pN2c"),
        (BOTH, 60.0, "pN2c", "pN2c"),
        (BOTH, 60.1, "pN3a", "pN3"),
        (BOTH_ENE, 10.0, "pN3b", "pN2c"),
    ],
)
def test_every_row_and_border_of_the_tables(levels, mm, eighth, seventh):
    size = LargestDeposit() if mm is None else exactly(mm)
    found = report(*levels, largest_deposit=size)
    assert recomputed_n(found).category == eighth
    assert recomputed_n(replace(found, edition=Edition.AJCC7)).category == seventh


@pytest.mark.parametrize(
    ("positive", "expected"), [(0, "pN0"), (1, "pN1"), (4, "pN1"), (5, "pN2"), (9, "pN2")]
)
def test_hpv_mediated_oropharynx_counts_nodes_and_nothing_else(positive, expected):
    found = report(
        *rows(R_III=(9, positive, min(positive, 1))),
        primary_site=PrimarySite.OROPHARYNX_P16_POSITIVE,
        primary_side=PrimarySide.UNKNOWN,
    )
    assert recomputed_n(found).category == expected


@pytest.mark.parametrize(
    ("size", "possible"),
    [
        (LargestDeposit(), ("pN1", "pN2a", "pN3a")),
        (LargestDeposit(mm=30.0, qualifier=SizeQualifier.LESS), ("pN1",)),
        (LargestDeposit(mm=31.0, qualifier=SizeQualifier.LESS), ("pN1", "pN2a")),
        (LargestDeposit(mm=30.0, qualifier=SizeQualifier.AT_LEAST), ("pN1", "pN2a", "pN3a")),
        (LargestDeposit(mm=30.0, qualifier=SizeQualifier.GREATER), ("pN2a", "pN3a")),
        (LargestDeposit(mm=60.0, qualifier=SizeQualifier.GREATER), ("pN3a",)),
    ],
)
def test_a_bounded_size_is_tried_in_every_way(size, possible):
    staged = recomputed_n(report(*ONE, largest_deposit=size))
    assert staged.possible == possible
    assert staged.category == (possible[0] if len(possible) == 1 else None)
    assert ("size of the largest metastasis" in staged.because) == (len(possible) > 1)


def test_an_unknown_size_does_not_matter_where_ene_decides():
    assert recomputed_n(report(*TWO_ENE)).category == "pN3b"


def test_without_a_deposit_the_node_is_measured():
    assert recomputed_n(report(*ONE, largest_node_mm=31.0)).category == "pN2a"
    both = report(*ONE, largest_node_mm=31.0, largest_deposit=exactly(12.0))
    assert recomputed_n(both).category == "pN1"


def test_what_the_report_leaves_open_is_named():
    found = report(
        *rows(L_III=(9, 1, None)),
        largest_deposit=exactly(10.0),
        primary_side=PrimarySide.UNKNOWN,
        primary_site=PrimarySite.UNKNOWN,
    )
    staged = recomputed_n(found)
    assert staged.possible == ("pN1", "pN2a", "pN2c", "pN3b")
    for words in ("primary site", "seen from the primary", "whether there is ENE"):
        assert words in staged.because
    known = replace(found, ene_class=EneClass.MINOR, primary_side=PrimarySide.LEFT)
    assert recomputed_n(known).possible == ("pN1", "pN2a")


def test_a_midline_primary_has_no_contralateral_side():
    found = report(*FAR, largest_deposit=exactly(10.0), primary_side=PrimarySide.MIDLINE)
    assert recomputed_n(found).category == "pN1"
    found = replace(found, levels=BOTH)
    assert recomputed_n(found).category == "pN2c"


def test_levels_lumped_over_both_sides_leave_the_side_open():
    levels = lumped("central", "L VI", "R VI", counts=(6, 2, 0))
    staged = recomputed_n(report(*levels, largest_deposit=exactly(9.0)))
    assert staged.possible == ("pN2b", "pN2c")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"edition": Edition.UNKNOWN}, "edition"),
        ({"edition": Edition.VERSION9}, "Version 9"),
        ({"primary_site": PrimarySite.NASOPHARYNX}, "nasopharynx"),
        ({"primary_site": PrimarySite.OTHER}, "other"),
    ],
)
def test_without_a_table_there_is_no_category_but_a_sentence(fields, word):
    staged = recomputed_n(report(*ONE, largest_deposit=exactly(10.0), **fields))
    assert (staged.category, staged.possible) == (None, ())
    assert word in staged.because
    assert staged.agrees_with("pN3b")


def test_a_coarse_category_agrees_with_its_parts():
    staged = recomputed_n(report(*TWO, largest_deposit=exactly(10.0)))
    assert staged.agrees_with("pN2b")
    assert staged.agrees_with("pN2")
    assert not staged.agrees_with("pN2c")
    assert not staged.agrees_with("pN1")
