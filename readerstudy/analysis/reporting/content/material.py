"""Content: the results and what every section asks of them (pure)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readerstudy.analysis.comparator import Role, notice_of, role_of
from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.analysis.reporting.content.facts import Facts
from readerstudy.analysis.reporting.document import Figure
from readerstudy.reading.plan import Plan, default_plan, plan_from

Result = Mapping[str, Any]

ENDPOINT_TITLES = {
    "metastasis": "Metastasis",
    "ene": "ENE",
    "ene_among_metastatic": "ENE among metastatic nodes",
}
VIEW_WORDS = {
    "binary": "binary",
    "ordinal": "ordinal (benign < metastasis < ENE)",
    "confidence": "the reader's own confidence",
}
CUT_WORDS = {
    "fixed": "Fixed with the model",
    "youden": "Youden index",
    "fpr10": "FPR ≤ 10%",
}
ABBREVIATIONS = {
    "ENE": "extranodal extension",
    "AUC": "area under the receiver operating characteristic curve",
    "CI": "confidence interval",
    "PPV": "positive predictive value",
    "NPV": "negative predictive value",
    "FPR": "false-positive rate",
    "SAD": "short-axis diameter",
    "SD": "standard deviation",
    "IQR": "interquartile range",
    "MRMC": "multiple readers, multiple cases",
}


@dataclass(frozen=True, kw_only=True)
class Material:
    """The results with the plan they were computed by, and the figures drawn of them.

    Attributes
    ----------
    results : mapping
        Of schema 3 or 4.
    facts : Facts
    plan : Plan
    figures : mapping of str to Figure
        Only those present are shown.
    """

    results: Result
    facts: Facts
    plan: Plan
    figures: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def tables(self) -> Result:
        """The computed tables."""
        found: Result = self.results["tables"]
        return found

    @property
    def sources(self) -> Result:
        """Where the data come from."""
        found: Result = self.results.get("sources") or {}
        return found

    @property
    def description(self) -> Result:
        """Patients, nodes, reading times; empty where the results have none."""
        found: Result = self.tables.get("description") or {}
        return found

    @property
    def cohorts(self) -> tuple[Result, ...]:
        """One part per cohort."""
        return self._of_kind("cohort")

    @property
    def subgroups(self) -> tuple[Result, ...]:
        """One part per planned subgroup."""
        return self._of_kind("subgroup")

    @property
    def whole(self) -> Result:
        """All cohorts together; the only cohort where there is one."""
        return self.cohorts[0] if len(self.cohorts) == 1 else self._of_kind("pooled")[0]

    @property
    def printed(self) -> tuple[Result, ...]:
        """The parts that tables show: every cohort, and all together where there are several."""
        return self.cohorts if len(self.cohorts) == 1 else (*self.cohorts, self.whole)

    def _of_kind(self, kind: str) -> tuple[Result, ...]:
        return tuple(part for part in self.tables["parts"] if part["kind"] == kind)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The planned endpoints; stored JSON sorts its keys, people read the study's own order."""
        return tuple(str(name) for name in Endpoint if name in self.whole["endpoints"])

    @property
    def readers(self) -> tuple[str, ...]:
        """The readers' labels."""
        return tuple(self.tables["readers"])

    @property
    def has_model(self) -> bool:
        """Whether a model scored any node."""
        return any(block["model"] is not None for block in self.whole["endpoints"].values())

    @property
    def view(self) -> str:
        """How the primary comparison reads the readers' answers."""
        return self.plan.primary.view

    @property
    def alpha(self) -> float:
        """The plan's level of significance, two-sided."""
        return self.plan.alpha

    @property
    def ci(self) -> str:
        """For example ``95% CI``."""
        return f"{100 * self.tables['level']:.10g}% CI"

    @property
    def is_exploratory(self) -> bool:
        """Whether no conclusion may rest on the model."""
        return role_of(self.sources) is Role.EXPLORATORY

    @property
    def notice(self) -> str:
        """The sentence that stands wherever an exploratory model's numbers stand."""
        return notice_of(self.sources)

    @property
    def is_interim(self) -> bool:
        """Whether the study was open when the data were frozen."""
        return bool(self.sources.get("interim"))

    def shown(self, *keys: str) -> tuple[Figure, ...]:
        """Return the figures of these keys that were drawn, each with the sheets it goes on."""
        return tuple(
            figure for key in keys for name, figure in self.figures.items() if _is_sheet(name, key)
        )

    def starting(self, start: str) -> tuple[Figure, ...]:
        """Return the figures whose keys start so."""
        return tuple(figure for key, figure in self.figures.items() if key.startswith(start))

    def sentence(self, status: str) -> str:
        """Return the sentence of a status; empty for ``ok``."""
        return str(self.tables["statuses"].get(status, ""))

    def title_of(self, part: Result, *more: str) -> str:
        """Return the heading of a group of lines."""
        size = f"{part['n_patients']} patients, {part['n_nodes']} nodes"
        return " – ".join((f"{part['name']} ({size})", *more))


def _is_sheet(name: str, key: str) -> bool:
    """Tell whether a figure is the one of a key, or one of its further sheets (``-2``, ``-3``)."""
    return name == key or re.fullmatch(rf"{re.escape(key)}-[0-9]+", name) is not None


def groups_of(groups: Sequence[Result]) -> tuple[Result, ...]:
    """Return the groups of a description that are printed: all together only beside several."""
    cohorts = tuple(group for group in groups if group["kind"] == "cohort")
    return cohorts if len(cohorts) == 1 else tuple(groups)


def material_of(results: Result, facts: Facts, figures: Mapping[str, Figure] | None) -> Material:
    """Return the material of a report."""
    document = (results.get("sources") or {}).get("plan") or default_plan()
    return Material(
        results=results, facts=facts, plan=plan_from(document), figures=dict(figures or {})
    )


def abbreviations(names: Iterable[str]) -> str:
    """Return a table's line of abbreviations."""
    return "; ".join(f"{name}, {ABBREVIATIONS[name]}" for name in names) + "."


def listed(words: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(n: int, one: str, many: str = "") -> str:
    """Return ``1 node``, ``2 nodes``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
