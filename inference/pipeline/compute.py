"""Models in memory: which a worker process keeps, where it computes, and with what inputs.

What is particular to an architecture stays behind `inference.runner`.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray

from cohorts import storage
from cohorts.models import NodeMask
from inference.models import ModelVersion
from inference.pipeline.stored_nodes import SliceStore, node_inputs, stacked
from inference.runner import (
    ComputeSettings,
    Inputs,
    MemberEnsemble,
    MemberWeights,
    Preparation,
    Progress,
    Runner,
    parameters_of_fold,
    preparation_of,
    runner_of,
)

STREAMED_BATCHES = 16
"""Weights that are read anew for each batch are worth a batch this many times larger."""

MemberKey = tuple[int, int, str]
NodeInputs = tuple[Inputs, ...]
"""One node's inputs for each group of members."""


class ModelUnusable(Exception):
    """No node of the run can be predicted: a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class MemberGroup:
    """Members that see a node alike: their parameters, and their places in the version's order."""

    parameters: Mapping[str, Any]
    rows: tuple[int, ...]


def member_groups(parameters: Mapping[str, Any], folds: Sequence[int]) -> list[MemberGroup]:
    """Group members by the parameters of their folds.

    A node is prepared once for each group: once for published models, once for each fold of a model
    trained here with a fingerprint of its own.

    Parameters
    ----------
    parameters : mapping
        Of the model version.
    folds : sequence of int
        The fold of each member.

    Returns
    -------
    list of MemberGroup
        In the order in which they first occur.
    """
    groups: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for row, fold in enumerate(folds):
        told = parameters_of_fold(parameters, fold)
        groups.setdefault(json.dumps(told, sort_keys=True), (told, []))[1].append(row)
    return [MemberGroup(parameters=told, rows=tuple(rows)) for told, rows in groups.values()]


class StoredMember:
    """One member's stored file: fetched ahead of the ensemble, or when that asks for it."""

    def __init__(self, runner: Runner, key: MemberKey) -> None:
        self._runner, (self.run, self.fold, self._sha256) = runner, key
        self._ready: Mapping[str, torch.Tensor] | None = None
        self._was_asked_for = False

    def fetch(self) -> None:
        """Load the weights, unless the ensemble has had them."""
        if not self._was_asked_for and self._ready is None:
            self._ready = self._load()

    def take(self) -> Mapping[str, torch.Tensor]:
        """Return the weights and keep none of them here."""
        ready, self._ready, self._was_asked_for = self._ready, None, True
        return self._load() if ready is None else ready

    def _load(self) -> Mapping[str, torch.Tensor]:
        name = f"Member RUN{self.run}/fold{self.fold}"
        with storage.local_file(self._sha256) as path:
            try:
                return self._runner.load_checkpoint(path, expected_sha256=self._sha256).state
            except ValueError as damage:
                # Where blobs lie on the server is nothing for the page that shows this.
                reason = str(damage).removeprefix(f"{path}: ")
                raise ModelUnusable(f"{name}: {reason}") from damage


class LoadedModel:
    """One model version's networks."""

    def __init__(
        self,
        preparation: Preparation,
        groups: Sequence[MemberGroup],
        ensembles: Sequence[MemberEnsemble],
        *,
        to_fetch: Sequence[StoredMember],
        batch_size: int,
    ) -> None:
        self.preparation = preparation
        self.groups = tuple(groups)
        self.members = sum(len(group.rows) for group in groups)
        self.batch_size = batch_size
        self._ensembles, self._to_fetch = tuple(ensembles), tuple(to_fetch)

    def fetch(self, progress: Progress) -> None:
        """Load the weights that stay in memory, unless they are there."""
        for done, member in enumerate(self._to_fetch):
            progress(done, len(self._to_fetch))
            member.fetch()

    def prepare(self, mask: NodeMask, slices: SliceStore | None = None) -> NodeInputs:
        """Read and prepare one node for every group; raises as `stored_nodes.node_inputs`."""
        kept = slices or SliceStore()
        return tuple(
            node_inputs(mask, self.preparation, group.parameters, kept) for group in self.groups
        )

    def predict(
        self, nodes: Sequence[NodeInputs], progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return metastasis and ENE logits.

        Parameters
        ----------
        nodes : sequence of NodeInputs
            Prepared nodes.
        progress : callable, optional
            Told the steps done and their total; may raise to stop.

        Returns
        -------
        ndarray of float64, shape (M, N, 2)
            In the order of the version's members; a node's logits do not depend on the others.
        """
        logits = np.empty((self.members, len(nodes), 2), np.float64)
        for index, (group, ensemble) in enumerate(zip(self.groups, self._ensembles, strict=True)):
            inputs = stacked([node[index] for node in nodes])
            part = _part(progress, index, len(self.groups))
            logits[list(group.rows)] = ensemble.predict(inputs, progress=part)
        return logits


def _part(progress: Progress | None, index: int, groups: int) -> Progress | None:
    if progress is None:
        return None

    def tell(done: int, total: int) -> None:
        progress(index * total + done, groups * total)

    return tell


class ModelStore:
    """The models this process has loaded, as many as the setting has room for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[LoadedModel, int]] = OrderedDict()

    def model(self, version: ModelVersion) -> LoadedModel:
        """Return the version's networks, loaded before or new.

        Raises
        ------
        ModelUnusable
            If the settings cannot be met here, or the version does not fit its architecture.
        """
        members = tuple(version.members.values_list("run", "fold", "sha256"))
        if not members:
            raise ModelUnusable(f"Model version '{version.name}' has no members: register it anew.")
        compute = compute_settings()
        budget = settings.INFERENCE_MEMORY_MB * 2**20
        key = (
            version.architecture,
            members,
            json.dumps(version.parameters, sort_keys=True),
            compute,
            budget,
            settings.INFERENCE_BATCH,
        )
        if key not in self._kept:
            sizes = [_size(member) for member in members]
            stays = sum(sizes) <= budget
            needed = sum(sizes) if stays else max(sizes)
            self._make_room(budget - needed)
            model = _load(version, members, replace(compute, keep_in_memory=stays))
            self._kept[key] = (model, needed)
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def clear(self) -> None:
        """Forget every model."""
        self._kept.clear()

    def _make_room(self, left: int) -> None:
        while self._kept and sum(size for _, size in self._kept.values()) > left:
            self._kept.popitem(last=False)


MODELS = ModelStore()


def compute_settings() -> ComputeSettings:
    """Return where and how this process computes, ``auto`` resolved."""
    device, precision = settings.INFERENCE_DEVICE, settings.INFERENCE_PRECISION
    has_cuda = torch.cuda.is_available()
    if device == "auto":
        device = "cuda" if has_cuda else "cpu"
    if device == "cuda" and not has_cuda:
        raise ModelUnusable(
            "NODEWISE_INFERENCE_DEVICE is cuda, but this worker sees no CUDA device: set it to "
            "cpu or auto, restart the worker, and request again."
        )
    if precision == "bfloat16" and device != "cuda":
        raise ModelUnusable(
            "NODEWISE_INFERENCE_PRECISION is bfloat16, which is offered on CUDA only: set it to "
            "float32, restart the worker, and request again."
        )
    return ComputeSettings(device=device, precision=precision, threads=settings.INFERENCE_THREADS)


def _load(
    version: ModelVersion, members: Sequence[MemberKey], compute: ComputeSettings
) -> LoadedModel:
    try:
        groups = member_groups(version.parameters, [fold for _, fold, _ in members])
        preparation = preparation_of(version.architecture)
        runner = runner_of(version.architecture)
    except ValueError as refusal:
        raise ModelUnusable(f"Model version '{version.name}': {refusal}") from refusal
    stored = [StoredMember(runner, key) for key in members]
    weights = [MemberWeights(run=one.run, fold=one.fold, load=one.take) for one in stored]
    ensembles = [runner.ensemble([weights[row] for row in group.rows], compute) for group in groups]
    return LoadedModel(
        preparation,
        groups,
        ensembles,
        to_fetch=stored if compute.keep_in_memory else (),
        batch_size=settings.INFERENCE_BATCH * (1 if compute.keep_in_memory else STREAMED_BATCHES),
    )


def _size(member: MemberKey) -> int:
    run, fold, sha256 = member
    try:
        return storage.size(sha256)
    except FileNotFoundError as gap:
        raise ModelUnusable(
            f"Member RUN{run}/fold{fold}: its stored file is missing. Restore it from a backup, "
            "and request again."
        ) from gap
