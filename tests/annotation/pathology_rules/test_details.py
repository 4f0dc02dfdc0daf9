"""What may stand beside a label."""

import pytest

from annotation.pathology_rules.details import NOT_RECORDED, LabelDetails, problems_of
from annotation.pathology_rules.labels import Basis
from annotation.pathology_rules.places import ALL_PLACES, place_named

LABELS = (0, 1, 2, 9)


@pytest.mark.parametrize("label", LABELS)
def test_nothing_has_to_be_recorded(label):
    assert list(problems_of(label, NOT_RECORDED)) == []
    assert NOT_RECORDED.missing == ("level", "basis", "certainty")


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"place": "left II"}, "place"),
        ({"place": "IIa left"}, "place"),
        ({"matched": "<b>"}, "matched"),
        ({"basis": "because"}, "basis"),
        ({"certainty": 0}, "certainty"),
        ({"certainty": 4}, "certainty"),
        ({"matted": "x" * 17}, "matted"),
    ],
)
def test_each_field_is_checked_by_name(details, field):
    ((found, sentence),) = problems_of(1, LabelDetails(**details))
    assert found == field
    assert sentence.endswith((".", "label."))


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("basis", Basis)
def test_a_whole_level_speaks_for_one_kind_of_label(basis, label):
    refused = {Basis.LEVEL_NEGATIVE: (1, 2, 9), Basis.LEVEL_POSITIVE: (0, 9)}.get(basis, ())
    fields = [field for field, _ in problems_of(label, LabelDetails(basis=basis))]
    assert fields == (["basis"] if label in refused else [])


def test_a_complete_form_misses_nothing():
    details = LabelDetails(place="left IIa", basis="guess", certainty=1)
    assert details.missing == ()


def test_a_matted_group_is_named_in_one_way():
    assert LabelDetails(matted=" a1 ").tidied() == LabelDetails(matted="A1")


@pytest.mark.parametrize("place", ALL_PLACES, ids=str)
def test_every_place_is_found_by_its_name_in_any_case(place):
    assert place_named(f"  {str(place).upper()} ") == place


@pytest.mark.parametrize("name", ["", "left", "IIa", "left  VII", "leftIIa"])
def test_no_other_name_is_a_place(name):
    assert place_named(name) is None
