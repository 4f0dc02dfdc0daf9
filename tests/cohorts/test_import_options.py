"""What a person decides on the command line of import_cases, and what then becomes of a patient."""

import json
from io import StringIO

import pydicom
import pytest
from django.core.management import CommandError, call_command

from cohorts import storage
from cohorts.dicom.runs import decode_mask
from cohorts.models import IntakeUpload, Patient
from tests.cohorts.dicom.mask_writers import write_structure_set
from tests.cohorts.inputs import SPACING_Z, write_patient
from tests.cohorts.test_questions import write_two_parts

pytestmark = pytest.mark.usefixtures("data_dir", "people")
COHORT = "--cohort=External test 1"


def run(*arguments):
    out = StringIO()
    call_command("import_cases", COHORT, *map(str, arguments), stdout=out)
    return out.getvalue()


def asked(*arguments):
    """Run an import that ends with questions; return what was printed, and their ids."""
    out = StringIO()
    with pytest.raises(CommandError, match="wait for answers: write them into a JSON file"):
        call_command("import_cases", COHORT, *map(str, arguments), stdout=out)
    printed = out.getvalue()
    lines = printed.splitlines()
    return printed, [line.split()[1].rstrip(":") for line in lines if line.startswith("question")]


def box(x, y, size):
    """Squares on three slices; x to the left, as DICOM has it."""
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
    return [
        ("CLOSED_PLANAR", [(a - 0.5, b - 0.5, SPACING_Z * index) for a, b in corners])
        for index in (1, 2, 3)
    ]


@pytest.fixture
def two_parts(tmp_path):
    """A label in two places."""
    write_two_parts(write_patient(tmp_path / "in", "A1"))
    return tmp_path / "in"


@pytest.fixture
def contoured(tmp_path):
    """Two structures of which one has a name that says nothing, and one a misleading name."""
    place = write_patient(tmp_path / "in", "A1", nodes=0)
    ct = pydicom.dcmread(place / "ct" / "IM000.dcm")
    structures = {(1, "Blob"): box(12, 22, 6), (2, "N2 Level IIa left"): box(6, 16, 24)}
    write_structure_set(place / "rs.dcm", ct, structures)
    return tmp_path / "in"


class TestMultiPart:
    def test_it_is_asked_by_default_and_nothing_is_stored(self, two_parts):
        printed, questions = asked(two_parts)
        assert len(questions) == 1
        assert "    one: " in printed
        assert "    several: " in printed
        assert "ASKED" in printed
        assert not Patient.objects.exists()

    @pytest.mark.parametrize(("told", "nodes"), [("one", 1), ("several", 2)])
    def test_decided_beforehand_it_is_not_asked(self, two_parts, told, nodes):
        assert "ASKED" not in run("--multi-part", told, two_parts)
        patient = Patient.objects.get()
        assert patient.nodes.count() == nodes
        assert "face_protection" not in patient.series.deidentification

    def test_another_word_is_none(self, two_parts):
        with pytest.raises(CommandError, match="invalid choice: 'both'"):
            run("--multi-part", "both", two_parts)


class TestAnswers:
    def test_a_second_run_with_answers_takes_the_patient_in(self, two_parts, tmp_path):
        _, (question,) = asked(two_parts)
        answers = tmp_path / "answers.json"
        answers.write_text(json.dumps({question: "several"}), encoding="utf-8")
        assert "accepted" in run("--answers", answers, two_parts)
        assert Patient.objects.get().nodes.count() == 2
        assert [upload.state for upload in IntakeUpload.objects.order_by("pk")] == ["done"] * 2

    def test_an_answer_to_another_question_leaves_this_one_open(self, two_parts, tmp_path):
        answers = tmp_path / "answers.json"
        answers.write_text('{"0123456789abcdef": "one"}', encoding="utf-8")
        _, questions = asked("--answers", answers, two_parts)
        assert len(questions) == 1

    def test_several_structures_are_answered_by_a_list(self, contoured, tmp_path):
        printed, (question,) = asked(contoured)
        offered = [line.split(":")[0].strip() for line in printed.splitlines() if "Blob" in line]
        answers = tmp_path / "answers.json"
        answers.write_text(json.dumps({question: offered}), encoding="utf-8")
        run("--answers", answers, contoured)
        assert Patient.objects.get().nodes.count() == 1

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (None, "cannot be read as JSON"),
            ("{", "cannot be read as JSON"),
            ('["one"]', "was expected"),
            ('{"0123": 1}', "was expected"),
            ('{"0123": {"a": "b"}}', "was expected"),
        ],
    )
    def test_a_file_that_holds_no_answers_is_told(self, two_parts, tmp_path, text, sentence):
        answers = tmp_path / "answers.json"
        if text is not None:
            answers.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError, match=sentence):
            run("--answers", answers, two_parts)
        assert not IntakeUpload.objects.exists()


class TestStructures:
    def test_names_that_do_not_decide_are_asked_about(self, contoured):
        printed, questions = asked(contoured)
        assert len(questions) == 1
        assert "Blob" in printed

    def test_patterns_say_what_is_a_node(self, contoured):
        run("--node-structures", "nothing*", "--node-structures", "bl?b", contoured)
        (node,) = Patient.objects.get().nodes.all()
        assert (node.auto_side, node.auto_level) == ("", "")
        assert node.masks.get().voxels == 3 * 6 * 6

    def test_patterns_say_what_is_a_station_and_its_level_goes_to_the_node(self, contoured):
        run("--node-structures", "Blob", "--station-structures", "N2 *", contoured)
        patient = Patient.objects.get()
        (node,) = patient.nodes.all()
        assert (node.auto_side, node.auto_level) == ("left", "IIa")
        # It is kept: a node that is drawn later finds its level by it.
        (station,) = patient.stations.all()
        assert (station.side, station.level) == ("left", "IIa")
        box, voxels = decode_mask(storage.get_checked(station.runs_key))
        assert box.shape_zyx == (3, 24, 24)
        assert voxels.all()

    def test_patterns_that_fit_nothing_are_refused(self, contoured):
        with pytest.raises(CommandError, match="1 of 1 patients were refused"):
            run("--node-structures", "nothing*", contoured)
        assert not Patient.objects.exists()


def test_faces_are_protected_on_request_and_what_came_of_it_is_stored_and_told(tmp_path):
    write_patient(tmp_path / "in", "A1")
    printed = run("--protect-faces", tmp_path / "in")
    protection = Patient.objects.get().series.deidentification["face_protection"]
    assert protection["applied"] is False  # noise has no jaw
    assert "the face was not blanked" in printed
    assert "(face_kept)" in printed
