"""A pathology report keeps every field, finds every error and has one stored form."""

import json
from dataclasses import replace

import pytest

from annotation.pathology_rules.places import ALL_PLACES
from annotation.pathology_rules.report import (
    DissectionType,
    EneClass,
    Known,
    LargestDeposit,
    LevelRow,
    SizeQualifier,
    count_groups,
    has_ene,
)
from annotation.pathology_rules.report_errors import errors_of
from annotation.pathology_rules.report_json import digest_of, from_json, to_json
from tests.annotation.pathology_rules.reports import exactly, lumped, place, report, rows

GOOD = report(
    *rows(L_Ia=(2, 0, 0), L_III=(8, 3, 1), R_VI=None),
    *lumped("right II", "R IIa", "R IIb", counts=(9, 0, 0)),
    largest_deposit=exactly(18),
    largest_node_mm=24.5,
    ene_class=EneClass.MAJOR,
    ene_extent_mm=2.5,
    pt="pT3",
    pn="pN3b",
)


def test_a_good_report_has_no_error():
    assert errors_of(GOOD) == ()


def test_the_places_are_eighteen_left_first_from_top_to_bottom():
    assert len(ALL_PLACES) == 18
    assert [str(one) for one in ALL_PLACES[8:11]] == ["left VI", "right Ia", "right Ib"]
    assert sorted(ALL_PLACES, key=lambda one: one.order) == list(ALL_PLACES)


def level(**changes):
    return replace(GOOD, levels=(replace(GOOD.levels[1], **changes), *GOOD.levels[2:]))


def counts(**changes):
    return level(counts=replace(GOOD.levels[1].counts, **changes))


@pytest.mark.parametrize(
    ("wrong", "field", "where"),
    [
        (replace(GOOD, report_id=" "), "report_id", None),
        (replace(GOOD, report_id="x" * 101), "report_id", None),
        (replace(GOOD, days_ct_to_surgery=-1), "days_ct_to_surgery", None),
        (replace(GOOD, pt="T3"), "pt", None),
        (replace(GOOD, pn="pN4"), "pn", None),
        (replace(GOOD, largest_deposit=exactly(0.0)), "largest_deposit", None),
        (replace(GOOD, largest_deposit=exactly(None)), "largest_deposit", None),
        (replace(GOOD, largest_deposit=LargestDeposit(mm=3.0)), "largest_deposit", None),
        (replace(GOOD, largest_node_mm=float("nan")), "largest_node_mm", None),
        (replace(GOOD, ene_extent_mm=2.0), "ene_extent_mm", None),
        (replace(GOOD, ene_extent_mm=2.1, ene_class=EneClass.MINOR), "ene_extent_mm", None),
        (
            replace(counts(ene_positive=None), ene_class=EneClass.NOT_STATED),
            "ene_extent_mm",
            None,
        ),
        (replace(GOOD, ene_class=EneClass.NONE, ene_extent_mm=None), "ene_class", None),
        (counts(ene_positive=0), "ene_class", None),
        (
            replace(counts(ene_positive=0), ene_class=EneClass.NOT_STATED, ene_extent_mm=None),
            "ene_class",
            None,
        ),
        (replace(GOOD, levels=(*GOOD.levels, GOOD.levels[0])), "level", "L Ia"),
        (replace(GOOD, dissection_left=DissectionType.NONE), "dissected", "L III"),
        (level(counts=None), "counts", "L III"),
        (level(dissected=Known.NO), "counts", "L III"),
        (counts(examined=-1), "examined", "L III"),
        (counts(examined=201), "examined", "L III"),
        (counts(examined=2), "positive", "L III"),
        (counts(positive=0, ene_positive=None), "ene_positive", "L III"),
        (counts(ene_positive=4), "ene_positive", "L III"),
    ],
)
def test_every_error_names_its_field_and_level(wrong, field, where):
    found = errors_of(wrong)
    assert (field, where and place(where)) in [(error.field, error.place) for error in found]
    assert all(str(error).endswith(".") for error in found)


@pytest.mark.parametrize(
    ("levels", "field", "where"),
    [
        (lumped("a", "L III", counts=(3, 1, 0)), "lumped_group", "L III"),
        (
            (
                LevelRow(place=place("L III"), dissected=Known.YES, lumped_group="a"),
                *lumped("a", "L IV", counts=(3, 1, 0)),
            ),
            "counts",
            "L III",
        ),
        (
            (
                *lumped("a", "L III", counts=(3, 1, 0)),
                LevelRow(place=place("L IV"), dissected=Known.UNKNOWN, lumped_group="a"),
            ),
            "dissected",
            "L IV",
        ),
    ],
)
def test_lumped_levels_share_one_set_of_counts(levels, field, where):
    found = errors_of(report(*levels))
    assert (field, place(where)) in [(error.field, error.place) for error in found]


def test_groups_hold_what_was_counted_together():
    names = [(str(group), group.is_dissected, group.is_lumped) for group in count_groups(GOOD)]
    assert names == [
        ("left Ia", True, False),
        ("left III", True, False),
        ("right IIa + right IIb", True, True),
        ("right VI", False, False),
    ]


@pytest.mark.parametrize(
    ("ene", "positive", "kind", "expected"),
    [
        (0, 0, EneClass.NOT_STATED, False),
        (0, 2, EneClass.NONE, False),
        (None, 2, EneClass.NONE, False),
        (None, 2, EneClass.NOT_STATED, None),
        (None, 2, EneClass.MATTING, True),
        (1, 2, EneClass.SOFT_TISSUE, True),
    ],
)
def test_ene_is_present_absent_or_open(ene, positive, kind, expected):
    assert has_ene(report(*rows(L_III=(5, positive, ene)), ene_class=kind)) is expected


def test_the_stored_form_comes_back_whatever_the_order_and_the_kind_of_number():
    shuffled = replace(GOOD, levels=GOOD.levels[::-1], largest_deposit=exactly(18.0))
    assert to_json(shuffled) == to_json(GOOD)
    assert digest_of(from_json(to_json(GOOD))) == digest_of(GOOD)
    assert from_json(to_json(GOOD)) == from_json(to_json(shuffled))
    assert digest_of(replace(GOOD, pn="pN3")) != digest_of(GOOD)


@pytest.mark.parametrize("field", sorted(json.loads(to_json(GOOD))))
def test_a_stored_form_with_a_strange_field_is_refused_in_words(field):
    content = json.loads(to_json(GOOD)) | {field: {"strange": 1}}
    with pytest.raises(ValueError, match=r"\w"):
        from_json(json.dumps(content))


def test_missing_and_additional_fields_are_refused():
    content = json.loads(to_json(GOOD))
    with pytest.raises(ValueError, match="colour"):
        from_json(json.dumps(content | {"colour": 1}))
    del content["prior"]
    with pytest.raises(ValueError, match="prior"):
        from_json(json.dumps(content))


def test_a_size_that_is_not_determined_has_no_number():
    assert errors_of(replace(GOOD, largest_deposit=LargestDeposit())) == ()
    bounded = LargestDeposit(mm=20.0, qualifier=SizeQualifier.AT_LEAST)
    assert errors_of(replace(GOOD, largest_deposit=bounded)) == ()
