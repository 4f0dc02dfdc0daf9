import numpy as np
import pydicom
import pytest

from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import scan_folder
from cohorts.dicom.questions import QuestionCode, QuestionsOpen
from cohorts.dicom.series_choice import with_one_series
from cohorts.dicom.warnings import WarningCode
from tests.cohorts.dicom.series_files import COLUMNS, ROWS, only_patient, write_seg, write_series

MASK = np.ones((4, ROWS, COLUMNS, 1), dtype=np.uint8)


def write_one(folder, words, count=4, **changes):
    """A series of patient P1; changes set attributes."""
    return write_series(folder, count, words=words, **changes)


def asked(folder, **options):
    with pytest.raises(QuestionsOpen) as caught:
        with_one_series(only_patient(folder), IntakeOptions(**options))
    (question,) = caught.value.questions
    return question


def chosen(folder, **options):
    patient, warnings = with_one_series(only_patient(folder), IntakeOptions(**options))
    assert len({plane.series_uid for plane in patient.ct_files}) == 1
    return patient, warnings


@pytest.fixture
def two_series(tmp_path):
    write_one(tmp_path / "a", "a", ConvolutionKernel="B30f", SeriesNumber=3)
    write_one(tmp_path / "b", "b", 5, ConvolutionKernel="B60f", SeriesNumber=4)
    return tmp_path


def test_one_series_is_read_without_a_question(tmp_path):
    patient, warnings = chosen(write_one(tmp_path, "a"))
    assert len(patient.ct_files) == 4
    assert warnings == []


def test_of_several_series_one_is_asked_for(two_series):
    question = asked(two_series)
    assert question.code is QuestionCode.WHICH_SERIES
    first, second = [choice.label.rpartition(", ")[0] for choice in question.choices]
    common = "axial, 2.5 mm apart, pixels 0.9 x 0.7 mm, 7.7 mm thick"
    assert first == f"series 3, CT, 4 slices, {common}, kernel B30f, no agent stated"
    assert second == f"series 4, CT, 5 slices, {common}, kernel B60f, no agent stated"
    ends = {choice.label.rpartition(", ")[2] for choice in question.choices}
    assert ends == {"examination 1", "examination 2"}


def test_the_answer_decides_and_the_others_are_told(two_series):
    question = asked(two_series)
    for number, choice in enumerate(question.choices):
        patient, warnings = chosen(two_series, answers={question.id: choice.value})
        assert len(patient.ct_files) == (4, 5)[number]
        assert [warning.code for warning in warnings] == [WarningCode.OTHER_SERIES]
        assert len(patient.notes) == 1


def test_question_and_answer_hold_no_identifier(two_series):
    question = asked(two_series, secret="a1")
    told = str(question.as_dict())
    uids = {plane.series_uid for plane in only_patient(two_series).ct_files}
    assert not any(uid in told for uid in uids)
    assert question == asked(two_series, secret="a1")
    other = asked(two_series, secret="b2")
    assert {one.value for one in question.choices}.isdisjoint({one.value for one in other.choices})


def test_an_answer_to_something_else_is_no_answer(two_series):
    question = asked(two_series)
    assert asked(two_series, answers={question.id: "0123456789abcdef"}) == question


def test_series_that_look_alike_are_told_by_a_file(tmp_path):
    write_one(tmp_path / "a", "a", StudyInstanceUID="1.2.3")
    write_one(tmp_path / "b", "b", StudyInstanceUID="1.2.3")
    labels = [choice.label for choice in asked(tmp_path).choices]
    assert [label.rpartition(", ")[2] for label in labels] == [
        "first file a/00.dcm",
        "first file b/00.dcm",
    ]


def test_a_mask_decides(two_series):
    by_folder = only_patient(two_series).ct_files
    files = [file for file in by_folder if file.name.startswith("b/")][:4]
    write_seg(two_series / "nodes.dcm", files, MASK)
    patient, warnings = chosen(two_series)
    assert {file.file.folder for file in patient.ct_files} == {"b"}
    assert [mask.name for mask in patient.segmentations] == ["nodes.dcm"]
    assert [warning.code for warning in warnings] == [WarningCode.OTHER_SERIES]


def test_masks_on_both_series_leave_the_question_and_follow_the_answer(two_series):
    files = only_patient(two_series).ct_files
    for folder in "ab":
        own = [file for file in files if file.name.startswith(f"{folder}/")][:4]
        write_seg(two_series / f"{folder}.dcm", own, MASK)
    question = asked(two_series)
    patient, _ = chosen(two_series, answers={question.id: question.choices[0].value})
    assert [mask.name for mask in patient.segmentations] == ["a.dcm"]
    assert "b.dcm: left out, made on another series than the one that is read" in patient.notes


def test_a_frame_of_reference_decides_where_no_series_is_named(two_series):
    files = [f for f in only_patient(two_series).ct_files if f.name.startswith("a/")]
    path = write_seg(two_series / "nodes.dcm", files, MASK)
    ds = pydicom.dcmread(path)
    del ds.ReferencedSeriesSequence
    ds.save_as(path)
    patient, _ = chosen(two_series)
    assert {file.file.folder for file in patient.ct_files} == {"a"}


def test_a_pair_of_slices_is_not_offered_beside_a_scan(tmp_path):
    write_one(tmp_path / "a", "a")
    write_one(tmp_path / "b", "b", 2)
    patient, warnings = chosen(tmp_path)
    assert len(patient.ct_files) == 4
    assert [warning.code for warning in warnings] == [WarningCode.OTHER_SERIES]
    assert any(note.startswith("b/00.dcm: left out") for note in patient.notes)


def test_two_patients_are_two_questions_apart(tmp_path):
    for number in "12":
        for words in "ab":
            write_one(tmp_path / number / words, words, patient=f"P{number}")
    questions = []
    for patient in scan_folder(tmp_path).patients:
        with pytest.raises(QuestionsOpen) as caught:
            with_one_series(patient, IntakeOptions())
        questions += caught.value.questions
    assert len({question.id for question in questions}) == 2
    assert [question.file for question in questions] == ["1", "2"]
