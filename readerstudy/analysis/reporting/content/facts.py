"""Content: what a report says that is not in its results (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of the run itself.

    Attributes
    ----------
    results_digest : str
    frozen_at : str
        ISO 8601, UTC.
    frozen_by : str
        Empty where it is not to be told.
    unblinding : int or None
        Which look at this test set the run was; None for runs that were never counted.
    unblinded_before_amendment : mapping of int to int
        Per amendment number, how many unblinded runs came before it.
    """

    results_digest: str
    frozen_at: str
    unblinding: int | None = None
    unblinded_before_amendment: Mapping[int, int] = field(default_factory=dict)
    frozen_by: str = ""
