import gzip

import numpy as np
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.nrrd_map import open_nrrd
from cohorts.dicom.source_files import SourceFile
from tests.cohorts.dicom.mask_writers import nrrd_bytes, with_segments
from tests.cohorts.dicom.series_files import COLUMNS, ROWS, ordered, write_series

SHAPE = (4, ROWS, COLUMNS)


@pytest.fixture
def series(tmp_path):
    return ordered(write_series(tmp_path / "ct"))


def labels():
    volume = np.zeros(SHAPE, dtype=np.int16)
    volume[0, 1:3, 2:5] = 7
    volume[1:3, 4, 6] = 1000
    return volume


def opened(tmp_path, series, content, name="n.nrrd"):
    path = tmp_path / name
    path.write_bytes(content)
    return open_nrrd(SourceFile(name, path), series.geometry)


def in_place(nodes):
    volume = np.zeros(SHAPE, dtype=np.int64)
    for node in nodes:
        volume[node.box.slices][node.mask] = node.label
    return volume


def read(tmp_path, series, content):
    mask_file = opened(tmp_path, series, content)
    return mask_file.read([one.number for one in mask_file.structures]).found


def flipped_xy():
    """The same voxels in right-anterior-superior: x and y are stored backwards."""
    return nrrd_bytes(
        labels().T[::-1, ::-1],
        space="right-anterior-superior",
        space_origin="(5.1,15.5,0)",
    )


@pytest.mark.parametrize(
    "content",
    [
        nrrd_bytes(labels().T),
        nrrd_bytes(labels().astype(np.float32).T),
        nrrd_bytes(labels().T, encoding="gzip", data=gzip.compress(labels().tobytes())),
        nrrd_bytes(labels().T, endian="big", data=labels().astype(">i2").tobytes()),
        nrrd_bytes(labels(), space_directions="(0,0,2.5) (0,0.9,0) (0.7,0,0)"),
        flipped_xy(),
    ],
    ids=["raw", "float", "gzip", "big endian", "other order of axes", "right-anterior-superior"],
)
def test_a_map_is_placed_by_its_space(tmp_path, series, content):
    assert np.array_equal(in_place(read(tmp_path, series, content)), labels())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (nrrd_bytes(labels().T, space="right-anterior-superior"), RefusalCode.MASK_GRID),
        (nrrd_bytes(labels().T, space_origin="(-10,-20,400)"), RefusalCode.MASK_GRID),
        (nrrd_bytes(labels().T, space=None), RefusalCode.MASK_GRID),
        (nrrd_bytes(labels().T[::2]), RefusalCode.MASK_GRID),
        (nrrd_bytes(labels().T, sizes="99999 99999 99999"), RefusalCode.MASK_GRID),
        (nrrd_bytes(labels().T * 0), RefusalCode.MASK_EMPTY),
        (nrrd_bytes(-labels().T), RefusalCode.MASK_VALUES),
        (nrrd_bytes(labels().T, type="block"), RefusalCode.MASK_VALUES),
        (nrrd_bytes(labels().T, encoding="bzip2"), RefusalCode.MASK_TYPE),
        (nrrd_bytes(labels().T, data_file="n.raw"), RefusalCode.MASK_DETACHED),
        (nrrd_bytes(labels().T)[:-3], RefusalCode.PIXELS_TRUNCATED),
        (nrrd_bytes(labels().T, encoding="gzip"), RefusalCode.UNREADABLE),
        (nrrd_bytes(labels().T, sizes="a b c"), RefusalCode.UNREADABLE),
        (b"NRRD0005\n" + b"x" * 5000, RefusalCode.UNREADABLE),
        (b"", RefusalCode.UNREADABLE),
    ],
)
def test_what_is_no_map_of_this_ct_is_refused(tmp_path, series, content, code):
    with pytest.raises(IntakeError) as caught:
        opened(tmp_path, series, content)
    assert (caught.value.code, caught.value.file) == (code, "n.nrrd")


def test_a_detached_header_is_refused_by_its_ending(tmp_path, series):
    with pytest.raises(IntakeError) as caught:
        opened(tmp_path, series, nrrd_bytes(labels().T), "n.nhdr")
    assert caught.value.code is RefusalCode.MASK_DETACHED


def test_data_that_inflates_without_end_is_read_as_far_as_it_is_needed(tmp_path, series):
    bomb = gzip.compress(labels().tobytes() + bytes(50_000_000))
    content = nrrd_bytes(labels().T, encoding="gzip", data=bomb)
    assert np.array_equal(in_place(read(tmp_path, series, content)), labels())


def cropped_layers():
    """Two segments that overlap, in two layers, saved cropped as 3D Slicer does."""
    layers = np.zeros((2, 4, 3, 2), dtype=np.uint8)
    layers[0, 0:3, 0:2, :] = 1
    layers[1, 2:4, 1:3, 1] = 1
    content = nrrd_bytes(
        layers,
        space_directions="none (0.7,0,0) (0,0.9,0) (0,0,2.5)",
        space_origin="(-8.6,-19.1,2.5)",
        kinds="list domain domain domain",
    )
    return with_segments(
        content,
        {"Name": "LN 1", "LabelValue": "1", "Layer": "0"},
        {
            "Name": "Segment_2",
            "LabelValue": "1",
            "Layer": "1",
            "Tags": "T:SCT^59441001^Lymph node|",
        },
    )


def test_overlapping_segments_in_layers_come_out_whole(tmp_path, series):
    mask_file = opened(tmp_path, series, cropped_layers(), "n.seg.nrrd")
    assert [(one.number, one.name) for one in mask_file.structures] == [
        (1, "LN 1"),
        (2, "Segment_2"),
    ]
    first, second = mask_file.read([1, 2]).found
    assert (first.box.start_zyx, first.voxels) == ((1, 1, 2), 12)
    assert (second.box.start_zyx, second.voxels) == ((2, 2, 4), 4)
    assert mask_file.read([2]).found[0].label == 2


def test_segments_without_voxels_are_told_and_values_without_segment_refused(tmp_path, series):
    content = nrrd_bytes(labels().T)
    seven, thousand = {"Name": "a", "LabelValue": "7"}, {"Name": "b", "LabelValue": "1000"}
    empty = {"Name": "c", "LabelValue": "3"}
    mask_file = opened(tmp_path, series, with_segments(content, seven, thousand, empty))
    assert mask_file.read([3, 7]).empty == [3]
    with pytest.raises(IntakeError) as caught:
        opened(tmp_path, series, with_segments(content, seven))
    assert caught.value.code is RefusalCode.MASK_VALUES
