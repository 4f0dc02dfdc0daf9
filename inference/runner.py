"""What every architecture offers to the rest of this room, and the list of them.

An architecture is two objects. Its `Preparation` needs no torch: parameters, and a node's CT and
mask made into network inputs. Its `Runner` needs torch: checkpoints, networks, ensembles, and what
training does differently. A third model is a package with these two and one line in `_RUNNERS`;
an `InputGrid` makes its scores explainable, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor, nn

Inputs = tuple[npt.NDArray[np.float32], ...]
"""The arrays a network takes; without node axis for one node, with it as first axis for many."""

Patch = Mapping[str, npt.NDArray[Any]]
"""One node, ready for augmentation: named arrays that can be kept on disk (npz)."""

FOLD_FINGERPRINTS = "fold_fingerprints"
"""Optional key of a version's parameters; see `parameters_of_fold`."""

Triple = tuple[float, float, float]
IndexBox = tuple[tuple[int, int, int], tuple[int, int, int]]
"""Start and stop (z, y, x) in voxels."""

Progress = Callable[[int, int], None]
"""Called with the steps done and their total; an exception raised in it stops the work."""


@dataclass(frozen=True, kw_only=True)
class CheckpointFile:
    """A file that holds one member of an ensemble."""

    run: int
    fold: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class LoadedCheckpoint:
    """A member's weights (key to tensor), the SHA-256 of their file, and the file's own note."""

    state: Mapping[str, "Tensor"]
    sha256: str
    note: str


@dataclass(frozen=True, kw_only=True)
class MemberWeights:
    """One member: its name for people, and a way to get its weights when they are needed."""

    run: int
    fold: int
    load: Callable[[], Mapping[str, "Tensor"]]


@dataclass(frozen=True, kw_only=True)
class ComputeSettings:
    """Where and how a worker computes.

    ``device`` is ``cpu``, ``cuda`` or ``auto``. ``precision`` is ``float32`` or, opt-in and
    labelled, ``bfloat16`` (CUDA only). ``threads`` is the number of Python threads that share the
    members (0: as many as cores). ``keep_in_memory`` keeps every member between calls.
    """

    device: str = "cpu"
    precision: str = "float32"
    threads: int = 0
    keep_in_memory: bool = True


class Preparation(Protocol):
    """The half without torch."""

    name: str
    expected_members: int
    """How many members the published model has."""

    def checked_parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with every default written out; ValueError or TypeError if bad."""

    def parameters_from_training(
        self,
        foreground_hu: npt.NDArray[np.float32],
        spacings_zyx_mm: Sequence[Triple],
        patch_shapes_zyx: Sequence[tuple[int, int, int]],
    ) -> dict[str, Any]:
        """Return the parameters that follow from the training folds alone (fingerprint)."""

    def needed_box(
        self,
        node_box: IndexBox,
        shape_zyx: tuple[int, int, int],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
    ) -> IndexBox:
        """Return the part of the series that `prepare` needs, clipped to the series."""

    def prepare(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> Inputs:
        """Return one node's network inputs.

        The arrays may be the sub-volume named by `needed_box`; then ``origin_zyx`` and
        ``full_shape_zyx`` say where it lies in the series. ValueError with a sentence for people
        if the mask is empty, the spacing is out of range, or the node cannot be prepared.
        """

    def training_patch(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> Patch:
        """Return everything that augmentation needs of the node, before normalisation.

        The arguments are those of `prepare`: the arrays may be a sub-volume here, too.
        """

    def augmented(
        self, patch: Patch, parameters: Mapping[str, Any], random: np.random.Generator
    ) -> Inputs:
        """Return one randomly augmented version of the node, as training sees it."""

    def plain(self, patch: Patch, parameters: Mapping[str, Any]) -> Inputs:
        """Return the node as `prepare` would; what validation sees."""


class MemberEnsemble(Protocol):
    """Members that judge the same nodes."""

    def predict(
        self, inputs: Inputs, *, progress: Progress | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the metastasis and ENE logits of every member and node, shape (M, N, 2).

        A node's logits do not depend, to the last bit, on the other nodes of the call.
        """


class Runner(Protocol):
    """The half with torch."""

    name: str

    def find_members(self, folder: Path) -> list[CheckpointFile]:
        """List the checkpoint files of a release; ValueError if there is none."""

    def member_of_path(self, path: str) -> tuple[int, int] | None:
        """Return run and fold that a file's relative path stands for; None if it is no member."""

    def load_checkpoint(
        self, path: Path, *, expected_sha256: str | None = None
    ) -> LoadedCheckpoint:
        """Load one member; CheckpointError (a ValueError) names the first offending key."""

    def save_checkpoint(self, path: Path, state: Mapping[str, "Tensor"], *, note: str = "") -> str:
        """Write a member as the published code does; return the SHA-256 of the file."""

    def ensemble(
        self, members: Sequence[MemberWeights], compute: ComputeSettings
    ) -> MemberEnsemble:
        """Return the fast ensemble of these members."""

    def network(self) -> "nn.Module":
        """Return a network without weights of its own."""

    def initialise(self, network: "nn.Module", seed: int) -> None:
        """Give the network its weights before training, from the seed alone."""

    def pair(self, network: "nn.Module", inputs: Sequence["Tensor"]) -> "Tensor":
        """Return metastasis and ENE logits, shape (N, 2), differentiable in the inputs."""

    def loss(
        self,
        network: "nn.Module",
        inputs: Sequence["Tensor"],
        metastasis: "Tensor",
        ene: "Tensor",
        ene_known: "Tensor",
    ) -> "Tensor":
        """Return the training loss; labels are float32 0/1 of shape (N,)."""

    def parameter_groups(self, network: "nn.Module", weight_decay: float) -> list[dict[str, Any]]:
        """Return the optimiser's parameter groups: which weights decay, and which do not."""

    def training_defaults(self) -> Mapping[str, Any]:
        """Return the architecture's published training settings (batch size, rate, epochs ...)."""


class InputGrid(Protocol):
    """What an explanation needs to know of an architecture's inputs; without torch, and optional.

    An architecture without one is predicted and trained like any other, and cannot be explained.
    """

    baseline: float
    """Value of every voxel of the input from which integrated gradients start."""
    baseline_meaning: str
    """What that stands for, for people: follows "The baseline is"."""

    def coordinates(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> tuple[npt.NDArray[np.float64], ...]:
        """Return the place of every input voxel, one array of shape (..., 3) per network input.

        Places are (z, y, x) in voxels of the series, whole numbers are voxel centres. The arguments
        are those of `Preparation.prepare`.
        """


_PREPARATIONS = {
    "DeepENE": "inference.deepene.preparation:PREPARATION",
    "DualNet": "inference.dualnet.preparation:PREPARATION",
}
_RUNNERS = {
    "DeepENE": "inference.deepene.runner:RUNNER",
    "DualNet": "inference.dualnet.runner:RUNNER",
}
_INPUT_GRIDS = {
    "DeepENE": "inference.deepene.input_grid:INPUT_GRID",
    "DualNet": "inference.dualnet.input_grid:INPUT_GRID",
}
ARCHITECTURES = tuple(_PREPARATIONS)
EXPLAINED_ARCHITECTURES = tuple(_INPUT_GRIDS)


def parameters_of_fold(parameters: Mapping[str, Any], fold: int) -> dict[str, Any]:
    """Return the parameters with which the members of one fold see their inputs.

    A model trained here has one fingerprint per fold, since none may come from patients of its own
    outer fold: ``fold_fingerprints[fold]`` then takes the place of ``fingerprint``. The parameters
    of other models are the same for every fold.

    Parameters
    ----------
    parameters : mapping
        Of a model version.
    fold : int
        A member's fold.

    Returns
    -------
    dict
        Without `fold_fingerprints`; members of folds with equal results can share their inputs.

    Raises
    ------
    ValueError
        If there are fingerprints per fold, but none for this one.
    """
    plain = {key: value for key, value in parameters.items() if key != FOLD_FINGERPRINTS}
    by_fold = parameters.get(FOLD_FINGERPRINTS) or ()
    if not by_fold:
        return plain
    if not 0 <= fold < len(by_fold):
        raise ValueError(
            f"parameters: {FOLD_FINGERPRINTS} has folds 0 to {len(by_fold) - 1}, not {fold}; the "
            "model version's parameters and members do not belong together."
        )
    return {**plain, "fingerprint": by_fold[fold]}


@cache
def preparation_of(architecture: str) -> Preparation:
    """Return the half without torch; ValueError for a name that is not in `ARCHITECTURES`."""
    return cast("Preparation", _object(_PREPARATIONS, architecture))


@cache
def runner_of(architecture: str) -> Runner:
    """Return the half with torch (imports it); ValueError for an unknown name."""
    return cast("Runner", _object(_RUNNERS, architecture))


@cache
def input_grid_of(architecture: str) -> InputGrid:
    """Return what explanations need; ValueError for an architecture that has none."""
    return cast("InputGrid", _object(_INPUT_GRIDS, architecture))


def _object(paths: Mapping[str, str], architecture: str) -> object:
    if architecture not in paths:
        raise ValueError(f"Architecture must be one of {', '.join(paths)}, not '{architecture}'.")
    module, name = paths[architecture].split(":")
    return getattr(import_module(module), name)
