"""The published goldens, and the recipe of their synthetic weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.dualnet.network import DualNetNetwork

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "dualnet"


@pytest.fixture(scope="session")
def reference() -> Path:
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference/dualnet")
    return REFERENCE


@pytest.fixture(scope="session")
def weight_table(reference: Path) -> dict:
    return json.loads((reference / "weights.json").read_text())


@pytest.fixture(scope="session")
def synthetic_state(weight_table: dict) -> dict[str, torch.Tensor]:
    """State dict of the public seed, by the recipe of the reference (section 3)."""
    state = {}
    for entry in weight_table["tensors"]:
        shape, seed = entry["pytorch_shape"], [weight_table["public_seed"], entry["index"]]
        draws = np.random.default_rng(seed).random(int(np.prod(shape)))
        values = entry["offset"] + entry["amplitude"] * (2 * draws - 1)
        state[entry["pytorch_key"]] = torch.from_numpy(values.astype(np.float32).reshape(shape))
        if entry["pytorch_key"].endswith("running_var"):
            batches = entry["pytorch_key"].replace("running_var", "num_batches_tracked")
            state[batches] = torch.zeros((), dtype=torch.int64)
    return state


@pytest.fixture(scope="session")
def synthetic_network(synthetic_state) -> DualNetNetwork:
    with torch.device("meta"):
        network = DualNetNetwork()
    network.load_state_dict(synthetic_state, strict=True, assign=True)
    return network.requires_grad_(False).eval()


@pytest.fixture(scope="session")
def golden_network(reference: Path) -> dict[str, np.ndarray]:
    with np.load(reference / "golden_network.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def preprocess_table(reference: Path) -> dict:
    return json.loads((reference / "golden_preprocess.json").read_text())["cases"]


CASES = (
    "typical_3mm_padded",
    "soft_tissue_only_narrow_range",
    "thin_1p25mm_edge_air_small",
    "thick_5mm_last_slice_outside",
)


@pytest.fixture(params=CASES)
def golden_case(request, reference: Path) -> dict[str, np.ndarray]:
    """One preprocessing case, stage by stage, under its name."""
    with np.load(reference / f"golden_preprocess_{request.param}.npz") as stored:
        return {"name": request.param, **stored}
