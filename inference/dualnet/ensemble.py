"""Members that judge the same nodes, on CPU or CUDA (inference.dualnet, pure).

One node per pass, so that its logits are the same to the last bit whatever nodes are judged with
it. Several members are shared out among threads; a single one has them all.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch

from inference.dualnet.fast_network import LocalDualNet
from inference.dualnet.network import DualNetNetwork
from inference.dualnet.parameters import BOX_SHAPE, SMALL_SHAPE
from inference.runner import ComputeSettings, Inputs, MemberWeights, Progress

_Floats = npt.NDArray[np.float32]


class DualNetEnsemble:
    """Members that judge the same nodes.

    Parameters
    ----------
    members : sequence of MemberWeights
        At least one, each run and fold once.
    compute : ComputeSettings
        Device, precision, threads (0: as many as cores), and whether members stay in memory
        (0.2 GB each).

    Raises
    ------
    ValueError
        If there is no member, one twice, or the device cannot do what is asked of it.
    """

    def __init__(self, members: Sequence[MemberWeights], compute: ComputeSettings) -> None:
        names = [_name(member) for member in members]
        if not names:
            raise ValueError("members is empty: an ensemble needs at least one member.")
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"members holds {twice[0]} more than once.")
        self.members = tuple(members)
        self._device = _device(compute)
        self._is_half = compute.precision == "bfloat16"
        self._keeps = compute.keep_in_memory
        threads = compute.threads or os.cpu_count() or 1
        # A GPU does one thing at a time anyway.
        self._workers = 1 if self._device.type == "cuda" else min(threads, len(members))
        self._threads_each = max(1, threads // self._workers)
        self._kept: dict[int, LocalDualNet] = {}

    def predict(
        self, inputs: Inputs, *, progress: Progress | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the metastasis and ENE logits of every member and node.

        Parameters
        ----------
        inputs : tuple of two ndarrays of float32
            Boxes (N, 1, 32, 118, 118) and small cubes (N, 1, 32, 32, 32).
        progress : callable, optional
            Called in the caller's thread with the node passes done and their total; an exception
            raised in it stops the work.

        Returns
        -------
        ndarray of float64, shape (M, N, 2)

        Raises
        ------
        ValueError
            If the inputs have another shape or are not finite, or a member gives a logit that is
            not finite.
        CheckpointError
            If a member's file is not what it should be.
        """
        nodes = _checked(inputs)
        logits = np.empty((len(self.members), len(nodes[0]), 2), dtype=np.float64)
        before = torch.get_num_threads()
        steps, stop = queue.SimpleQueue[bool](), threading.Event()
        try:
            with ThreadPoolExecutor(
                self._workers, initializer=torch.set_num_threads, initargs=(self._threads_each,)
            ) as pool:
                rows = range(len(self.members))
                futures = [pool.submit(self._judge, r, nodes, logits, steps, stop) for r in rows]
                with _stopping(stop):
                    _report(steps, len(futures), logits[..., 0].size, progress)
            for future in futures:
                future.result()
        finally:
            torch.set_num_threads(before)
        return logits

    def _judge(
        self,
        row: int,
        nodes: tuple[_Floats, _Floats],
        logits: npt.NDArray[np.float64],
        steps: queue.SimpleQueue[bool],
        stop: threading.Event,
    ) -> None:
        """Fill one member's row; tell True for each node, False at the end, however it comes."""
        try:
            with _stopping(stop), self._computing():
                network = None if stop.is_set() else self._network(row)
                for index, (box, small) in enumerate(zip(*nodes, strict=True)):
                    if network is None or stop.is_set():
                        return
                    pair = network(torch.from_numpy(box[None]), torch.from_numpy(small[None]))
                    logits[row, index] = pair[0].double().cpu().numpy()
                    steps.put(True)
                if not np.isfinite(logits[row]).all():
                    name = _name(self.members[row])
                    raise ValueError(f"member {name} gave a logit that is not finite.")
        finally:
            steps.put(False)

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self._device.type == "cuda":
                # Convolutions would use TF32 otherwise, whose logits are off by more than 1e-4.
                exact = {"benchmark": False, "deterministic": True, "allow_tf32": False}
                stack.enter_context(torch.backends.cudnn.flags(enabled=True, **exact))
            if self._is_half:
                stack.enter_context(torch.autocast("cuda", dtype=torch.bfloat16))
            yield

    def _network(self, row: int) -> LocalDualNet:
        if row in self._kept:
            return self._kept[row]
        with torch.device("meta"):
            network = DualNetNetwork()
        network.load_state_dict(self.members[row].load(), strict=True, assign=True)
        fast = LocalDualNet(network, self._device)
        if self._keeps:
            self._kept[row] = fast
        return fast


def _name(member: MemberWeights) -> str:
    return f"RUN{member.run}/fold{member.fold}"


def _device(compute: ComputeSettings) -> torch.device:
    has_cuda = torch.cuda.is_available()
    if compute.device not in ("cpu", "cuda", "auto"):
        raise ValueError(f"device must be cpu, cuda or auto, not {compute.device!r}.")
    if compute.device == "cuda" and not has_cuda:
        raise ValueError("device is cuda, but torch finds no CUDA device here; use cpu or auto.")
    device = torch.device("cuda" if has_cuda and compute.device != "cpu" else "cpu")
    if compute.precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision must be float32 or bfloat16, not {compute.precision!r}.")
    if compute.precision == "bfloat16" and device.type != "cuda":
        raise ValueError("precision bfloat16 is offered on CUDA only; use float32.")
    return device


def _checked(inputs: Inputs) -> tuple[_Floats, _Floats]:
    shapes = (1, *BOX_SHAPE), (1, *SMALL_SHAPE)
    found = [np.ascontiguousarray(values, dtype=np.float32) for values in inputs]
    counts = {len(values) for values in found}
    if len(counts) != 1 or tuple(values.shape[1:] for values in found) != shapes:
        raise ValueError(
            f"inputs must have shapes (N, {shapes[0]}) and (N, {shapes[1]}), not "
            f"{' and '.join(str(values.shape) for values in found)}."
        )
    if 0 in counts:
        raise ValueError("inputs is empty: there is no node to score.")
    for values in found:
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if not finite.all():
            raise ValueError(f"inputs of node {int(finite.argmin())} are not all finite.")
    return found[0], found[1]


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Tell the other threads to stop if anything is raised here."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def _report(
    steps: queue.SimpleQueue[bool], running: int, total: int, progress: Progress | None
) -> None:
    """Wait until every member has come to its end, and pass their steps on."""
    done = 0
    while running:
        if not steps.get():
            running -= 1
            continue
        done += 1
        if progress is not None:
            progress(done, total)
