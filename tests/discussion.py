"""Annotators who keep their labels whatever the other one says."""

from annotation import services as annotation
from annotation.selectors import annotators_of, discussions_in
from cohorts.models import Cohort


def keep_all(cohort: Cohort) -> None:
    """Let both annotators keep every label in the discussion: it goes on to the adjudicator."""
    for annotator in annotators_of(cohort):
        for found in discussions_in(annotator, cohort.public_id):
            if found.waits_for_me:
                annotation.state_in_discussion(
                    by=annotator,
                    node=found.node,
                    label=found.own.label,
                    base_version=found.version,
                )
