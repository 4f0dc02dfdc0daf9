"""reading: the analysis plan as data: one document, one dataclass, every rule (pure: no Django)."""

import copy
from dataclasses import dataclass
from typing import Any

from readerstudy.reading.plan_fields import Fields, PlanError, whole_numbers
from readerstudy.reading.plan_subgroups import Subgroup, subgroup_documents, subgroups_from

__all__ = [
    "MissingRule",
    "Plan",
    "PlanError",
    "Primary",
    "Subgroup",
    "Thresholds",
    "default_plan",
    "document_of",
    "plan_from",
]

SCHEMA_VERSION = 2
ENDPOINTS = ("metastasis", "ene", "ene_among_metastatic")
VIEWS = ("binary", "ordinal", "confidence")
COMPARISONS = ("model_vs_reader_mean", "model_vs_each_reader")
TESTS = ("delong", "patient_clustered", "random_readers")
HYPOTHESES = ("difference", "non_inferiority")
MULTIPLICITIES = ("none", "bonferroni", "holm", "hochberg")
THRESHOLD_SOURCES = ("model", "chosen_here")
MISSING_CALLS = ("complete_pairs", "complete_all", "as_wrong")
UNDETERMINED = ("leave_out", "as_benign", "as_metastasis")
CLUSTERINGS = ("patient", "none")
PATIENT_LEVELS = ("any_node", "none")
FPR_PERCENT = (5, 10, 15, 20, 30)
MAX_TARGETS = 10
MAX_ALPHA = 0.2
MAX_MARGIN = 0.5
FEWEST_REPLICATES, MOST_REPLICATES = 200, 100_000
DEFAULT_REPLICATES = 2000

_DEFAULT_PLAN: dict[str, Any] = {
    "schema_version": SCHEMA_VERSION,
    "endpoints": list(ENDPOINTS),
    "views": ["binary", "ordinal"],
    "primary": {
        "endpoint": "ene",
        "view": "binary",
        "comparison": "model_vs_reader_mean",
        "test": "patient_clustered",
        "hypothesis": "difference",
        "margin": None,
    },
    "alpha": 0.05,
    "multiplicity": "holm",
    "thresholds": {"source": "model", "fpr_percent": list(FPR_PERCENT)},
    "missing": {"calls": "complete_pairs", "undetermined": "leave_out"},
    "clustering": "patient",
    "subgroups": [{"variable": "sad", "edges": [10.0]}],
    "patient_level": "any_node",
    "bootstrap_replicates": DEFAULT_REPLICATES,
}


@dataclass(frozen=True, kw_only=True)
class Primary:
    """The comparison the study is for.

    Attributes
    ----------
    endpoint, view, comparison, test, hypothesis : str
        One of ``ENDPOINTS``, ``VIEWS``, ``COMPARISONS``, ``TESTS``, ``HYPOTHESES``.
    margin : float or None
        Non-inferiority margin as a difference of areas, positive; None for a difference.
    """

    endpoint: str
    view: str
    comparison: str
    test: str
    hypothesis: str
    margin: float | None


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the model's cut comes from, and the false-positive rates to report (whole percent)."""

    source: str
    fpr_percent: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class MissingRule:
    """What becomes of nodes without a call, and of nodes whose truth is not determinable."""

    calls: str
    undetermined: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An analysis plan that keeps every rule; made by ``plan_from`` alone.

    Attributes
    ----------
    endpoints, views : tuple of str
        In the order of ``ENDPOINTS`` and ``VIEWS``.
    alpha : float
        Two-sided.
    subgroups : tuple of Subgroup
        Cohorts are always reported one by one and are not listed.
    """

    endpoints: tuple[str, ...]
    views: tuple[str, ...]
    primary: Primary
    alpha: float
    multiplicity: str
    thresholds: Thresholds
    missing: MissingRule
    clustering: str
    subgroups: tuple[Subgroup, ...]
    patient_level: str
    bootstrap_replicates: int


def default_plan() -> dict[str, Any]:
    """Return a fresh copy of the document every study starts with."""
    return copy.deepcopy(_DEFAULT_PLAN)


def document_of(plan: Plan) -> dict[str, Any]:
    """Return the plan as a document of the current schema, JSON values only."""
    return {
        "schema_version": SCHEMA_VERSION,
        "endpoints": list(plan.endpoints),
        "views": list(plan.views),
        "primary": {
            "endpoint": plan.primary.endpoint,
            "view": plan.primary.view,
            "comparison": plan.primary.comparison,
            "test": plan.primary.test,
            "hypothesis": plan.primary.hypothesis,
            "margin": plan.primary.margin,
        },
        "alpha": plan.alpha,
        "multiplicity": plan.multiplicity,
        "thresholds": {
            "source": plan.thresholds.source,
            "fpr_percent": list(plan.thresholds.fpr_percent),
        },
        "missing": {"calls": plan.missing.calls, "undetermined": plan.missing.undetermined},
        "clustering": plan.clustering,
        "subgroups": subgroup_documents(plan.subgroups),
        "patient_level": plan.patient_level,
        "bootstrap_replicates": plan.bootstrap_replicates,
    }


def plan_from(document: Any) -> Plan:
    """Return the plan a document describes.

    Parameters
    ----------
    document : dict
        Of the current schema, or of the one before (without ``schema_version``): plans locked
        then said nothing of clustering, subgroups and multiplicity, and are read accordingly.

    Raises
    ------
    PlanError
        With the field, the value found and what to do.
    """
    if isinstance(document, dict) and "schema_version" not in document:
        document = _of_today(document)
    fields = Fields(document, "")
    fields.only(*_DEFAULT_PLAN)
    _require_version(fields)
    plan = Plan(
        endpoints=fields.choices("endpoints", ENDPOINTS),
        views=fields.choices("views", VIEWS),
        primary=_primary(fields.inner("primary")),
        alpha=fields.number("alpha", above=0, most=MAX_ALPHA),
        multiplicity=fields.choice("multiplicity", MULTIPLICITIES),
        thresholds=_thresholds(fields.inner("thresholds")),
        missing=_missing(fields.inner("missing")),
        clustering=fields.choice("clustering", CLUSTERINGS),
        subgroups=subgroups_from(fields.value("subgroups")),
        patient_level=fields.choice("patient_level", PATIENT_LEVELS),
        bootstrap_replicates=fields.whole(
            "bootstrap_replicates", least=FEWEST_REPLICATES, most=MOST_REPLICATES
        ),
    )
    _refuse_contradictions(plan)
    return plan


def _require_version(fields: Fields) -> None:
    found = fields.value("schema_version")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        raise PlanError("schema_version", f"{found!r} is not known: give {SCHEMA_VERSION}.")


def _primary(fields: Fields) -> Primary:
    fields.only("endpoint", "view", "comparison", "test", "hypothesis", "margin")
    hypothesis = fields.choice("hypothesis", HYPOTHESES)
    margin = fields.value("margin")
    if hypothesis == "non_inferiority":
        if margin is None:
            raise PlanError(
                "primary.margin",
                "non-inferiority needs a margin: give the largest difference of areas that would "
                f"still be acceptable, above 0 and at most {MAX_MARGIN}.",
            )
        margin = fields.number("margin", above=0, most=MAX_MARGIN)
    elif margin is not None:
        raise PlanError(
            "primary.margin",
            "a difference has no margin: leave it empty, or plan non-inferiority.",
        )
    return Primary(
        endpoint=fields.choice("endpoint", ENDPOINTS),
        view=fields.choice("view", VIEWS),
        comparison=fields.choice("comparison", COMPARISONS),
        test=fields.choice("test", TESTS),
        hypothesis=hypothesis,
        margin=margin,
    )


def _thresholds(fields: Fields) -> Thresholds:
    fields.only("source", "fpr_percent")
    return Thresholds(
        source=fields.choice("source", THRESHOLD_SOURCES),
        fpr_percent=whole_numbers(
            "thresholds.fpr_percent",
            fields.value("fpr_percent"),
            least=1,
            most=99,
            at_most=MAX_TARGETS,
        ),
    )


def _missing(fields: Fields) -> MissingRule:
    fields.only("calls", "undetermined")
    return MissingRule(
        calls=fields.choice("calls", MISSING_CALLS),
        undetermined=fields.choice("undetermined", UNDETERMINED),
    )


def _refuse_contradictions(plan: Plan) -> None:
    primary = plan.primary
    if primary.endpoint not in plan.endpoints:
        raise PlanError(
            "primary.endpoint",
            f"'{primary.endpoint}' is not among the endpoints: add it there or choose another.",
        )
    if primary.view not in plan.views:
        raise PlanError(
            "primary.view",
            f"'{primary.view}' is not among the reader views: add it there or choose another.",
        )
    if primary.test == "random_readers" and primary.comparison != "model_vs_reader_mean":
        raise PlanError(
            "primary.test",
            "random readers are a sample that has a mean: compare the model with the mean reader, "
            "or choose another test.",
        )
    if primary.test == "patient_clustered" and plan.clustering != "patient":
        raise PlanError(
            "clustering",
            "the primary test counts by patient: choose clustering by patient, or another test.",
        )


_OLD_KEYS = ("endpoints", "reader_view", "primary", "alpha", "missing")
_OLD_PRIMARY = ("endpoint", "measure", "comparison", "test")


def _of_today(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of the schema before in today's words."""
    fields = Fields(document, "")
    fields.only(*_OLD_KEYS)
    view = fields.choice("reader_view", ("binary", "ordinal"))
    primary = fields.inner("primary")
    primary.only(*_OLD_PRIMARY)
    primary.choice("measure", ("auc",))
    primary.choice("test", ("delong_paired",))
    fields.choice("missing", ("complete_cases",))
    return default_plan() | {
        "endpoints": fields.value("endpoints"),
        # Reports under the old plan always showed both views; ``reader_view`` named the primary.
        "views": ["binary", "ordinal"],
        "primary": {
            "endpoint": primary.value("endpoint"),
            "view": view,
            "comparison": primary.value("comparison"),
            "test": "delong",
            "hypothesis": "difference",
            "margin": None,
        },
        "alpha": fields.value("alpha"),
        "multiplicity": "none",
        # Youden's point on the data at hand was the only one.
        "thresholds": {"source": "chosen_here", "fpr_percent": list(FPR_PERCENT)},
        "subgroups": [],
        "patient_level": "none",
    }
