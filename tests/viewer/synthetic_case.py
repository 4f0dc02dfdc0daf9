"""Small CT cases whose every grey value and node border is known by arithmetic."""

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import jpeg_ls
import numpy as np

ROWS = COLUMNS = 192
SLICES = 12
INTERCEPT = -1024
SPACING_MM = 0.8
CATEGORIES = [
    {"value": 0, "label": "Benign", "key": "1"},
    {"value": 1, "label": "Metastasis without ENE", "key": "2"},
    {"value": 2, "label": "Metastasis with ENE", "key": "3"},
]


def hounsfield(seed: int) -> np.ndarray:
    """Noise within and around the soft tissue window, so that half a pixel of shift shows."""
    rng = np.random.default_rng(seed)
    volume_zyx = rng.integers(-260, 360, (SLICES, ROWS, COLUMNS)).astype(np.int16)
    volume_zyx[:, :8, :] = -1000
    return volume_zyx


def node_mask(number: int, seed: int) -> np.ndarray:
    """A node with ragged borders, holes and more than one part, on three slices."""
    rng = np.random.default_rng(1000 * seed + number)
    mask_zyx = np.zeros((SLICES, ROWS, COLUMNS), dtype=bool)
    z, y, x = 2 + 3 * (number - 1), 70 + 12 * number, 60 + 14 * number
    mask_zyx[z : z + 3, y : y + 9, x : x + 11] = rng.random((3, 9, 11)) < 0.7
    return mask_zyx


def delta_runs(mask_zyx: np.ndarray) -> dict[str, Any]:
    """Delta-coded run lengths of a mask, as the API sends them."""
    slices = []
    for z in np.flatnonzero(mask_zyx.any(axis=(1, 2))):
        padded = np.concatenate([[0], mask_zyx[z].ravel().astype(np.int8), [0]])
        starts = np.flatnonzero(np.diff(padded) == 1)
        ends = np.flatnonzero(np.diff(padded) == -1)
        gaps = starts - np.concatenate([[0], ends[:-1]])
        coded = np.column_stack([gaps, ends - starts]).ravel()
        slices.append([int(z), [int(value) for value in coded]])
    return {"shape": list(mask_zyx.shape), "slices": slices}


@dataclass
class SyntheticCase:
    """One case with its frames encoded and the calls the stand-in server has accepted."""

    seed: int
    nodes_wanted: int = 3
    case_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    version: int = 0
    state: str = "draft"

    def __post_init__(self) -> None:
        self.volume_zyx = hounsfield(self.seed)
        stored = (self.volume_zyx.astype(np.int32) - INTERCEPT).astype(np.uint16)
        self.frames = [bytes(jpeg_ls.encode(stored[z])) for z in range(SLICES)]
        self.masks = {
            str(uuid.uuid4()): node_mask(number, self.seed)
            for number in range(1, self.nodes_wanted + 1)
        }
        self.calls: dict[str, int] = {}
        self.accepted: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []

    def payload(self, *, position: int, total: int, next_case: str | None) -> dict[str, Any]:
        """What GET /api/v1/reading/cases/<uuid>/ answers."""
        return {
            "case": self.case_id,
            "study": "Neck nodes before surgery",
            "position": position,
            "total": total,
            "state": self.state,
            "version": self.version,
            "protocol": "Call every outlined node.\nUse all slices.",
            "categories": CATEGORIES,
            "frames_url": f"/api/v1/reading/cases/{self.case_id}/frames/",
            "geometry": {
                "rows": ROWS,
                "columns": COLUMNS,
                "slices": SLICES,
                "pixel_spacing_mm": [SPACING_MM, SPACING_MM],
                "slice_spacing_mm": 2.0,
                "row_direction": [1, 0, 0],
                "column_direction": [0, 1, 0],
                "rescale_intercept": INTERCEPT,
                "bits_stored": 16,
            },
            "frames": [
                {"index": z, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                for z, data in enumerate(self.frames)
            ],
            "nodes": [self._node(number, node) for number, node in enumerate(self.masks, start=1)],
            "next_case": next_case,
        }

    def pictures(self) -> dict[str, Any]:
        """What GET /api/v1/reading/cases/<uuid>/pictures/ answers: for fetching ahead."""
        whole = self.payload(position=1, total=1, next_case=None)
        slices = [round(node["centroid_zyx"][0]) for node in whole["nodes"]]
        kept = {key: whole[key] for key in ("case", "frames_url", "geometry", "frames")}
        return {**kept, "node_slices": slices}

    def _node(self, number: int, node: str) -> dict[str, Any]:
        zyx = np.argwhere(self.masks[node])
        call = {"category": self.calls[node], "version": 1} if node in self.calls else None
        return {
            "node": node,
            "number": number,
            "centroid_zyx": [float(value) for value in zyx.mean(axis=0)],
            "slices": [int(zyx[:, 0].min()), int(zyx[:, 0].max())],
            "runs": delta_runs(self.masks[node]),
            "call": call,
        }
