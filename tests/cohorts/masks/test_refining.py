"""Every change of a mask is a new row: nothing is overwritten, nothing is saved twice."""

import hashlib
import json

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts import audit
from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import selectors, storage
from cohorts.dicom.geometry import BoundingBox
from cohorts.dicom.measurements import measure_node
from cohorts.dicom.runs import full_mask
from cohorts.mask_selectors import descents_in, versions_of
from cohorts.models import CTSeries, MaskEdit, Node, NodeMask
from cohorts.services import add_node, merge_nodes, remove_node, save_mask, split_node
from tests.cases import axial_geometry, box_runs
from tests.cohorts.masks.conftest import current, fresh, seen, stored_runs


def numbers(patient):
    return [mask.node.number for mask in selectors.current_masks(patient)]


def warnings_of(patient, number):
    series = CTSeries.objects.get(patient=patient)
    return sorted(one["code"] for one in series.warnings if one["node"] == number)


def volume(mask):
    return full_mask(storage.get(mask.runs_key))


def test_a_new_version_is_current_and_the_one_before_stays(people, node, smaller):
    before = current(node)
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=smaller)
    old, new = NodeMask.objects.filter(node=node).order_by("version")
    assert (old.pk, old.is_current, stored_runs(old)) == (before.pk, False, stored_runs(before))
    assert (new.version, new.is_current, stored_runs(new)) == (2, True, smaller)
    assert (new.origin, new.created_by) == ("refined", people.annotator_one)
    assert [mask.version for mask in versions_of(node)] == [2, 1]


def test_a_new_version_is_measured_as_at_intake(people, node, smaller):
    save_mask(by=people.adjudicator, seen=seen(node), client_id=fresh(), runs=smaller)
    box = BoundingBox((3, 18, 17), (5, 23, 23))
    told = measure_node(box, np.ones((2, 5, 6), bool), axial_geometry())
    new = current(node)
    assert (new.voxels, new.volume_ml) == (told.voxels, told.volume_ml)
    assert (new.short_axis_mm, new.long_axis_mm) == (told.short_axis_mm, told.long_axis_mm)
    assert (new.bounding_box, new.border_mm) == (box.to_list(), told.border_mm)
    assert new.centroid_zyx == list(told.centroid_zyx)
    hu = node.patient.series.hu_sha256.encode()
    assert new.digest == hashlib.sha256(hu + storage.get(new.runs_key)).hexdigest()


def test_warnings_follow_the_mask(people, patient, node):
    series = patient.series
    kept = {"code": "no_station", "message": "lies in no station mask", "node": 1}
    gone = {"code": "mask_in_air", "message": "lies in air", "node": 1}
    other = {"code": "small_node", "message": "SAD is 4.0 mm, below 5 mm", "node": 2}
    CTSeries.objects.filter(pk=series.pk).update(warnings=[kept, gone, other])
    one_slice = box_runs((4, 10, 10), (5, 30, 30))
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=one_slice)
    assert warnings_of(patient, 1) == ["no_station", "one_slice_node"]
    assert warnings_of(patient, 2) == ["small_node"]


def test_the_same_save_again_is_answered_as_before(people, node, smaller):
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh(), "runs": smaller}
    first, again = save_mask(**call), save_mask(**call)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.edit == first.edit
    assert NodeMask.objects.filter(node=node).count() == 2


def test_the_same_id_with_another_content_is_refused(people, node, smaller):
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh()}
    save_mask(**call, runs=smaller)
    for changed in (
        {"runs": box_runs((3, 18, 17), (4, 23, 23))},
        {"runs": smaller, "by": people.annotator_two},
        {"runs": smaller, "seen": seen(node, 2)},
    ):
        with pytest.raises(ValidationError) as refusal:
            save_mask(**(call | changed))
        assert refusal.value.code == "client_id_reused"


def test_a_save_on_an_older_version_is_a_conflict_that_tells_the_one_now(people, node, smaller):
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=smaller)
    with pytest.raises(Conflict, match="has version 2 by now") as refusal:
        remove_node(by=people.annotator_two, seen=seen(node), client_id=fresh(), reason="Vessel.")
    assert refusal.value.current == {"version": 2}


def test_a_new_node_takes_the_number_after_the_last(people, patient, node):
    remove_node(
        by=people.annotator_one,
        seen=seen(patient.nodes.get(number=2)),
        client_id=fresh(),
        reason="A vessel.",
    )
    runs = box_runs((8, 30, 30), (10, 36, 36))
    saved = add_node(by=people.annotator_one, patient=patient, client_id=fresh(), runs=runs)
    assert numbers(patient) == [1, 3]
    assert saved.edit.nodes.get().after.version == 1
    assert current(patient.nodes.get(number=3)).origin == "added"


def test_a_removed_node_leaves_every_list_and_keeps_its_rows(people, cohort, patient, node):
    remove_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), reason="A vessel.")
    assert numbers(patient) == [2]
    assert list(patient.nodes.values_list("number", flat=True)) == [2]
    assert selectors.cohort_counts(cohort)["nodes"] == 1
    assert selectors.exclusions_in(cohort)[0].nodes == 1
    assert selectors.patients_with_counts(cohort).get().node_count == 1
    assert selectors.cohorts_with_counts(people.coordinator).get().node_count == 1
    gone = Node.with_removed.get(pk=node.pk)
    assert gone.removed_at is not None
    assert gone.masks.get().node == gone
    assert AuditEvent.objects.get(verb="masks_removed").reason == "A vessel."
    with pytest.raises(Conflict, match="was removed"):
        remove_node(by=people.annotator_one, seen=seen(gone), client_id=fresh(), reason="Again.")


def test_a_split_ends_the_node_and_begins_two_that_are_its_children(people, patient, node):
    Node.objects.filter(pk=node.pk).update(auto_side="left", auto_level="III")
    whole = volume(current(node))
    part = box_runs((3, 18, 17), (4, 24, 24))
    split_node(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=part)
    assert numbers(patient) == [2, 3, 4]
    first, second = (current(patient.nodes.get(number=number)) for number in (3, 4))
    assert stored_runs(first) == part
    assert not (volume(first) & volume(second)).any()
    assert ((volume(first) | volume(second)) == whole).all()
    assert (second.node.auto_side, second.node.auto_level) == ("left", "III")
    (descent,) = descents_in(patient)
    assert (descent.kind, descent.parents) == ("split", (node.pk,))
    assert descent.children == (first.node_id, second.node_id)


def test_a_merger_ends_two_nodes_and_begins_one(people, patient):
    one, two = patient.nodes.order_by("number")
    both = volume(current(one)) | volume(current(two))
    pair = (seen(one), seen(two))
    merge_nodes(by=people.annotator_one, seen=pair, client_id=fresh())
    assert numbers(patient) == [3]
    assert (volume(current(patient.nodes.get())) == both).all()
    (descent,) = descents_in(patient)
    assert (descent.kind, descent.parents) == ("merged", (one.pk, two.pk))
    assert descent.children == (patient.nodes.get().pk,)


def test_every_change_is_in_a_trail_that_verifies(people, patient, node, smaller):
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=smaller)
    remove_node(by=people.annotator_two, seen=seen(node, 2), client_id=fresh(), reason="Vessel.")
    verbs = list(AuditEvent.objects.order_by("sequence").values_list("verb", "actor"))
    assert verbs == [
        ("masks_refined", people.annotator_one.pk),
        ("masks_removed", people.annotator_two.pk),
    ]
    assert list(audit.verify()) == []


@pytest.mark.parametrize("who", ["coordinator", "statistician", "reader_one", "outsider"])
def test_only_annotators_and_adjudicators_change_masks(people, node, smaller, who):
    with pytest.raises(PermissionDenied):
        save_mask(by=getattr(people, who), seen=seen(node), client_id=fresh(), runs=smaller)
    assert MaskEdit.objects.count() == 0


def refused(action):
    rows = Node.with_removed.count(), NodeMask.objects.count(), MaskEdit.objects.count()
    with pytest.raises(ValidationError) as refusal:
        action()
    assert rows == (Node.with_removed.count(), NodeMask.objects.count(), MaskEdit.objects.count())
    return refusal.value.code


def test_an_unchanged_mask_is_refused(people, node):
    same = stored_runs(current(node))
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh(), "runs": same}
    assert refused(lambda: save_mask(**call)) == "same_mask"


def test_voxels_of_another_node_are_refused(people, patient, node):
    (z0, _), (y0, _), (x0, x1) = current(patient.nodes.get(number=2)).bounding_box
    runs = box_runs((z0, y0, x0), (z0 + 1, y0 + 1, x1 + 4))
    call = {"by": people.annotator_one, "client_id": fresh(), "runs": runs}
    assert refused(lambda: save_mask(seen=seen(node), **call)) == "overlaps_node"
    assert refused(lambda: add_node(patient=patient, **call)) == "overlaps_node"


def test_voxels_shared_since_intake_stay_allowed_and_are_warned_of(people, patient, node):
    runs = json.dumps(box_runs((5, 26, 26), (7, 32, 33)), separators=(",", ":")).encode()
    two = current(patient.nodes.get(number=2))
    NodeMask.objects.filter(pk=current(node).pk).update(
        runs_key=storage.put(runs), bounding_box=[[5, 7], [26, 32], [26, 33]]
    )
    assert two.bounding_box == [[5, 7], [26, 32], [26, 33]]
    fewer = box_runs((5, 26, 26), (6, 32, 33))
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=fewer)
    assert "overlapping_nodes" in warnings_of(patient, 2)
    remove_node(by=people.annotator_one, seen=seen(node, 2), client_id=fresh(), reason="Twice.")
    assert "overlapping_nodes" not in warnings_of(patient, 2)


def test_a_removal_needs_a_reason(people, node):
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh()}
    assert refused(lambda: remove_node(**call, reason="  ")) == "reason_missing"


@pytest.mark.parametrize(
    "part",
    [
        box_runs((3, 18, 17), (5, 24, 24)),
        box_runs((3, 18, 17), (4, 24, 25)),
        box_runs((8, 30, 30), (9, 31, 31)),
    ],
    ids=["all of it", "more than it", "beside it"],
)
def test_a_part_lies_within_the_node_and_leaves_some(people, node, part):
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh(), "runs": part}
    assert refused(lambda: split_node(**call)) == "part_not_of_node"


def test_a_node_is_not_merged_with_itself_or_another_patients(people, node, other_patient):
    foreign = other_patient.nodes.get()
    call = {"by": people.annotator_one, "client_id": fresh()}
    assert refused(lambda: merge_nodes(seen=(seen(node), seen(node)), **call)) == "one_node"
    assert refused(lambda: merge_nodes(seen=(seen(node), seen(foreign)), **call)) == "two_patients"


UNREADABLE = {
    "no object": [1, 2],
    "another grid": {"shape": [12, 64, 63], "slices": [[3, [5, 2]]]},
    "no slice": {"shape": [12, 64, 64], "slices": []},
    "outside": {"shape": [12, 64, 64], "slices": [[12, [5, 2]]]},
    "beyond the slice": {"shape": [12, 64, 64], "slices": [[3, [4095, 2]]]},
    "fractions": {"shape": [12, 64, 64], "slices": [[3, [5.5, 2]]]},
    "odd": {"shape": [12, 64, 64], "slices": [[3, [5]]]},
    "slices descending": {"shape": [12, 64, 64], "slices": [[4, [5, 2]], [3, [5, 2]]]},
    "short rows": {"shape": [12, 64, 64], "slices": [[3]]},
    "words": {"shape": [12, 64, 64], "slices": "all of them"},
    "too large": {"shape": [12, 64, 64], "slices": [[3, [0, 10**12]]]},
    "beyond all numbers": {"shape": [12, 64, 64], "slices": [[3, [10**30, 1]]]},
    "too many numbers": {"shape": [12, 64, 64], "slices": [[3, [1, 0] * 100_001]]},
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_mask_of_this_ct_is_refused(people, node, name):
    runs = UNREADABLE[name]
    call = {"by": people.annotator_one, "seen": seen(node), "client_id": fresh(), "runs": runs}
    assert refused(lambda: save_mask(**call)) == "mask_unreadable"
