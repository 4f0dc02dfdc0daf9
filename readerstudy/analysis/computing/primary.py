"""Analysis room: the planned comparison, its family of tests, and what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from readerstudy.analysis.computing.endpoints import MODEL, Endpoint, ReaderView
from readerstudy.analysis.computing.node_sets import NodeSet, common_nodes, scores
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.table_rows import viewed
from readerstudy.reading.plan import Plan
from readerstudy.statistics.bootstrap import patient_bootstrap
from readerstudy.statistics.delong import reader_mean_weights
from readerstudy.statistics.multiplicity import AdjustedP, Method, adjust
from readerstudy.statistics.non_inferiority import non_inferiority

READER_MEAN = "reader mean"
FEWEST_PATIENTS, MOST_PATIENTS = 2, 2000
"""One patient drawn again never varies; beyond the most, the kernel outgrows memory."""
_OF_READER = {"delong": "delong", "patient_clustered": "patient_clustered"}
_OF_MEAN = {
    "delong": "delong_fixed_readers",
    "patient_clustered": "patient_clustered_fixed_readers",
    "random_readers": "readers_minus_model_random_readers",
}


@dataclass(frozen=True, kw_only=True)
class PlannedTest:
    """Model minus one subject, by the planned test; None where undefined."""

    subject: str
    n: int | None
    estimate: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    lower: float | None
    upper: float | None
    p: float | None


def planned_comparison(block: Mapping[str, Any], plan: Plan) -> dict[str, Plain]:
    """Return the planned comparison of one part with its conclusions.

    Parameters
    ----------
    block : mapping
        The part's block of the primary endpoint.
    plan : Plan

    Returns
    -------
    dict
        ``tests``: per subject the estimate (model minus subject), interval, P, the P adjusted
        within this family, and ``concluded``: whether the hypothesis of no difference (or of
        inferiority by the margin, one-sided at alpha/2) is rejected; None where undefined.
        Empty where there is nothing to compare.
    """
    tests = _tests(block, plan)
    if plan.primary.hypothesis == "non_inferiority":
        concluded = {test.subject: _against_margin(test, plan) for test in tests}
    else:
        concluded = {test.subject: {"p": test.p} for test in tests}
    adjusted = _adjusted({name: found["p"] for name, found in concluded.items()}, plan)
    return {
        "endpoint": plan.primary.endpoint,
        "view": plan.primary.view,
        "comparison": plan.primary.comparison,
        "test": plan.primary.test,
        "hypothesis": plan.primary.hypothesis,
        "margin": plan.primary.margin,
        "alpha": plan.alpha,
        "multiplicity": plan.multiplicity,
        "tests": [_entry(test, concluded[test.subject], adjusted[test.subject]) for test in tests],
    }


def _entry(test: PlannedTest, found: Mapping[str, Any], adjusted: AdjustedP) -> dict[str, Plain]:
    described = cast("dict[str, Plain]", plain(test))
    return described | {
        "non_inferiority": found.get("result"),
        "tested_p": found["p"],
        "adjusted_p": adjusted.adjusted_p,
        "concluded": None if found["p"] is None else adjusted.rejected,
    }


def _against_margin(test: PlannedTest, plan: Plan) -> dict[str, Any]:
    result = non_inferiority(
        test.estimate,
        test.standard_error,
        margin=plan.primary.margin or 0.0,
        degrees_of_freedom=test.degrees_of_freedom,
        alpha=plan.alpha / 2,
    )
    return {"p": result.p, "result": plain(result)}


def _adjusted(p_values: Mapping[str, float | None], plan: Plan) -> dict[str, AdjustedP]:
    one_sided = plan.primary.hypothesis == "non_inferiority"
    alpha = plan.alpha / 2 if one_sided else plan.alpha
    if plan.multiplicity == "none":
        return {
            name: AdjustedP(p=p, adjusted_p=p, rejected=p is not None and p <= alpha)
            for name, p in p_values.items()
        }
    return adjust(p_values, method=cast("Method", plan.multiplicity), alpha=alpha)


def _tests(block: Mapping[str, Any], plan: Plan) -> list[PlannedTest]:
    if plan.primary.comparison == "model_vs_each_reader":
        return [
            _test(entry["reader"], found[_OF_READER[plan.primary.test]])
            for entry in block["comparisons"]
            if (found := entry[plan.primary.view]) is not None
        ]
    mean = block["reader_mean"] or {}
    contrasts = (mean.get(plan.primary.view) or {}).get("model_minus_mean")
    if contrasts is None:
        return []
    found = contrasts[_OF_MEAN[plan.primary.test]]
    return [_test(READER_MEAN, found, turned=plan.primary.test == "random_readers")]


def _test(subject: str, found: Mapping[str, Any], *, turned: bool = False) -> PlannedTest:
    """Return a result as model minus subject; ``turned`` where it was computed the other way."""
    limits = found["interval"]
    lower, upper = (None, None) if limits is None else (limits["lower"], limits["upper"])
    estimate = found["estimate"]
    if turned and estimate is not None:
        estimate = -estimate
        lower, upper = (None if upper is None else -upper), (None if lower is None else -lower)
    return PlannedTest(
        subject=subject,
        n=found.get("n"),
        estimate=estimate,
        standard_error=found["standard_error"],
        degrees_of_freedom=found.get("degrees_of_freedom"),
        lower=lower,
        upper=upper,
        p=found["test"]["p_two_sided"],
    )


def bootstrapped(nodes: NodeSet, plan: Plan, seed: int) -> dict[str, Plain]:
    """Return the model minus the mean reader by resampling patients: a check without formulas.

    Parameters
    ----------
    nodes : NodeSet
        The primary endpoint's nodes.
    plan : Plan
    seed : int
        Of the run.

    Returns
    -------
    dict
        ``result`` (None with a ``reason``), ``replicates``, ``skipped``.
    """
    sides: Sequence[str] = (MODEL, *nodes.readers)
    view = ReaderView(plan.primary.view)
    used = viewed(common_nodes(nodes, sides), nodes.readers, view) if nodes.readers else None
    if used is None or not len(used) or used.n_positive in (0, len(used)):
        return {"result": None, "reason": "There are no nodes of both classes to resample."}
    if len(np.unique(used.patients)) < FEWEST_PATIENTS:
        return {"result": None, "reason": "One patient alone cannot be resampled."}
    if len(np.unique(used.patients)) > MOST_PATIENTS:
        return {"result": None, "reason": f"Not resampled beyond {MOST_PATIENTS} patients."}
    result = patient_bootstrap(
        used.labels,
        {side: scores(used, side, view) for side in sides},
        used.patients,
        generator=np.random.default_rng(seed),
        replicates=plan.bootstrap_replicates,
        weights=reader_mean_weights(MODEL, nodes.readers),
        level=1 - plan.alpha,
    )
    return {
        "endpoint": Endpoint(plan.primary.endpoint).value,
        "view": view.value,
        "result": plain(result.contrast),
        "replicates": result.replicates,
        "skipped": result.skipped,
        "reason": None,
    }
