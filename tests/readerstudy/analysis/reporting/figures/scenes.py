"""Data for every figure: plain, ugly, and none."""

import numpy as np

from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import (
    agreement_figure,
    calibration_figure,
    confusion_figure,
    difference_forest,
    flow_figure,
    rain_figure,
    reading_time_figure,
    roc_curves,
    subgroup_forest,
)
from readerstudy.analysis.reporting.figures.agreement import KappaPoint
from readerstudy.analysis.reporting.figures.calibration import ReliabilityBin
from readerstudy.analysis.reporting.figures.confusion import ConfusionMatrix
from readerstudy.analysis.reporting.figures.estimates import NOTHING, Estimate, Share
from readerstudy.analysis.reporting.figures.flow import CohortFlow, Count
from readerstudy.analysis.reporting.figures.forest import ForestGroup, ForestRow
from readerstudy.analysis.reporting.figures.rain import Diameters
from readerstudy.analysis.reporting.figures.reading_times import ReaderTimes
from readerstudy.analysis.reporting.figures.roc_curves import Curve, MeanPoint, Point, RocPlot

HOSTILE = '<script>alert("x")</script> & \x00 Jürgen 中村 of the Very Long Name, Dept. of Radiology'
CATEGORIES = ("Benign", "Metastasis", "ENE")


def estimate(rng, middle=0.8, wide=0.08):
    value = middle + rng.normal(0, 0.04)
    return Estimate(value=value, lower=value - wide, upper=value + wide)


def names(kind, number, ugly):
    return [f"{HOSTILE} {n}" if ugly and n % 2 else f"{kind} {n}" for n in range(1, number + 1)]


def share(rng, n, p):
    return Share(numerator=int(rng.binomial(n, p)), denominator=n)


def scene(*, ugly: bool) -> dict[str, Figure]:
    rng = np.random.default_rng(7)
    cohorts = names("Cohort", 6 if ugly else 3, ugly)
    readers = names("Reader", 12 if ugly else 5, ugly)
    return {
        figure.key: figure
        for figure in (
            _flow(rng, cohorts),
            _rain(rng, cohorts, ugly),
            _roc(rng, readers, ugly),
            _confusion(rng, readers, ugly),
            _confusion_two(rng, readers),
            _calibration(rng, ugly),
            _differences(rng, cohorts, readers, ugly),
            _subgroups(rng, ugly),
            _times(rng, readers, ugly),
            _agreement(rng, cohorts, ugly),
        )
    }


def empty_scene() -> dict[str, Figure]:
    figures = (
        flow_figure(key="flow", title="Flow", cohorts=()),
        rain_figure(key="rain", title="Rain", groups=()),
        roc_curves(key="roc", title="ROC", plot=RocPlot(curve=None)),
        confusion_figure(key="confusion", title="Confusion", matrices=()),
        calibration_figure(key="calibration", title="Calibration", bins=()),
        difference_forest(key="differences", title="Differences", groups=()),
        subgroup_forest(key="subgroups", title="Subgroups", groups=()),
        reading_time_figure(key="times", title="Times", times=()),
        agreement_figure(key="agreement", title="Agreement", points=()),
    )
    return {figure.key: figure for figure in figures}


def _flow(rng, cohorts):
    reasons = ("No contrast agent", "Motion artefact", "No pathology report within 30 days")
    flows = [
        CohortFlow(
            cohort=name,
            assessed=120 + 7 * n if n != 4 else None,
            excluded=tuple(Count(name=r, count=int(rng.integers(0, 9))) for r in reasons[: n + 1]),
            included=100 if n != 4 else None,
            nodes=tuple(Count(name=c, count=int(rng.integers(5, 200))) for c in CATEGORIES),
        )
        for n, name in enumerate(cohorts)
    ]
    return flow_figure(key="flow", title="Figure 1. Flow of patients", cohorts=flows)


def _rain(rng, cohorts, ugly):
    groups = [
        Diameters(
            cohort=cohort,
            category=category,
            short_axis_mm=(None, None)
            if ugly and c == 5
            else (7.0,)
            if ugly and c == 4
            else tuple((rng.gamma(9, 0.7 + 0.4 * k, 90 if c else 600)).round(1)),
        )
        for c, cohort in enumerate(cohorts)
        for k, category in enumerate(CATEGORIES)
    ]
    return rain_figure(key="rain", title="Figure 2. Short-axis diameter", groups=groups)


def _roc(rng, readers, ugly):
    rates = np.sort(rng.random((400, 2)), axis=0)
    points = tuple((float(x), float(y**0.25)) for x, y in rates)
    curve = Curve(
        name=HOSTILE if ugly else "DeepENE",
        points=() if ugly else ((0.0, 0.0), *points, (1.0, 1.0)),
        auc=NOTHING if ugly else estimate(rng),
        n=194,
    )
    plot = RocPlot(
        curve=curve,
        readers=tuple(
            Point(
                name=name,
                sensitivity=share(rng, 0 if ugly and n == 2 else 23, 0.5),
                specificity=share(rng, 171, 0.9),
            )
            for n, name in enumerate(readers)
        ),
        mean=MeanPoint(sensitivity=None if ugly else 0.52, specificity=0.9, readers=len(readers)),
        operating_points=tuple(
            Point(
                name=name,
                note=note,
                sensitivity=share(rng, 23, 0.8),
                specificity=share(rng, 171, s),
            )
            for name, note, s in (
                ("Youden point", "chosen on this data", 0.8),
                ("False positives ≤ 10%", "chosen on this data", 0.9),
                ("Threshold 0.42", "fixed before, of the model version", 0.85),
            )
        ),
        intervals=True,
    )
    return roc_curves(key="roc", title="Figure 3. ROC, ENE", plot=plot)


def _confusion(rng, readers, ugly):
    matrices = [
        ConfusionMatrix(
            name=name,
            categories=CATEGORIES,
            counts=tuple(
                tuple(
                    0 if ugly and r == 1 else int(c)
                    for c in rng.integers(0, 40, 3) + 90 * (np.arange(3) == r)
                )
                for r in range(3)
            ),
        )
        for name in ("Model", *readers)
    ]
    return confusion_figure(key="confusion", title="Figure 4. Calls", matrices=matrices)


def _confusion_two(rng, readers):
    matrices = [
        ConfusionMatrix(name=name, categories=("No ENE", "ENE"), counts=((160, 11), (9, 14)))
        for name in ("Model", *readers)
    ]
    return confusion_figure(key="confusion-ene", title="Figure 5. Calls, ENE", matrices=matrices)


def _calibration(rng, ugly):
    bins = [
        ReliabilityBin(
            lower=n / 10,
            upper=(n + 1) / 10,
            mean_prediction=n / 10 + 0.04,
            observed=share(rng, 0 if ugly and n == 3 else 60 - 5 * n, min(1, n / 9)),
        )
        for n in range(10)
    ]
    facts = (("Brier score", "0.12"), ("Slope (95% CI)", "0.91 (0.70, 1.12)"))
    return calibration_figure(
        key="calibration",
        title="Figure 6. Calibration",
        bins=bins[:1] if ugly else bins,
        facts=facts,
    )


def _differences(rng, cohorts, readers, ugly):
    groups = [
        ForestGroup(
            name=cohort,
            rows=tuple(
                ForestRow(
                    name=name,
                    n=194,
                    delong=NOTHING if ugly and n == 1 else estimate(rng, 0.1),
                    clustered=NOTHING if ugly and n == 2 else estimate(rng, 0.1, 0.12),
                    bold=name == "Reader mean",
                )
                for n, name in enumerate((*readers, "Reader mean"))
            ),
        )
        for cohort in cohorts
    ]
    return difference_forest(
        key="differences", title="Figure 7. Differences", groups=groups, margin=0.05
    )


def _subgroups(rng, ugly):
    levels = {"Short axis": ("< 10 mm", "≥ 10 mm"), "Sex": ("Female", HOSTILE if ugly else "Male")}
    groups = [
        ForestGroup(
            name=variable,
            rows=tuple(
                ForestRow(
                    name=level,
                    n=1 if ugly else 94,
                    delong=NOTHING if ugly else estimate(rng),
                    clustered=NOTHING,
                )
                for level in found
            ),
        )
        for variable, found in levels.items()
    ]
    return subgroup_forest(key="subgroups", title="Figure 8. Subgroups", groups=groups)


def _times(rng, readers, ugly):
    times = [
        ReaderTimes(
            reader=name,
            minutes=(None,)
            if ugly and n == 0
            else (3.0,)
            if ugly and n == 1
            else tuple(rng.gamma(4, 1.2, 25)),
        )
        for n, name in enumerate(readers)
    ]
    return reading_time_figure(key="times", title="Figure 9. Reading time", times=times)


def _agreement(rng, cohorts, ugly):
    points = [
        KappaPoint(
            cohort=cohort,
            endpoint=endpoint,
            kappa=NOTHING if ugly and not c else estimate(rng, 0.45, 0.1),
            n=194,
            readers=5,
        )
        for c, cohort in enumerate(cohorts)
        for endpoint in ("Metastasis", "ENE", "ENE among metastatic nodes")
    ]
    return agreement_figure(key="agreement", title="Figure 10. Agreement", points=points)
