"""Analysis room: the words of the data dictionary for the describing tables (data alone)."""

from readerstudy.analysis.reporting.files.meanings import SHARE, WILSON, Meaning

PATIENTS, NODES = "patients", "nodes"
SECONDS = "seconds"

DESCRIBED_MEASURES = {
    "patients": Meaning("Patients, those without a node included.", PATIENTS),
    "age_years": Meaning("Age of the patients.", "years"),
    "sex": Meaning("Patients by sex, which stands under view.", PATIENTS),
    "primary_site": Meaning("Patients by site of the primary tumour (view).", PATIENTS),
    "pt": Meaning("Patients by pathological T category (view).", PATIENTS),
    "pn": Meaning("Patients by pathological N category (view).", PATIENTS),
    "staging_edition": Meaning("Patients by edition of the staging (view).", PATIENTS),
    "scanner": Meaning("Patients by manufacturer of the scanner (view).", PATIENTS),
    "slice_thickness_mm": Meaning("Patients by slice thickness in mm (view).", PATIENTS),
    "nodes_by_category": Meaning("Nodes by category of the reference standard (view).", NODES),
    "short_axis_mm": Meaning("Short-axis diameter by category; its tests by ranks.", "mm"),
    "patients_with_nodes": Meaning("Patients with at least one node.", PATIENTS),
    "patients_without_nodes": Meaning("Patients in whom no node was found.", PATIENTS),
    "nodes_per_patient": Meaning("Nodes of a patient who has any.", NODES),
    "patients_with_metastasis": Meaning("Patients with a metastatic node.", PATIENTS),
    "patients_with_ene": Meaning("Patients with a node with ENE.", PATIENTS),
    "read_cases": Meaning("Cases the reader submitted.", "cases"),
    "read_nodes": Meaning("Nodes of these cases.", NODES),
    "read_cases_without_nodes": Meaning("Submitted cases without a node.", "cases"),
    "changed_calls": Meaning("Calls that replaced an earlier one.", "calls"),
    "active_seconds_per_case": Meaning("Time the reader was active on a case.", SECONDS),
    "active_seconds_per_node": Meaning("That time over the case's nodes.", SECONDS),
    "total_seconds_per_case": Meaning("From opening a case to submitting it.", SECONDS),
    "total_seconds_per_node": Meaning("That time over the case's nodes.", SECONDS),
    "annotated_nodes": Meaning("Nodes that two annotators labelled, each alone.", NODES),
    "percent_agreement": Meaning("Share of nodes two people call alike.", SHARE, WILSON),
    "flow": Meaning("Patients or nodes (unit) at this step (view); excluded: by code.", "1"),
}

IDENTIFIED_MEASURES = {
    "levels_settled_by_pathology": Meaning(
        "Levels by what the pathology report settles of their nodes (view).", "levels"
    ),
    "nodes_settled_by_pathology": Meaning("Nodes of these levels.", NODES),
    "settled_by_pathology": Meaning("What these levels and nodes come from.", "1"),
    "auc_identified": Meaning(
        "Area under the curve where pathology leaves open which nodes are positive.",
        "1",
        "10.1214/aoms/1177730491",
    ),
}
"""Only where a reference standard keeps how far pathology settles which node."""

COHEN_WEIGHTED = "10.1037/h0026256"
DESCRIBED_METHODS = {
    "known": Meaning("Units with a known value."),
    "unknown": Meaning("Units without a known value."),
    "mean": Meaning("Arithmetic mean."),
    "standard_deviation": Meaning("Standard deviation; divisor n - 1."),
    "median": Meaning("Median."),
    "lower_quartile": Meaning(
        "Quartile by linear interpolation (R type 7).", "", "10.2307/2684934"
    ),
    "upper_quartile": Meaning(
        "Quartile by linear interpolation (R type 7).", "", "10.2307/2684934"
    ),
    "minimum": Meaning("Smallest value."),
    "maximum": Meaning("Largest value."),
    "total": Meaning("Sum."),
    "student_t": Meaning("Student's t test; equal variances.", "", "10.1093/biomet/6.1.1"),
    "welch_t": Meaning("Welch's t test; Satterthwaite's df.", "", "10.1093/biomet/34.1-2.28"),
    "mann_whitney": Meaning(
        "Mann-Whitney test, corrected for ties and continuity.", "", "10.1214/aoms/1177730491"
    ),
    "mann_whitney_exact": Meaning("Exact Mann-Whitney test.", "", "10.1214/aoms/1177730491"),
    "one_way_anova": Meaning("One-way analysis of variance; df between groups."),
    "one_way_anova.within": Meaning("The F test's df within groups."),
    "kruskal_wallis": Meaning("Kruskal-Wallis test.", "", "10.1080/01621459.1952.10483441"),
    "pearson": Meaning("Pearson's chi-square, uncorrected.", "", "10.1080/14786440009463897"),
    "pearson_large": Meaning(
        "Pearson's chi-square; the table is too large for Fisher's exact test.",
        "",
        "10.1080/14786440009463897",
    ),
    "fisher": Meaning(
        "Fisher's exact test, taken where an expected count is below 5.", "", "10.2307/2340521"
    ),
    "none": Meaning("No test: fewer than two groups or values hold a count."),
    "not_determinable": Meaning("Nodes that an annotator could not determine.", NODES),
    "cells.*": Meaning("Nodes by first and second annotator's label (9: not determinable).", NODES),
    "unweighted": Meaning("Every disagreement counts alike.", "1", "10.1037/h0028106"),
    "linear": Meaning("Weights fall with the distance.", "1", COHEN_WEIGHTED),
    "quadratic": Meaning("Weights fall with the squared distance.", "1", COHEN_WEIGHTED),
    "on_all": Meaning("With the labels of the reference standard."),
    "on_forced": Meaning("On the nodes of levels where one assignment fits the report."),
    "lowest": Meaning("Least over all assignments that fit the reports; exact."),
    "highest": Meaning("Greatest over all assignments that fit the reports; exact."),
    "lowest_bound": Meaning("No assignment that fits the reports lies below."),
    "highest_bound": Meaning("No assignment that fits the reports lies above."),
    "log10_assignments": Meaning("Decimal logarithm of the number of assignments.", "1"),
    "contradicting": Meaning("Levels whose final labels do not fit the report.", "levels"),
    "n_without_report": Meaning("Patients without a locked report.", PATIENTS),
    "n_unplaced": Meaning("Nodes without a level.", NODES),
    "n_disputed": Meaning("Nodes that the annotators count in different levels.", NODES),
    "linearised_by_patient*": Meaning(
        "Variance of what each patient adds; t interval, patients - 1 df.", "", "10.1002/sim.6113"
    ),
}
