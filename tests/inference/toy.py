"""A third architecture, as small as one can be: a package with two objects, known by its name.

Its parameters make single nodes misbehave. A node is known by the first row of its mask's box.
"""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from inference import runner as contract
from inference.models import ModelMember, ModelVersion, Provenance

DEFAULTS = {
    "fingerprint": 0.0,
    "fold_fingerprints": [],
    "refused_rows": [],
    "broken_rows": [],
    "deadly_rows": [],
    "spoils_batch_rows": [],
    "seconds_per_pass": 0.0,
}
READ_MEMBERS = []
"""Digests of the files that were read, in order."""


class ToyPreparation:
    name = "Toy"
    expected_members = 2

    def checked_parameters(self, values):
        return {**DEFAULTS, **values}

    def needed_box(self, node_box, shape_zyx, spacing_zyx_mm, parameters):
        return node_box

    def prepare(
        self,
        volume_hu_zyx,
        mask_zyx,
        spacing_zyx_mm,
        parameters,
        *,
        origin_zyx=(0, 0, 0),
        full_shape_zyx=None,
    ):
        row = origin_zyx[1]
        if row in parameters["refused_rows"]:
            raise ValueError(f"the node at row {row} has too few slices.")
        if row in parameters["broken_rows"]:
            raise RuntimeError(f"the node at row {row} breaks.")
        if row in parameters["deadly_rows"]:
            os.kill(os.getpid(), signal.SIGKILL)
        mean = volume_hu_zyx[mask_zyx].mean() / 100 - parameters["fingerprint"]
        spoils = float(row in parameters["spoils_batch_rows"])
        values = (mean, row / 100, spoils, parameters["seconds_per_pass"])
        return (np.array(values, np.float32),)


class ToyEnsemble:
    def __init__(self, members, compute):
        self.members, self.compute, self.weights = members, compute, {}

    def predict(self, inputs, *, progress=None):
        (nodes,) = inputs
        if nodes[:, 2].any():
            raise RuntimeError("a node spoils the pass.")
        logits = np.empty((len(self.members), len(nodes), 2))
        for place, member in enumerate(self.members):
            weight = self.weights[place] if place in self.weights else member.load()["weight"]
            if self.compute.keep_in_memory:
                self.weights[place] = weight
            for node, (mean, row, _, seconds) in enumerate(nodes.astype(np.float64)):
                time.sleep(seconds)
                logits[place, node] = weight * mean + row, weight * row - mean
                if progress is not None:
                    progress(place * len(nodes) + node + 1, len(self.members) * len(nodes))
        return logits


class ToyRunner:
    name = "Toy"

    def load_checkpoint(self, path, *, expected_sha256=None):
        data = Path(path).read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        READ_MEMBERS.append(sha256)
        if sha256 != expected_sha256:
            raise ValueError(f"{path}: the file is not the one on record.")
        return SimpleNamespace(state=json.loads(data), sha256=sha256, note="")

    def ensemble(self, members, compute):
        return ToyEnsemble(members, compute)


PREPARATION, RUNNER = ToyPreparation(), ToyRunner()


def make_known(set_item: Callable[[dict, str, str], object]) -> None:
    """Enter the architecture in the room's list: the one line that a third model needs."""
    set_item(contract._PREPARATIONS, "Toy", f"{__name__}:PREPARATION")
    set_item(contract._RUNNERS, "Toy", f"{__name__}:RUNNER")


def toy_version(name: str, *, members: int = 2, **parameters) -> ModelVersion:
    """Record a toy model version with its members' files."""
    from cohorts import storage

    version = ModelVersion.objects.create(
        name=name,
        architecture="Toy",
        provenance=Provenance.UNTRAINED,
        parameters=PREPARATION.checked_parameters(parameters),
        expected_members=2,
        digest=hashlib.sha256(name.encode()).hexdigest(),
    )
    for fold in range(members):
        key = storage.put(json.dumps({"weight": 0.7 + 0.1 * fold, "of": name}).encode())
        ModelMember.objects.create(model_version=version, run=0, fold=fold, sha256=key)
    return version


def row_of(item) -> int:
    """Return the first row of a node's mask, by which the parameters name it."""
    return item.mask.bounding_box[1][0]
