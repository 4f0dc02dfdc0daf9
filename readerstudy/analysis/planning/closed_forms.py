"""Planning: answers by formula, as sentences, a table and a curve (pure)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.analysis.reporting.display import two_decimals
from readerstudy.statistics.agreement_precision import kappa_half_width, kappa_standard_error
from readerstudy.statistics.binormal_areas import difference_power, two_areas
from readerstudy.statistics.power import (
    auc_difference_power,
    design_effect,
    mcnemar_power,
    multi_reader_power,
    nodes_for_proportion,
    smallest,
)

Inputs = Mapping[str, Any]
PATIENTS = (10, 15, 20, 25, 30, 40, 50, 65, 80, 100, 150)
PAIRS = (20, 40, 60, 80, 100, 150, 200, 300, 400)
READERS = (3, 4, 5, 6, 8, 10, 15)
CASES = (50, 100, 150, 200, 300, 400)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a formula says.

    Attributes
    ----------
    sentences : tuple of str
        The answer itself first.
    header, rows : tuple
        A table of neighbouring plans.
    curve : tuple of (number, power)
        Empty where there is none.
    across : str
        What the curve runs over.
    target : float or None
        Power to mark.
    basis : str
        The formula's source, and what it leaves out.
    """

    sentences: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    basis: str
    curve: tuple[tuple[float, float], ...] = ()
    across: str = ""
    target: float | None = None


def proportion(given: Inputs) -> Answer:
    """Return nodes and patients that estimate a sensitivity or specificity this precisely."""

    def needed(half_width: float) -> tuple[int, int, int]:
        effect = design_effect(
            nodes_per_patient=given["class_nodes_per_patient"], correlation=given["icc"]
        )
        # n is proportional to 1/w^2: the design effect as a narrower interval, rounded once.
        own, every = nodes_for_proportion(
            given["expected"],
            half_width=half_width / math.sqrt(effect),
            prevalence=given["class_share"],
        )
        return own, every, math.ceil(every / given["nodes_per_patient"])

    own, every, patients = needed(given["half_width"])
    widths = sorted({0.05, 0.075, 0.1, 0.125, 0.15, given["half_width"]})
    return Answer(
        sentences=(
            f"{own} nodes of the class: about {every} nodes, in {patients} patients.",
            f"The 95% interval is then {two_decimals(given['expected'])} ± "
            f"{given['half_width']:g}.",
        ),
        header=("Half width", "Nodes of the class", "All nodes", "Patients"),
        rows=tuple((f"{width:g}", *map(str, needed(width))) for width in widths),
        basis="Buderer 1996 (DOI 10.1111/j.1553-2712.1996.tb03538.x), times the design effect "
        "1 + (m − 1) ICC of nodes of the class in a patient. Wald interval: near 0 or 1 and with "
        "few nodes it is too narrow.",
    )


def areas(given: Inputs) -> Answer:
    """Return the power to tell two areas on the same nodes apart."""

    def power(patients: int) -> float:
        return _areas_power(given, patients)[2]

    chosen = given["patients"]
    return Answer(
        sentences=(
            f"With {chosen} patients the power is {_power(power(chosen))}.",
            _least(power, given["target"], "patients"),
        ),
        header=("Patients", "Positive nodes", "Negative nodes", "Power", "Hanley–McNeil"),
        rows=tuple(_areas_row(given, n) for n in sorted({*PATIENTS, chosen})),
        curve=tuple((n, power(n)) for n in range(10, max(151, chosen + 1), 5)),
        across="Patients",
        target=given["target"],
        basis="Exact variance of empirical areas of binormal scores (Bamber 1975, DOI "
        "10.1016/0022-2496(75)90001-2), times the design effect; normal test. Beside it, with "
        "Hanley and McNeil's variance (DOI 10.1148/radiology.148.3.6878708), which asks for more. "
        "For yes/no calls, several readers or few patients, simulate.",
    )


def _areas_row(given: Inputs, patients: int) -> tuple[str, ...]:
    positive, negative, power, cautious = _areas_power(given, patients)
    return str(patients), str(positive), str(negative), _power(power), _power(cautious)


def _areas_power(given: Inputs, patients: int) -> tuple[int, int, float, float]:
    """Return positive and negative nodes, power, and power with Hanley and McNeil's variance."""
    nodes = patients * given["nodes_per_patient"]
    positive = max(1, round(nodes * given["prevalence"]))
    negative = max(1, round(nodes) - positive)
    first, second, margin = given["first"], given["second"], given["margin"] or 0.0
    expected = two_areas(
        first,
        second,
        n_positive=positive,
        n_negative=negative,
        correlation=given["correlation"],
    )
    error = expected.standard_error_of_difference * math.sqrt(given["inflation"])
    power = difference_power(first - second, error, alpha=given["alpha"], margin=margin)
    cautious = auc_difference_power(
        first,
        second,
        n_positive=positive,
        n_negative=negative,
        correlation=expected.correlation,
        inflation=given["inflation"],
        margin=margin,
        alpha=given["alpha"],
    )
    return positive, negative, power, cautious


def paired_proportions(given: Inputs) -> Answer:
    """Return the power of McNemar's test."""

    def power(pairs: int) -> float:
        effective = max(1, int(pairs / given["inflation"]))
        return mcnemar_power(
            given["first_only"], given["second_only"], pairs=effective, alpha=given["alpha"]
        )

    return Answer(
        sentences=(
            f"With {given['pairs']} nodes of the class the power is "
            f"{_power(power(given['pairs']))}.",
            _least(power, given["target"], "nodes of the class"),
        ),
        header=("Nodes of the class", "Power"),
        rows=tuple((str(n), _power(power(n))) for n in sorted({*PAIRS, given["pairs"]})),
        curve=tuple((n, power(n)) for n in range(20, max(401, given["pairs"] + 1), 10)),
        across="Nodes of the class",
        target=given["target"],
        basis="Connor 1987 (DOI 10.2307/2531961), on nodes divided by the design effect. For the "
        "sensitivities of model and reader count positive nodes, for specificities negative ones.",
    )


def multi_reader(given: Inputs) -> Answer:
    """Return the power of two conditions read by the same random readers, by readers and cases."""

    def power(readers: int, cases: int) -> float:
        return multi_reader_power(
            given["difference"],
            readers=readers,
            cases_factor=cases / given["pilot_cases"],
            ms_treatment_reader=given["ms_treatment_reader"],
            cov2_minus_cov3=given["cov2"] - given["cov3"],
            var_minus_cov1=given["error_variance"] - given["cov1"],
            alpha=given["alpha"],
        )

    chosen, cases = given["readers"], sorted({*CASES, given["cases"]})
    top = max(401, given["cases"] + 1)
    return Answer(
        sentences=(
            f"With {chosen} readers and {given['cases']} cases the power is "
            f"{_power(power(chosen, given['cases']))}.",
            _least(lambda n: power(chosen, n), given["target"], f"cases with {chosen} readers"),
        ),
        header=("Readers", *(f"{n} cases" for n in cases)),
        rows=tuple(
            (str(readers), *(_power(power(readers, n)) for n in cases))
            for readers in sorted({*READERS, chosen})
        ),
        curve=tuple((n, power(chosen, n)) for n in range(20, top, 10)),
        across=f"Cases, {chosen} readers",
        target=given["target"],
        basis="Hillis, Obuchowski, Berbaum 2011 (DOI 10.1016/j.acra.2010.09.007): readers and "
        "cases random. The components come from a pilot's analysis (Obuchowski–Rockette) with "
        "the same mix of cases; the defaults are the printed ones of Van Dyke's 114 cases and 5 "
        "readers. For one model against readers, simulate.",
    )


def clustering(given: Inputs) -> Answer:
    """Return what nodes in patients are worth in independent nodes."""

    def row(icc: float) -> tuple[str, str, str]:
        effect = design_effect(nodes_per_patient=given["nodes_per_patient"], correlation=icc)
        return f"{icc:g}", two_decimals(effect), str(math.floor(given["nodes"] / effect))

    _, effect, worth = row(given["icc"])
    chosen = sorted({0.0, 0.05, 0.1, 0.2, 0.3, 0.5, given["icc"]})
    return Answer(
        sentences=(
            f"Design effect {effect}: {given['nodes']} nodes are worth {worth} independent ones.",
        ),
        header=("ICC", "Design effect", "Independent nodes"),
        rows=tuple(row(icc) for icc in chosen),
        basis="Kish 1965: 1 + (m − 1) ICC. It is exact for a mean over equally many nodes per "
        "patient; an area compares positive with negative nodes, so that effects shared by both "
        "cost less. The simulation needs no such factor.",
    )


def agreement(given: Inputs) -> Answer:
    """Return how precisely Fleiss' kappa of yes/no calls will be known."""
    effect = design_effect(nodes_per_patient=given["nodes_per_patient"], correlation=given["icc"])

    def row(patients: int) -> tuple[str, str, str, str]:
        nodes = round(patients * given["nodes_per_patient"])
        error = kappa_standard_error(
            given["kappa"],
            nodes=nodes,
            readers=given["readers"],
            positive_share=given["positive_share"],
            inflation=effect,
        )
        half = kappa_half_width(error)
        interval = f"{two_decimals(given['kappa'] - half)}, {two_decimals(given['kappa'] + half)}"
        return str(patients), str(nodes), f"{error:.3f}", interval

    patients, nodes, error, interval = row(given["patients"])
    return Answer(
        sentences=(
            f"With {nodes} nodes of {patients} patients: standard error {error}, 95% interval "
            f"{interval}.",
        ),
        header=("Patients", "Nodes", "Standard error", "95% interval"),
        rows=tuple(row(n) for n in sorted({*PATIENTS, given["patients"]})),
        basis="Large-sample variance under the common-correlation model (for two readers Bloch "
        "and Kraemer 1989, DOI 10.2307/2532052), times the design effect 1 + (m − 1) ICC.",
    )


ANSWERS: dict[str, Callable[[Inputs], Answer]] = {
    "proportion": proportion,
    "areas": areas,
    "paired-proportions": paired_proportions,
    "readers": multi_reader,
    "agreement": agreement,
    "clustering": clustering,
}


def _power(value: float) -> str:
    return f"{two_decimals(value)}" if value < 0.995 else ">.99"


def _least(power: Callable[[int], float], target: float, units: str) -> str:
    try:
        return f"A power of {target:g} needs {smallest(power, target=target)} {units}."
    except ValueError:
        return f"No number of {units} reaches a power of {target:g}."
