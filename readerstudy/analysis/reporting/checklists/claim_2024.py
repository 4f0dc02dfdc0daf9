"""Checklists: CLAIM, 2024 update (data).

Wording abridged in words of our own; the published checklist is authoritative.

References
----------
Tejani AS et al. Radiol Artif Intell 2024;6(4):e240300. doi:10.1148/ryai.240300
"""

from readerstudy.analysis.reporting.checklists.items import Checklist, Item, Part

CLAIM_2024 = Checklist(
    key="claim-2024",
    title="CLAIM 2024",
    doi="10.1148/ryai.240300",
    citation="Tejani AS et al. Radiol Artif Intell 2024;6(4):e240300",
    parts=(
        Part(
            title="Title and abstract",
            items=(
                Item(number="1", asked="Names the AI method in the title or abstract"),
                Item(number="2", asked="Structured summary"),
            ),
        ),
        Part(
            title="Introduction",
            items=(
                Item(number="3", asked="Background, intended use and clinical role"),
                Item(number="4", asked="Aims and hypotheses", topic="hypothesis"),
            ),
        ),
        Part(
            title="Methods: study design",
            items=(
                Item(number="5", asked="Prospective or retrospective"),
                Item(number="6", asked="Goal of the study", topic="goal"),
            ),
        ),
        Part(
            title="Methods: data",
            items=(
                Item(number="7", asked="Sources of the data", topic="data_sources"),
                Item(number="8", asked="Criteria of inclusion and exclusion", topic="eligibility"),
                Item(number="9", asked="Preprocessing"),
                Item(number="10", asked="Selection of parts of the data", topic="selection"),
                Item(number="11", asked="De-identification", topic="pseudonyms"),
                Item(number="12", asked="Handling of missing data", topic="missing_data"),
                Item(number="13", asked="Acquisition of the images", topic="acquisition"),
            ),
        ),
        Part(
            title="Methods: reference standard",
            items=(
                Item(number="14", asked="Definition", topic="reference_standard"),
                Item(number="15", asked="Reason for its choice"),
                Item(
                    number="16",
                    asked="Source and qualification of annotators",
                    topic="annotators",
                ),
                Item(number="17", asked="How the test set was annotated", topic="annotation"),
                Item(
                    number="18",
                    asked="Variability of annotators and how it was settled",
                    topic="annotator_agreement",
                ),
            ),
        ),
        Part(
            title="Methods: partitions and test data",
            items=(
                Item(number="19", asked="Assignment of data to partitions", topic="partitions"),
                Item(number="20", asked="Level at which partitions are disjoint", topic="disjoint"),
                Item(number="21", asked="Intended size of the test set", topic="sample_size"),
            ),
        ),
        Part(
            title="Methods: model and training",
            items=(
                Item(number="22", asked="Model in detail", topic="model"),
                Item(number="23", asked="Software with versions", topic="software"),
                Item(number="24", asked="Initialization of parameters"),
                Item(number="25", asked="Training"),
                Item(number="26", asked="Selection of the final model", topic="final_model"),
                Item(number="27", asked="Ensembles", topic="ensemble"),
            ),
        ),
        Part(
            title="Methods: evaluation",
            items=(
                Item(number="28", asked="Measures of performance", topic="measures"),
                Item(number="29", asked="Uncertainty and significance", topic="uncertainty"),
                Item(number="30", asked="Robustness or sensitivity analysis", topic="robustness"),
                Item(number="31", asked="Explainability"),
                Item(number="32", asked="Evaluation on internal data", topic="internal_data"),
                Item(number="33", asked="Testing on external data", topic="external_data"),
                Item(number="34", asked="Registration of a clinical trial"),
            ),
        ),
        Part(
            title="Results",
            items=(
                Item(number="35", asked="Numbers included and excluded", topic="flow"),
                Item(number="36", asked="Demographic and clinical data", topic="baseline"),
                Item(number="37", asked="Performance of the final model", topic="performance"),
                Item(
                    number="38",
                    asked="Accuracy with 95% confidence intervals",
                    topic="accuracy",
                ),
                Item(number="39", asked="Analysis of failures", topic="failures"),
            ),
        ),
        Part(
            title="Discussion",
            items=(
                Item(number="40", asked="Limitations", topic="limitations"),
                Item(number="41", asked="Implications for practice"),
            ),
        ),
        Part(
            title="Other information",
            items=(
                Item(number="42", asked="Full protocol", topic="protocol"),
                Item(number="43", asked="Availability of software, model and data", topic="files"),
                Item(number="44", asked="Funding"),
            ),
        ),
    ),
)
