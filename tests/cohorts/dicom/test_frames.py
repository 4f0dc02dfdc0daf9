import numpy as np
import pytest

from cohorts.dicom.frames import decode_frame, encode_frame, frame_digest, frame_metadata
from cohorts.dicom.geometry import SeriesGeometry


@pytest.mark.parametrize(("low", "high"), [(-1024, 3071), (-3024, 1381), (-32768, 32767), (5, 6)])
def test_a_frame_comes_back_exactly(low, high):
    slice_hu = np.random.default_rng(1).integers(low, high + 1, size=(31, 17), dtype=np.int16)
    slice_hu[0, :2] = low, high
    data = encode_frame(slice_hu, low)
    assert np.array_equal(decode_frame(data, low), slice_hu)
    assert frame_digest(data) == frame_digest(encode_frame(slice_hu, low))


@pytest.mark.parametrize("highest", [0, 1, 2, 100, 255, 256])
def test_a_slice_of_almost_one_value_comes_back_exactly(highest):
    slice_hu = np.full((9, 8), -1024, dtype=np.int16)
    slice_hu[3, 4] += highest
    assert np.array_equal(decode_frame(encode_frame(slice_hu, -1024), -1024), slice_hu)


def test_a_value_below_the_offset_is_refused():
    with pytest.raises(ValueError, match="below the offset"):
        encode_frame(np.full((4, 4), -2000, dtype=np.int16), -1024)


def test_metadata_names_what_a_viewer_needs():
    geometry = SeriesGeometry(
        shape_zyx=(5, 6, 7),
        spacing_zyx_mm=(3, 2, 1),
        origin_lps_mm=(0, 0, 0),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
        frame_of_reference_uid="1.2.3",
    )
    metadata = frame_metadata(geometry, offset_hu=-1000, highest_hu=2000)
    assert (metadata["Rows"], metadata["Columns"]) == (6, 7)
    assert metadata["PixelSpacing"] == [2, 1]
    assert metadata["RescaleIntercept"] == -1000
    assert metadata["PixelRepresentation"] == 0
    assert (metadata["WindowCenter"], metadata["WindowWidth"]) == (50, 400)
    assert "1.2.3" not in metadata.values()
