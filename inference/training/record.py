"""The training record: everything a reader needs to check or repeat a training (pure, no torch)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inference.training.metrics import EpochResult
from inference.training.settings import TrainingSettings
from inference.training.splits import NestedSplits
from inference.training.thresholds import ChosenThresholds

FORMAT = "nodewise-training-record-1"


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """What one member's training left behind.

    Attributes
    ----------
    run, fold : int
        The member.
    checkpoint_sha256 : str
        SHA-256 of its checkpoint file.
    curves : sequence of EpochResult
        One per epoch.
    """

    run: int
    fold: int
    checkpoint_sha256: str
    curves: Sequence[EpochResult]


def training_record(
    *,
    data_digest: str,
    settings: TrainingSettings,
    splits: NestedSplits,
    parameters: Mapping[str, Any],
    thresholds: ChosenThresholds,
    members: Sequence[MemberRecord],
    versions: Mapping[str, str],
) -> bytes:
    """Write the record as canonical JSON: equal trainings have equal records.

    Parameters
    ----------
    data_digest : str
        SHA-256 of the frozen training data.
    settings : TrainingSettings
        Every choice, the seeds included.
    splits : NestedSplits
        Who was on which side.
    parameters : mapping
        Of the model version, with a fingerprint per fold.
    thresholds : ChosenThresholds
        The version's, and each fold's.
    members : sequence of MemberRecord
        Of all members.
    versions : mapping of str to str
        Of the code (`code`), `python`, `numpy`, `torch` ...

    Returns
    -------
    bytes
        ASCII, sorted keys.
    """
    content = {
        "format": FORMAT,
        "data_sha256": data_digest,
        "settings": settings.to_dict(),
        "settings_digest": settings.digest(),
        "splits": asdict(splits),
        "parameters": dict(parameters),
        "thresholds": asdict(thresholds),
        "members": [
            {
                "run": member.run,
                "fold": member.fold,
                "checkpoint_sha256": member.checkpoint_sha256,
                "curves": [point.to_dict() for point in member.curves],
            }
            for member in sorted(members, key=lambda member: (member.run, member.fold))
        ],
        "versions": dict(versions),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")
