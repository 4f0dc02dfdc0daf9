"""The published model file, read without Keras (inference.dualnet, pure).

A Keras model in HDF5 keeps each layer's arrays under ``model_weights/<layer>/<layer>/<array>``.
Files come from strangers: only plainly stored arrays of the expected shape are read, no link is
followed, and the first thing that is wrong is named.

References
----------
HDF5 layout: ``tensorflow.python.keras.saving.hdf5_format`` of TensorFlow 2.4.
"""

import functools
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from inference.checkpoint_files import CheckpointError, State, first_line
from inference.dualnet.network import DENSE_ROWS, DualNetNetwork

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""How an HDF5 file begins."""

_WEIGHTS, _OPTIMISER, _ORDER = "model_weights", "optimizer_weights", "layer_names"
_MOST_LAYERS = 1000
_MOST_NAME_BYTES = 1 << 20
_DENSE_NAME = re.compile(r"dense(_\d+)?")

# What h5py is known to raise on files that are cut off, damaged or of another kind.
_UNREADABLE = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
)

_Values = npt.NDArray[np.float32]


class KerasArray(NamedTuple):
    """An array of a Keras layer, and the entry of the state dict that it becomes."""

    name: str
    key: str
    shape: tuple[int, ...]
    converted: Callable[[_Values], _Values]


def _same(values: _Values) -> _Values:
    return values


def _convolution(values: _Values) -> _Values:
    return values.transpose(4, 3, 0, 1, 2)  # (z, y, x, in, out) to (out, in, z, y, x)


def _dense(values: _Values) -> _Values:
    return values.transpose()


def _dense_after_flatten(values: _Values) -> _Values:
    """Also reorder the inputs: Keras flattens (y, x, channel), torch (channel, y, x)."""
    channels, side, outputs = 512, 4, values.shape[1]
    return values.reshape(side, side, channels, outputs).transpose(3, 2, 0, 1).reshape(outputs, -1)


@functools.cache
def keras_layers() -> dict[str, tuple[KerasArray, ...]]:
    """Return the arrays of every layer, by the layer's name in the network."""
    with torch.device("meta"):
        network = DualNetNetwork()
    return {name: tuple(_arrays_of(name, layer)) for name, layer in network.named_children()}


def _arrays_of(name: str, layer: nn.Module) -> Iterator[KerasArray]:
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm3d):
        shape = tuple(layer.running_mean.shape) if layer.running_mean is not None else ()
        yield KerasArray("gamma:0", f"{name}.weight", shape, _same)
        yield KerasArray("beta:0", f"{name}.bias", shape, _same)
        yield KerasArray("moving_mean:0", f"{name}.running_mean", shape, _same)
        yield KerasArray("moving_variance:0", f"{name}.running_var", shape, _same)
        return
    if isinstance(layer, nn.Conv3d):
        kernel = (*layer.kernel_size, layer.in_channels, layer.out_channels)
        yield KerasArray("kernel:0", f"{name}.weight", kernel, _convolution)
        yield KerasArray("bias:0", f"{name}.bias", (layer.out_channels,), _same)
    if isinstance(layer, nn.Linear):
        converted = _dense_after_flatten if name == DENSE_ROWS[0].dense else _dense
        matrix = (layer.in_features, layer.out_features)
        yield KerasArray("kernel:0", f"{name}.weight", matrix, converted)
        yield KerasArray("bias:0", f"{name}.bias", (layer.out_features,), _same)


def keras_state(path: Path, content: bytes) -> State:
    """Read a Keras model's weights as a state dict.

    Parameters
    ----------
    path : Path
        To be named in refusals.
    content : bytes
        The whole file.

    Returns
    -------
    dict of Tensor
        Keys and shapes of `DualNetNetwork`; values are not checked.

    Raises
    ------
    CheckpointError
        If it is no complete HDF5 file, or naming the first layer or array that is missing,
        surplus, of another shape or type, a link, or not stored as plain values.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _state(path, file)
    except CheckpointError:
        raise
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path}: not a complete HDF5 file; copy it again. ({first_line(error)})"
        ) from error


def _state(path: Path, file: h5py.File) -> State:
    for name in _names(path, file, "the file"):
        if name not in (_WEIGHTS, _OPTIMISER):
            raise CheckpointError(f"{path}: {name!r} is unexpected; not a Keras model of DualNet.")
    weights = _group(path, file, _WEIGHTS)
    filled = _filled_layers(path, weights)
    stored_names = _stored_names(path, filled)
    state: State = {}
    for layer, arrays in keras_layers().items():
        stored = stored_names[layer]
        group = _group(path, _group(path, weights, stored), stored)
        _refuse_others(path, f"{stored}/{stored}", group, [array.name for array in arrays])
        for array in arrays:
            values = array.converted(_values(path, group, f"{stored}/{stored}", array))
            state[array.key] = torch.from_numpy(np.ascontiguousarray(values))
        if layer.startswith("bn"):
            # Keras does not count batches; with a fixed momentum nothing depends on it.
            state[f"{layer}.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
    return state


def _names(path: Path, group: h5py.Group, what: str) -> list[str]:
    if len(group) > _MOST_LAYERS:
        raise CheckpointError(f"{path}: {what} has {len(group)} entries; not a model of DualNet.")
    return list(group)


def _linked(path: Path, group: h5py.Group, name: str) -> Any:
    """Return what is stored under a name in this very file."""
    link = group.get(name, getlink=True)
    if link is None:
        raise CheckpointError(f"{path}: {name!r} is missing; not a Keras model of DualNet.")
    if not isinstance(link, h5py.HardLink):
        raise CheckpointError(f"{path}: {name!r} is a link to elsewhere; none is followed.")
    return group[name]


def _group(path: Path, parent: h5py.Group, name: str) -> h5py.Group:
    found = _linked(path, parent, name)
    if not isinstance(found, h5py.Group):
        raise CheckpointError(f"{path}: {name!r} is not a group; not a Keras model of DualNet.")
    return found


def _filled_layers(path: Path, weights: h5py.Group) -> list[str]:
    """Return the layers that have arrays, in the model's order."""
    order = _layer_order(path, weights)
    filled = {name for name in _names(path, weights, _WEIGHTS) if len(_group(path, weights, name))}
    unlisted = sorted(filled.difference(order))
    if unlisted:
        raise CheckpointError(
            f"{path}: layer {unlisted[0]!r} is unexpected: {_ORDER} does not list it."
        )
    for name in filled:
        _refuse_others(path, name, _group(path, weights, name), [name])
    return [name for name in order if name in filled]


def _layer_order(path: Path, weights: h5py.Group) -> list[str]:
    if _ORDER not in weights.attrs:
        raise CheckpointError(f"{path}: {_ORDER!r} is missing; not a Keras model of DualNet.")
    stored = weights.attrs.get_id(_ORDER)
    is_list = len(stored.shape) == 1 and stored.shape[0] <= _MOST_LAYERS
    if not is_list or stored.get_storage_size() > _MOST_NAME_BYTES:
        raise CheckpointError(f"{path}: {_ORDER!r} is not a short list of names.")
    names = [
        name.decode() if isinstance(name, bytes) else str(name) for name in weights.attrs[_ORDER]
    ]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise CheckpointError(f"{path}: layer {twice[0]!r} is listed twice.")
    return names


def _stored_names(path: Path, filled: Sequence[str]) -> dict[str, str]:
    """Return each layer's name in the file.

    Dense layers have no names of their own: their numbers count the models of the process that
    wrote the file. They are told apart by their order, and by their shapes afterwards.
    """
    dense = [row.dense for row in DENSE_ROWS]
    named = [layer for layer in keras_layers() if layer not in dense]
    stored_dense = [name for name in filled if name not in named]
    for name in stored_dense:
        if not _DENSE_NAME.fullmatch(name):
            raise CheckpointError(f"{path}: layer {name!r} is unexpected; not a DualNet model.")
    for layer in named:
        if layer not in filled:
            raise CheckpointError(f"{path}: layer {layer!r} is missing; not a DualNet model.")
    if len(stored_dense) > len(dense):
        surplus = stored_dense[len(dense)]
        raise CheckpointError(
            f"{path}: layer {surplus!r} is unexpected; DualNet has {len(dense)} dense layers."
        )
    if len(stored_dense) < len(dense):
        raise CheckpointError(
            f"{path}: layer {dense[len(stored_dense)]!r} is missing; DualNet has {len(dense)} "
            f"dense layers, the file {len(stored_dense)}."
        )
    return {layer: layer for layer in named} | dict(zip(dense, stored_dense, strict=True))


def _refuse_others(path: Path, what: str, group: h5py.Group, expected: Sequence[str]) -> None:
    for name in _names(path, group, what):
        if name not in expected:
            raise CheckpointError(f"{path}: '{what}/{name}' is unexpected; not a DualNet model.")


def _values(path: Path, group: h5py.Group, where: str, array: KerasArray) -> _Values:
    """Read one array; nothing of it is read before its shape and type are known to be right."""
    name = f"{where}/{array.name}"
    if array.name not in group:
        raise CheckpointError(f"{path}: {name!r} is missing; not a DualNet model.")
    dataset = _linked(path, group, array.name)
    if not isinstance(dataset, h5py.Dataset):
        raise CheckpointError(f"{path}: {name!r} is not an array; not a DualNet model.")
    if dataset.shape != array.shape:
        raise CheckpointError(
            f"{path}: {name!r} has shape {dataset.shape}, expected {array.shape}."
        )
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize != 4:
        raise CheckpointError(f"{path}: {name!r} has type {dataset.dtype}, expected float32.")
    is_plain = not (dataset.is_virtual or dataset.external) and dataset.chunks is None
    if not is_plain or dataset.id.get_storage_size() != dataset.nbytes:
        raise CheckpointError(
            f"{path}: {name!r} is not stored as plain values in the file itself, as Keras does it."
        )
    return np.asarray(dataset[()], dtype=np.float32)
