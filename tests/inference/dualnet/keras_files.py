"""Writes weights as Keras does: the inverse of the mapping, from the reference's own table."""

from pathlib import Path

import h5py
import numpy as np

EMPTY_LAYERS = ("input_1", "average_pooling3d", "zero_padding3d", "flatten", "concatenate")


def keras_values(entry: dict, values: np.ndarray) -> np.ndarray:
    """Return a tensor as the Keras array that the table's mapping names."""
    mapping = entry["mapping"]
    if mapping.startswith("conv"):
        return values.transpose(2, 3, 4, 1, 0)
    if mapping.startswith("flatten"):
        rows = values.reshape(2048, 512, 4, 4)  # out, channel, y, x
        return np.stack([rows[:, :, y, x].T for y in range(4) for x in range(4)]).reshape(8192, -1)
    return values.T if mapping.startswith("dense") else values


def unwritten() -> h5py.h5p.PropDCID:
    """Reserve an array's place in the file, and write nothing: fast, and the disk stays empty."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


def renamed(path: str, first_dense: int) -> str:
    """Give dense layers the numbers they get when other models were built before."""
    layer, _, array = path.split("/")
    if layer.startswith("dense"):
        number = int(layer.removeprefix("dense").removeprefix("_") or 0) + first_dense
        layer = f"dense_{number}" if number else "dense"
    return f"{layer}/{layer}/{array}"


def write_keras_file(
    path: Path, table: dict, state: dict | None = None, *, first_dense: int = 0
) -> Path:
    """Write a full Keras model with a rest of the optimiser; without a state, of sparse zeros."""
    with h5py.File(path, "w") as file:
        weights, order = file.create_group("model_weights"), list(EMPTY_LAYERS)
        file.attrs["keras_version"] = "2.4.0"
        for layer in EMPTY_LAYERS:
            weights.create_group(layer).attrs["weight_names"] = []
        for entry in table["tensors"]:
            place = renamed(entry["keras_path"], first_dense)
            if state is None:
                weights.create_dataset(place, entry["keras_shape"], "f4", dcpl=unwritten())
            else:
                values = keras_values(entry, state[entry["pytorch_key"]].numpy())
                assert list(values.shape) == entry["keras_shape"]
                weights.create_dataset(place, data=np.ascontiguousarray(values))
            layer = place.split("/")[0]
            order += [layer] if layer not in order else []
        weights.attrs["layer_names"] = np.array([name.encode() for name in order])
        file.create_dataset("optimizer_weights/Adam/iter:0", data=np.int64(7))
    return path
