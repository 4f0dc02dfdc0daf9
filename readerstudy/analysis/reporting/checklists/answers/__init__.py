"""Checklists: what the results can answer, by topic (pure)."""

from collections.abc import Callable, Mapping

from readerstudy.analysis.reporting.checklists.answers.analysis import ANALYSIS
from readerstudy.analysis.reporting.checklists.answers.findings import FINDINGS
from readerstudy.analysis.reporting.checklists.answers.model import MODEL
from readerstudy.analysis.reporting.checklists.answers.reference_standard import REFERENCE_STANDARD
from readerstudy.analysis.reporting.checklists.answers.study import STUDY
from readerstudy.analysis.reporting.checklists.items import Answer
from readerstudy.analysis.reporting.content.material import Material

ANSWERS: Mapping[str, Callable[[Material], Answer]] = {
    **STUDY,
    **REFERENCE_STANDARD,
    **MODEL,
    **ANALYSIS,
    **FINDINGS,
}
"""Every topic that items of the checklists ask for."""
