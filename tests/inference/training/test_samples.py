"""Samples: labels that make sense, measured patches, what counts in the loss."""

import numpy as np
import pytest

from inference.training.samples import (
    Sample,
    check_samples,
    label_arrays,
    measured_patch,
    of_patients,
    patch_measures,
)
from tests.inference.training.tiny import PREPARATION


def sample(key="a", patient="P", metastasis=1, ene=0):
    return Sample(key=key, patient=patient, metastasis=metastasis, ene=ene)


def test_impossible_labels_are_refused_with_the_key():
    with pytest.raises(ValueError, match="sample a: labels must be 0 or 1"):
        sample(metastasis=2)
    with pytest.raises(ValueError, match="sample a: a node without metastasis cannot have ENE"):
        sample(metastasis=0, ene=1)


def test_a_mask_counts_once():
    with pytest.raises(ValueError, match="sample a is there twice"):
        check_samples([sample(), sample("b"), sample()])


def test_samples_of_patients_are_sorted_by_key():
    chosen = of_patients([sample("b", "P"), sample("a", "P"), sample("c", "Q")], ["P"])
    assert [one.key for one in chosen] == ["a", "b"]


def test_ene_counts_where_it_is_known_of_metastatic_nodes():
    nodes = [sample(metastasis=0), sample(ene=0), sample(ene=1), sample(ene=None)]
    metastasis, ene, known = label_arrays(nodes)
    assert metastasis.tolist() == [0, 1, 1, 1]
    assert ene.tolist() == [0, 0, 1, 0]
    assert known.tolist() == [0, 1, 1, 0]
    assert {array.dtype for array in (metastasis, ene, known)} == {np.dtype(np.float32)}


def test_every_tenth_voxel_of_the_mask_is_kept_for_the_fingerprint():
    volume = np.arange(4 * 6 * 7, dtype=np.int16).reshape(4, 6, 7)
    mask = np.zeros(volume.shape, bool)
    mask[1:3, 2:5, 1:6] = True
    patch = measured_patch(PREPARATION, volume, mask, (3.0, 0.5, 0.6), {})
    measures = patch_measures(patch)
    assert measures["foreground_hu"].tolist() == volume[mask][::10].tolist()
    assert measures["spacing_zyx_mm"].tolist() == [3.0, 0.5, 0.6]
    assert measures["shape_zyx"].tolist() == [2, 3, 5]
    assert "ct" in patch
