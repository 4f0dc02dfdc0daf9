"""Checklists: STARD-AI, 2025 (data).

Wording abridged in words of our own; the published checklist is authoritative.

References
----------
Sounderajah V et al. Nat Med 2025;31:3283. doi:10.1038/s41591-025-03953-8
"""

from readerstudy.analysis.reporting.checklists.items import Checklist, Item, Part

STARD_AI_2025 = Checklist(
    key="stard-ai-2025",
    title="STARD-AI 2025",
    doi="10.1038/s41591-025-03953-8",
    citation="Sounderajah V et al. Nat Med 2025;31:3283",
    parts=(
        Part(
            title="Title and abstract",
            items=(
                Item(number="1", asked="Names AI, diagnostic accuracy and a measure of it"),
                Item(number="2", asked="Structured summary"),
            ),
        ),
        Part(
            title="Introduction",
            items=(
                Item(number="3", asked="Background, intended use, place in the workflow"),
                Item(number="4", asked="Objectives and hypotheses", topic="hypothesis"),
            ),
        ),
        Part(
            title="Methods: design, ethics, participants",
            items=(
                Item(number="5", asked="Prospective or retrospective"),
                Item(number="6", asked="Ethics approval"),
                Item(number="7", asked="Eligibility of participants and data", topic="eligibility"),
                Item(number="8", asked="How eligible participants were identified"),
                Item(number="9", asked="Setting, location and dates"),
                Item(number="10", asked="Consecutive, random or convenience series"),
            ),
        ),
        Part(
            title="Methods: dataset",
            items=(
                Item(number="11", asked="Source of the data", topic="data_sources"),
                Item(number="12", asked="Who annotated the data, and how", topic="annotators"),
                Item(number="13", asked="Devices and software", topic="devices"),
                Item(number="14", asked="Acquisition and preprocessing", topic="acquisition"),
            ),
        ),
        Part(
            title="Methods: tests",
            items=(
                Item(number="15a", asked="Index test", topic="index_test"),
                Item(number="15b", asked="Development of the index test", topic="development"),
                Item(
                    number="15c",
                    asked="Cut-offs of the index test, set before or explored",
                    topic="thresholds",
                ),
                Item(number="15d", asked="End users and their expertise", topic="readers"),
                Item(number="16a", asked="Reference standard", topic="reference_standard"),
                Item(number="16b", asked="Reason for choosing it"),
                Item(
                    number="16c",
                    asked="Categories of the reference standard",
                    topic="categories",
                ),
                Item(
                    number="17a",
                    asked="What readers of the index test knew",
                    topic="reader_blinding",
                ),
                Item(
                    number="17b",
                    asked="What assessors of the reference standard knew",
                    topic="annotator_blinding",
                ),
            ),
        ),
        Part(
            title="Methods: analysis",
            items=(
                Item(number="18", asked="Estimating and comparing accuracy", topic="uncertainty"),
                Item(number="19", asked="Indeterminate results", topic="indeterminate"),
                Item(number="20", asked="Missing data", topic="missing_data"),
                Item(
                    number="21",
                    asked="Analyses of variability, planned or explored",
                    topic="robustness",
                ),
                Item(number="22", asked="Intended sample size", topic="sample_size"),
                Item(number="23", asked="Errors, bias and fairness", topic="fairness"),
            ),
        ),
        Part(
            title="Results: participants and dataset",
            items=(
                Item(number="24", asked="Flow of participants", topic="flow"),
                Item(number="25", asked="Baseline characteristics", topic="baseline"),
                Item(number="26a", asked="Severity among the diseased", topic="severity"),
                Item(number="26b", asked="Alternative diagnoses among the others"),
                Item(number="27", asked="Time and interventions between the tests"),
                Item(
                    number="28",
                    asked="Whether the data represent the intended population",
                    topic="prevalence",
                ),
                Item(
                    number="29",
                    asked="How external data differ from the development data",
                    topic="external_data",
                ),
            ),
        ),
        Part(
            title="Results: tests",
            items=(
                Item(
                    number="30",
                    asked="Index test by reference standard",
                    topic="failures",
                ),
                Item(number="31", asked="Accuracy with its precision", topic="accuracy"),
                Item(number="32", asked="Adverse events", topic="adverse_events"),
            ),
        ),
        Part(
            title="Discussion",
            items=(
                Item(number="33", asked="Limitations", topic="limitations"),
                Item(number="34", asked="Implications for practice"),
                Item(number="35", asked="Ethics and fairness"),
            ),
        ),
        Part(
            title="Other information",
            items=(
                Item(number="36", asked="Registration"),
                Item(number="37", asked="Where the protocol can be read", topic="protocol"),
                Item(number="38", asked="Funding"),
                Item(number="39", asked="Commercial interests"),
                Item(number="40a", asked="Availability of data and code", topic="files"),
                Item(
                    number="40b",
                    asked="Whether outputs are stored and can be audited",
                    topic="audit",
                ),
            ),
        ),
    ),
)
