"""Stored maps come back exactly; sent maps within half a unit."""

import numpy as np
import pytest

from inference.explanation.map_bytes import colour_limit, packed, quantised, unpacked

pytestmark = pytest.mark.no_database


@pytest.fixture
def values():
    return np.random.default_rng(1).normal(size=(3, 5, 7)).astype(np.float32) * 1e-3


def test_stored_values_come_back_to_the_last_bit(values):
    assert np.array_equal(unpacked(packed(values), (3, 5, 7)), values)
    assert packed(values) == packed(values.copy(order="F"))


def test_damaged_and_foreign_bytes_are_refused(values):
    data = packed(values)
    with pytest.raises(ValueError, match="damaged"):
        unpacked(data[:-9], (3, 5, 7))
    with pytest.raises(ValueError, match="do not fill"):
        unpacked(data, (3, 5, 8))


def test_sent_values_are_within_half_a_unit(values):
    data, scale = quantised(values)
    sent = np.frombuffer(data, "<i2").reshape(values.shape) * scale
    assert np.abs(sent - values).max() <= scale * 0.51
    assert np.frombuffer(data, "<i2").max() <= 32767
    assert quantised(np.zeros((1, 2, 2), np.float32)) == (bytes(8), 1.0)


def test_the_colours_end_below_a_few_extremes():
    values = np.concatenate([np.zeros(1000), np.ones(999), [50.0]]).astype(np.float32)
    assert colour_limit(values) == pytest.approx(1.0)
    assert colour_limit(np.zeros(3, np.float32)) == 0.0
