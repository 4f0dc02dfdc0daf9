"""Parameters of a model trained here, its fingerprints above all (inference.training, pure).

Every outer fold has its own fingerprint, from all patients of the other outer folds (training and
inner validation, the same in every run), so that no fingerprint sees the outer fold. The inner
validation may be seen: it chooses hyper-parameters and thresholds, and reports no result.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from inference.runner import FOLD_FINGERPRINTS, Patch, Preparation
from inference.training.samples import FOREGROUND_HU, SHAPE, SPACING, PatchSource, Sample
from inference.training.splits import NestedSplits

_FINGERPRINT = "fingerprint"


def patch_parameters(preparation: Preparation) -> dict[str, Any]:
    """Return parameters for cutting patches, when there is no fingerprint yet.

    Parameters
    ----------
    preparation : Preparation
        Of the architecture.

    Returns
    -------
    dict
        As training will use them, but for the fingerprint, which patches do not depend on:
        that one is a placeholder. `version_parameters` makes sure that the rest stays the same.
    """
    placeholder = np.array([-1.0, 1.0], dtype=np.float32)
    return preparation.parameters_from_training(placeholder, [(3.0, 0.5, 0.5)], [(4, 20, 20)])


def version_parameters(
    preparation: Preparation,
    samples: Sequence[Sample],
    splits: NestedSplits,
    patch_of: PatchSource,
) -> dict[str, Any]:
    """Return the parameters of the model version that training will make.

    Parameters
    ----------
    preparation : Preparation
        Of the architecture.
    samples : sequence of Sample
        All training data.
    splits : NestedSplits
        The plan.
    patch_of : callable
        Key of a sample to its measured patch (`samples.measured_patch`).

    Returns
    -------
    dict
        For architectures with a fingerprint: `fold_fingerprints`, one per outer fold, which
        `inference.runner.parameters_of_fold` picks from; `fingerprint` is that of all patients, to
        be shown, and no member's inputs are made with it.

    Raises
    ------
    ValueError
        If an outer fold leaves no foreground, or more than the fingerprint depends on the data.
    """
    measures = {sample.key: _measures(patch_of(sample.key)) for sample in samples}

    def parameters_from(patients: Iterable[str]) -> dict[str, Any]:
        wanted = set(patients)
        kept = sorted(sample.key for sample in samples if sample.patient in wanted)
        chosen = [measures[key] for key in kept]
        return preparation.parameters_from_training(
            np.concatenate([foreground for foreground, _, _ in chosen]),
            [spacing for _, spacing, _ in chosen],
            [shape for _, _, shape in chosen],
        )

    whole = parameters_from(patient for fold in splits.outer for patient in fold)
    by_fold = [parameters_from(splits.outer_training(f)) for f in range(len(splits.outer))]
    expected = _without_fingerprint(patch_parameters(preparation))
    for fold, parameters in enumerate((*by_fold, whole)):
        if _without_fingerprint(parameters) != expected:
            raise ValueError(
                f"parameters: more than the fingerprint follows from the data (fold {fold}); "
                "patches cannot be shared by the folds then."
            )
    if _FINGERPRINT not in whole:
        return whole
    return preparation.checked_parameters(
        {**whole, FOLD_FINGERPRINTS: [parameters[_FINGERPRINT] for parameters in by_fold]}
    )


def _measures(patch: Patch) -> tuple[Any, tuple[float, float, float], tuple[int, int, int]]:
    z_mm, y_mm, x_mm = (float(value) for value in patch[SPACING])
    z, y, x = (int(value) for value in patch[SHAPE])
    return np.array(patch[FOREGROUND_HU]), (z_mm, y_mm, x_mm), (z, y, x)


def _without_fingerprint(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != _FINGERPRINT}
