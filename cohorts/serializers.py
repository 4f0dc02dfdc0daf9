"""What coordinators and annotators are told about cohorts: explicit keys, per audience."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from cohorts.models import Cohort, IntakeUpload


class CoordinatorCohort(serializers.Serializer[Cohort]):
    """One line of a coordinator's list."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    kind = serializers.CharField()
    created_at = serializers.DateTimeField()
    patients = serializers.IntegerField(source="patient_count")
    nodes = serializers.IntegerField(source="node_count")


class CohortCounts(serializers.Serializer[dict[str, int]]):
    """Numbers of a cohort."""

    patients = serializers.IntegerField(help_text="All that were taken in.")
    included = serializers.IntegerField(help_text="Without an exclusion code.")
    nodes = serializers.IntegerField(help_text="Of included patients.")


class CoordinatorCohortDetail(serializers.Serializer[dict[str, Any]]):
    """One cohort with its numbers."""

    id = serializers.UUIDField(source="cohort.public_id")
    name = serializers.CharField(source="cohort.name")
    kind = serializers.CharField(source="cohort.kind")
    created_at = serializers.DateTimeField(source="cohort.created_at")
    counts = CohortCounts()


class NewUpload(serializers.Serializer[dict[str, Any]]):
    """What is posted to start an intake."""

    file = serializers.FileField(
        help_text="A zip with DICOM CT and node masks (NIfTI or DICOM SEG) of patients.",
        allow_empty_file=True,
    )
    keep_patient_ids = serializers.BooleanField(
        default=False, help_text="The PatientIDs are pseudonyms already: keep them."
    )


class CoordinatorUpload(serializers.Serializer[IntakeUpload]):
    """One upload and how far it has come."""

    id = serializers.UUIDField(source="public_id")
    cohort = serializers.UUIDField(source="cohort.public_id")
    name = serializers.CharField(source="shown_name")
    state = serializers.CharField(help_text="requested, running, done, failed or cancelled.")
    percent = serializers.IntegerField()
    progress_done = serializers.IntegerField(help_text="Patients done.")
    progress_total = serializers.IntegerField(help_text="Patients in all; 0 while not yet known.")
    progress_note = serializers.CharField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    page = serializers.SerializerMethodField(help_text="The page that shows the report.")

    def get_page(self, upload: IntakeUpload) -> str:
        """Return the address of the report page."""
        return reverse("cohorts:upload", args=[upload.public_id])


class UploadSentence(serializers.Serializer[dict[str, str]]):
    """Why an upload was refused as a whole."""

    code = serializers.CharField()
    sentence = serializers.CharField()
    file = serializers.CharField(allow_blank=True)


class UploadWarning(serializers.Serializer[dict[str, Any]]):
    """What is accepted and should be looked at."""

    code = serializers.CharField()
    message = serializers.CharField()
    node = serializers.IntegerField(allow_null=True)


class UploadChoice(serializers.Serializer[dict[str, str]]):
    """One possible answer."""

    value = serializers.CharField(help_text="What is sent.")
    label = serializers.CharField(help_text="What is shown.")  # type: ignore[assignment]


class UploadQuestion(serializers.Serializer[dict[str, Any]]):
    """What has to be decided before a patient can be read."""

    id = serializers.CharField(help_text="The same in every reading of the same files.")
    code = serializers.CharField()
    sentence = serializers.CharField()
    file = serializers.CharField(allow_blank=True)
    choices = UploadChoice(many=True)
    several = serializers.BooleanField(help_text="Whether more than one choice may be taken.")
    suggested = serializers.ListField(child=serializers.CharField())


class UploadAnswers(serializers.Serializer[dict[str, Any]]):
    """Answers to open questions."""

    answers = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(), allow_empty=False),
        help_text="Chosen values by question id; a question left out stays open.",
    )


class UploadPatient(serializers.Serializer[dict[str, Any]]):
    """What became of one patient of an upload."""

    position = serializers.IntegerField(help_text="Place in the upload, from 1.")
    outcome = serializers.ChoiceField(choices=["accepted", "already_there", "asked", "refused"])
    pseudonym = serializers.CharField(allow_blank=True)
    patient = serializers.UUIDField(allow_null=True)
    file = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)
    notes = serializers.ListField(child=serializers.CharField())
    slices = serializers.IntegerField()
    nodes = serializers.IntegerField()
    # Reports of earlier versions have none of these.
    warnings = UploadWarning(many=True, required=False)
    questions = UploadQuestion(many=True, required=False)
    exclusion_code = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="Where a refused patient would stand in the patient flow; a suggestion.",
    )


class UploadReport(serializers.Serializer[dict[str, Any]]):
    """What became of an upload; absent keys mean that it has not been read yet."""

    refusal = UploadSentence(allow_null=True, required=False)
    notes = serializers.ListField(child=serializers.CharField(), required=False)
    patients = UploadPatient(many=True, required=False)


class CoordinatorUploadDetail(CoordinatorUpload):
    """One upload with its report."""

    kept_until = serializers.DateTimeField(
        allow_null=True, help_text="While questions are open: when the bytes are removed."
    )
    options = serializers.JSONField(help_text="What was decided, and answers by question.")
    report = UploadReport()


class CaseGeometry(serializers.Serializer[dict[str, Any]]):
    """The grid of a CT series."""

    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    slices = serializers.IntegerField()
    pixel_spacing_mm = serializers.ListField(
        child=serializers.FloatField(), help_text="Between rows, between columns."
    )
    slice_spacing_mm = serializers.FloatField()
    row_direction = serializers.ListField(child=serializers.FloatField())
    column_direction = serializers.ListField(child=serializers.FloatField())
    rescale_intercept = serializers.IntegerField(help_text="HU = value + intercept.")
    bits_stored = serializers.IntegerField()


class CaseFrame(serializers.Serializer[dict[str, Any]]):
    """One slice and what its bytes must turn out to be."""

    index = serializers.IntegerField(help_text="From 0, along the slice normal.")
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()


class CaseNode(serializers.Serializer[dict[str, Any]]):
    """One node's place and mask."""

    node = serializers.CharField()
    number = serializers.IntegerField()
    centroid_zyx = serializers.ListField(child=serializers.FloatField())
    slices = serializers.ListField(
        child=serializers.IntegerField(), help_text="First and last slice, both inclusive."
    )
    runs = serializers.JSONField(help_text='{"shape", "slices"}: delta-coded run lengths.')


class MaskedNode(CaseNode):
    """A node for the people who may change its mask."""

    url = serializers.CharField(
        help_text="Its masks are at this address + 'masks/'; 'split/' and 'remove/' likewise."
    )
    mask_version = serializers.IntegerField(help_text="The version that `runs` is.")
    short_axis_mm = serializers.FloatField()


class AnnotatorCase(serializers.Serializer[dict[str, Any]]):
    """A case for the people who work on its reference standard."""

    patient = serializers.UUIDField()
    pseudonym = serializers.CharField()
    frames_url = serializers.CharField(help_text="A frame is at this address + index + '/'.")
    geometry = CaseGeometry()
    frames = CaseFrame(many=True)
    nodes = MaskedNode(many=True)
