"""API of the mask editor: proposals at a click, and saves of masks, for who annotates."""

import json
import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import SignedIn
from accounts.schema import errors
from cohorts import mask_serializers as told
from cohorts import selectors, services
from cohorts.clicking import proposed_mask, strokes_of
from cohorts.mask_selectors import REFINES, mask_version, node_for, versions_of
from cohorts.services import NodeVersion, SavedEdit

SAVES = {200: told.SavedMasks, **errors(400, 409, 422)}


def valid(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what a body says, or answer 400 with the fields that are wrong."""
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def version_seen(user: User, node_id: uuid.UUID, given: dict[str, Any]) -> NodeVersion:
    """Return the version of a node that the person saw; Http404 where it is not theirs."""
    node = node_for(user, node_id, *REFINES)
    return NodeVersion(node=node, base_version=given.pop("base_version"))


def _saved(saved: SavedEdit) -> Response:
    found = {"edit": saved.edit, "replayed": saved.replayed}
    return Response(told.SavedMasks(found).data)


class PatientClick(APIView):
    """Click-to-segment."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_masks_propose",
        summary="Propose a node's mask at a click; nothing is stored",
        request=told.Click,
        responses={200: told.ProposedMask, **errors(400, 422)},
    )
    def post(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *REFINES)
        given = valid(told.Click, request)
        data, found = proposed_mask(
            patient,
            tuple(given["click_zyx"]),
            redrawn=node_for(request.user, given["node"], *REFINES) if given["node"] else None,
            short_axis_limit_mm=given["short_axis_limit_mm"],
            strokes=strokes_of(given["strokes"]),
        )
        slices = [found.box.start_zyx[0], found.box.stop_zyx[0] - 1]
        proposal = {"runs": json.loads(data), "slices": slices}
        return Response(told.ProposedMask(proposal | {"short_axis_mm": found.short_axis_mm}).data)


class PatientNodes(APIView):
    """Nodes of a patient."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_nodes_create",
        summary="Add a node with its mask, under the number after the last",
        request=told.NewNode,
        responses=SAVES,
    )
    def post(self, request: Request, patient_id: uuid.UUID) -> Response:
        patient = selectors.patient_for(request.user, patient_id, *REFINES)
        given = valid(told.NewNode, request)
        return _saved(services.add_node(by=request.user, patient=patient, **given))


class PatientMerger(APIView):
    """Two nodes of a patient into one."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_nodes_merge",
        summary="Merge two nodes: both end, a new one begins",
        request=told.Merger,
        responses=SAVES,
    )
    def post(self, request: Request, patient_id: uuid.UUID) -> Response:
        selectors.patient_for(request.user, patient_id, *REFINES)
        given = valid(told.Merger, request)
        first, second = (version_seen(request.user, one.pop("node"), one) for one in given["nodes"])
        saved = services.merge_nodes(
            by=request.user, seen=(first, second), client_id=given["client_id"]
        )
        return _saved(saved)


class NodeMasks(APIView):
    """Versions of a node's mask."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_masks_list",
        summary="Every version of a node's mask, the newest first",
        responses={200: told.NodeVersions, **errors()},
    )
    def get(self, request: Request, node_id: uuid.UUID) -> Response:
        node = node_for(request.user, node_id, *REFINES)
        found = {"node": node.public_id, "number": node.number, "removed_at": node.removed_at}
        return Response(told.NodeVersions(found | {"versions": versions_of(node)}).data)

    @extend_schema(
        operation_id="cohorts_masks_create",
        summary="Save a new version of a node's mask",
        request=told.NewVersion,
        responses=SAVES,
    )
    def post(self, request: Request, node_id: uuid.UUID) -> Response:
        node_for(request.user, node_id, *REFINES)
        given = valid(told.NewVersion, request)
        seen = version_seen(request.user, node_id, given)
        return _saved(services.save_mask(by=request.user, seen=seen, **given))


class NodeMaskVersion(APIView):
    """One version of a node's mask, to be looked at."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_masks_retrieve",
        summary="One version of a node's mask, with its voxels",
        responses={200: told.VersionWithMask, **errors()},
    )
    def get(self, request: Request, node_id: uuid.UUID, version: int) -> Response:
        found = mask_version(node_for(request.user, node_id, *REFINES), version)
        runs = {"runs": selectors.mask_runs(found)}
        return Response(told.MaskVersion(found).data | runs)


class NodeSplit(APIView):
    """One node into two."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_nodes_split",
        summary="Split a node in the given part and the rest: it ends, two begin",
        request=told.Part,
        responses=SAVES,
    )
    def post(self, request: Request, node_id: uuid.UUID) -> Response:
        node_for(request.user, node_id, *REFINES)
        given = valid(told.Part, request)
        seen = version_seen(request.user, node_id, given)
        return _saved(services.split_node(by=request.user, seen=seen, **given))


class NodeRemoval(APIView):
    """A node that is none."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="cohorts_nodes_remove",
        summary="Take a node off the lists, with the reason; its rows stay",
        request=told.Removal,
        responses=SAVES,
    )
    def post(self, request: Request, node_id: uuid.UUID) -> Response:
        node_for(request.user, node_id, *REFINES)
        given = valid(told.Removal, request)
        seen = version_seen(request.user, node_id, given)
        return _saved(services.remove_node(by=request.user, seen=seen, **given))
