import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cohorts.dicom.geometry import BoundingBox, bounding_box_of
from cohorts.dicom.runs import decode_mask, encode_mask, full_mask, mask_digest, mask_shape

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7))
MASKS = SHAPES.flatmap(lambda shape: arrays(np.bool_, shape)).filter(lambda mask: mask.any())


@given(MASKS)
@settings(max_examples=200, deadline=None)
def test_decoding_gives_the_mask_and_its_smallest_box_back(mask):
    box = bounding_box_of(np.argwhere(mask))
    data = encode_mask(box, mask[box.slices], mask.shape)

    found_box, found = decode_mask(data)

    assert found_box == box
    assert np.array_equal(found, mask[box.slices])
    assert np.array_equal(full_mask(data), mask)
    assert mask_shape(data) == mask.shape


@given(MASKS)
@settings(max_examples=50, deadline=None)
def test_equal_masks_give_equal_bytes_whatever_their_box(mask):
    box = bounding_box_of(np.argwhere(mask))
    whole = BoundingBox((0, 0, 0), mask.shape)
    assert encode_mask(box, mask[box.slices], mask.shape) == encode_mask(whole, mask, mask.shape)


def test_the_bytes_are_as_documented():
    mask = np.zeros((3, 2, 4), dtype=bool)
    mask[1, 0, 1:4] = mask[1, 1, 0] = mask[1, 1, 2] = True
    data = encode_mask(BoundingBox((0, 0, 0), mask.shape), mask, mask.shape)
    assert data == b'{"shape":[3,2,4],"slices":[[1,[1,4,1,1]]]}'
    assert mask_digest(data) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "slices",
    [
        [],
        [[0, []]],
        [[0, [0]]],
        [[0, [0, 0]]],
        [[0, [-1, 2]]],
        [[0, [0, 1, 0, 1]]],
        [[0, [0, 9]]],
        [[2, [0, 1]]],
        [[-1, [0, 1]]],
        [[1, [0, 1]], [0, [0, 1]]],
        [[0, [0, 1]], [0, [3, 1]]],
        [[0, [0.5, 1]]],
    ],
)
def test_what_is_not_canonical_is_refused(slices):
    with pytest.raises(ValueError, match=r"mask|run"):
        decode_mask(json.dumps({"shape": [2, 2, 4], "slices": slices}).encode())


def test_an_empty_mask_or_a_box_outside_is_refused():
    box = BoundingBox((0, 0, 0), (1, 1, 2))
    with pytest.raises(ValueError, match="empty"):
        encode_mask(box, np.zeros((1, 1, 2), dtype=bool), (2, 2, 2))
    with pytest.raises(ValueError, match="inside"):
        encode_mask(box, np.ones((1, 1, 2), dtype=bool), (2, 2, 1))
    with pytest.raises(ValueError, match="fill"):
        encode_mask(box, np.ones((1, 1, 1), dtype=bool), (2, 2, 2))
