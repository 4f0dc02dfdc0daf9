"""W5 from station masks: through intake to the annotator, with a reason to the release."""

import uuid

import nibabel
import numpy as np
import pytest

from annotation import selectors, services
from annotation.pathology_rules.details import LabelDetails
from cohorts.dicom.label_table import STATION_NUMBERS
from cohorts.models import Node, Patient
from cohorts.services import import_folder
from tests.annotation.conftest import save
from tests.annotation.pathology_rules.reports import exactly, rows
from tests.annotation.test_report_check import lock
from tests.cases import store_case
from tests.cohorts.inputs import SIZE, SLICES, SPACING, SPACING_Z, write_patient

III, IIA = "left III", "left IIa"
COLUMNS = {III: slice(10, 18), IIA: slice(18, 30)}
"""Node 1 lies in columns 12 to 17, node 2 in 20 to 25: 3.5 and 5.5 mm from the other's station."""


def sentence(mm):
    return (
        f"Node 1 lies {mm} mm from the border of left III; its label fits the counts of left IIa "
        "only."
    )


def write_stations(path):
    numbers = {name: number for number, name in STATION_NUMBERS.items()}
    stations = np.zeros((SLICES, SIZE, SIZE), np.uint8)
    for place, columns in COLUMNS.items():
        side, level = place.split()
        stations[:, :, columns] = numbers[f"Level {level} {side}"]
    affine = np.diag([-SPACING, -SPACING, SPACING_Z, 1.0])
    nibabel.save(nibabel.Nifti1Image(stations.transpose(2, 1, 0), affine), path)


def locked(people, patient):
    """Level IIa holds one positive node, III and IV none."""
    levels = rows(L_IIa=(10, 1, 0), L_III=(8, 0, 0), L_IV=(8, 0, 0))
    lock(people, patient, *levels, pn="pN1", largest_deposit=exactly(8))
    return patient


@pytest.fixture
def taken_in(people, cohort, tmp_path, settings):
    """A patient that came with masks of two stations."""
    settings.DROP_DIR = tmp_path / "drop"
    write_stations(write_patient(tmp_path / "in", "A1") / "levels.nii.gz")
    import_folder(
        by=people.coordinator, cohort=cohort, path=tmp_path / "in", keep_patient_ids=False
    )
    return locked(people, Patient.objects.get())


@pytest.fixture
def patient(people, cohort):
    """As from an intake with stations: node 1 is 3.6 mm from IIa, of node 2 nothing is known."""
    patient = locked(people, store_case(cohort, "P001", nodes=2))
    near = {"side": "left", "level": "IIa", "voxel_zyx": [3, 20, 24]}
    patient.nodes.filter(number=1).update(
        auto_side="left", auto_level="III", neighbouring_station=near
    )
    return patient


@pytest.fixture
def labelling(people, patient):
    return services.start_labelling(by=people.annotator_one, patient=patient)


def say(labelling, number, label, place=III, **details):
    told = LabelDetails(place=place, basis="guess", certainty=1, **details)
    save(labelling, number, label, details=told)


def found(labelling):
    check = selectors.report_check(labelling)
    return [(str(one.finding.code), one.finding.sentence) for one in check.findings]


def codes(labelling):
    return [code for code, _ in found(labelling)]


def walked(client, labelling):
    """Label both nodes over the API with a reason for W5, as the annotator; submit."""
    client.force_login(labelling.annotator)
    base = f"/api/v1/annotation/labellings/{labelling.public_id}/"

    def sent(path, **body):
        told = {"client_id": str(uuid.uuid4())} | body
        return client.post(f"{base}{path}/", told, content_type="application/json").json()

    def labelled(number, label, version, place, matched=""):
        node = Node.objects.get(patient=labelling.patient, number=number)
        told = {"node": str(node.public_id), "label": label, "base_version": version}
        told |= {"shown_case": str(labelling.public_id), "shown_slice": 2, "comment": ""}
        told |= {"place": place, "matched": matched, "basis": "guess", "certainty": 1}
        return sent("labels", **told)["report"]["findings"]

    block, hint = labelled(1, 1, 0, III)
    assert (block["code"], block["is_block"]) == ("B3", True)
    assert (hint["code"], hint["sentence"], hint["nodes"]) == ("W5", sentence(3.5), [1])
    (hint,) = labelled(1, 1, 1, III, IIA)
    assert (hint["code"], hint["takes_reason"], hint["places"]) == ("W5", True, [IIA, III])
    assert labelled(2, 0, 2, IIA) == [hint]
    assert sentence(3.5) in sent("submit", base_version=3)["message"]
    given = {"code": "W5", "sentence": sentence(3.5), "reason": "The operation note says so."}
    (explained,) = sent("reasons", **given)["report"]["findings"]
    assert explained["reason"] == given["reason"]
    assert sent("submit", base_version=3)["state"] == "submitted"


def test_from_station_masks_to_a_release_with_a_reason(client, people, cohort, taken_in):
    told = list(taken_in.nodes.values_list("auto_side", "auto_level", "neighbouring_station"))
    near = {"side": "left", "level": "IIa", "voxel_zyx": [2, 22, 18]}
    assert told == [("left", "III", near), ("left", "IIa", None)]
    for person in (people.annotator_one, people.annotator_two):
        walked(client, services.start_labelling(by=person, patient=taken_in))
    (final,) = selectors.final_findings(cohort)
    assert (final.patient, final.finding.sentence) == (taken_in.pseudonym, sentence(3.5))
    released = services.release_reference_standard(by=people.coordinator, cohort=cohort)
    (row,) = released.findings
    assert (row["code"], row["sentence"], row["nodes"]) == ("W5", sentence(3.5), [1])
    assert (row["reason"], row["given_by"]) == ("The operation note says so.", "annotator")


@pytest.mark.parametrize(
    ("place", "label", "expected"),
    [
        # The border of III says nothing about another level, and benign fits everywhere.
        (III, 1, ["B3", "W5"]),
        ("left IV", 1, ["B3"]),
        ("right III", 1, ["B4"]),
        (IIA, 1, []),
        (III, 0, []),
    ],
)
def test_it_is_asked_only_in_the_level_of_the_station(labelling, place, label, expected):
    say(labelling, 1, label, place)
    assert codes(labelling) == expected


def test_a_node_without_a_neighbouring_station_is_not_asked_about(labelling):
    say(labelling, 2, 1, matched=IIA)
    assert codes(labelling) == []


def test_a_mask_refined_towards_the_border_is_measured_anew(labelling):
    masks = labelling.patient.nodes.get(number=1).masks
    say(labelling, 1, 1, matched=IIA)
    assert found(labelling) == [("W5", sentence(3.6))]
    masks.update(centroid_zyx=[3, 20, 22])
    assert found(labelling) == [("W5", sentence(1.6))]
    masks.update(centroid_zyx=[3, 20, 17.5])
    assert found(labelling) == []


def test_the_final_label_needs_the_coordinators_reason_where_no_annotator_gave_one(
    people, cohort, patient
):
    """The mask was refined since: the sentence, and so the finding, is another one."""
    for person in (people.annotator_one, people.annotator_two):
        labelling = services.start_labelling(by=person, patient=patient)
        say(labelling, 1, 1, matched=IIA)
        say(labelling, 2, 0, IIA)
        told = {"labelling": labelling, "code": "W5", "sentence": sentence(3.6)}
        services.give_reason(by=person, client_id=uuid.uuid4(), reason="Seen.", **told)
        services.submit_labelling(by=person, labelling=labelling)
    assert [one.reason for one in selectors.final_findings(cohort)] == ["Seen."]
    patient.nodes.get(number=1).masks.update(centroid_zyx=[3, 20, 22])
    (final,) = selectors.final_findings(cohort)
    assert (final.finding.sentence, final.reason) == (sentence(1.6), "")
    patient.nodes.filter(number=1).update(auto_level="IV")
    assert selectors.final_findings(cohort) == []
