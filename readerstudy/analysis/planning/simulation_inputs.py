"""Planning: the inputs of a simulation, in words (pure)."""

from readerstudy.analysis.planning.closed_form_inputs import Field

CHOICES: dict[str, list[tuple[str, str]]] = {
    "reader_view": [
        ("binary", "Yes/no calls"),
        ("ordinal", "Three categories"),
        ("confidence", "Continuous confidence"),
    ],
    "hypothesis": [
        ("difference", "Difference, two-sided"),
        ("non_inferiority", "Non-inferiority of the model"),
    ],
}
LISTS = (
    "sensitivity",
    "specificity",
    "lenient_sensitivity",
    "lenient_specificity",
    "reader_auc",
)
_EACH = "One number for all readers, or one for each with commas between; 0 to 1."

SIMULATION = (
    Field(
        name="patients",
        label="Patients",
        help="The source study’s test sets: 25 to 65.",
        whole=True,
        least=2,
        most=5000,
    ),
    Field(
        name="nodes_per_patient",
        label="Nodes per patient",
        help="Mean, at least 1. The source study: 7.4.",
        least=1,
        most=100,
    ),
    Field(
        name="dispersion",
        label="Dispersion of that number",
        help="0: as even as chance (Poisson). 0.3: some patients have many.",
        least=0,
        most=10,
    ),
    Field(
        name="prevalence",
        label="Share of positive nodes",
        help="Among all nodes, 0 to 1. ENE: about 0.12.",
    ),
    Field(
        name="patients_positive",
        label="Patients with a positive node",
        help="Share of patients, 0 to 1.",
    ),
    Field(name="model_auc", label="AUC of the model", help="The source study: 0.87."),
    Field(
        name="readers", label="Readers", help="The source study: 5.", whole=True, least=1, most=20
    ),
    Field(
        name="reader_view",
        label="What readers give",
        help="Decides which of the accuracies below count.",
    ),
    Field(
        name="sensitivity",
        label="Sensitivity",
        help=f"Of yes/no calls, or of the strictest cut of three categories. {_EACH}",
    ),
    Field(
        name="specificity",
        label="Specificity",
        help="At the same cut. With sensitivity 0.39 and specificity 0.93 the AUC is 0.66.",
    ),
    Field(
        name="lenient_sensitivity",
        label="Sensitivity, lenient cut",
        help="Three categories only: second and third category counted as positive.",
    ),
    Field(
        name="lenient_specificity", label="Specificity, lenient cut", help="Three categories only."
    ),
    Field(name="reader_auc", label="AUC of the readers", help=f"Confidence only. {_EACH}"),
    Field(
        name="reader_spread",
        label="Spread between readers",
        help="0: exactly these readers. Otherwise each study draws its readers: SD of the distance "
        "between the classes, in SDs of the score.",
        least=0,
        most=5,
    ),
    Field(
        name="reader_correlation",
        label="Reader with reader",
        help="Correlation of two readers’ scores of a node, given its class; 0 to 1.",
    ),
    Field(
        name="model_correlation",
        label="Model with reader",
        help="The same between the model and a reader.",
    ),
    Field(
        name="icc_positive",
        label="ICC, positive nodes",
        help="Correlation of two positive nodes of a patient, 0 to 1.",
    ),
    Field(name="icc_negative", label="ICC, negative nodes", help="The same for negative nodes."),
    Field(
        name="shared_effect",
        label="Shared patient effect",
        help="0: a patient’s positive and negative nodes shift apart. 1: all nodes shift alike.",
    ),
    Field(name="missing", label="Missing calls", help="Share of a reader’s calls, at random."),
    Field(name="hypothesis", label="Hypothesis", help="About model minus reader."),
    Field(name="margin", label="Margin", help="For non-inferiority: the accepted loss of AUC."),
    Field(
        name="alpha",
        label="Alpha",
        help="Two-sided; non-inferiority is tested one-sided at half of it.",
    ),
    Field(
        name="replicates",
        label="Simulated studies",
        help="1,000 give a power of 0.80 within 0.025.",
        whole=True,
        least=100,
        most=10_000,
    ),
    Field(
        name="seed", label="Seed", help="The same seed gives the same numbers.", whole=True, least=0
    ),
    Field(
        name="check_error",
        label="Also the error without an effect",
        help="Simulates the same study with the model as good as the reader mean (less the "
        "margin). Doubles the time.",
    ),
)

GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Nodes in patients",
        "",
        ("patients", "nodes_per_patient", "dispersion", "prevalence", "patients_positive"),
    ),
    (
        "Model and readers",
        "Means that the study would find, were it large.",
        ("model_auc", "readers", "reader_view", "reader_spread", *LISTS),
    ),
    (
        "What goes together",
        "From a pilot, where there is one; they decide much of the power.",
        (
            "reader_correlation",
            "model_correlation",
            "icc_positive",
            "icc_negative",
            "shared_effect",
            "missing",
        ),
    ),
    (
        "Test and simulation",
        "",
        ("hypothesis", "margin", "alpha", "replicates", "seed", "check_error"),
    ),
)
