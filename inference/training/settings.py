"""Every choice of a training, checked and written out (inference.training, pure, no torch)."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from types import MappingProxyType
from typing import Any

PUBLISHED_FOLD_SEED = 12345
"""The seed with which the published code splits its cases."""

THRESHOLD_RULES = ("youden", "false_positive_rate")

LONGEST_EPOCHS = 10_000
_MOST_RUNS, _MOST_FOLDS = 5, 5
_MOST_THREADS = 64

_Limits = tuple[float, float]

_WHOLE: Mapping[str, _Limits] = MappingProxyType(
    {
        "seed": (0, 2**32 - 1),
        "fold_seed": (0, 2**32 - 1),
        "runs": (1, _MOST_RUNS),
        "folds": (2, _MOST_FOLDS),
        "inner_folds": (2, 10),
        "epochs": (1, LONGEST_EPOCHS),
        "evaluate_every": (1, LONGEST_EPOCHS),
        "batch_size": (2, 1024),
        "warm_up_steps": (0, 1_000_000),
        "early_stopping": (0, LONGEST_EPOCHS),
        "threads": (1, _MOST_THREADS),
    }
)
_REAL: Mapping[str, _Limits] = MappingProxyType(
    {
        "learning_rate": (1e-9, 1.0),
        "weight_decay": (0.0, 1.0),
        "batch_norm_momentum": (1e-4, 1.0),
        "false_positive_rate": (0.0, 1.0),
    }
)
_YES_NO = ("augmentation", "recalibrate_batch_norm")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What decides, together with the data, every weight of the result.

    `settings_of` fills in what the architecture's published training says; the defaults here are
    those that do not depend on the architecture.

    Attributes
    ----------
    architecture : str
        Name in `inference.runner.ARCHITECTURES`.
    batch_size : int
        Nodes per step; the last batches of an epoch share what is left, none has a single node.
    learning_rate : float
        Of Adam, constant after the warm-up.
    weight_decay : float
        L2 on the weights that the architecture says; not decoupled.
    epochs : int
        One epoch shows every training node once.
    evaluate_every : int
        Epochs between two looks at the inner validation; the last epoch is always evaluated.
    batch_norm_momentum : float
        Share of the newest batch in the running statistics.
    warm_up_steps : int
        Step s < warm_up_steps runs at learning_rate * s / warm_up_steps: 1 (published) lets the
        very first step run at 0.
    seed : int
        Of weights, order, dropout and augmentation.
    fold_seed : int
        Of the outer and inner split.
    runs, folds : int
        Members are runs x folds; the outer folds are the same for all runs.
    inner_folds : int
        A fold's remaining patients are split in so many; one of them validates, another in each
        run.
    early_stopping : int
        0 (published): the weights of the last epoch are kept. Otherwise: training stops when the
        selection metric of the inner validation has not risen for so many evaluations, and the
        weights of the best evaluation are kept.
    augmentation : bool
        Whether training sees augmented nodes.
    recalibrate_batch_norm : bool
        Whether the running statistics are recomputed from all training nodes before each
        evaluation ("precise batch norm"), for trainings too short for the running average.
    threshold_rule : str
        `youden` or `false_positive_rate`.
    false_positive_rate : float
        Upper bound on the inner validation, of the rule of that name.
    threads : int
        Threads of torch. Results are the same to the last bit only with the same number. One more
        thread prepares batches; as many threads as cores, on a machine that does other work, too,
        wait for each other and may take ten times as long.
    """

    architecture: str
    batch_size: int
    learning_rate: float
    weight_decay: float
    epochs: int
    evaluate_every: int
    batch_norm_momentum: float
    warm_up_steps: int
    seed: int = 0
    fold_seed: int = PUBLISHED_FOLD_SEED
    runs: int = 5
    folds: int = 5
    inner_folds: int = 4
    early_stopping: int = 0
    augmentation: bool = True
    recalibrate_batch_norm: bool = False
    threshold_rule: str = "youden"
    false_positive_rate: float = 0.1
    threads: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.architecture, str) or not self.architecture:
            raise TypeError(f"settings: architecture must be a name, not {self.architecture!r}.")
        for name, limits in _WHOLE.items():
            _check_whole(name, getattr(self, name), limits)
        for name, limits in _REAL.items():
            # Stored as floats, so that equal settings have equal digests.
            object.__setattr__(self, name, _checked_real(name, getattr(self, name), limits))
        for name in _YES_NO:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(
                    f"settings: {name} must be true or false, not {getattr(self, name)!r}."
                )
        if self.threshold_rule not in THRESHOLD_RULES:
            raise ValueError(
                f"settings: threshold_rule must be one of {', '.join(THRESHOLD_RULES)}, "
                f"not {self.threshold_rule!r}."
            )

    def members(self) -> tuple[tuple[int, int], ...]:
        """Return (run, fold) of every member, run by run."""
        return tuple((run, fold) for run in range(self.runs) for fold in range(self.folds))

    def is_evaluated(self, epoch: int) -> bool:
        """Say whether an epoch, counted from 1, ends with a look at the inner validation."""
        return epoch % self.evaluate_every == 0 or epoch == self.epochs

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingSettings":
        """Read what `to_dict` wrote.

        Parameters
        ----------
        values : mapping
            Name to value; see `settings_of` for settings that are not complete.

        Returns
        -------
        TrainingSettings

        Raises
        ------
        ValueError
            If a name is unknown or missing, or a value out of its range.
        TypeError
            If a value is of another kind than expected.
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(f"settings: {unknown[0]!r} is unknown; known are {', '.join(known)}.")
        missing = [name for name in known[:8] if name not in values]
        if missing:
            raise ValueError(f"settings: {missing[0]!r} is missing.")
        return cls(**values)

    def digest(self) -> str:
        """SHA-256 of the canonical JSON text."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def _check_whole(name: str, value: object, limits: _Limits) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"settings: {name} must be a whole number, not {value!r}.")
    if not limits[0] <= value <= limits[1]:
        raise ValueError(
            f"settings: {name} must be {int(limits[0])} to {int(limits[1])}, not {value}."
        )


def _checked_real(name: str, value: object, limits: _Limits) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"settings: {name} must be a number, not {value!r}.")
    if not (math.isfinite(value) and limits[0] <= value <= limits[1]):
        raise ValueError(f"settings: {name} must be {limits[0]} to {limits[1]}, not {value}.")
    return float(value) + 0.0  # no negative zero


def published_settings(architecture: str) -> Mapping[str, Any]:
    """Return what an architecture's published training says, without importing torch.

    Parameters
    ----------
    architecture : str
        Name in `inference.runner.ARCHITECTURES`.

    Returns
    -------
    mapping
        Values for `TrainingSettings`, as the module `training_defaults` of the architecture's
        package lists them, with the reason of each choice that the publication leaves open.

    Raises
    ------
    ValueError
        If there is no such architecture.
    """
    try:
        module = import_module(f"inference.{architecture.lower()}.training_defaults")
    except ModuleNotFoundError as error:
        raise ValueError(f"architecture {architecture!r} has no published training.") from error
    defaults: Mapping[str, Any] = module.TRAINING_DEFAULTS
    return defaults


def settings_of(architecture: str, **changes: Any) -> TrainingSettings:
    """Return the architecture's published settings with some of them changed.

    Parameters
    ----------
    architecture : str
        Name in `inference.runner.ARCHITECTURES`.
    **changes
        Fields of `TrainingSettings`. If the batch size is among them and the learning rate is
        not, the rate stays proportional to it, as the published rule has it.

    Returns
    -------
    TrainingSettings

    Raises
    ------
    ValueError, TypeError
        As `TrainingSettings.from_dict`.
    """
    values = dict(published_settings(architecture))
    size = changes.get("batch_size")
    if "learning_rate" not in changes and isinstance(size, int):
        values["learning_rate"] *= size / values["batch_size"]
    return TrainingSettings.from_dict({"architecture": architecture, **values, **changes})


DEMONSTRATION_SETTINGS: Mapping[str, Any] = MappingProxyType(
    {
        "runs": 1,
        "folds": 5,
        "epochs": 4,
        "evaluate_every": 2,
        "batch_size": 16,
        "learning_rate": 4e-4,
        "batch_norm_momentum": 0.1,
        "recalibrate_batch_norm": True,
        "augmentation": True,
        "threads": 1,
        "seed": 0,
    }
)
"""Changes for `settings_of("DeepENE", ...)`: a real training that is over in minutes on two cores.

It departs from the published training in all that a short one on a small phantom cohort needs: a
small rate, since a few hundred nodes are soon learnt by heart, and running statistics recomputed
before each evaluation, since their average over 300 epochs does not come about in four.
"""
