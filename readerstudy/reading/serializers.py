"""What a blinded reader may see and send: explicit keys, named by audience."""

from rest_framework import serializers

from cohorts.vocabulary import CATEGORY_CHOICES
from readerstudy.reading.models import AssignmentState, ReadingEvent

MAX_EVENTS = 500
MAX_CLIENT_MS = 2**53 - 1
"""The largest whole number a browser counts to exactly."""
MAX_SLICE = 100_000
SERVER_EVENTS = {"submitted"}


class ReaderStudy(serializers.Serializer):
    """One of my studies."""

    study = serializers.UUIDField(source="public_id")
    title = serializers.CharField(source="study.title")
    submitted = serializers.IntegerField()
    total = serializers.IntegerField()
    next_case = serializers.UUIDField(source="next_id", allow_null=True)


class ReaderNextCase(serializers.Serializer):
    """The case that waits."""

    case = serializers.UUIDField(allow_null=True)


class ReaderCategory(serializers.Serializer):
    """One possible answer."""

    value = serializers.IntegerField()
    label = serializers.CharField()
    key = serializers.CharField(help_text="The key on the keyboard.")


class ReaderGeometry(serializers.Serializer):
    """The grid of the CT series."""

    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    slices = serializers.IntegerField()
    pixel_spacing_mm = serializers.ListField(child=serializers.FloatField())
    slice_spacing_mm = serializers.FloatField()
    row_direction = serializers.ListField(child=serializers.FloatField())
    column_direction = serializers.ListField(child=serializers.FloatField())
    rescale_intercept = serializers.FloatField()
    bits_stored = serializers.IntegerField()


class ReaderFrame(serializers.Serializer):
    """One frame: what the browser checks before it decodes."""

    index = serializers.IntegerField()
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()


class ReaderCall(serializers.Serializer):
    """My own call that counts now."""

    category = serializers.IntegerField()
    version = serializers.IntegerField()


class ReaderNode(serializers.Serializer):
    """One node to call."""

    node = serializers.UUIDField()
    number = serializers.IntegerField()
    centroid_zyx = serializers.ListField(child=serializers.FloatField())
    slices = serializers.ListField(
        child=serializers.IntegerField(), help_text="First and last slice, both inclusive."
    )
    runs = serializers.JSONField(help_text="The mask, run-length coded.")
    call = ReaderCall(allow_null=True)


class ReaderPictures(serializers.Serializer):
    """A case's pictures, to be fetched ahead."""

    case = serializers.UUIDField()
    frames_url = serializers.CharField(help_text="A frame is at this address + index + '/'.")
    geometry = ReaderGeometry()
    frames = ReaderFrame(many=True)
    node_slices = serializers.ListField(
        child=serializers.IntegerField(), help_text="Slices with a node's centre: fetch them first."
    )


class ReaderCase(serializers.Serializer):
    """One case with everything its page shows."""

    case = serializers.UUIDField()
    study = serializers.CharField()
    study_id = serializers.UUIDField()
    position = serializers.IntegerField()
    total = serializers.IntegerField()
    state = serializers.ChoiceField(choices=AssignmentState.choices)
    version = serializers.IntegerField()
    protocol = serializers.CharField()
    categories = ReaderCategory(many=True)
    frames_url = serializers.CharField(help_text="A frame is at this address + index + '/'.")
    geometry = ReaderGeometry()
    frames = ReaderFrame(many=True)
    nodes = ReaderNode(many=True)
    next_case = serializers.UUIDField(allow_null=True)


class ReaderCallInput(serializers.Serializer):
    """A call, and what was on the screen when it was made."""

    call = serializers.UUIDField(help_text="Made by the browser; the same for every retry.")
    node = serializers.UUIDField()
    category = serializers.ChoiceField(choices=CATEGORY_CHOICES)
    base_version = serializers.IntegerField(min_value=0)
    shown_case = serializers.UUIDField()
    shown_slice = serializers.IntegerField(min_value=0, max_value=MAX_SLICE)


class ReaderCallSaved(serializers.Serializer):
    """The acknowledgement of a call."""

    version = serializers.IntegerField()
    node = serializers.UUIDField()
    category = serializers.IntegerField()


class ReaderSubmitInput(serializers.Serializer):
    """The version the reader saw when submitting."""

    base_version = serializers.IntegerField(min_value=0)


class ReaderCaseSubmitted(serializers.Serializer):
    """The acknowledgement of a submit."""

    state = serializers.ChoiceField(choices=AssignmentState.choices)
    next = serializers.UUIDField(allow_null=True)


class ReaderEventInput(serializers.Serializer):
    """One thing that happened on the page."""

    kind = serializers.ChoiceField(
        choices=[choice for choice in ReadingEvent.KINDS if choice[0] not in SERVER_EVENTS]
    )
    slice = serializers.IntegerField(
        min_value=0, max_value=MAX_SLICE, allow_null=True, default=None, source="slice_index"
    )
    node = serializers.UUIDField(allow_null=True, default=None)
    at_ms = serializers.IntegerField(min_value=0, max_value=MAX_CLIENT_MS)


class ReaderEventsInput(serializers.Serializer):
    """What happened since the last report."""

    events = ReaderEventInput(many=True, max_length=MAX_EVENTS)


class ReaderEventsTaken(serializers.Serializer):
    """How many events were written."""

    recorded = serializers.IntegerField()
