"""Any version of a mask leaves as a file and comes back voxel for voxel, for who may see masks."""

import gzip
import io

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from django.test import Client
from django.urls import reverse

from cohorts import storage
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.runs import full_mask
from cohorts.dicomweb.cases import ServedCase
from cohorts.models import CTSeries, NodeMask
from cohorts.services import remove_node, save_mask
from tests.cohorts.masks.conftest import current, fresh, seen

OBLIQUE = {
    "row_direction": [0.8, 0.6, 0.0],
    "column_direction": [-0.36, 0.48, 0.8],
    "spacing_zyx_mm": [2.5, 0.6, 0.9],
    "origin_lps_mm": [-20.5, 11.0, -300.25],
}


@pytest.fixture
def client(people):
    client = Client()
    client.force_login(people.annotator_one)
    return client


@pytest.fixture
def second(people, node, smaller):
    """Node 1 drawn anew by annotator one."""
    save_mask(by=people.annotator_one, seen=seen(node), client_id=fresh(), runs=smaller)
    return current(node)


@pytest.fixture(params=["axial", "oblique and anisotropic"])
def grid(request, patient):
    if request.param != "axial":
        changed = patient.series.geometry | OBLIQUE
        CTSeries.objects.filter(patient=patient).update(geometry=changed)
        patient.series.refresh_from_db()
    return SeriesGeometry.from_dict(patient.series.geometry)


def version_url(mask, form):
    return reverse("cohorts-api:mask-file", args=[mask.node.public_id, mask.version, form])


def all_url(patient, form):
    return reverse("cohorts-api:masks-file", args=[patient.public_id, form])


def content(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def truth(mask):
    return full_mask(storage.get(mask.runs_key))


def label_map(data):
    """Values in the order z, y, x, and the image."""
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    return np.asarray(image.dataobj).transpose(2, 1, 0), image


def placed_planes(data, shape):
    """Voxels of each segment, read by pydicom alone: a frame's place is its own position."""
    ds = pydicom.dcmread(io.BytesIO(data))
    groups = ds.SharedFunctionalGroupsSequence[0]
    orientation = groups.PlaneOrientationSequence[0].ImageOrientationPatient
    normal = np.cross(orientation[:3], orientation[3:])
    spacing = float(groups.PixelMeasuresSequence[0].SpacingBetweenSlices)
    return ds, normal, spacing, np.atleast_3d(ds.pixel_array).reshape(-1, *shape[1:])


def test_every_version_comes_back_from_nifti(client, patient, grid, node, second):
    for mask in NodeMask.objects.filter(node=node).select_related("node"):
        values, image = label_map(content(client.get(version_url(mask, "nifti"))))
        assert np.array_equal(values == 1, truth(mask))
        assert np.unique(values).tolist() == [0, 1]
        index = np.argwhere(truth(mask))
        ras = nibabel.affines.apply_affine(image.affine, index[:, ::-1])
        assert np.allclose(ras, grid.voxel_to_lps_mm(index) * (-1, -1, 1), atol=1e-4)
        (told,) = image.header.extensions[0].json()["nodes"]
        assert (told["number"], told["version"], told["sha256"]) == (1, mask.version, mask.digest)


def test_every_version_comes_back_from_dicom_by_two_readers(client, patient, grid, node, second):
    uids = ServedCase(patient).images.uids()
    for mask in NodeMask.objects.filter(node=node).select_related("node"):
        data = content(client.get(version_url(mask, "dicom-seg")))
        read = highdicom.seg.segread(io.BytesIO(data))
        planes = read.get_pixels_by_source_instance(
            uids, ignore_spatial_locations=False, assert_missing_frames_are_empty=True
        )
        assert np.array_equal(planes[..., 0].astype(bool), truth(mask))
        ds, normal, spacing, frames = placed_planes(data, grid.shape_zyx)
        found = np.zeros(grid.shape_zyx, bool)
        for group, frame in zip(ds.PerFrameFunctionalGroupsSequence, frames, strict=True):
            position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
            z = (position - grid.origin_lps_mm) @ normal / spacing
            assert abs(z - round(z)) < 1e-3
            found[round(z)] |= frame.astype(bool)
        assert np.array_equal(found, truth(mask))


def test_the_segment_says_which_version_it_is_and_how_it_was_drawn(client, node, second):
    told = {}
    for mask in NodeMask.objects.filter(node=node).select_related("node"):
        ds = pydicom.dcmread(io.BytesIO(content(client.get(version_url(mask, "dicom-seg")))))
        (segment,) = ds.SegmentSequence
        assert (segment.SegmentLabel, segment.TrackingUID) == (
            "Node 1",
            f"2.25.{node.public_id.int}",
        )
        assert mask.digest in segment.SegmentDescription
        told[segment.SegmentDescription.split(",")[0]] = (
            segment.SegmentAlgorithmType,
            segment.get("SegmentAlgorithmName", ""),
        )
    assert told == {
        "Version 1": ("MANUAL", ""),
        "Version 2": ("SEMIAUTOMATIC", "Nodewise mask editor"),
    }


def test_all_nodes_as_they_are_now(client, patient, second):
    masks = {mask.node.number: mask for mask in NodeMask.objects.filter(is_current=True)}
    values, _ = label_map(content(client.get(all_url(patient, "nifti"))))
    read = highdicom.seg.segread(io.BytesIO(content(client.get(all_url(patient, "dicom-seg")))))
    planes = read.get_pixels_by_source_instance(
        ServedCase(patient).images.uids(), assert_missing_frames_are_empty=True
    )
    assert (sorted(masks), read.number_of_segments) == ([1, 2], 2)
    for number, mask in masks.items():
        assert np.array_equal(values == number, truth(mask))
        assert np.array_equal(planes[..., number - 1].astype(bool), truth(mask))


@pytest.mark.parametrize("form", ["nifti", "dicom-seg"])
def test_the_same_version_has_the_same_bytes_and_another_has_another_uid(
    client, node, second, form
):
    first = NodeMask.objects.get(node=node, version=1)
    data = content(client.get(version_url(second, form)))
    assert content(client.get(version_url(second, form))) == data
    other = content(client.get(version_url(first, form)))
    assert other != data
    if form == "dicom-seg":
        uids = {pydicom.dcmread(io.BytesIO(one)).SOPInstanceUID for one in (data, other)}
        assert len(uids) == 2


def test_a_removed_node_leaves_by_version_and_is_not_among_those_of_now(client, people, node):
    remove_node(by=people.adjudicator, seen=seen(node), client_id=fresh(), reason="A vessel.")
    mask = NodeMask.objects.select_related("node").get(node__pk=node.pk)
    values, _ = label_map(content(client.get(version_url(mask, "nifti"))))
    assert np.array_equal(values == 1, truth(mask))
    values, _ = label_map(content(client.get(all_url(node.patient, "nifti"))))
    assert np.unique(values).tolist() == [0, 2]


def test_overlapping_nodes_go_as_dicom_but_not_as_one_label_map(client, patient, node):
    NodeMask.objects.filter(node__number=2).update(runs_key=current(node).runs_key)
    answer = client.get(all_url(patient, "nifti"))
    assert (answer.status_code, answer.json()["code"]) == (422, "overlapping_nodes")
    assert "Node 2 shares 84 voxels with node 1" in answer.json()["message"]
    assert client.get(all_url(patient, "dicom-seg")).status_code == 200


def test_a_lost_or_damaged_mask_is_said_in_words(client, patient, node):
    NodeMask.objects.filter(node=node).update(runs_key="0" * 64)
    for form in ("nifti", "dicom-seg"):
        answer = client.get(all_url(patient, form))
        assert (answer.status_code, answer.json()["code"]) == (503, "mask_unavailable")


@pytest.mark.parametrize("who", ["reader_one", "statistician", "outsider"])
def test_who_may_not_see_masks_gets_none(people, patient, node, who):
    client = Client()
    client.force_login(getattr(people, who))
    urls = [all_url(patient, form) for form in ("nifti", "dicom-seg")]
    urls += [
        version_url(current(node), "nifti"),
        reverse("cohorts:mask-versions", args=[patient.public_id]),
    ]
    assert [client.get(url).status_code for url in urls] == [404] * 4


@pytest.mark.parametrize("name", ["unknown form", "unknown version"])
def test_what_there_is_not_is_not_found(client, node, name):
    version, form = (1, "nrrd") if name == "unknown form" else (2, "nifti")
    url = reverse("cohorts-api:mask-file", args=[node.public_id, version, form])
    assert client.get(url).status_code == 404


def test_the_page_offers_every_version(people, patient, node, second):
    remove_node(by=people.adjudicator, seen=seen(node, 2), client_id=fresh(), reason="A vessel.")
    for who in ("annotator_one", "adjudicator", "coordinator"):
        client = Client()
        client.force_login(getattr(people, who))
        page = client.get(reverse("cohorts:mask-versions", args=[patient.public_id])).text
        for mask in NodeMask.objects.select_related("node"):
            assert version_url(mask, "nifti") in page
            assert version_url(mask, "dicom-seg") in page
        assert "refined by annotator_one" in page
        assert page.count("node ended") == 2
