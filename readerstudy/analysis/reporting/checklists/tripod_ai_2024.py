"""Checklists: TRIPOD+AI, 2024 (data).

Wording abridged in words of our own; the published checklist is authoritative. Items for
development only have the topic ``development_only``: a report evaluates a model, it makes none.

References
----------
Collins GS et al. BMJ 2024;385:e078378. doi:10.1136/bmj-2023-078378
"""

from readerstudy.analysis.reporting.checklists.items import Checklist, Item, Part

DEVELOPMENT = "development_only"

TRIPOD_AI_2024 = Checklist(
    key="tripod-ai-2024",
    title="TRIPOD+AI 2024",
    doi="10.1136/bmj-2023-078378",
    citation="Collins GS et al. BMJ 2024;385:e078378",
    parts=(
        Part(
            title="Title and abstract",
            items=(
                Item(number="1", asked="Names development or evaluation, population, outcome"),
                Item(number="2", asked="Summary after TRIPOD+AI for Abstracts"),
            ),
        ),
        Part(
            title="Introduction",
            items=(
                Item(number="3a", asked="Context, rationale, existing models"),
                Item(number="3b", asked="Target population, purpose, intended users"),
                Item(number="3c", asked="Known health inequalities"),
                Item(number="4", asked="Objectives: development, evaluation or both", topic="goal"),
            ),
        ),
        Part(
            title="Methods: data, participants, outcome",
            items=(
                Item(number="5a", asked="Sources of the data", topic="data_sources"),
                Item(number="5b", asked="Dates of accrual"),
                Item(number="6a", asked="Setting, number of centres", topic="centres"),
                Item(number="6b", asked="Eligibility", topic="eligibility"),
                Item(number="6c", asked="Treatments"),
                Item(number="7", asked="Preparation and checks of the data", topic="checks"),
                Item(number="8a", asked="Outcome and how it is assessed", topic="categories"),
                Item(number="8b", asked="Assessors of the outcome", topic="annotators"),
                Item(number="8c", asked="Blinding of the outcome", topic="annotator_blinding"),
            ),
        ),
        Part(
            title="Methods: predictors, size, missing data",
            items=(
                Item(number="9a", asked="Choice of predictors", topic=DEVELOPMENT),
                Item(number="9b", asked="Definition of predictors", topic="predictors"),
                Item(number="9c", asked="Assessors of predictors"),
                Item(number="10", asked="Study size", topic="sample_size"),
                Item(number="11", asked="Missing data", topic="missing_data"),
            ),
        ),
        Part(
            title="Methods: analysis",
            items=(
                Item(number="12a", asked="Use and partition of the data", topic=DEVELOPMENT),
                Item(number="12b", asked="Handling of predictors", topic=DEVELOPMENT),
                Item(number="12c", asked="Building of the model", topic=DEVELOPMENT),
                Item(number="12d", asked="Heterogeneity across clusters", topic="clusters"),
                Item(number="12e", asked="Measures and plots of performance", topic="measures"),
                Item(number="12f", asked="Updating of the model", topic="updating"),
                Item(number="12g", asked="How predictions were calculated", topic="predictions"),
                Item(number="13", asked="Class imbalance", topic="imbalance"),
                Item(number="14", asked="Fairness", topic="fairness"),
                Item(number="15", asked="Output of the model and thresholds", topic="thresholds"),
                Item(
                    number="16",
                    asked="Development data against evaluation data",
                    topic="external_data",
                ),
                Item(number="17", asked="Ethics approval"),
            ),
        ),
        Part(
            title="Open science and involvement",
            items=(
                Item(number="18a", asked="Funding"),
                Item(number="18b", asked="Conflicts of interest"),
                Item(number="18c", asked="Protocol", topic="protocol"),
                Item(number="18d", asked="Registration"),
                Item(number="18e", asked="Sharing of data", topic="files"),
                Item(number="18f", asked="Sharing of code", topic="software"),
                Item(number="19", asked="Involvement of patients and the public"),
            ),
        ),
        Part(
            title="Results",
            items=(
                Item(number="20a", asked="Flow of participants", topic="flow"),
                Item(number="20b", asked="Characteristics of participants", topic="baseline"),
                Item(number="20c", asked="Comparison with the development data"),
                Item(
                    number="21",
                    asked="Participants and outcomes in each analysis",
                    topic="analysed",
                ),
                Item(number="22", asked="The full model", topic=DEVELOPMENT),
                Item(
                    number="23a",
                    asked="Performance with confidence intervals, by subgroup",
                    topic="performance",
                ),
                Item(number="23b", asked="Performance across clusters", topic="clusters"),
                Item(number="24", asked="Results of updating", topic="updating"),
            ),
        ),
        Part(
            title="Discussion",
            items=(
                Item(number="25", asked="Interpretation"),
                Item(number="26", asked="Limitations", topic="limitations"),
                Item(number="27a", asked="Poor or unavailable input", topic=DEVELOPMENT),
                Item(number="27b", asked="What users must do and know", topic=DEVELOPMENT),
                Item(number="27c", asked="Next steps"),
            ),
        ),
    ),
)
