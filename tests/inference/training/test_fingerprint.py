"""Fingerprints: per outer fold, from the other folds' patients and nobody else."""

import numpy as np
import pytest

from inference.deepene.preparation import PREPARATION as DEEPENE
from inference.runner import parameters_of_fold
from inference.training.fingerprint import patch_parameters, version_parameters
from inference.training.samples import FOREGROUND_HU, SHAPE, SPACING, Sample
from inference.training.settings import settings_of
from inference.training.splits import nested_splits
from tests.inference.training.tiny import PREPARATION as TINY
from tests.inference.training.tiny import tiny_data

SETTINGS = settings_of("DeepENE", folds=3, inner_folds=2, runs=2)
SAMPLES, PATCHES = tiny_data(12)
SPLITS = nested_splits([sample.labels for sample in SAMPLES], SETTINGS)


def parameters(preparation=DEEPENE, patches=PATCHES, samples=SAMPLES):
    return version_parameters(preparation, samples, SPLITS, patches.__getitem__)


def with_patient_changed(patient):
    """Return the patches with all CT values of one patient far away from what they were."""
    own = {sample.key for sample in SAMPLES if sample.patient == patient}
    return {
        key: {**patch, FOREGROUND_HU: patch[FOREGROUND_HU] + 1000} if key in own else patch
        for key, patch in PATCHES.items()
    }


def test_a_fold_has_the_fingerprint_of_the_other_folds():
    version = parameters()
    for fold in range(3):
        training = set(SPLITS.outer_training(fold))
        values = np.concatenate(
            [PATCHES[s.key][FOREGROUND_HU] for s in SAMPLES if s.patient in training]
        )
        own = parameters_of_fold(version, fold)["fingerprint"]
        assert own["mean_hu"] == pytest.approx(values.mean())
        assert own["sd_hu"] == pytest.approx(values.std())
        assert own["percentile_99_5_hu"] == pytest.approx(np.percentile(values, 99.5))


def test_the_outer_patients_have_no_influence_and_the_others_have():
    before = parameters()
    for patient in sorted({sample.patient for sample in SAMPLES}):
        after = parameters(patches=with_patient_changed(patient))
        for fold in range(3):
            same = parameters_of_fold(before, fold) == parameters_of_fold(after, fold)
            assert same == (patient in SPLITS.outer[fold]), (patient, fold)


def test_labels_have_no_influence():
    unlabelled = [Sample(key=s.key, patient=s.patient, metastasis=0, ene=0) for s in SAMPLES]
    assert parameters(samples=unlabelled) == parameters()


def test_the_order_of_the_samples_has_no_influence():
    assert parameters(samples=SAMPLES[::-1]) == parameters()


def test_patches_do_not_depend_on_the_data():
    version = parameters()
    known = patch_parameters(DEEPENE)
    without = {key: value for key, value in version.items() if not key.endswith("fingerprint")}
    without.pop("fold_fingerprints")
    assert without == {k: v for k, v in known.items() if k != "fingerprint"}


class DataSpacing(type(TINY)):
    """An architecture whose patches depend on the data."""

    def parameters_from_training(self, foreground_hu, spacings_zyx_mm, patch_shapes_zyx):
        found = super().parameters_from_training(foreground_hu, spacings_zyx_mm, patch_shapes_zyx)
        return {**found, "voxels": len(foreground_hu)}


class Fixed(type(TINY)):
    """An architecture without a fingerprint."""

    def parameters_from_training(self, foreground_hu, spacings_zyx_mm, patch_shapes_zyx):
        return {"window": [-100, 240]}


def test_patches_that_would_differ_between_folds_are_refused():
    with pytest.raises(ValueError, match="more than the fingerprint follows from the data"):
        parameters(DataSpacing())


def test_an_architecture_without_fingerprint_has_the_same_parameters_in_every_fold():
    version = parameters(Fixed())
    assert version == {"window": [-100, 240]}
    assert parameters_of_fold(version, 2) == version


def test_measures_are_read_back_as_plain_numbers():
    seen = []

    class Looks(type(TINY)):
        def parameters_from_training(self, foreground_hu, spacings_zyx_mm, patch_shapes_zyx):
            seen.append((spacings_zyx_mm[0], patch_shapes_zyx[0]))
            return {"fingerprint": 0}

    parameters(Looks())
    patch = PATCHES[SAMPLES[0].key]
    assert seen[0] == (tuple(patch[SPACING]), tuple(patch[SHAPE]))
