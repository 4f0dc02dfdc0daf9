"""Analysis room: what the tables are computed with: level, views, thresholds, depth."""

from dataclasses import dataclass, field

from readerstudy.analysis.computing.endpoints import ReaderView
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.statistics.inputs import DEFAULT_LEVEL

TARGETS_PERCENT = (5, 10, 15, 20, 30)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How every block of a part is computed.

    Attributes
    ----------
    level : float
        Confidence level of all intervals.
    views : tuple of ReaderView
    targets_percent : tuple of int
        False-positive rates whose operating points are shown.
    model : ModelRule
    whole : bool
        False for subgroups: no curve, no operating points chosen on the data, no agreement
        beyond Fleiss' kappa, one view.
    """

    level: float = DEFAULT_LEVEL
    views: tuple[ReaderView, ...] = (ReaderView.BINARY, ReaderView.ORDINAL)
    targets_percent: tuple[int, ...] = TARGETS_PERCENT
    model: ModelRule = field(default_factory=ModelRule)
    whole: bool = True
