"""Each rule can be broken alone; truth passes; the order of nodes means nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.pathology_rules.findings import Code
from annotation.pathology_rules.labels import Basis, Border, LabelledNode, Labelling
from annotation.pathology_rules.report import Counts, EneClass
from annotation.pathology_rules.report_errors import errors_of
from annotation.pathology_rules.rules import check
from tests.annotation.pathology_rules.reports import exactly, lumped, place, report, rows
from tests.annotation.pathology_rules.truths import truths


def node(number, where, label, sad_mm=10.0, **fields):
    return LabelledNode(
        number=number,
        own=place(where),
        label=label,
        sad_mm=sad_mm,
        basis=Basis.MORPHOLOGY,
        **fields,
    )


def labelled(*nodes, **fields):
    return Labelling(nodes=nodes, **fields)


def near(*where, mm=5.0):
    return Border(neighbours=tuple(map(place, where)), distance_mm=mm)


LEFT = rows(L_IIa=(9, 2, 1), L_III=(9, 1, 0), L_IV=(9, 0, 0))
BOTH = (*LEFT, *rows(R_IIa=(9, 0, 0), R_III=(9, 1, 0), R_VI=None))
TOGETHER = lumped("left II to III", "L IIa", "L III", counts=(9, 2, 1))
SEEN = (node(1, "L IIa", 2), node(2, "L IIa", 1), node(3, "L III", 1), node(4, "L IV", 0))

ALONE = {
    "B1": (report(*BOTH), labelled(*SEEN, node(5, "L III", 1)), [3, 5], ["left III"]),
    "B2": (report(*BOTH), labelled(SEEN[0], node(2, "L IIa", 2)), [1, 2], ["left IIa"]),
    "B2 elsewhere": (report(*BOTH), labelled(SEEN[0], node(3, "L III", 2)), [3], ["left III"]),
    "B3": (report(*BOTH), labelled(*SEEN, node(5, "L IV", 1)), [5], ["left IV"]),
    "B3 undetermined": (report(*BOTH), labelled(*SEEN, node(5, "L IV", 9)), [5], ["left IV"]),
    "B4": (report(*BOTH), labelled(*SEEN, node(5, "R VI", 0)), [5], ["right VI"]),
    "B4 not in the report": (report(*BOTH), labelled(*SEEN, node(5, "R Ia", 0)), [5], ["right Ia"]),
    "B5": (report(*rows(L_III=(9, 1, 0))), labelled(node(1, "L III", 2)), [1], ["left III"]),
    "B5 not visible": (report(*BOTH), labelled(*SEEN[1:]), [], []),
    "B6": (
        report(*TOGETHER),
        labelled(node(1, "L IIa", 2), node(2, "L IIa", 1), node(3, "L III", 1)),
        [1, 2, 3],
        ["left IIa", "left III"],
    ),
    "B6 ENE": (
        report(*TOGETHER),
        labelled(node(1, "L IIa", 2), node(3, "L III", 2)),
        [1, 3],
        ["left IIa", "left III"],
    ),
    "B8": (
        report(*BOTH),
        labelled(node(1, "R IIa", 2), node(2, "R IIa", 1), node(3, "R III", 1)),
        [1, 2],
        ["right IIa"],
    ),
    "W1": (
        report(*BOTH),
        labelled(*SEEN, node(5, "L III", 0, 10.1), node(6, "L III", 0, 10.0)),
        [3, 5],
        ["left III"],
    ),
    "W2 above": (
        report(*BOTH, largest_node_mm=20.0),
        labelled(replace(SEEN[0], sad_mm=27.1), *SEEN[1:]),
        [1],
        ["left IIa"],
    ),
    "W2 below": (report(*BOTH, largest_node_mm=31.0), labelled(*SEEN), [1], ["left IIa"]),
    "W2 deposit": (
        report(*BOTH, largest_deposit=exactly(31.0)),
        labelled(*SEEN),
        [1],
        ["left IIa"],
    ),
    "W3": (report(*BOTH), labelled(node(1, "L IIa", 2, 4.9)), [1], ["left IIa"]),
    "W4": (
        report(*rows(L_III=(1, 1, 0))),
        labelled(node(1, "L III", 1), node(2, "L III", 0)),
        [1, 2],
        ["left III"],
    ),
    "W5": (
        report(*BOTH),
        labelled(*SEEN[:2], node(3, "L IV", 1, matched=place("L III"), border=near("L III"))),
        [3],
        ["left III", "left IV"],
    ),
    "W7": (report(*BOTH, days_ct_to_surgery=61), labelled(*SEEN), [], []),
    "W8": (report(*BOTH, pn="pN2c"), labelled(*SEEN), [], []),
}


@pytest.mark.parametrize("case", ALONE)
def test_every_rule_can_be_broken_alone(case):
    pathology, labelling, nodes, places = ALONE[case]
    assert errors_of(pathology) == ()
    (found,) = check(pathology, labelling)
    assert found.code == case[:2]
    assert list(found.nodes) == nodes
    assert [str(one) for one in found.places] == places
    assert found.sentence.endswith(".")
    assert found.code.is_block == case.startswith("B")


def test_w6_two_annotators_count_alike_but_mean_different_nodes():
    pathology = report(*rows(L_III=(9, 1, 0), L_IV=(9, 1, 0)))
    first = labelled(node(1, "L III", 1), node(2, "L III", 0), node(3, "L IV", 1))
    second = labelled(node(1, "L III", 0), node(2, "L III", 1), node(3, "L IV", 1))
    (found,) = check(pathology, first, second)
    assert (found.code, found.nodes) == (Code.ANNOTATORS_SWAPPED, (1, 2))
    assert check(pathology, first, first) == ()
    unequal = labelled(node(1, "L III", 0), node(2, "L III", 0), node(3, "L IV", 1))
    assert check(pathology, first, unequal) == ()


def test_every_code_has_a_case():
    assert {case[:2] for case in ALONE} | {"W6"} == set(Code)


@settings(deadline=None)
@given(truths())
def test_labels_drawn_from_a_consistent_truth_pass_without_blocks(truth):
    assert errors_of(truth.report) == ()
    found = check(truth.report, truth.labelling, truth.labelling)
    assert [one for one in found if one.code.is_block] == []
    assert not {Code.MORE_NODES_THAN_EXAMINED, Code.NEIGHBOUR_FITS} & {one.code for one in found}


@settings(deadline=None)
@given(truths(), st.data())
def test_the_order_of_nodes_and_levels_means_nothing(truth, data):
    nodes = data.draw(st.permutations(truth.labelling.nodes))
    wrong = [replace(one, label=data.draw(st.sampled_from([0, 1, 2, 9]))) for one in nodes]
    levels = tuple(data.draw(st.permutations(truth.report.levels)))
    shuffled = data.draw(st.permutations(wrong))
    found = check(truth.report, Labelling(nodes=tuple(wrong)), truth.labelling)
    again = check(
        replace(truth.report, levels=levels), Labelling(nodes=tuple(shuffled)), truth.labelling
    )
    assert again == found


@settings(deadline=None)
@given(truths())
def test_exchanging_all_sides_never_passes_unless_it_fits(truth):
    """Mirrored metastatic labels block, or the mirrored counts allow them as well."""
    nodes = tuple(replace(one, own=one.own.mirrored) for one in truth.labelling.nodes)
    metastatic = tuple(one for one in nodes if one.is_metastatic)
    found = check(truth.report, Labelling(nodes=metastatic, ene_not_visible=True))
    codes = {one.code for one in found if one.code.is_block}
    assert codes <= {Code.SIDE_ERROR}


def test_a_matted_lump_needs_one_positive_and_may_hold_several():
    lump = (node(1, "L III", 1, matted="a"), node(2, "L III", 1, matted="a"))
    assert check(report(*rows(L_III=(1, 1, 0))), labelled(*lump)) == ()
    assert check(report(*rows(L_III=(9, 7, 0))), labelled(*lump)) == ()
    (found,) = check(report(*rows(L_III=(9, 1, 0))), labelled(*lump, node(3, "L III", 1)))
    assert found.code is Code.MORE_METASTATIC_THAN_POSITIVE


def test_lumped_levels_are_not_checked_one_by_one():
    both_in_one = labelled(node(1, "L III", 2), node(2, "L III", 1))
    assert check(report(*TOGETHER), both_in_one) == ()


def test_a_level_matched_by_the_annotator_counts_in_place_of_the_own_one():
    nodes = labelled(node(1, "L IIa", 1, matched=place("L III")))
    assert check(report(*rows(L_III=(9, 1, 0), L_IIa=(9, 0, 0))), nodes) == ()


def test_the_neighbour_is_a_hint_beside_the_block_until_the_node_is_matched_to_it():
    pathology = report(*rows(L_III=(9, 1, 0), L_IV=(9, 0, 0)))
    codes = [
        one.code for one in check(pathology, labelled(node(1, "L IV", 1, border=near("L III"))))
    ]
    assert codes == [Code.NEGATIVE_LEVEL, Code.NEIGHBOUR_FITS]
    far = labelled(node(1, "L IV", 1, border=near("L III", mm=5.1)))
    assert [one.code for one in check(pathology, far)] == [Code.NEGATIVE_LEVEL]
    full = labelled(node(1, "L IV", 1, border=near("L III")), node(2, "L III", 1))
    assert [one.code for one in check(pathology, full)] == [Code.NEGATIVE_LEVEL]


def test_of_a_neighbour_that_is_not_divided_the_halves_that_fit_are_told():
    halves = labelled(node(1, "L III", 1, border=near("L IIa", "L IIb")))
    one = report(*rows(L_IIa=(9, 0, 0), L_IIb=(9, 1, 0), L_III=(9, 0, 0)))
    (_, found) = check(one, halves)
    assert [str(place) for place in found.places] == ["left IIb", "left III"]
    assert found.sentence.endswith("fits the counts of left IIb only.")
    both = report(*rows(L_IIa=(9, 2, 0), L_IIb=(9, 1, 0), L_III=(9, 0, 0)))
    assert check(both, halves)[1].sentence.endswith("of left IIa or left IIb only.")
    neither = report(*rows(L_IIa=(9, 0, 0), L_IIb=None, L_III=(9, 0, 0)))
    assert [one.code for one in check(neither, halves)] == [Code.NEGATIVE_LEVEL]


def test_levels_that_the_report_counts_together_are_no_neighbours():
    pathology = report(*lumped("left II", "L IIa", "L IIb", counts=(9, 0, 0)))
    found = check(pathology, labelled(node(1, "L IIa", 1, border=near("L IIb"))))
    assert [one.code for one in found] == [Code.LUMPED_LEVELS]


def test_a_side_error_needs_all_metastatic_labels_to_fit_after_the_exchange():
    pathology = report(*rows(L_III=(9, 1, 0), R_III=(9, 0, 0), R_IV=(9, 0, 0), L_IV=(9, 0, 0)))
    wrong = labelled(node(1, "R III", 1), node(2, "R IV", 1))
    assert {one.code for one in check(pathology, wrong)} == {Code.NEGATIVE_LEVEL}
    exchanged = labelled(node(1, "R III", 1), node(2, "R IV", 0), node(3, "L IV", 9))
    found = check(pathology, exchanged)
    assert [one.code for one in found] == [Code.NEGATIVE_LEVEL, Code.SIDE_ERROR]
    assert "B3" in found[1].sentence


def test_ene_that_is_not_visible_must_be_written():
    pathology = report(*rows(L_III=(9, 2, None)), ene_class=EneClass.MINOR)
    nodes = (node(1, "L III", 1),)
    (found,) = check(pathology, labelled(*nodes))
    assert found.code is Code.ENE_AGAINST_REPORT
    assert "not visible on CT" in found.sentence
    assert check(pathology, labelled(*nodes, ene_not_visible=True)) == ()
    open_report = report(*rows(L_III=(9, 2, None)))
    assert check(open_report, labelled(*nodes)) == ()


def test_a_report_that_contradicts_itself_is_found_too():
    counts = Counts(examined=3, positive=4, ene_positive=0)
    levels = tuple(replace(row, counts=counts) for row in rows(L_III=(9, 1, 0)))
    (found,) = check(report(*levels), labelled())
    assert (found.code, found.nodes) == (Code.MORE_ENE_THAN_POSITIVE, ())


@pytest.mark.parametrize(
    ("sad_mm", "fields", "is_found"),
    [
        (10.4, {"largest_node_mm": 31.0}, False),
        (10.3, {"largest_node_mm": 31.0}, True),
        (27.0, {"largest_node_mm": 20.0}, False),
        (27.1, {"largest_node_mm": 20.0}, True),
        (60.0, {"largest_deposit": exactly(4.0)}, False),
        (10.0, {}, False),
    ],
)
def test_the_band_of_sizes(sad_mm, fields, is_found):
    found = check(
        report(*rows(L_III=(9, 1, 0)), **fields), labelled(node(1, "L III", 1, sad_mm=sad_mm))
    )
    assert [one.code for one in found] == [Code.SIZE_OUT_OF_BAND] * is_found


@pytest.mark.parametrize(("days", "is_found"), [(None, False), (0, False), (60, False), (61, True)])
def test_the_gap(days, is_found):
    found = check(report(*rows(L_III=(9, 0, 0)), days_ct_to_surgery=days), labelled())
    assert bool(found) == is_found


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": 3},
        {"certainty": 0},
        {"sad_mm": 0.0},
        {"sad_mm": float("nan")},
        {"border": Border(neighbours=(place("L IV"),), distance_mm=-1.0)},
    ],
)
def test_an_impossible_node_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(SEEN[0], **wrong)
    with pytest.raises(ValueError, match="twice"):
        labelled(SEEN[0], SEEN[0])
