"""Many members judge the same nodes, fast (inference.deepene, pure).

On the processor, several threads take passes of the members; each computes with one thread of its
own, so that results do not depend on their number.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Barrier

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.deepene.ensemble import EnsembleMember, check_members, checked_inputs, empty_network
from inference.deepene.fast_layers import Numbers
from inference.deepene.fast_network import (
    FastNetwork,
    Pass,
    largest_pass,
    pass_sizes,
    passes,
    stem_windows,
)
from inference.deepene.network import LOGIT_NAMES, ene_score, metastasis_score
from inference.runner import ComputeSettings, Inputs, MemberWeights, Progress

_KEPT_WINDOW_NODES, _STREAMED_WINDOW_NODES = 64, 1024
"""Nodes laid out for the members at once, 0.6 MB each. Where weights are not kept, every window
reads them again, so it is larger there."""

_PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class FastEnsemble:
    """Members that judge the same nodes; see `inference.runner.MemberEnsemble`.

    Parameters
    ----------
    members : sequence of MemberWeights
        At least one, each run and fold once. Weights are loaded in the calling thread.
    compute : ComputeSettings
        Where and how; kept in memory, 25 members take 1.5 GB.

    Raises
    ------
    ValueError
        If there is no member, or one twice, or the settings cannot be met on this machine.
    """

    def __init__(self, members: Sequence[MemberWeights], compute: ComputeSettings) -> None:
        self.members = tuple(
            EnsembleMember(member.run, member.fold, member.load) for member in members
        )
        check_members(self.members)
        self._numbers = numbers_of(compute)
        self._keeps = compute.keep_in_memory
        self._kept: dict[str, FastNetwork] = {}
        self._sizes: tuple[int, ...] | None = None
        self.threads = _thread_count(compute, self._numbers)
        self._pool = _started_pool(self.threads)

    def predict(
        self, inputs: Inputs, *, progress: Progress | None = None
    ) -> npt.NDArray[np.float64]:
        """Score nodes with every member.

        Parameters
        ----------
        inputs : tuple of one array of float32, shape (N, 1, 2, 9, 60, 60)
            Prepared nodes.
        progress : callable, optional
            Told, in the calling thread, how many node passes of how many are done.

        Returns
        -------
        ndarray of float64, shape (M, N, 2)
            Metastasis and ENE logits. A node's logits are the same bits whatever else is asked
            for, and whatever the number of threads.

        Raises
        ------
        ValueError
            If the inputs have another shape or are not finite, or a member gives a logit that is
            not finite.
        CheckpointError
            If a member's file is not what it should be.
        """
        (nodes,) = inputs
        logits = torch.from_numpy(self.member_logits(nodes, progress=progress))
        return torch.stack((metastasis_score(logits), ene_score(logits)), dim=-1).numpy()

    def member_logits(
        self, network_inputs: npt.ArrayLike, *, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the six logits of every member and node, shape (M, N, 6); as `predict`."""
        nodes = checked_inputs(network_inputs)
        logits = torch.empty((len(self.members), len(nodes), len(LOGIT_NAMES)))
        work = _Work(self._pool, len(self.members) * len(nodes), progress)
        window = _KEPT_WINDOW_NODES if self._keeps else _STREAMED_WINDOW_NODES
        with work.watched():
            for begin in range(0, len(nodes), window):
                part = slice(begin, begin + window)
                self._submit_window(nodes[part], logits[:, part], work)
        for member, row in zip(self.members, logits, strict=True):
            if not bool(row.isfinite().all()):
                raise ValueError(f"member {member.name} gave a logit that is not finite.")
        return logits.numpy()

    def _submit_window(self, nodes: Tensor, logits: Tensor, work: "_Work") -> None:
        padded = len(nodes) + largest_pass(self._numbers)
        # Not in this thread: torch's own threads would go on waiting for more, and be in the way.
        windows = self._pool.submit(stem_windows, nodes, self._numbers, padded).result()
        for row, member in enumerate(self.members):
            network = self._network_of(member)
            for node_pass in passes(len(nodes), self._sizes_of(network)):
                task = self._pool.submit(_compute, network, windows, node_pass, logits[row])
                work.add(task, min(node_pass[1], len(nodes) - node_pass[0]))
            # Weights that are not kept go as soon as the last task that holds them is done.
            work.wait_until_at_most(len(work.tasks) if self._keeps else self.threads)
        work.wait_until_at_most(0)

    def _network_of(self, member: EnsembleMember) -> FastNetwork:
        if member.name in self._kept:
            return self._kept[member.name]
        network = empty_network()
        network.load_state_dict(member.load_state(), strict=True, assign=True)
        fast = FastNetwork(network, self._numbers)
        if self._keeps:
            self._kept[member.name] = fast
        return fast

    def _sizes_of(self, network: FastNetwork) -> tuple[int, ...]:
        if self._sizes is None:
            self._sizes = self._pool.submit(_checked_sizes, network, self._numbers).result()
        return self._sizes


class _Work:
    """Tasks under way, and what is told of their progress."""

    def __init__(self, pool: ThreadPoolExecutor, total: int, progress: Progress | None) -> None:
        self.tasks: dict[Future[None], int] = {}
        self._pool, self._total, self._progress = pool, total, progress
        self._done = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Leave no task behind if anything fails."""
        try:
            yield
        except BaseException:
            for task in self.tasks:
                task.cancel()
            wait(self.tasks)
            raise

    def add(self, task: Future[None], nodes: int) -> None:
        """Take note of a task."""
        self.tasks[task] = nodes

    def wait_until_at_most(self, tasks: int) -> None:
        """Wait until no more tasks than these are under way; report those that ended."""
        while len(self.tasks) > tasks:
            for task in wait(self.tasks, return_when=FIRST_COMPLETED).done:
                self._done += self.tasks.pop(task)
                task.result()
                if self._progress is not None:
                    self._progress(self._done, self._total)


def _compute(network: FastNetwork, windows: Tensor, node_pass: Pass, logits: Tensor) -> None:
    """Put the logits of one member and pass in their place."""
    begin, size = node_pass
    with _exact():
        result = network(windows[:, begin : begin + size])
    wanted = logits[begin : begin + size]
    wanted.copy_(result[: len(wanted)])


def _checked_sizes(network: FastNetwork, numbers: Numbers) -> tuple[int, ...]:
    with _exact():
        return pass_sizes(network, numbers)


@contextmanager
def _exact() -> Iterator[None]:
    """Keep float32 float32 on CUDA, and its kernels the same every time."""
    with torch.inference_mode(), torch.backends.cudnn.flags(deterministic=True, allow_tf32=False):
        yield


def numbers_of(compute: ComputeSettings) -> Numbers:
    """Return where and how exactly to compute.

    Parameters
    ----------
    compute : ComputeSettings
        Device and precision.

    Returns
    -------
    Numbers

    Raises
    ------
    ValueError
        If the machine has no such device, or the precision is not for it.
    """
    if compute.device not in ("cpu", "cuda", "auto"):
        raise ValueError(f"device must be cpu, cuda or auto, not '{compute.device}'.")
    if compute.precision not in _PRECISIONS:
        raise ValueError(f"precision must be float32 or bfloat16, not '{compute.precision}'.")
    has_cuda = torch.cuda.is_available()
    if compute.device == "cuda" and not has_cuda:
        raise ValueError("device is cuda, but torch finds no CUDA device here; choose cpu or auto.")
    device = "cuda" if has_cuda and compute.device != "cpu" else "cpu"
    if compute.precision == "bfloat16" and device == "cpu":
        raise ValueError("precision bfloat16 is for CUDA only; choose float32.")
    return Numbers(torch.device(device), _PRECISIONS[compute.precision])


def _thread_count(compute: ComputeSettings, numbers: Numbers) -> int:
    if compute.threads < 0:
        raise ValueError(f"threads must be 0 (as many as cores) or more, not {compute.threads}.")
    if numbers.device.type != "cpu":
        return 1  # the device has one queue
    return compute.threads or len(os.sched_getaffinity(0))


def _started_pool(threads: int) -> ThreadPoolExecutor:
    """Start threads that compute with one thread each, and leave the caller's number alone."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="deepene")
    callers = torch.get_num_threads()
    met = Barrier(threads)

    def start() -> None:
        torch.set_num_threads(1)
        met.wait()

    wait([pool.submit(start) for _ in range(threads)])
    torch.set_num_threads(callers)
    return pool
