"""What is told and answered while files of an upload arrive."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from cohorts.arrivals import ExpectedFile
from cohorts.dicom.options import MULTI_PART_CHOICES, IntakeOptions
from cohorts.models import ArrivingUpload


class Patterns(serializers.ListField):
    """Shell patterns of names of structures."""

    child = serializers.CharField(max_length=120)


class IntakeDecisions(serializers.Serializer[dict[str, Any]]):
    """What the coordinator decided for the whole upload."""

    keep_patient_ids = serializers.BooleanField(
        default=False, help_text="The PatientIDs are pseudonyms already: keep them."
    )
    multi_part = serializers.ChoiceField(
        choices=MULTI_PART_CHOICES,
        default="ask",
        help_text="What a structure of several parts without contact is: one node, or several.",
    )
    node_structures = Patterns(
        required=False,
        max_length=50,
        help_text="Shell patterns of names that are nodes; empty: the names decide.",
    )
    station_structures = Patterns(
        required=False,
        max_length=50,
        help_text="Shell patterns of names that are levels; empty: the names decide.",
    )
    protect_faces = serializers.BooleanField(default=False, help_text="Make faces unrecognisable.")

    def options(self) -> IntakeOptions:
        """Return the decisions in the words of intake."""
        told = self.validated_data
        return IntakeOptions(
            node_structures=tuple(told.get("node_structures", ())),
            station_structures=tuple(told.get("station_structures", ())),
            multi_part=told["multi_part"],
            protect_faces=told["protect_faces"],
        )


class ArrivingFile(serializers.Serializer[dict[str, Any]]):
    """One file of the sender's folder."""

    path = serializers.CharField(
        trim_whitespace=False, help_text="Relative path, shown to people and matched with patients."
    )
    size = serializers.IntegerField(min_value=0, help_text="Bytes.")
    modified = serializers.IntegerField(
        default=0, help_text="Time of change in any unit: another one means another file."
    )


class NewArrival(IntakeDecisions):
    """The files of an upload, before they are sent."""

    name = serializers.CharField(max_length=200, help_text="The folder's name, to be shown.")
    files = ArrivingFile(many=True)

    def expected(self) -> list[ExpectedFile]:
        """Return the files in the words of the service."""
        return [ExpectedFile(**file) for file in self.validated_data["files"]]


class ArrivalLeftOut(serializers.Serializer[dict[str, Any]]):
    """A file that is not taken."""

    number = serializers.IntegerField()
    path = serializers.CharField()
    reason = serializers.CharField()


class Arriving(serializers.Serializer[ArrivingUpload]):
    """An upload on its way."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="shown_name")
    files = serializers.IntegerField(source="file_count")
    total_bytes = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_piece_at = serializers.DateTimeField()
    url = serializers.SerializerMethodField(
        help_text="Its address; pieces/, finish/ and give-up/ are below it."
    )

    def get_url(self, arriving: ArrivingUpload | dict[str, Any]) -> str:
        """Return the address of this upload."""
        if isinstance(arriving, ArrivingUpload):
            return reverse("cohorts-api:arrival", args=[arriving.public_id])
        return reverse("cohorts-api:arrival", args=[arriving["public_id"]])


class ArrivingState(Arriving):
    """An upload on its way with what has arrived."""

    numbers = serializers.ListField(
        child=serializers.IntegerField(), help_text="Number of each announced file, in your order."
    )
    arrived = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Bytes that are here, by number; send the rest from there.",
    )
    left_out = ArrivalLeftOut(many=True)


class Received(serializers.Serializer[dict[str, Any]]):
    """What became of the pieces of a request."""

    left_out = ArrivalLeftOut(many=True, help_text="Files that turned out to be of no use.")
