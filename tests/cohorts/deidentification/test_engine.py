"""No canary survives, at whatever depth; geometry and voxels stay; references still meet."""

import io

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import UID

from cohorts.deidentification.confidentiality_table import EDITION, ROWS, Action, action_for
from cohorts.deidentification.engine import deidentify
from cohorts.deidentification.kept_attributes import KEPT, SHIFTED_DATES, TERMS
from cohorts.deidentification.policy import DeidentificationPolicy
from tests.cohorts.deidentification.planting import (
    CARRIERS,
    GEOMETRY,
    NUMBER,
    SOP_CLASSES,
    WORD,
    Canaries,
    planted_object,
)

POLICY = DeidentificationPolicy(secret="5" * 64)
MODALITIES = list(SOP_CLASSES)


def written(dataset: Dataset) -> bytes:
    sink = io.BytesIO()
    dataset.save_as(sink, enforce_file_format=True)
    return sink.getvalue()


def survivors(data: bytes, canaries: Canaries) -> dict[bytes, str]:
    return {token: where for token, where in canaries.planted.items() if token in data}


def test_the_table_is_whole():
    assert EDITION == "2026c"
    assert len(ROWS) == 654
    assert len({row.tag for row in ROWS}) == 654
    assert {row.action for row in ROWS} == set(Action)


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        (0x00100010, "Z"),
        (0x00100020, "Z/D"),
        (0x00101010, "X"),
        (0x00080050, "Z"),
        (0x0020000D, "U"),
        (0x00080022, "X/Z"),
        (0x00080021, "X/D"),
        (0x0008002A, "X/Z/D"),
        (0x00081140, "X/Z/U*"),
        (0x300600A6, "Z"),
        (0x30060002, "D"),
        (0x50021234, "X"),
        (0x60023000, "X"),
        (0x60024000, "X"),
        (0x00280010, None),
    ],
)
def test_actions_are_those_of_the_standard(tag, action):
    assert action_for(pydicom.tag.Tag(tag)) == action


def test_nothing_that_the_table_names_is_kept_by_name():
    both = [word for word in {**KEPT, **TERMS} if action_for(pydicom.tag.Tag(word)) is not None]
    assert both == []
    assert all(tag_for_keyword(word) for word in {**KEPT, **TERMS})
    assert all(action_for(pydicom.tag.Tag(word)) is not None for word in SHIFTED_DATES)


@pytest.mark.parametrize("modality", MODALITIES)
def test_no_planted_identifier_survives_at_any_depth(modality):
    canaries = Canaries()
    dataset = planted_object(modality, canaries)
    before = written(dataset)
    assert len(survivors(before, canaries)) > 5 * 550
    after = written(deidentify(dataset, POLICY))
    assert survivors(after, canaries) == {}
    assert WORD.encode() not in after
    for time_or_date in (b"19370417", b"103759", b"099Y"):
        assert time_or_date in before
        assert time_or_date not in after
    assert after[:128] == bytes(128)


@pytest.mark.parametrize("modality", MODALITIES)
def test_sequences_that_stay_are_still_there_at_every_depth(modality):
    place = deidentify(planted_object(modality, Canaries()), POLICY)
    for depth in range(4):
        place = place[CARRIERS[modality][depth % 3]].value[0]


@pytest.mark.parametrize("modality", MODALITIES)
def test_geometry_and_voxels_stay_to_the_last_character(modality):
    dataset = planted_object(modality, Canaries())
    clean = pydicom.dcmread(io.BytesIO(written(deidentify(dataset, POLICY))))
    for keyword in GEOMETRY:
        assert str(clean[keyword].value) == str(dataset[keyword].value), keyword
    assert clean.PixelData == dataset.PixelData
    assert (clean.pixel_array == dataset.pixel_array).all()


@pytest.mark.parametrize("modality", MODALITIES)
def test_what_was_done_is_written_down(modality):
    clean = deidentify(planted_object(modality, Canaries()), POLICY)
    assert clean.PatientIdentityRemoved == "YES"
    assert clean.LongitudinalTemporalInformationModified == "MODIFIED"
    assert [item.CodeValue for item in clean.DeidentificationMethodCodeSequence] == [
        "113100",
        "113107",
    ]
    assert any("2026c" in text for text in clean.DeidentificationMethod)
    assert all(len(text) <= 64 for text in clean.DeidentificationMethod)
    assert POLICY.record()["table_edition"] == "2026c"


@pytest.mark.parametrize("modality", MODALITIES)
def test_attributes_that_the_object_must_have_are_there(modality):
    clean = deidentify(planted_object(modality, Canaries()), POLICY)
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyID", "StudyTime"):
        assert keyword in clean
        assert not clean[keyword].value
    assert clean.file_meta.MediaStorageSOPInstanceUID == clean.SOPInstanceUID
    assert UID(clean.file_meta.ImplementationClassUID).is_valid
    assert len(clean.file_meta) <= 6
    if modality == "SEG":
        assert clean.DeviceSerialNumber
        assert clean.ContentDate
    if modality == "RTSTRUCT":
        assert clean.StructureSetLabel == "STRUCTURES"


def test_the_same_uid_is_replaced_alike_everywhere_and_under_one_key_only():
    ct, seg = Dataset(), Dataset()
    ct.Modality, seg.Modality = "CT", "SEG"
    ct.SOPInstanceUID = "1.2.840.99.4711"
    source, derivation = Dataset(), Dataset()
    source.ReferencedSOPInstanceUID = ct.SOPInstanceUID
    source.ReferencedSOPClassUID = SOP_CLASSES["CT"]
    derivation.SourceImageSequence = [source]
    seg.DerivationImageSequence = [derivation]
    kept = deidentify(seg, POLICY).DerivationImageSequence[0].SourceImageSequence[0]
    assert kept.ReferencedSOPInstanceUID == deidentify(ct, POLICY).SOPInstanceUID
    assert kept.ReferencedSOPClassUID == SOP_CLASSES["CT"]
    other = DeidentificationPolicy(secret="6" * 64)
    assert deidentify(ct, other).SOPInstanceUID != kept.ReferencedSOPInstanceUID


def test_dates_of_one_patient_move_together():
    first, second = Dataset(), Dataset()
    for dataset, day in ((first, "20240101"), (second, "20240131")):
        dataset.Modality, dataset.PatientID = "CT", "4711"
        dataset.StudyDate, dataset.StudyTime = day, "101112"
    before, after = (deidentify(dataset, POLICY) for dataset in (first, second))
    replacements = POLICY.replacements
    assert before.StudyDate == replacements.date("20240101", "4711") != "20240101"
    assert after.StudyDate == replacements.date("20240131", "4711")
    assert not before.StudyTime


@pytest.mark.parametrize(
    ("age", "kept"),
    [("067Y", "067Y"), ("089Y", "089Y"), ("090Y", "090Y"), ("101Y", "090Y"), ("QX", "")],
)
def test_patient_characteristics_stay_on_request_and_high_ages_are_capped(age, kept):
    dataset = Dataset()
    dataset.Modality, dataset.PatientAge, dataset.PatientSex = "CT", age, "F"
    asked = DeidentificationPolicy(secret="5", keep_patient_characteristics=True)
    assert deidentify(dataset, asked).get("PatientAge", "") == kept
    assert deidentify(dataset, asked).PatientSex == "F"
    assert "113108" in [item["value"] for item in asked.record()["codes"]]
    assert "PatientAge" not in deidentify(dataset, POLICY)
    assert not deidentify(dataset, POLICY).PatientSex


def test_structure_names_stay_only_if_they_are_anatomy():
    dataset = Dataset()
    dataset.Modality = "RTSTRUCT"
    names = ["LN level IIa", "Anna Test", "GTVn 2", "node 19370417", "LN Dr Smith"]
    dataset.StructureSetROISequence = []
    for number, name in enumerate(names, start=1):
        item = Dataset()
        item.ROINumber, item.ROIName = number, name
        dataset.StructureSetROISequence.append(item)
    clean = deidentify(dataset, POLICY)
    found = [item.ROIName for item in clean.StructureSetROISequence]
    assert found == ["LN level IIa", "ROI 2", "GTVn 2", "ROI 4", "ROI 5"]


def test_codes_stay_in_the_words_of_the_standard():
    dataset, item = Dataset(), Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "59441001", "SCT"
    item.CodeMeaning = "lymph node of Anna Test"
    dataset.Modality, dataset.AnatomicRegionSequence = "SEG", [item]
    (kept,) = deidentify(dataset, POLICY).AnatomicRegionSequence
    assert kept.CodeValue == "59441001"
    assert "Anna" not in kept.CodeMeaning


def test_record_numbers_in_disguise_go():
    dataset = Dataset()
    dataset.Modality, dataset.InstanceNumber, dataset.SeriesNumber = "CT", 77002331, 3
    dataset.ImagePositionPatient = ["1", "2", "3", "77002331"]
    clean = deidentify(dataset, POLICY)
    assert clean.InstanceNumber is None
    assert clean.SeriesNumber == 3
    assert "ImagePositionPatient" not in clean


def test_endless_nesting_ends():
    dataset = place = Dataset()
    dataset.Modality = "CT"
    for _ in range(60):
        item = Dataset()
        item.Rows = 5
        place.FrameContentSequence = [item]
        place = item
    place.KVP = "120"
    place, depth = deidentify(dataset, POLICY), 0
    while "FrameContentSequence" in place:
        place, depth = place.FrameContentSequence[0], depth + 1
    assert depth < 20


TEXT_VRS = ("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UN", "CS", "DS", "IS", "UI", "DA")
tags = st.builds(
    lambda group, element: (group << 16) | element,
    st.integers(4, 0xFFFE).filter(lambda group: group != 0x7FE0),
    st.integers(1, 0xFFFF),
) | st.sampled_from([tag_for_keyword(word) for word in {**KEPT, **TERMS} if word != "PixelData"])


@st.composite
def datasets(draw, depth=2):
    """Any tags with any VR, all values marked; sequences of the kept list among them."""
    dataset = Dataset()
    for tag in draw(st.lists(tags, max_size=12, unique=True)):
        known = pydicom.datadict.dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
        if known and depth:
            dataset.add_new(tag, "SQ", [draw(datasets(depth=depth - 1))])
            continue
        vr = draw(st.sampled_from(TEXT_VRS))
        marked = f"{WORD}{draw(st.integers(0, 999))}"
        value = {"UN": marked.encode(), "UI": f"1.2.{NUMBER}1"}.get(vr, marked)
        element = pydicom.dataelem.DataElement(tag, vr, "", already_converted=True)
        element._value = value  # as a hostile file would have it, whatever the VR allows
        dataset._dict[element.tag] = element  # `add` mends some tags on the way
    return dataset


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(dataset=datasets(), modality=st.sampled_from(MODALITIES))
def test_random_objects_never_leak(dataset, modality):
    dataset.Modality = modality
    text = deidentify(dataset, POLICY).to_json()
    assert WORD not in text
    assert f"1.2.{NUMBER}1" not in text
