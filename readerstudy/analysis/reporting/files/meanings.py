"""Analysis room: the words of the data dictionary (data alone)."""

from typing import NamedTuple

DELONG = "10.2307/2531595"
OBUCHOWSKI = "10.2307/2533958"
HANLEY = "10.1148/radiology.143.1.7063747"
HILLIS = "10.1002/sim.2532"
WILSON = "10.1080/01621459.1927.10502953"
CLOPPER = "10.1093/biomet/26.4.404"
FAGERLAND = "10.1186/1471-2288-13-91"
FLEISS = "10.1037/h0031619"
FLEISS_SE = "10.1037/0033-2909.86.5.974"
COHEN = "10.1037/h0028106"
GWET = "10.1348/000711006X126600"
BRIER = "10.1175/2007WAF2006116.1"


class Meaning(NamedTuple):
    """One line of the dictionary; the source is a DOI where there is one."""

    meaning: str
    unit: str = ""
    source: str = ""


OF_MEASURE = "as the measure"

COLUMN_MEANINGS = {
    "part": Meaning("Key of the part of the data: a cohort, pooled, a subgroup, or study."),
    "part_kind": Meaning("cohort, pooled, subgroup, or study (comparisons of the whole study)."),
    "cohort": Meaning("Name of the part as in the report."),
    "unit": Meaning("What is counted: node, or patient (positive when any node is)."),
    "endpoint": Meaning(
        "The question asked of every node; empty where a number is of no endpoint."
    ),
    "subject": Meaning(
        "Whose number it is: all, model, a reader, readers, reader mean, annotators, a "
        "difference; an exclusion code; the cohorts a test compares."
    ),
    "view": Meaning(
        "How answers are read as scores, the operating point of the model, or the value or "
        "category that is counted."
    ),
    "measure": Meaning("What is measured; see the lines of kind measure."),
    "method": Meaning("How it is estimated; see the lines of kind method."),
    "estimate": Meaning("The number itself, in full precision; empty where undefined.", OF_MEASURE),
    "standard_error": Meaning("Its standard error.", OF_MEASURE),
    "lower": Meaning("Lower confidence limit, cut at the border of the range.", OF_MEASURE),
    "upper": Meaning("Upper confidence limit, cut at the border of the range.", OF_MEASURE),
    "statistic": Meaning("Test statistic: Z, t, chi-square, F or U.", "1"),
    "degrees_of_freedom": Meaning(
        "Of the t, chi-square or F distribution; empty for the normal.", "1"
    ),
    "p_two_sided": Meaning("Two-sided P value.", "1"),
    "numerator": Meaning("Counted units of the proportion.", "nodes or patients"),
    "denominator": Meaning("Units of which they are counted.", "nodes or patients"),
    "n": Meaning(
        "Units the number rests on: nodes; for a jackknife or clustered mean, groups.", "1"
    ),
    "n_positive": Meaning("Nodes with the endpoint's disease among them.", "nodes"),
    "status": Meaning("ok, or why a number is undefined or degenerate."),
}

LABEL_MEANINGS = {
    "model": "Name of the model.",
    "model_provenance": "Where the model comes from: published, trained here, untrained, external.",
    "model_members": "Members of the ensemble, present and expected.",
    "model_role": "primary or exploratory.",
    "model_notice": "Sentence that stands wherever an exploratory model's numbers stand.",
}

SHARE = "1 (share)"
MEASURES = {
    "nodes": Meaning("Counts of nodes and patients.", "1"),
    "fleiss_kappa": Meaning("Fleiss' kappa among all readers.", "1", FLEISS),
    "gwet_ac1": Meaning("Gwet's AC1 among all readers.", "1", GWET),
    "krippendorff_alpha": Meaning("Krippendorff's alpha among all readers.", "1"),
    "cohen_kappa": Meaning("Cohen's kappa of two readers.", "1", COHEN),
    "auc": Meaning("Area under the ROC curve.", "1", DELONG),
    "auc_difference": Meaning("Difference of two areas on the same nodes.", "1", DELONG),
    "calibration": Meaning("Agreement of predicted probabilities and observed shares.", "1", BRIER),
    "threshold": Meaning("Score from which the model calls a node positive.", "score"),
    "youden_j": Meaning("Sensitivity + specificity - 1 at the Youden point.", "1"),
    "true_positives": Meaning("Diseased nodes called positive.", "nodes"),
    "false_negatives": Meaning("Diseased nodes called negative.", "nodes"),
    "false_positives": Meaning("Nodes without disease called positive.", "nodes"),
    "true_negatives": Meaning("Nodes without disease called negative.", "nodes"),
    "sensitivity": Meaning("Share of diseased nodes called positive.", SHARE, WILSON),
    "specificity": Meaning("Share of nodes without disease called negative.", SHARE, WILSON),
    "accuracy": Meaning("Share of nodes called rightly.", SHARE, WILSON),
    "ppv": Meaning("Positive predictive value.", SHARE, WILSON),
    "npv": Meaning("Negative predictive value.", SHARE, WILSON),
    "sensitivity_difference": Meaning(
        "Model minus reader on the diseased nodes.", SHARE, FAGERLAND
    ),
    "specificity_difference": Meaning(
        "Model minus reader on the nodes without disease.", SHARE, FAGERLAND
    ),
    "confusion": Meaning(
        "Categories called (second number) against the reference standard (first).", "nodes"
    ),
    "primary_difference": Meaning("The planned comparison: model minus subject.", "1"),
}

METHODS = {
    "n": Meaning("Nodes.", "nodes"),
    "n_nodes": Meaning("Nodes.", "nodes"),
    "n_positive": Meaning("Nodes with disease.", "nodes"),
    "n_negative": Meaning("Nodes without disease.", "nodes"),
    "n_patients": Meaning("Patients.", "patients"),
    "n_patients_positive": Meaning("Patients with a diseased node.", "patients"),
    "n_patients_negative": Meaning("Patients with a node without disease.", "patients"),
    "available.*": Meaning("Nodes for which this side has a value.", "nodes"),
    "left_out.*.n": Meaning("Nodes left out for this reason (and side).", "nodes"),
    "delong": Meaning("DeLong's variance; Wald limits cut at 0 and 1.", "", DELONG),
    "patient_clustered": Meaning("Placements summed by patient.", "", OBUCHOWSKI),
    "hanley_mcneil": Meaning("Exponential approximation; for older papers.", "", HANLEY),
    "delong_fixed_readers": Meaning("These readers; nodes independent.", "", DELONG),
    "patient_clustered_fixed_readers": Meaning("These readers; patients.", "", OBUCHOWSKI),
    "obuchowski_rockette_random_readers": Meaning("Readers in general.", "", HILLIS),
    "readers_minus_model_random_readers": Meaning("Readers in general.", "", HILLIS),
    "wilson": Meaning("Wilson's score interval.", "", WILSON),
    "clopper_pearson": Meaning("Exact interval.", "", CLOPPER),
    "interpolated": Meaning("Read off the ROC polygon; no node was called so.", ""),
    "mean of exact proportions": Meaning("Mean over readers of exact fractions.", ""),
    "count": Meaning("Counted.", ""),
    "observed score": Meaning("A score that occurs in the data, or one fixed before.", ""),
    "share of nodes": Meaning("Counted on the nodes both called.", ""),
    "fleiss_cohen_everitt": Meaning("Large-sample standard error.", "", COHEN),
    "light_mean": Meaning("Mean over all pairs of readers.", "", "10.1037/h0031643"),
    "nominal": Meaning("Categories differ or not; Gwet's standard error.", ""),
    "ordinal": Meaning("Krippendorff's ordinal metric; no standard error.", ""),
    "gwet": Meaning("Gwet's variance, t interval.", "", GWET),
    "available": Meaning("Gwet's extension to missing calls.", "", GWET),
    "jackknife_node": Meaning("One node left out at a time.", ""),
    "jackknife_patient": Meaning("One patient left out at a time.", ""),
    "kappa": Meaning("On the nodes every reader called.", "", FLEISS),
    "se_null": Meaning("Standard error without agreement, for the test only.", "", FLEISS_SE),
    "test": Meaning("Test of no agreement beyond chance.", "", FLEISS_SE),
    "n_complete": Meaning("Nodes every reader called.", "nodes"),
    "n_incomplete": Meaning("Nodes a reader did not call.", "nodes"),
    "n_readers": Meaning("Readers.", "readers"),
    "proportions.*": Meaning("Share of all calls in this category.", SHARE),
    "observed_agreement": Meaning("Share of agreeing pairs of readers.", SHARE),
    "chance_agreement": Meaning("Share expected by chance.", SHARE),
    "per_category.*": Meaning("Kappa of this category against the rest.", "", FLEISS),
    "per_category_se_null": Meaning("Its standard error without agreement.", "", FLEISS_SE),
    "mcnemar.counts.*": Meaning("Right in both, only in the first, only the second.", "nodes"),
    "mcnemar.proportion_*": Meaning("Share right: model first, reader second.", SHARE),
    "mcnemar.difference": Meaning("First minus second.", SHARE),
    "mcnemar.exact_p": Meaning("Exact binomial test of the discordant nodes.", "", FAGERLAND),
    "mcnemar.mid_p": Meaning("Mid-P of that test.", "", FAGERLAND),
    "mcnemar.chi2": Meaning("McNemar's chi-square.", "", "10.1007/BF02295996"),
    "mcnemar.chi2_corrected": Meaning(
        "With Edwards' correction.", "", "Edwards AL. Psychometrika 1948;13:185"
    ),
    "mcnemar.newcombe": Meaning(
        "Newcombe's square-and-add interval.", "", "Newcombe RG. Stat Med 1998;17:2635"
    ),
    "mcnemar.tango": Meaning("Tango's score interval.", "", "Tango T. Stat Med 1998;17:891"),
    "mcnemar.wald": Meaning("Wald interval; too narrow in small tables.", "", FAGERLAND),
    "patient_clustered.obuchowski": Meaning(
        "By patient.", "", "Obuchowski NA. Stat Med 1998;17:1495"
    ),
    "patient_clustered.durkalski": Meaning("By patient.", "", "10.1002/sim.1438"),
    "patient_clustered.yang": Meaning("By patient.", "", "10.1002/bimj.201000035"),
    "patient_clustered.eliasziw": Meaning("By patient.", "", "10.1002/sim.4780101211"),
    "patient_clustered.n_patients": Meaning("Patients with such a node.", "patients"),
    "n_bins": Meaning("Bins of equal width.", "bins"),
    "bins.*": Meaning("A bin of predicted probabilities: limits, mean, observed share.", "1"),
    "expected_error": Meaning("Mean distance of observed and predicted, by nodes.", "1"),
    "largest_error": Meaning("Largest such distance.", "1"),
    "brier.*": Meaning("Brier score and its exact decomposition.", "1", BRIER),
    "spiegelhalter": Meaning(
        "Test that predictions are the true probabilities.", "", "10.1002/sim.4780050506"
    ),
    "slope": Meaning("Calibration slope; ideal 1.", "1", "10.1093/biomet/45.3-4.562"),
    "intercept": Meaning("Calibration intercept; ideal 0.", "1", "10.1093/biomet/45.3-4.562"),
    "in_the_large": Meaning("Intercept with slope 1; ideal 0.", "1", "10.1093/biomet/45.3-4.562"),
    "welch": Meaning("t test with Welch's degrees of freedom.", "", "10.1186/1471-2105-12-77"),
    "obuchowski_rockette_random_readers_patient_clustered": Meaning(
        "Readers in general; covariance by patient.", "", HILLIS
    ),
    "readers_minus_model_random_readers_patient_clustered": Meaning(
        "Readers in general; covariance by patient.", "", HILLIS
    ),
    "random_readers": Meaning("Readers in general.", "", HILLIS),
    "*.tested_p": Meaning("P value of the planned hypothesis.", ""),
    "*.adjusted_p": Meaning(
        "That P value adjusted within its family.", "", "10.1093/biomet/75.4.800"
    ),
    "*.non_inferiority*": Meaning(
        "One-sided test against the margin.", "", "10.1016/j.acra.2012.04.011"
    ),
    "bootstrap*": Meaning("Patients drawn with replacement; percentile limits.", "", "Rutter 2000"),
    "sides.*": Meaning(
        "Nodes in a cell of the 3 x 3 table: side, reference standard, call.", "nodes"
    ),
    "missing.*": Meaning("Nodes this side has no category for.", "nodes"),
    "undetermined": Meaning("Nodes without a category in the reference standard.", "nodes"),
    "model.*": Meaning("Share of this class that the model calls rightly.", SHARE, WILSON),
    "reader_values.*": Meaning("Share a reader calls rightly; readers from 0 in order.", SHARE),
    "reader_mean": Meaning("Mean of these shares.", SHARE),
    "difference": Meaning("Model minus mean reader.", SHARE),
    "node_level*": Meaning("These readers; nodes independent.", SHARE),
    "readers_as_sample*": Meaning("t over readers; these nodes only.", SHARE),
    "random_readers.*": Meaning("Readers in general.", SHARE, HILLIS),
    "patient_clustered.*": Meaning("These readers; residuals summed by patient.", SHARE),
    "majority_vote.*": Meaning("The readers' majority against the model.", SHARE, FAGERLAND),
    "naive.*": Meaning("Ignores pairing; only explains published values.", ""),
    "*.logit_interval": Meaning("Limits on the logit scale, turned back.", ""),
    "*.ms_reader": Meaning("Variance of the areas (or differences) between readers.", "1", HILLIS),
    "*.cov2": Meaning("Mean covariance of two readers.", "1", HILLIS),
    "*.n_readers": Meaning("Readers.", "readers"),
}
"""Methods as patterns; the first that fits describes a method."""
