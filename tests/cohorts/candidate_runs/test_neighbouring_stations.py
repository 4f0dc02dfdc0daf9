"""Accepted stations tell which level lies next to a node's own."""

import pytest

from cohorts import candidate_pipeline, services
from cohorts.dicom.label_table import STATION_NUMBERS
from cohorts.models import Candidate, CandidateDecision, Node
from cohorts.services import accept_candidate, merge_nodes, reject_candidate, split_node
from cohorts.station_selectors import station_border
from tests.cases import box_runs
from tests.cohorts.candidate_runs.conftest import NAME, write
from tests.cohorts.masks.conftest import current, fresh, seen

BOXES = {
    "IIa": ((5, 25, 25), (8, 40, 40)),  # node 2, its centre at (5.5, 28.5, 29)
    "III": ((3, 16, 16), (5, 30, 30)),  # node 1, its centre at (3.5, 20.5, 20)
    "IV": ((3, 16, 10), (5, 30, 16)),
}


@pytest.fixture
def stations(people, patient, masks):
    """Proposed stations of the left side, by level."""
    numbers = {name: number for number, name in STATION_NUMBERS.items()}
    boxes = {numbers[f"Level {level} left"]: box for level, box in BOXES.items()}
    write(masks / "levels.nii.gz", patient.series, boxes)
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    candidate_pipeline.take_up(run.pk)
    return {one.level: one for one in Candidate.objects.filter(run=run)}


@pytest.fixture
def accept(people, stations):
    """Accept the station of a level, with a box of its own where one is given."""

    def accepted(level, box=None):
        runs = box and box_runs(*box)
        told = {"by": people.annotator_one, "client_id": fresh(), "runs": runs}
        return accept_candidate(candidate=stations[level], **told)

    return accepted


def border(patient, number):
    mask = current(patient.nodes.get(number=number))
    found = station_border(mask, patient.series)
    return found and (found.own.level, found.neighbour.level, pytest.approx(found.distance_mm))


def known(patient, number, level, neighbour, voxel_zyx):
    """What an intake with station masks would have left."""
    told = {"side": "left", "level": neighbour, "voxel_zyx": voxel_zyx}
    node = Node.objects.filter(patient=patient, number=number)
    node.update(auto_side="left", auto_level=level, neighbouring_station=told)


NODE_2_TO_III = (4.5**2 + 0.4**2) ** 0.5
NODE_1_TO_IV = (1.5**2 + 0.4**2 + 4.0**2) ** 0.5
NODE_1_TO_CHANGED_IV = (1.5**2 + 0.4**2 + 3.2**2) ** 0.5


@pytest.mark.parametrize("order", [("IIa", "III", "IV"), ("IV", "III", "IIa")])
def test_it_is_found_among_all_stations_that_were_accepted(patient, accept, order):
    for level in order:
        accept(level)
    assert border(patient, 1) == ("III", "IV", NODE_1_TO_IV)
    assert border(patient, 2) == ("IIa", "III", NODE_2_TO_III)


def test_one_station_has_no_neighbour(patient, accept):
    accept("III")
    assert [border(patient, number) for number in (1, 2)] == [None, None]


def test_a_rejected_station_is_none(people, patient, stations, accept):
    told = {"by": people.annotator_one, "client_id": fresh()}
    reject_candidate(candidate=stations["IV"], **told)
    accept("III")
    assert border(patient, 1) is None


@pytest.mark.parametrize("order", [("IV", "III"), ("III", "IV")])
def test_a_changed_station_is_kept_and_counts_as_changed(patient, accept, order):
    start, _ = BOXES["IV"]
    for level in order:
        accept(level, (start, (5, 30, 17)) if level == "IV" else None)
    assert border(patient, 1) == ("III", "IV", NODE_1_TO_CHANGED_IV)
    changed = CandidateDecision.objects.exclude(runs_key="")
    assert [one.candidate.level for one in changed] == ["IV"]


def test_what_the_intake_found_stands_beside_stations_accepted_later(patient, accept):
    known(patient, 2, "IIa", "IIb", [5, 28, 33])
    accept("III")
    assert border(patient, 2) == ("IIa", "IIb", (1.5**2 + 0.4**2 + 3.2**2) ** 0.5)
    known(patient, 2, "IIa", "IIb", [5, 25, 33])
    accept("IV")
    assert border(patient, 2) == ("IIa", "IIb", (1.5**2 + 2.8**2 + 3.2**2) ** 0.5)


def test_a_station_that_is_given_anew_replaces_what_the_intake_found(patient, accept):
    known(patient, 2, "IIa", "III", [5, 28, 33])
    accept("III")
    assert border(patient, 2) == ("IIa", "III", NODE_2_TO_III)


@pytest.mark.parametrize("neighbour", ["IIa", "II"])
def test_a_neighbour_that_becomes_the_own_station_is_none_any_more(patient, accept, neighbour):
    known(patient, 2, "III", neighbour, [5, 28, 33])
    accept("IIa")
    assert border(patient, 2) is None
    assert patient.nodes.get(number=2).auto_level == "IIa"


def test_a_split_node_hands_it_to_its_parts(people, patient, accept):
    for level in ("III", "IV"):
        accept(level)
    node = patient.nodes.get(number=1)
    part = box_runs((3, 18, 17), (5, 24, 20))
    split_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=part)
    # Centres at column 18 and 21.5: 3 and 6.5 columns from the station IV.
    assert border(patient, 3) == ("III", "IV", (1.5**2 + 0.4**2 + 2.4**2) ** 0.5)
    assert border(patient, 4) is None  # farther than any border is looked for


@pytest.mark.parametrize(("level", "expected"), [("III", "IV"), ("IIa", None)])
def test_a_merged_node_has_it_where_both_lay_in_one_level(people, patient, level, expected):
    known(patient, 1, "III", "IV", [4, 20, 15])
    known(patient, 2, level, "IIa", [5, 28, 33])
    both = tuple(seen(node) for node in patient.nodes.order_by("number"))
    merge_nodes(by=people.annotator_one, seen=both, client_id=fresh())
    found = border(patient, 3)
    assert (found and found[1]) == expected


def test_a_mask_that_is_refined_is_measured_anew(people, patient):
    known(patient, 1, "III", "IV", [3, 20, 15])
    assert border(patient, 1) == ("III", "IV", NODE_1_TO_IV)
    runs = box_runs((3, 18, 17), (5, 24, 22))
    node = patient.nodes.get(number=1)
    services.save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=runs)
    assert border(patient, 1) == ("III", "IV", (1.5**2 + 0.4**2 + 3.2**2) ** 0.5)
