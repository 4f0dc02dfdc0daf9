"""Attribution maps written by hand: a stored node with a map that nobody computed."""

import numpy as np

from cohorts import storage
from cohorts.models import NodeMask
from inference.explanation.map_bytes import packed
from inference.models import AttributionMap, ModelVersion

RAISES, LOWERS = 0.02, -0.01


def store_map(mask: NodeMask, version: ModelVersion, **fields: object) -> AttributionMap:
    """Store a map that raises the score in the left half of the mask's box, and lowers it right."""
    starts, stops = zip(*mask.bounding_box, strict=True)
    values = np.full([b - a for a, b in mask.bounding_box], LOWERS, np.float32)
    values[:, :, : values.shape[2] // 2] = RAISES
    total = float(values.sum(dtype=np.float64))
    told = {
        "steps": 32,
        "ene_score": total - 1.0,
        "baseline_score": -1.0,
        "attribution_sum": total,
        "completeness_error": 0.004,
        "shell_mm": 2.0,
        "shell_fraction": 0.6,
        "shell_volume_fraction": 0.4,
        "code_version": "test",
    }
    return AttributionMap.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        map_key=storage.put(packed(values)),
        box=[list(starts), list(stops)],
        **(told | fields),
    )
