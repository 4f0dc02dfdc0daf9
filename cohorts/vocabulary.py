"""Words of the field shared by all rooms (pure: no Django)."""

from enum import IntEnum, StrEnum


class NodeCategory(IntEnum):
    """The three categories a node can be given, in order of severity."""

    BENIGN = 0
    METASTASIS = 1
    METASTASIS_ENE = 2

    @property
    def label(self) -> str:
        """The category's name as shown to people."""
        return CATEGORY_LABELS[self]


CATEGORY_LABELS = {
    NodeCategory.BENIGN: "Benign",
    NodeCategory.METASTASIS: "Metastasis without ENE",
    NodeCategory.METASTASIS_ENE: "Metastasis with ENE",
}
CATEGORY_CHOICES = [(int(category), label) for category, label in CATEGORY_LABELS.items()]

NOT_DETERMINABLE = 9
"""An annotator's answer that leaves the node out of the reference standard."""

LABEL_CHOICES = [*CATEGORY_CHOICES, (NOT_DETERMINABLE, "Not determinable")]


class CohortRole(StrEnum):
    """What a person may do in one cohort; none of them may read it blinded."""

    COORDINATOR = "coordinator"
    ANNOTATOR = "annotator"
    ADJUDICATOR = "adjudicator"
    STATISTICIAN = "statistician"


class CohortKind(StrEnum):
    """The part a cohort plays in a study."""

    DEVELOPMENT = "development"
    INTERNAL_TEST = "internal_test"
    EXTERNAL_TEST = "external_test"
