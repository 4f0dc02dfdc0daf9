"""The end of a training: thresholds, out-of-fold predictions, the model version, the record."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts import storage
from inference.training.samples import Sample


def keep_scores(samples: Sequence[Sample], logits: NDArray[np.float64]) -> str:
    """Keep a member's logits of the patients it did not train on; return the blob's key."""
    found = {
        sample.key: [float(value) for value in row]
        for sample, row in zip(samples, logits, strict=True)
    }
    return storage.put(canonical(found))


def canonical(content: Any) -> bytes:
    """Return the one JSON text of the content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")
