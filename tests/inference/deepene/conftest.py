"""The published goldens, and the recipe of their synthetic weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.deepene.untrained import untrained_state

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "deepene"


@pytest.fixture(scope="session")
def reference() -> Path:
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference/deepene")
    return REFERENCE


@pytest.fixture(scope="session")
def state_table(reference: Path) -> dict:
    return json.loads((reference / "state_dict.json").read_text())


@pytest.fixture(scope="session")
def synthetic_state(state_table: dict):
    """State dict of a seed, by the recipe of the reference (section 3)."""

    def make(seed: int) -> dict[str, torch.Tensor]:
        state = {}
        for entry in state_table["entries"]:
            shape = entry["shape"]
            if entry["dtype"] == "int64":
                state[entry["key"]] = torch.zeros(shape, dtype=torch.int64)
                continue
            draws = np.random.default_rng([seed, entry["index"]]).random(int(np.prod(shape)))
            values = entry["offset"] + entry["amplitude"] * (2 * draws - 1)
            state[entry["key"]] = torch.from_numpy(values.astype(np.float32).reshape(shape))
        return state

    return make


@pytest.fixture(scope="session")
def preprocess_table(reference: Path) -> dict:
    return json.loads((reference / "golden_preprocess.json").read_text())


@pytest.fixture(scope="session")
def untrained_weights() -> dict[str, torch.Tensor]:
    return untrained_state(11)
