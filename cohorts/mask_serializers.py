"""What the mask editor sends and is told: explicit keys."""

from typing import Any

from rest_framework import serializers

from cohorts.models import MaskEdit, MaskEditNode, NodeMask

RUNS = '{"shape", "slices"}: delta-coded run lengths, as in the case.'
MOST_STROKES, MOST_STROKE_VOXELS = 20, 2000


def _voxel() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.IntegerField(min_value=-(2**31), max_value=2**31 - 1),
        min_length=3,
        max_length=3,
    )


class ClickStroke(serializers.Serializer[dict[str, Any]]):
    """One stroke of correction."""

    add = serializers.BooleanField(help_text="Whether its voxels belong to the node.")
    voxels_zyx = serializers.ListField(child=_voxel(), min_length=1, max_length=MOST_STROKE_VOXELS)


class Click(serializers.Serializer[dict[str, Any]]):
    """Where a node was clicked, and what binds the proposal."""

    click_zyx = _voxel()
    short_axis_limit_mm = serializers.FloatField(
        required=False, allow_null=True, default=None, help_text="4 to 50 mm."
    )
    node = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The node being redrawn: its present voxels are not protected.",
    )
    strokes = ClickStroke(many=True, required=False, default=list)

    def validate_strokes(self, strokes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse more strokes than anybody draws."""
        if len(strokes) > MOST_STROKES:
            raise serializers.ValidationError(f"At most {MOST_STROKES} strokes are taken.")
        return strokes


class ProposedMask(serializers.Serializer[dict[str, Any]]):
    """A proposal; nothing is stored until it is saved."""

    runs = serializers.JSONField(help_text=RUNS)
    slices = serializers.ListField(
        child=serializers.IntegerField(), help_text="First and last slice, both inclusive."
    )
    short_axis_mm = serializers.FloatField()


class Save(serializers.Serializer[dict[str, Any]]):
    """What every save carries."""

    client_id = serializers.UUIDField(help_text="Made by the browser, once for each save.")


class NewNode(Save):
    """A node that had no mask."""

    runs = serializers.JSONField(help_text=RUNS)


class SeenVersion(serializers.Serializer[dict[str, Any]]):
    """The version of the mask that the change was made on."""

    base_version = serializers.IntegerField(min_value=1, max_value=32767)


class NewVersion(Save, SeenVersion):
    """A node's whole new mask."""

    runs = serializers.JSONField(help_text=RUNS)


class Part(Save, SeenVersion):
    """One of the two parts that a node is split into; the other is the rest."""

    runs = serializers.JSONField(help_text=RUNS)


class Removal(Save, SeenVersion):
    """Why this is no node."""

    reason = serializers.CharField(max_length=500)


class SeenNode(SeenVersion):
    """One of two nodes."""

    node = serializers.UUIDField()


class Merger(Save):
    """Two nodes that are one."""

    nodes = serializers.ListField(child=SeenNode(), min_length=2, max_length=2)


class MaskVersion(serializers.Serializer[NodeMask]):
    """One version of a node's mask."""

    version = serializers.IntegerField()
    is_current = serializers.BooleanField()
    origin = serializers.CharField(
        help_text="imported, refined, added, split, merged, candidate or candidate edited."
    )
    by = serializers.CharField(source="created_by.username", default="")
    created_at = serializers.DateTimeField()
    voxels = serializers.IntegerField()
    volume_ml = serializers.FloatField()
    short_axis_mm = serializers.FloatField()
    long_axis_mm = serializers.FloatField()
    digest = serializers.CharField()


class VersionWithMask(MaskVersion):
    """One version of a node's mask, with its voxels."""

    runs = serializers.JSONField(help_text=RUNS)


class NodeVersions(serializers.Serializer[dict[str, Any]]):
    """A node and every version of its mask, the newest first."""

    node = serializers.UUIDField()
    number = serializers.IntegerField()
    removed_at = serializers.DateTimeField(allow_null=True)
    versions = MaskVersion(many=True)


class EditedNode(serializers.Serializer[MaskEditNode]):
    """What a save did to one node."""

    node = serializers.UUIDField(source="node.public_id")
    number = serializers.IntegerField(source="node.number")
    version_before = serializers.IntegerField(
        source="before.version",
        default=None,
        allow_null=True,
        help_text="Null: the node began with this save.",
    )
    version = serializers.IntegerField(
        source="after.version",
        default=None,
        allow_null=True,
        help_text="Null: the node ended with this save.",
    )
    short_axis_mm = serializers.FloatField(
        source="after.short_axis_mm", default=None, allow_null=True
    )
    long_axis_mm = serializers.FloatField(
        source="after.long_axis_mm", default=None, allow_null=True
    )
    volume_ml = serializers.FloatField(source="after.volume_ml", default=None, allow_null=True)


class Edit(serializers.Serializer[MaskEdit]):
    """A stored save."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=MaskEdit.Kind.values)
    created_at = serializers.DateTimeField()
    nodes = EditedNode(many=True)


class SavedMasks(serializers.Serializer[dict[str, Any]]):
    """The answer to a save, the same each time it is sent."""

    edit = Edit()
    replayed = serializers.BooleanField(help_text="Whether it had been stored before.")
