import pytest

from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.questions import Question, QuestionCode
from cohorts.dicom.structures import (
    Structure,
    StructureChoice,
    StructureRole,
    choose_structures,
    role_of,
)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("N1 left level II", StructureRole.NODE),
        ("LN_c40", StructureRole.NODE),
        ("lymph node 3", StructureRole.NODE),
        ("LymphNode2", StructureRole.NODE),
        ("GTV_N2", StructureRole.NODE),
        ("LN", StructureRole.NODE),
        ("enlarged nodes neck", StructureRole.NODE),
        ("Level IIa left", StructureRole.STATION),
        ("LN_II_L", StructureRole.STATION),
        ("right III", StructureRole.STATION),
        ("PTV70", StructureRole.NEITHER),
        ("GTV_Mass_CT", StructureRole.NEITHER),
        ("LeftParotid", StructureRole.NEITHER),
        ("Mandible", StructureRole.NEITHER),
        ("SpinalCord", StructureRole.NEITHER),
        ("Tumor_c40", StructureRole.NEITHER),
        ("External", StructureRole.NEITHER),
        ("GREEN", StructureRole.UNDECIDED),
        ("O2 overlaps O1", StructureRole.UNDECIDED),
        ("", StructureRole.UNDECIDED),
    ],
)
def test_names_say_what_a_structure_is(name, role):
    assert role_of(Structure(number=1, name=name)) is role


def test_a_code_says_it_where_the_name_tells_no_level():
    assert role_of(Structure(number=1, name="x", coded_as_node=True)) is StructureRole.NODE
    level = Structure(number=1, name="level III left", coded_as_node=True)
    assert role_of(level) is StructureRole.STATION


def structures(*names):
    return [Structure(number=number, name=name) for number, name in enumerate(names, start=1)]


def choose(names, *, names_expected=True, **options):
    return choose_structures(
        "rs.dcm", structures(*names), IntakeOptions(**options), names_expected=names_expected
    )


def choice(nodes=(), stations=()):
    return StructureChoice(nodes=frozenset(nodes), stations=frozenset(stations))


def test_names_that_decide_everything_need_no_question():
    assert choose(["LN 1", "PTV70", "Level II left"]) == choice({1}, {3})
    assert choose(["Level II left", "PTV70"]) == choice(stations={1})


@pytest.mark.parametrize("names", [["LN 1", "GREEN"], ["PTV70", "Mandible"], ["GREEN"], []])
def test_names_that_do_not_are_asked_about(names):
    question = choose(names)
    assert isinstance(question, Question)
    assert (question.code, question.several) == (QuestionCode.WHICH_STRUCTURES, True)
    assert question.suggested == (("1",) if "LN 1" in names else ())
    assert [choice.value for choice in question.choices] == [
        str(number) for number in range(1, len(names) + 1)
    ]


def test_an_answer_decides_and_none_is_an_answer():
    names = ["LN 1", "GREEN", "right III"]
    question = choose(names)
    assert choose(names, answers={question.id: "2\n1"}) == choice({1, 2}, {3})
    assert choose(names, answers={question.id: ""}) == choice(stations={3})
    assert choose(names, answers={question.id: "3"}) == choice({3})
    assert choose(names, answers={question.id: "9"}) == question


def test_an_answer_about_other_names_is_no_answer():
    question = choose(["LN 1", "GREEN"])
    assert isinstance(choose(["LN 1", "RED"], answers={question.id: "1"}), Question)


def test_patterns_decide_first():
    names = ["A one", "B two", "Level II left"]
    assert choose(names, node_structures=("a*",)) == choice({1}, {3})
    assert choose(names, node_structures=("*",)) == choice({1, 2, 3})
    assert choose(names, node_structures=("*",), station_structures=("b*",)) == choice({1, 3}, {2})
    assert choose(["LN 1", "zone x"], station_structures=("ZONE*",)) == choice({1}, {2})


def test_segments_without_names_are_nodes_but_contours_without_names_are_asked_about():
    names = ["Segment_1", "", "label 3"]
    assert choose(names, names_expected=False) == choice({1, 2, 3})
    assert isinstance(choose(names), Question)
    assert isinstance(choose([*names, "GREEN"], names_expected=False), Question)


def test_long_names_are_shown_in_part():
    question = choose(["x" * 500])
    assert question.choices[0].label == "1: " + "x" * 64
