import numpy as np
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.references import ScanReference
from cohorts.dicom.rtstruct import open_structure_set
from cohorts.dicom.source_files import SourceFile
from tests.cohorts.dicom.mask_writers import write_structure_set
from tests.cohorts.dicom.series_files import SPACING_MM, ordered, write_series

CLOSED = "CLOSED_PLANAR"


@pytest.fixture
def series(tmp_path):
    return ordered(write_series(tmp_path / "ct"))


def rectangle(z, y0, y1, x0, x1):
    """A closed contour; indices of the synthetic grid, fractions allowed."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return (CLOSED, [(-10 + 0.7 * x, -20 + 0.9 * y, SPACING_MM * z) for x, y in corners])


def opened(tmp_path, series, structures, **changes):
    path = write_structure_set(tmp_path / "rs.dcm", series.slices[0].header, structures, **changes)
    first = series.slices[0]
    scan = ScanReference(
        frame_of_reference_uid=series.geometry.frame_of_reference_uid, series_uid=first.series_uid
    )
    return open_structure_set(SourceFile("rs.dcm", path), series.geometry, scan)


def test_contours_become_voxels_of_their_slices(tmp_path, series):
    node = [rectangle(z, 0.5, 3.5, 1.5, 5.5) for z in (1, 2)]
    mask_file = opened(
        tmp_path, series, {(4, "LN 4"): node, (9, "skin"): [rectangle(50, 0, 1, 0, 1)]}
    )
    assert [(one.number, one.name) for one in mask_file.structures] == [(4, "LN 4"), (9, "skin")]
    (found,) = mask_file.read([4]).found
    assert (found.label, found.box.start_zyx, found.box.stop_zyx) == (4, (1, 1, 2), (3, 4, 6))
    assert found.mask.all()


def test_a_hole_is_cut_and_the_border_of_the_image_cuts(tmp_path, series):
    contours = [rectangle(0, -3, 4.5, -3, 5.5), rectangle(0, 1.5, 2.5, 1.5, 3.5)]
    (found,) = opened(tmp_path, series, {(1, "n"): contours}).read([1]).found
    assert found.box.start_zyx == (0, 0, 0)
    assert found.voxels == 5 * 6 - 2


@pytest.mark.parametrize("z", [1.15, 0.85])
def test_rounded_positions_are_the_nearest_slice(tmp_path, series, z):
    (found,) = opened(tmp_path, series, {(1, "n"): [rectangle(z, 0, 2, 0, 2)]}).read([1]).found
    assert found.box.start_zyx[0] == 1


def tilted():
    kind, points = rectangle(1, 0, 2, 0, 2)
    return (kind, [(x, y, z + 3 * (y + 20)) for x, y, z in points])


@pytest.mark.parametrize(
    ("contour", "words"),
    [
        (rectangle(1.4, 0, 2, 0, 2), "between two CT slices"),
        (rectangle(4, 0, 2, 0, 2), "outside the CT"),
        (rectangle(-1, 0, 2, 0, 2), "outside the CT"),
        (rectangle(1, 0, 2, 40, 50), "outside the CT"),
        (tilted(), "not in a CT plane"),
    ],
)
def test_contours_off_the_slices_are_refused(tmp_path, series, contour, words):
    with pytest.raises(IntakeError) as caught:
        opened(tmp_path, series, {(3, "n"): [contour]}).read([3])
    assert caught.value.code is RefusalCode.MASK_GRID
    assert words in caught.value.message


def test_open_contours_points_and_empty_structures_are_told(tmp_path, series):
    line = ("OPEN_PLANAR", rectangle(1, 0, 2, 0, 2)[1])
    point = ("POINT", [(-10, -20, 0)])
    tiny = rectangle(1, 1.2, 1.4, 1.2, 1.4)
    mask_file = opened(
        tmp_path,
        series,
        {(1, "n"): [line, point, rectangle(1, 0, 2, 0, 2)], (2, "p"): [point], (3, "t"): [tiny]},
    )
    assert [one.is_empty for one in mask_file.structures] == [False, True, False]
    found = mask_file.read([1, 2, 3])
    assert [node.label for node in found.found] == [1]
    assert found.empty == [2, 3]
    assert found.notes[0].startswith("rs.dcm: 2 open contour(s) or point(s) of structure 1")


def test_another_frame_of_reference_is_refused(tmp_path, series):
    structures = {(1, "n"): [rectangle(1, 0, 2, 0, 2)]}
    for frame in ("1.2.3", ""):
        mask_file = opened(tmp_path, series, structures, ReferencedFrameOfReferenceUID=frame)
        with pytest.raises(IntakeError) as caught:
            mask_file.read([1])
        assert caught.value.code is RefusalCode.MASK_FRAME_OF_REFERENCE


def test_roi_numbers_that_are_no_labels_give_way_to_the_order(tmp_path, series):
    contour = [rectangle(1, 0, 2, 0, 2)]
    mask_file = opened(tmp_path, series, {(0, "a"): contour, (5, "b"): contour})
    assert [(one.number, one.name) for one in mask_file.structures] == [(1, "a"), (2, "b")]
    assert mask_file.read([1]).found[0].name == "a"
    with pytest.raises(IntakeError) as caught:
        opened(tmp_path, series, {(2, "a"): contour, (5, "b"): contour}, ROINumber=7)
    assert caught.value.code is RefusalCode.MASK_AMBIGUOUS


@pytest.mark.parametrize("numbers", [["1", "2"], ["1", "2", "1e400"]])
def test_points_that_are_none_are_refused(tmp_path, series, numbers):
    path = write_structure_set(
        tmp_path / "rs.dcm", series.slices[0].header, {(1, "n"): [(CLOSED, [(0, 0, 0)] * 4)]}
    )
    data = path.read_bytes()
    text = "\\".join(["0"] * 12).encode()
    assert text in data
    broken = "\\".join(numbers).encode().ljust(len(text), b" ")
    path.write_bytes(data.replace(text, broken))
    scan = ScanReference(
        frame_of_reference_uid=series.geometry.frame_of_reference_uid, series_uid=""
    )
    mask_file = open_structure_set(SourceFile("rs.dcm", path), series.geometry, scan)
    with pytest.raises(IntakeError) as caught:
        mask_file.read([1])
    assert caught.value.code is RefusalCode.MASK_VALUES


def test_what_is_no_structure_set_is_refused(tmp_path, series):
    path = tmp_path / "rs.dcm"
    path.write_bytes(np.arange(900, dtype=np.uint8).tobytes())
    scan = ScanReference(frame_of_reference_uid="1.2", series_uid="1.2")
    with pytest.raises(IntakeError) as caught:
        open_structure_set(SourceFile("rs.dcm", path), series.geometry, scan)
    assert caught.value.code is RefusalCode.UNREADABLE
