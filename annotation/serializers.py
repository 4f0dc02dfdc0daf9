"""What the annotation API takes and gives, named by audience; every key is listed."""

from rest_framework import serializers

from annotation.label_csv import MAX_COMMENT
from annotation.pathology_rules.details import CERTAINTY_LABELS, MAX_MATTED
from annotation.pathology_rules.labels import BASIS_LABELS
from cohorts.vocabulary import LABEL_CHOICES

# Fields called "label" and "source" hide attributes of DRF's Field, which is never read from a
# serializer class: hence the ignored type errors.
LABEL_HELP = "; ".join(f"{value}: {name}" for value, name in LABEL_CHOICES)


BASIS_HELP = "; ".join(f"{value}: {name}" for value, name in BASIS_LABELS.items())
CERTAINTY_HELP = "; ".join(f"{value}: {name}" for value, name in CERTAINTY_LABELS.items())
PLACE_LENGTH = 16
BASIS_LENGTH = 40


class DetailsInput(serializers.Serializer[object]):
    """What may stand beside a label; what is left out is not recorded."""

    place = serializers.CharField(
        max_length=PLACE_LENGTH,
        allow_blank=True,
        default="",
        help_text='Side and level where the annotator sees the node, such as "left IIa".',
    )
    matched = serializers.CharField(
        max_length=PLACE_LENGTH,
        allow_blank=True,
        default="",
        help_text="The report's place it is counted in, where that is another.",
    )
    basis = serializers.CharField(
        max_length=BASIS_LENGTH, allow_blank=True, default="", help_text=BASIS_HELP
    )
    certainty = serializers.IntegerField(allow_null=True, default=None, help_text=CERTAINTY_HELP)
    matted = serializers.CharField(
        max_length=MAX_MATTED, allow_blank=True, default="", help_text="Name of the matted group."
    )


class LabelInput(DetailsInput):
    """One label on its way in."""

    client_id = serializers.UUIDField(help_text="Made by the client; repeated when it retries.")
    base_version = serializers.IntegerField(
        min_value=0, help_text="The labelling's version this label builds on."
    )
    node = serializers.UUIDField()
    label = serializers.IntegerField(help_text=LABEL_HELP)  # type: ignore[assignment]
    comment = serializers.CharField(
        max_length=MAX_COMMENT, allow_blank=True, required=False, default=""
    )
    shown_case = serializers.UUIDField(help_text="The labelling whose picture was shown.")
    shown_slice = serializers.IntegerField(min_value=0, help_text="z of the slice shown.")


class SubmitInput(serializers.Serializer[object]):
    """The version of the labelling that is submitted."""

    base_version = serializers.IntegerField(min_value=0)


class GivenDetails(serializers.Serializer[object]):
    """What stands beside a label; empty or null where it was not recorded."""

    place = serializers.CharField(allow_blank=True)
    matched = serializers.CharField(allow_blank=True)
    basis = serializers.CharField(allow_blank=True)
    certainty = serializers.IntegerField(allow_null=True)
    matted = serializers.CharField(allow_blank=True)


class LevelCounts(serializers.Serializer[object]):
    """One level, or levels lumped together: the report's counts and the own labels so far."""

    places = serializers.ListField(child=serializers.CharField())
    is_dissected = serializers.BooleanField()
    examined = serializers.IntegerField(allow_null=True)
    positive = serializers.IntegerField(allow_null=True)
    ene_positive = serializers.IntegerField(allow_null=True)
    labelled = serializers.IntegerField()
    metastatic = serializers.IntegerField(help_text="A matted group counts once.")
    with_ene = serializers.IntegerField(help_text="A matted group counts once.")
    not_determinable = serializers.IntegerField()


class RuleFinding(serializers.Serializer[object]):
    """What a rule found in the own labels."""

    code = serializers.CharField(help_text="B1 to B8 block, W1 to W6 ask for a reason.")
    sentence = serializers.CharField()
    places = serializers.ListField(child=serializers.CharField())
    nodes = serializers.ListField(child=serializers.IntegerField())
    is_block = serializers.BooleanField()
    takes_reason = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)


class IncompleteNode(serializers.Serializer[object]):
    """A labelled node that the rules cannot judge yet."""

    number = serializers.IntegerField()
    missing = serializers.ListField(child=serializers.CharField())


class LabelsAgainstReport(serializers.Serializer[object]):
    """The own labels so far, held against the patient's locked pathology report."""

    levels = LevelCounts(many=True)
    findings = RuleFinding(many=True)
    incomplete = IncompleteNode(many=True)


class LeavingNodes(serializers.Serializer[object]):
    """Nodes of the cohort's other patients, and the own labels that leave the analysis there."""

    nodes = serializers.IntegerField()
    not_determinable = serializers.IntegerField()


class ReasonInput(serializers.Serializer[object]):
    """Why a finding may stand; the finding is named as it was shown."""

    client_id = serializers.UUIDField(help_text="Made by the client; repeated when it retries.")
    code = serializers.CharField(max_length=2)
    sentence = serializers.CharField(max_length=MAX_COMMENT)
    reason = serializers.CharField(max_length=MAX_COMMENT)


class AnnotatorReason(serializers.Serializer[object]):
    """A saved reason, and how the labels stand with it."""

    client_id = serializers.UUIDField()
    code = serializers.CharField()
    sentence = serializers.CharField()
    reason = serializers.CharField()
    report = LabelsAgainstReport(allow_null=True)


class AnnotatorLabel(GivenDetails):
    """A saved label."""

    client_id = serializers.UUIDField()
    node = serializers.UUIDField()
    label = serializers.IntegerField()  # type: ignore[assignment]
    comment = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    report = LabelsAgainstReport(
        allow_null=True, help_text="As all labels stand now; null without a locked report."
    )


class FormerLabel(GivenDetails):
    """The own label of a node that ended in a split or a merger."""

    number = serializers.IntegerField()
    label = serializers.IntegerField()  # type: ignore[assignment]
    comment = serializers.CharField(allow_blank=True)


class AnnotatorNode(GivenDetails):
    """One node with the annotator's own current label."""

    node = serializers.UUIDField()
    number = serializers.IntegerField()
    automatic = serializers.CharField(
        allow_blank=True, help_text="Side and level by the station masks; blank without them."
    )
    short_axis_mm = serializers.FloatField()
    formerly = FormerLabel(
        many=True, help_text="Of the nodes it came from; where they agree, their place is proposed."
    )
    label = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]
    comment = serializers.CharField(allow_blank=True)


class AnnotatorLabelling(serializers.Serializer[object]):
    """An annotator's own work on one patient."""

    labelling = serializers.UUIDField()
    patient = serializers.UUIDField()
    state = serializers.CharField(help_text="draft or submitted")
    version = serializers.IntegerField()
    nodes = AnnotatorNode(many=True)
    report = LabelsAgainstReport(allow_null=True, help_text="Null without a locked report.")
    elsewhere = LeavingNodes()


class AnnotatorSubmission(serializers.Serializer[object]):
    """The labelling after its submission."""

    labelling = serializers.UUIDField()
    state = serializers.CharField()
    version = serializers.IntegerField()


class SpokenStatement(serializers.Serializer[object]):
    """An annotator's last word in the discussion."""

    label = serializers.IntegerField()  # type: ignore[assignment]
    reason = serializers.CharField(allow_blank=True)


class DiscussedLabel(GivenDetails):
    """One annotator's label without the annotator, and the last word on it."""

    label = serializers.IntegerField()  # type: ignore[assignment]
    comment = serializers.CharField(allow_blank=True)
    statement = SpokenStatement(allow_null=True)


class AnnotatorDiscussion(serializers.Serializer[object]):
    """A node that the two annotators labelled differently, as one of them sees it."""

    node = serializers.UUIDField()
    patient = serializers.UUIDField()
    pseudonym = serializers.CharField()
    number = serializers.IntegerField()
    own = DiscussedLabel()
    other = DiscussedLabel()
    outcome = serializers.CharField(
        help_text="to_discuss, agreed_in_discussion, to_adjudicate or adjudicated"
    )
    version = serializers.IntegerField(help_text="Statements so far: the next base_version.")


class StatementInput(serializers.Serializer[object]):
    """A statement on its way in."""

    label = serializers.IntegerField(help_text=LABEL_HELP)  # type: ignore[assignment]
    reason = serializers.CharField(
        max_length=MAX_COMMENT,
        allow_blank=True,
        default="",
        help_text="Required with another label than one's own.",
    )
    base_version = serializers.IntegerField(min_value=0)


class AdjudicatorDecision(serializers.Serializer[object]):
    """The decision that stands."""

    label = serializers.IntegerField()  # type: ignore[assignment]
    reason = serializers.CharField()


class AdjudicatorDisagreement(serializers.Serializer[object]):
    """A node to decide: both labels, no names."""

    node = serializers.UUIDField()
    patient = serializers.UUIDField()
    pseudonym = serializers.CharField()
    number = serializers.IntegerField()
    annotator_a = DiscussedLabel()
    annotator_b = DiscussedLabel()
    decision = AdjudicatorDecision(allow_null=True)
    version = serializers.IntegerField(help_text="Decisions so far: the next base_version.")


class DecisionInput(serializers.Serializer[object]):
    """A decision on its way in."""

    label = serializers.IntegerField(help_text=LABEL_HELP)  # type: ignore[assignment]
    reason = serializers.CharField(max_length=MAX_COMMENT)
    base_version = serializers.IntegerField(min_value=0)
