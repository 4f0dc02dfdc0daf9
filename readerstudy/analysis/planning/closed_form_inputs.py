"""Planning: the inputs of the formulas, in words (pure)."""

from dataclasses import dataclass

NEAR_0, NEAR_1 = 0.001, 0.999


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its name in addresses and in the API, its words, default and limits."""

    name: str
    label: str
    help: str
    default: float | None = None
    least: float | None = None
    most: float | None = None
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class ClosedForm:
    """One formula: what it is asked, and with what."""

    title: str
    question: str
    fields: tuple[Field, ...]


def _share(name: str, label: str, words: str, default: float) -> Field:
    return Field(name=name, label=label, help=words, default=default, least=NEAR_0, most=NEAR_1)


def _whole(name: str, label: str, words: str, default: int, least: int, most: int) -> Field:
    return Field(
        name=name, label=label, help=words, default=default, least=least, most=most, whole=True
    )


def _icc(default: float) -> Field:
    return Field(
        name="icc",
        label="ICC",
        help="Correlation of two nodes of one patient, 0 to 1: 0 when patients do not matter.",
        default=default,
        least=0,
        most=1,
    )


ALPHA = _share("alpha", "Alpha", "Two-sided error.", 0.05)
TARGET = _share("target", "Power to reach", "Chance to conclude when the plan is true.", 0.8)
NODES_PER_PATIENT = Field(
    name="nodes_per_patient",
    label="Nodes per patient",
    help="Mean number. The source study: 7.4.",
    default=7.4,
    least=1,
    most=100,
)
INFLATION = Field(
    name="inflation",
    label="Design effect",
    help="1 when nodes of a patient are no more alike than others; see Nodes in patients.",
    default=1.5,
    least=0.1,
    most=100,
)
PATIENTS = _whole("patients", "Patients", "The source study's test sets: 25 to 65.", 65, 2, 10_000)

CLOSED_FORMS: dict[str, ClosedForm] = {
    "proportion": ClosedForm(
        title="One proportion",
        question="How many nodes make a sensitivity or specificity this precise?",
        fields=(
            _share("expected", "Expected value", "Sensitivity or specificity, 0 to 1.", 0.8),
            _share("half_width", "Half width", "Half of the 95% interval, 0 to 1.", 0.1),
            _share(
                "class_share",
                "Share of nodes of the class",
                "Positive nodes for a sensitivity (ENE about 0.12), negative for a specificity.",
                0.12,
            ),
            NODES_PER_PATIENT,
            Field(
                name="class_nodes_per_patient",
                label="Of the class, per patient",
                help="Nodes of the class in a patient who has any; mean.",
                default=2,
                least=1,
                most=100,
            ),
            _icc(0.2),
        ),
    ),
    "areas": ClosedForm(
        title="Two AUCs",
        question="What is the power to tell two areas on the same nodes apart?",
        fields=(
            _share("first", "AUC of the model", "The source study's model: 0.87.", 0.87),
            _share("second", "AUC of the reader", "The source study's reader mean: 0.66.", 0.66),
            PATIENTS,
            NODES_PER_PATIENT,
            _share("prevalence", "Share of positive nodes", "ENE: about 0.12.", 0.12),
            Field(
                name="correlation",
                label="Correlation of scores",
                help="Of the two scores of a node, given its class; from a pilot.",
                default=0.3,
                least=-0.99,
                most=0.99,
            ),
            INFLATION,
            Field(
                name="margin",
                label="Margin",
                help="Accepted loss for non-inferiority; empty for a test of difference.",
                least=NEAR_0,
                most=0.5,
            ),
            ALPHA,
            TARGET,
        ),
    ),
    "paired-proportions": ClosedForm(
        title="Two sensitivities",
        question="What is the power of McNemar’s test of two calls of the same nodes?",
        fields=(
            Field(
                name="first_only",
                label="Right by the first only",
                help="Share of nodes of the class, 0 to 1.",
                default=0.35,
                least=0,
                most=1,
            ),
            Field(
                name="second_only",
                label="Right by the second only",
                help="Share of nodes of the class, 0 to 1.",
                default=0.1,
                least=0,
                most=1,
            ),
            _whole("pairs", "Nodes of the class", "Both call each of them.", 60, 2, 1_000_000),
            INFLATION,
            ALPHA,
            TARGET,
        ),
    ),
    "readers": ClosedForm(
        title="Readers × cases",
        question="How many readers and cases tell two reading conditions apart?",
        fields=(
            Field(
                name="difference",
                label="Difference of mean AUCs",
                help="The smallest that matters.",
                default=0.05,
                least=NEAR_0,
                most=0.5,
            ),
            _whole("readers", "Readers", "They stand for all readers.", 5, 2, 100),
            _whole("cases", "Cases", "Independent units.", 150, 10, 100_000),
            _whole(
                "pilot_cases", "Cases of the pilot", "Its components are below.", 114, 4, 100_000
            ),
            *(
                Field(name=name, label=label, help=words, default=value, least=-1, most=1)
                for name, label, words, value in (
                    (
                        "ms_treatment_reader",
                        "MS(TR)",
                        "Mean square treatment × reader.",
                        0.00055103,
                    ),
                    ("error_variance", "Var", "Mean variance of an AUC.", 0.00080229),
                    ("cov1", "Cov1", "Same reader, other condition.", 0.00034661),
                    ("cov2", "Cov2", "Other reader, same condition.", 0.00034407),
                    ("cov3", "Cov3", "Other reader, other condition.", 0.00023903),
                )
            ),
            ALPHA,
            TARGET,
        ),
    ),
    "agreement": ClosedForm(
        title="Agreement",
        question="How precisely will Fleiss’ kappa of yes/no calls be known?",
        fields=(
            Field(
                name="kappa",
                label="Expected kappa",
                help="The source study: 0.33 to 0.37.",
                default=0.35,
                least=0,
                most=NEAR_1,
            ),
            _whole("readers", "Readers", "Each calls every node.", 5, 2, 100),
            _share("positive_share", "Share of positive calls", "Over all readers.", 0.15),
            PATIENTS,
            NODES_PER_PATIENT,
            _icc(0.1),
        ),
    ),
    "clustering": ClosedForm(
        title="Nodes in patients",
        question="What are nodes of the same patients worth in independent nodes?",
        fields=(
            _whole("nodes", "Nodes", "All of the study, or of a class.", 194, 1, 1_000_000),
            NODES_PER_PATIENT,
            _icc(0.2),
        ),
    ),
}
