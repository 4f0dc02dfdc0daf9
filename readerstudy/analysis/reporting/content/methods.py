"""Content: how every number was computed, and where it differs from the source paper (pure)."""

from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Block, Column, Paragraph, Row, Section, Table
from readerstudy.analysis.reporting.paper_notes import DEVIATIONS, SOURCE_PAPER

METHODS = (
    (
        "Area under the curve",
        "Share of positive–negative pairs ranked rightly, ties one half; curves are never flipped. "
        "For a yes-or-no answer it is (sensitivity + specificity)/2.",
        "10.2307/2531595",
    ),
    (
        "Intervals of areas",
        "DeLong, AUC ± z SE, cut at 0 and 1; logit beside it for the model. By patient: Obuchowski "
        "1997, placements summed within patients, which allows for nodes of one patient being "
        "alike. Hanley–McNeil 1982 for comparison with older papers only.",
        "10.2307/2533958; 10.1148/radiology.143.1.7063747",
    ),
    (
        "Comparisons of areas",
        "Paired, on the nodes both sides have, two-sided. Mean of the readers: contrast of the "
        "model with the mean of the readers' areas on the joint covariance matrix (these readers).",
        "10.2307/2531595",
    ),
    (
        "Readers in general",
        "Readers and cases both random: Obuchowski–Rockette with Hillis' degrees of freedom; "
        "readers against a model alone after Hillis 2007, section 5.3.",
        "10.1002/sim.2532",
    ),
    (
        "Cohorts against each other",
        "Unpaired DeLong, normal and t with Welch's degrees of freedom.",
        "10.1186/1471-2105-12-77",
    ),
    (
        "Sensitivity, specificity, accuracy, predictive values",
        "Percentages rounded half up on the exact fraction, always with their counts. Intervals "
        "(Wilson, Clopper–Pearson) are in the tables for statisticians.",
        "10.1080/01621459.1927.10502953; 10.1093/biomet/26.4.404",
    ),
    (
        "Paired proportions",
        "Exact McNemar, two-sided; Newcombe's interval of the difference; by patient: Obuchowski "
        "1998.",
        "10.1186/1471-2288-13-91",
    ),
    (
        "Model against the mean reader's sensitivity and specificity",
        "Difference between the model being right and the share of readers who are, per node; "
        "residuals summed within patients for the variance.",
        "10.2307/2533958",
    ),
    (
        "Operating points",
        "Fixed: the threshold stored with the model version. Youden: largest sensitivity + "
        "specificity − 1, ties to the fewest false positives. False-positive rates: the lowest "
        "observed threshold that keeps to the rate.",
        "",
    ),
    (
        "Calibration",
        "Brier score, expected calibration error in ten bins of equal width, logistic slope and "
        "intercept, Spiegelhalter's test.",
        "10.1175/2007WAF2006116.1",
    ),
    (
        "Agreement",
        "Fleiss' κ with Gwet's interval (by node) and a jackknife by patient; Gwet's AC1; "
        "Krippendorff's α; Cohen's κ of each pair. Words after Landis and Koch 1977.",
        "10.1037/h0031619; 10.1348/000711006X126600",
    ),
    (
        "Agreement of the annotators",
        "Share alike, Cohen's κ (unweighted, linear and quadratic weights) and Gwet's AC1. Each is "
        "linearised and what its nodes add is summed within patients (Yang and Zhou 2014): t "
        "interval, patients − 1 df. Intervals by node stand second.",
        "10.1002/sim.6113; 10.1037/h0028106",
    ),
    (
        "How far pathology settles which node",
        "A report gives m positive of the n nodes of a level, not which. Each AUC is given on "
        "levels where one assignment fits, on all nodes, and as lowest and highest over all "
        "assignments that fit: exact, since midranks do not depend on labels; for ENE among "
        "metastatic nodes with very many assignments proven bounds, and so named.",
        "10.1214/aoms/1177730491",
    ),
    (
        "Bootstrap",
        "Patients drawn with replacement, percentile limits; resamples without both classes are "
        "skipped and counted. Drawn with the run's seed, so that it can be repeated.",
        "",
    ),
    (
        "Baseline comparisons",
        "Pearson's χ² without correction, Fisher's exact test where an expected count is below 5; "
        "Mann–Whitney or t test; two-sided, not adjusted.",
        "",
    ),
    (
        "Display",
        "P values: <.001, three decimals below .01, else two; areas two decimals. Numbers are "
        "rounded only for printing and never averaged after rounding. – means undefined.",
        "",
    ),
)


def section(material: Material) -> Section:
    """Return the methods with their sources, and what differs from the source paper."""
    blocks: list[Block] = [
        Table(
            key="table-methods",
            title="Statistical methods",
            columns=(Column(title="What"), Column(title="How"), Column(title="Source (DOI)")),
            rows=tuple(Row(cells=line) for line in METHODS),
            notes=(
                f"Confidence level {material.ci.removesuffix(' CI')}. Reference values of "
                "established software are reproduced by the tests of this code.",
            ),
        )
    ]
    return Section(key="methods", title="Methods", blocks=tuple(blocks), sections=(_deviations(),))


def _deviations() -> Section:
    return Section(
        key="deviations",
        title="Where this report differs from the source paper",
        blocks=(
            Paragraph(
                text=f"The source paper is {SOURCE_PAPER}. Its tables were recomputed from their "
                "counts; where its way of reporting could mislead, this report does otherwise:"
            ),
            Table(
                key="table-deviations",
                title="Source paper and this report",
                columns=(
                    Column(title="Source paper"),
                    Column(title="Why it matters"),
                    Column(title="This report"),
                ),
                rows=tuple(Row(cells=(one.what, one.why, one.instead)) for one in DEVIATIONS),
            ),
        ),
    )
