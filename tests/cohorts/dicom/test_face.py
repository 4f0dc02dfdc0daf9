"""Faces are blanked away from nodes, and only where there is one."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cohorts.dicom.body import solid_body_of_plane
from cohorts.dicom.face import AIR_HU, KEEP_MM, SHELL_MM, near_nodes, protect_face
from cohorts.dicom.frames import decode_frame
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import node_from_voxels
from cohorts.dicom.reading_child import prepare
from cohorts.dicom.warnings import WarningCode

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
SPACING = (4.0, 3.0, 3.0)
SHAPE = (75, 90, 100)
CHIN, TOP = 36, 70


def geometry(shape=SHAPE, spacing=SPACING):
    return SeriesGeometry(
        shape_zyx=shape,
        spacing_zyx_mm=spacing,
        origin_lps_mm=(0, 0, 0),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
    )


def ellipse(y, x, half_y, half_x):
    """An ellipse around the middle column, in mm."""
    rows, columns = np.mgrid[: SHAPE[1], : SHAPE[2]]
    rows, columns = rows * SPACING[1] - y, (columns - SHAPE[2] / 2) * SPACING[2] - x
    return (rows / half_y) ** 2 + (columns / half_x) ** 2 < 1


def head(*, jaw=True, spine=True, mouth=False, table=True):
    """Shoulders, a neck, and a head with jaw, nose and table; 4 mm slices from feet to head."""
    volume = np.full(SHAPE, -1000, dtype=np.int16)
    for z, plane in enumerate(volume[:TOP]):
        if z < 20:
            plane[ellipse(130, 0, 60, 140)] = 30
        elif z < CHIN - 2:
            plane[ellipse(140, 0, 55, 60)] = 30
        else:
            plane[ellipse(120, 0, 90, 72)] = 30
        if jaw and CHIN <= z < CHIN + 15:
            arch = ellipse(100, 0, 56, 48) & ~ellipse(104, 0, 50, 40)
            plane[arch & ~ellipse(160, 0, 70, 70)] = 900
        if spine:
            plane[ellipse(150, 0, 12, 14)] = 700
        if 54 <= z < 60:
            plane[ellipse(28, 0, 14, 14)] = 30
        if mouth and 48 <= z < 51:
            plane[ellipse(30, 0, 60, 20)] = -1000
        if table:
            plane[-3, 5:95] = 100
    return volume


def node(z, y, x, size=2):
    volume = np.zeros(SHAPE, dtype=bool)
    volume[z : z + size, y : y + size, x : x + size] = True
    return node_from_voxels(1, "", np.argwhere(volume))


def protected(volume, nodes=()):
    """The volume after, which voxels changed, and what is said."""
    after = volume.copy()
    said = protect_face(after, geometry(), nodes)
    return after, after != volume, said


def test_the_crop_lies_above_the_hard_palate_and_leaves_the_grid():
    after, changed, said = protected(head())
    assert said.warnings == ()
    assert said.record["applied"] is True
    assert said.record["chin_mm"] == CHIN * 4
    assert said.record["plane_mm"] == CHIN * 4 + 80
    assert said.record["slices_blanked"] == SHAPE[0] - CHIN - 20
    assert (after[CHIN + 20 :] == AIR_HU).all()
    assert said.record["voxels_changed"] == np.count_nonzero(changed)
    assert not changed[: CHIN - 3].any()
    assert after.shape == SHAPE


@pytest.mark.parametrize("mouth", [False, True])
def test_the_skin_before_the_jaw_goes_down_to_its_depth_and_no_deeper(mouth):
    volume = head(mouth=mouth)
    after, changed, _ = protected(volume)
    whole = head()
    middle = SHAPE[2] // 2
    for z in range(CHIN + 4, CHIN + 15):
        body = solid_body_of_plane(whole[z], 3.0, 10.0)
        skin = int(body[:, middle].argmax())
        removed = int(SHELL_MM / SPACING[1])
        assert (after[z, : skin + removed, middle] == AIR_HU).all()
        deep = skin + removed + 2
        assert np.array_equal(after[z, deep:, middle], volume[z, deep:, middle])
    # Nothing behind the front 40 mm of the jaw.
    assert not changed[: CHIN + 20, 38:].any()


def test_the_nose_is_gone():
    after, _, _ = protected(head())
    assert (after[CHIN - 2 :, : int(30 / SPACING[1])] == AIR_HU).all()


def test_equal_volumes_give_equal_results():
    first, _, said = protected(head())
    second, _, again = protected(head())
    assert np.array_equal(first, second)
    assert said == again
    json.dumps(said.record)


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 70), st.integers(2, 86), st.integers(2, 96), st.integers(1, 4))
def test_no_voxel_near_a_node_ever_changes(z, y, x, size):
    volume = head()
    given_node = node(z, y, x, size)
    _, changed, said = protected(volume, [given_node])
    outside = np.ones(SHAPE, dtype=bool)
    outside[given_node.box.slices] = ~given_node.mask
    distance = ndimage.distance_transform_edt(outside, sampling=SPACING)
    assert distance[changed].min(initial=np.inf) > KEEP_MM + np.linalg.norm(SPACING)
    assert said.record["voxels_changed"] == np.count_nonzero(changed)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.tuples(*[st.floats(0.5, 6)] * 3))
def test_the_distance_around_nodes_is_that_of_the_whole_volume(seed, spacing):
    rng = np.random.default_rng(seed)
    shape = (18, 30, 26)
    labels = np.zeros(shape, dtype=int)
    for label in (1, 2):
        start = rng.integers(0, np.array(shape) - 3)
        labels[tuple(slice(a, a + 3) for a in start)] = label
    nodes = [node_from_voxels(n, "", np.argwhere(labels == n)) for n in np.unique(labels) if n]
    distance = ndimage.distance_transform_edt(labels == 0, sampling=spacing)
    expected = distance <= KEEP_MM + np.linalg.norm(spacing)
    assert np.array_equal(near_nodes(nodes, shape, spacing), expected)


def test_a_node_under_the_chin_keeps_the_skin_there_and_this_is_said():
    submental = node(CHIN + 2, 14, SHAPE[2] // 2)
    _, changed, said = protected(head(), [submental])
    (warning,) = said.warnings
    assert warning.code is WarningCode.FACE_KEPT
    assert "% of the skin before the jaw was kept" in warning.message
    assert said.record["voxels_kept_near_nodes"] > 0
    assert changed.any()


def test_the_plane_lies_above_high_nodes():
    _, _, said = protected(head(), [node(CHIN + 16, 55, 50)])
    # The node ends with slice CHIN + 17; 20 mm and a voxel's diagonal reach 6 slices further.
    assert said.record["plane_mm"] == (CHIN + 24) * 4


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        (head(jaw=False), "no mandible"),
        (head(spine=False), "no mandible"),
        (head()[:CHIN], "no mandible"),
        (head()[CHIN:], "lower end of the jaw"),
        (head()[:20], "no mandible"),
        (np.full(SHAPE, -1000, dtype=np.int16), "no mandible"),
        (head()[:, ::-1], "no mandible"),
        (head()[::-1], "upside down"),
    ],
)
def test_without_a_face_nothing_changes_and_it_is_said(volume, reason):
    after = volume.copy()
    said = protect_face(after, geometry(volume.shape), [])
    assert np.array_equal(after, volume)
    assert said.record["applied"] is False
    assert reason in said.record["reason"]
    (warning,) = said.warnings
    assert (warning.code, warning.node) == (WarningCode.FACE_KEPT, None)


def test_other_axes_are_no_guesswork():
    volume = head()
    turned = SeriesGeometry(
        shape_zyx=SHAPE,
        spacing_zyx_mm=SPACING,
        origin_lps_mm=(0, 0, 0),
        row_direction=(-1, 0, 0),
        column_direction=(0, -1, 0),
    )
    said = protect_face(volume, turned, [])
    assert np.array_equal(volume, head())
    assert "axes" in said.record["reason"]


def test_air_is_never_below_the_lowest_value():
    volume = np.maximum(head(), -200)
    after = volume.copy()
    protect_face(after, geometry(), [])
    assert after.min() == -200


def real_volume(tmp_path, name):
    """Import a real series without protection; return its voxels and geometry."""
    zipped = DATA / name / "series.zip"
    source = zipped if zipped.exists() else DATA / name / "ct"
    (patient,) = prepare(source, tmp_path / "out").patients
    case = json.loads((patient.directory / "case.json").read_text())
    frames = [(patient.directory / one["file"]).read_bytes() for one in case["frames"]]
    volume = np.stack([decode_frame(data, case["hu_min"]) for data in frames])
    return volume, SeriesGeometry.from_dict(case["geometry"])


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent")
@pytest.mark.parametrize(
    ("name", "chin", "plane"),
    [("01_neck_ct_1mm", (33, 39), (58, 68)), ("03_neck_ct_openkbp", (83, 88), (114, 122))],
)
def test_the_jaw_of_real_heads_is_found(tmp_path, name, chin, plane):
    """The mandible of 03 begins with slice 84, by its contours; that of 01 was looked up in HU."""
    volume, grid = real_volume(tmp_path, name)
    before = volume.copy()
    said = protect_face(volume, grid, [])
    slice_mm = grid.spacing_zyx_mm[0]
    assert chin[0] <= said.record["chin_mm"] / slice_mm <= chin[1]
    assert plane[0] <= said.record["plane_mm"] / slice_mm <= plane[1]
    changed = volume != before
    assert not changed[: chin[0] - 6].any()
    # The source of 03 has no voxels further up than 60 mm above the chin.
    tissue = (changed & (before > -300))[chin[1] : chin[1] + int(45 / slice_mm)]
    # Each slice of the lower face loses some 10 to 20 square centimetres of skin.
    areas_mm2 = tissue.sum(axis=(1, 2)) * np.prod(grid.spacing_zyx_mm[1:])
    assert areas_mm2.min() > 500
    assert areas_mm2.max() < 3500
