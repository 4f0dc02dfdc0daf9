"""Analysis room: what the description needs of a frozen table, whoever made it.

The frozen table imports the words of ``computing``: naming its classes here would be a cycle.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.computing.subgroups import Covariates


class Patient(Covariates, Protocol):
    """What is known of a patient; unknown is None or empty."""

    @property
    def pt(self) -> str: ...
    @property
    def pn(self) -> str: ...
    @property
    def staging_edition(self) -> str: ...


class Reading(Protocol):
    """How long a reader had a case in front."""

    @property
    def reader(self) -> str: ...
    @property
    def cohort(self) -> str: ...
    @property
    def patient(self) -> str: ...
    @property
    def nodes(self) -> int: ...
    @property
    def active_seconds(self) -> float | None: ...
    @property
    def total_seconds(self) -> float | None: ...
    @property
    def changed_calls(self) -> int: ...


class Labels(Protocol):
    """What two annotators labelled one node."""

    @property
    def cohort(self) -> str: ...
    @property
    def patient(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def second(self) -> int: ...


class Flow(Protocol):
    """Patients and nodes of a cohort under one exclusion code; empty code: included."""

    @property
    def cohort(self) -> str: ...
    @property
    def exclusion_code(self) -> str: ...
    @property
    def patients(self) -> int: ...
    @property
    def nodes(self) -> int: ...


class Frozen(Protocol):
    """A frozen table."""

    @property
    def table(self) -> StudyTable: ...
    @property
    def patients(self) -> Sequence[Patient] | None: ...
    @property
    def readings(self) -> Sequence[Reading]: ...
    @property
    def labels(self) -> Sequence[Labels]: ...
    @property
    def flow(self) -> Sequence[Flow]: ...
    @property
    def sources(self) -> Mapping[str, Any]: ...
